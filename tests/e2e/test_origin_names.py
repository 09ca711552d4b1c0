"""Names of servers that are looked up again while requests go on."""

import os
import pathlib
import shutil
import signal
import subprocess
import threading
import warnings

import pytest

from client import get
from gate import children, wait_for
from origin import Origin
from test_revocation import hup

HOSTS = "127.0.0.1 localhost\n"


def can_have_own_hosts():
    """A mount namespace, in which the hosts file is another one."""
    return shutil.which("unshare") and subprocess.run(
        ["unshare", "-m", "true"], capture_output=True).returncode == 0


@pytest.fixture
def hosts(tmp_path):
    """hosts(text) writes the file; hosts.prefix starts a program with it."""
    if not can_have_own_hosts():
        text = "SKIPPED: no mount namespace of its own is allowed here"
        warnings.warn(text, stacklevel=1)
        pytest.skip(text)
    path = tmp_path / "hosts"

    def write(text):
        path.write_text(HOSTS + text)  # the same file: it is mounted
    write("")
    write.prefix = ("unshare", "-m", "sh", "-c",
                    f'mount --bind {path} /etc/hosts && exec "$@"', "sh")
    return write


class Named(Origin):
    """Says which address it has; both are on one port."""

    def __init__(self, address, port=0):
        self.address = address
        self.slow = None
        super().__init__(self.say, place=(address, port))

    def say(self, peer, request):
        if request.target == "/slow" and self.slow:
            self.slow(peer)
            return
        body = self.address.encode()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
                  % len(body) + body)


@pytest.fixture
def pair():
    first = Named("127.0.0.2")
    second = Named("127.0.0.3", first.port)
    yield first, second
    for one in (first, second):
        one.close()


def named(port, more="", every="100ms"):
    return (f"origins: {{web: {{servers: ['http://app.test:{port}'], "
            f"resolve_every: {every}{more}}}}}\n")


def test_another_address_is_taken_without_a_loss(
        gates, pki, connect, hosts, pair):
    first, second = pair
    hosts("127.0.0.2 app.test\n")
    gate = gates("", workers=2, extra=named(first.port), prefix=hosts.prefix)
    client = connect(gate, pki.good)
    assert client.ask(get()).body == b"127.0.0.2"
    hosts("127.0.0.3 app.test\n")
    gate.wait_log("origin_addresses_changed")
    wait_for("the other one to be asked", lambda: client.ask(
        get()).body == b"127.0.0.3")
    # by the same process, on the same connection of the client
    assert gate.metrics()["mtlsgate_generation"] == 1
    seen = len(first.requests)
    for _ in range(5):
        assert client.ask(get()).body == b"127.0.0.3"
    assert len(first.requests) == seen


def test_a_request_that_runs_ends_where_it_began(
        gates, pki, connect, hosts, pair):
    first, second = pair
    ends, began = threading.Event(), threading.Event()

    def slow(peer):
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        began.set()
        assert ends.wait(30)
        peer.send(b"half")
    first.slow = slow
    hosts("127.0.0.2 app.test\n")
    gate = gates("", workers=1, extra=named(first.port), prefix=hosts.prefix)
    runs, other = connect(gate, pki.good), connect(gate, pki.good)
    runs.send(get("/slow"))
    assert began.wait(20)
    hosts("127.0.0.3 app.test\n")
    wait_for("others to go elsewhere", lambda: other.ask(
        get()).body == b"127.0.0.3")
    ends.set()
    assert runs.read().body == b"halfhalf"
    assert runs.ask(get()).body == b"127.0.0.3"


def test_a_name_that_is_lost_keeps_its_addresses(
        gates, pki, connect, hosts, pair):
    hosts("127.0.0.2 app.test\n")
    gate = gates("", workers=1, extra=named(pair[0].port),
                 prefix=hosts.prefix)
    client = connect(gate, pki.good)
    hosts("")
    gate.wait_log("origin_name_lost")
    assert client.ask(get()).body == b"127.0.0.2"
    hosts("127.0.0.2 app.test\n")
    gate.wait_log("origin_name_found")
    assert client.ask(get()).body == b"127.0.0.2"
    assert "origin_addresses_changed" not in gate.log()


def test_a_remote_address_is_not_taken_in_plain_R22(
        gates, pki, connect, hosts, pair):
    hosts("127.0.0.2 app.test\n")
    gate = gates("", workers=1, extra=named(pair[0].port),
                 prefix=hosts.prefix)
    client = connect(gate, pki.good)
    hosts("192.0.2.1 app.test\n")
    gate.wait_log("origin_address_refused")
    assert client.ask(get()).body == b"127.0.0.2"
    assert "origin_addresses_changed" not in gate.log()


def test_every_0_looks_only_when_it_loads(gates, pki, connect, hosts, pair):
    hosts("127.0.0.2 app.test\n")
    gate = gates("", workers=1, extra=named(pair[0].port, every="0s"),
                 prefix=hosts.prefix)
    client = connect(gate, pki.good)
    hosts("127.0.0.3 app.test\n")
    assert client.ask(get()).body == b"127.0.0.2"
    assert hup(gate, gate.text + "\n# again\n").startswith("reloaded ")
    wait_for("the new one", lambda: connect(gate, pki.good).ask(
        get()).body == b"127.0.0.3")


def test_a_new_steward_knows_what_the_old_one_wrote(
        gates, pki, connect, hosts, pair):
    """It dies; the next one finds the name as the configuration had it."""
    hosts("127.0.0.2 app.test\n")
    gate = gates("", workers=1, extra=named(pair[0].port),
                 prefix=hosts.prefix)
    client = connect(gate, pki.good)
    hosts("127.0.0.3 app.test\n")
    gate.wait_log("origin_addresses_changed")
    wait_for("the other one", lambda: client.ask(get()).body == b"127.0.0.3")
    (steward,) = [pid for pid in children(gate.process.pid)
                  if "stewrd" in pathlib.Path(f"/proc/{pid}/comm").read_text()]
    os.kill(steward, signal.SIGKILL)
    hosts("127.0.0.2 app.test\n")
    wait_for("the first one again", lambda: client.ask(
        get()).body == b"127.0.0.2")
