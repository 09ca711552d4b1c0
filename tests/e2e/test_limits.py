"""rate_limits and limits.connections_per_ip with the real program (R17)."""

import os
import re
import signal
import subprocess

import pytest

from client import Client, Cut, get
from gate import BIN, wait_for
from test_front import Fronted

SLOW = "rate_limits:\n  - {{key: {}, rate: 1/h, burst: {}}}\n"
KEYS = ("certificate", "address", "route")


def limited(gate):
    metrics = gate.metrics()
    return [metrics[f'mtlsgate_rate_limited_total{{key="{key}"}}']
            for key in KEYS]


def statuses(gate, pki, leaf, count, *fields):
    """Each on a connection of its own: any worker may have it."""
    found = []
    for _ in range(count):
        with Client(gate.port, pki, leaf) as client:
            found.append(client.ask(get("/", *fields)).status)
    return found


def reload(gate, text):
    mark = len(gate.log())
    gate.config.write_text(text)
    gate.send_signal(signal.SIGHUP)
    wait_for("the reload", lambda: re.search(
        r"reloaded .*", gate.log()[mark:]))


def test_a_client_that_is_too_fast_gets_429(gates, origin, pki, connect):
    gate = gates(origin, SLOW.format("certificate", 3), workers=2)
    client = connect(gate, pki.good)
    answers = [client.ask(get()) for _ in range(5)]
    assert [a.status for a in answers] == [200, 200, 200, 429, 429]
    assert 3590 <= int(answers[3].get("Retry-After")) <= 3600
    assert b"reason: rate-limited" in answers[3].body
    assert len(origin.requests) == 3
    assert limited(gate) == [2, 0, 0]
    line = gate.wait_access(5)[-1]
    assert (line["status"], line["rate_limit"], line["failure"]) == (
        429, "certificate", "rate-limited")
    gate.wait_log("rate_limited")


def test_a_body_that_nobody_reads_does_no_harm(gates, origin, pki, connect):
    gate = gates(origin, SLOW.format("certificate", 1))
    client = connect(gate, pki.good)
    assert client.ask(get()).status == 200
    body = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
    client.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d"
                b"\r\n\r\n%b" % (len(body), body))
    assert client.read().status == 429
    assert len(origin.requests) == 1
    assert limited(gate) == [1, 0, 0]  # the body was no request


def test_all_workers_count_together(gates, origin, pki):
    gate = gates(origin, SLOW.format("certificate", 6), workers=3)
    found = statuses(gate, pki, pki.good, 12)
    assert found == [200] * 6 + [429] * 6
    assert statuses(gate, pki, pki.rsa, 2) == [200] * 2  # somebody else


def test_the_count_outlives_a_reload_and_a_worker(gates, origin, pki):
    gate = gates(origin, SLOW.format("certificate", 4), workers=2)
    assert statuses(gate, pki, pki.good, 4) == [200] * 4
    reload(gate, gate.text + "  - {key: route, rate: 1000/s}\n")
    assert statuses(gate, pki, pki.good, 2) == [429] * 2
    before = set(gate.workers())
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_for("other workers", lambda: (
        len(gate.workers()) == 2 and not before & set(gate.workers())))

    def asked():
        try:
            return statuses(gate, pki, pki.good, 1)
        except (OSError, Cut):
            return None  # it was queued at one that died
    assert wait_for("an answer", asked) == [429]
    # another limit begins anew, off is off
    reload(gate, gate.text.replace("burst: 4", "burst: 5"))
    assert statuses(gate, pki, pki.good, 6) == [200] * 5 + [429]
    reload(gate, gate.text.split("rate_limits:")[0])
    assert statuses(gate, pki, pki.good, 6) == [200] * 6


def test_whoever_waits_may_go_on(gates, origin, pki, connect):
    gate = gates(origin, "rate_limits:\n"
                 "  - {key: certificate, rate: 5/s, burst: 1}\n")
    client = connect(gate, pki.good)
    assert client.ask(get()).status == 200
    refused = client.ask(get())
    assert refused.status == 429 and refused.get("Retry-After") == "1"
    wait_for("200", lambda: client.ask(get()).status == 200)


def test_the_address_is_that_of_the_client_behind_a_proxy(gates, origin, pki):
    gate = gates(origin, SLOW.format("address", 2)
                 + "headers: {trusted_proxies: [127.0.0.1]}\n", workers=2)
    one, other = "X-Forwarded-For: 192.0.2.7", "X-Forwarded-For: 192.0.2.8"
    assert statuses(gate, pki, pki.good, 3, one) == [200, 200, 429]
    assert statuses(gate, pki, pki.rsa, 1, one) == [429]
    assert statuses(gate, pki, pki.good, 3, other) == [200, 200, 429]
    # what stands left of the client's own address changes nothing
    assert statuses(gate, pki, pki.good, 1,
                    "X-Forwarded-For: 6.6.6.6, 192.0.2.7") == [429]
    assert limited(gate) == [0, 4, 0]


def test_a_field_of_a_stranger_buys_nothing(gates, origin, pki):
    gate = gates(origin, SLOW.format("address", 1))
    assert statuses(gate, pki, pki.good, 1) == [200]
    assert statuses(gate, pki, pki.good, 1,
                    "X-Forwarded-For: 192.0.2.9") == [429]


def test_an_ipv6_network_is_one_address(gates, origin, pki):
    gate = gates(origin, SLOW.format("address", 1), listener=(
        ", proxy_protocol: {accept_from: [127.0.0.1]}"))
    found = []
    for ip in "2001:db8:0:1::7", "2001:db8:0:1:ffff::8", "2001:db8:0:2::7":
        header = f"PROXY TCP6 {ip} 2001:db8::9 4711 443\r\n".encode()
        with Fronted(gate.port, pki, header) as client:
            found.append(client.ask(get()).status)
    assert found == [200, 429, 200]


def test_each_route_has_its_own_count(gates, origin, pki, connect):
    gate = gates(origin, SLOW.format("route", 2) +
                 "routes:\n"
                 "  - {name: ping, match: {path: /ping}, "
                 "respond: {status: 204}}\n"
                 "  - {name: rest}\n")
    client = connect(gate, pki.good)
    assert [client.ask(get("/ping")).status for _ in range(3)] == [
        204, 204, 429]
    assert [client.ask(get("/x")).status for _ in range(3)] == [200, 200, 429]
    assert limited(gate) == [0, 0, 2]


def test_every_limit_holds(gates, origin, pki):
    gate = gates(origin, SLOW.format("certificate", 3)
                 + "  - {key: address, rate: 1/h, burst: 5}\n")
    assert statuses(gate, pki, pki.good, 4) == [200] * 3 + [429]
    # what the first refused was not counted by the second
    assert statuses(gate, pki, pki.rsa, 3) == [200] * 2 + [429]
    assert limited(gate) == [1, 1, 0]


def test_explain_tells_the_last_429(gates, origin, pki):
    gate = gates(origin, SLOW.format("certificate", 1))
    assert statuses(gate, pki, pki.good, 2) == [200, 429]
    told = subprocess.run(
        [BIN, "explain", "--last", "1", "--config", gate.config],
        capture_output=True, text=True, timeout=30, check=False)
    assert told.returncode == 0, told.stderr
    assert "code: rate-limited" in told.stdout
    assert "the client sees: status 429" in told.stdout
    assert re.search(r"FAIL +request +faster than rate_limits allow this "
                     r"certificate; it is to wait 3\d\d\d s", told.stdout)
    assert "Retry-After" in told.stdout


def test_check_prints_each_limit(gates, origin):
    gate = gates(origin, SLOW.format("route", 7))
    told = subprocess.run([BIN, "check", "--print", "--config", gate.config],
                          capture_output=True, text=True, timeout=30,
                          check=False)
    assert told.returncode == 0, told.stderr
    assert re.search(r"rate_limits:\n *- key: route\n *rate: 1/h\n"
                     r" *burst: 7\n", told.stdout), told.stdout


def test_an_address_may_have_so_many_connections(gates, origin, pki):
    gate = gates(origin, "limits: {connections_per_ip: 2}\n", workers=2)
    key = ('mtlsgate_connections_refused_total'
           '{limit="limits.connections_per_ip"}')
    wait_for("nobody", lambda: gate.metrics()["mtlsgate_connections"] == 0)
    with Client(gate.port, pki, pki.good) as one, \
            Client(gate.port, pki, pki.good) as two:
        assert one.ask(get()).status == two.ask(get()).status == 200
        before = gate.metrics()[key]
        with pytest.raises(OSError):
            Client(gate.port, pki, pki.good)
        assert gate.metrics()[key] == before + 1
        gate.wait_log("limit=limits.connections_per_ip")
        assert one.ask(get()).status == 200

    def free():
        try:
            with Client(gate.port, pki, pki.good) as client:
                return client.ask(get()).status == 200
        except OSError:
            return False
    wait_for("a place", free)
