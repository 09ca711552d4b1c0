"""Servers that are asked whether they are well."""

import socket
import threading

import pytest

from client import Client, get
from gate import wait_for
from origin import Origin
from test_revocation import hup


class Patient(Origin):
    """A server whose health is what a test says; counts who asks."""

    def __init__(self):
        self.status = 200
        self.asked = 0
        self.hangs = threading.Event()
        self.hangs.set()
        self.heads = []
        super().__init__(answer=self.speak)

    def speak(self, peer, request):
        if request.target != "/up?q=1":
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            return
        self.asked += 1
        self.heads.append(request)
        self.hangs.wait(60)
        if self.status == "drop":
            peer.sock.shutdown(socket.SHUT_RDWR)
        elif self.status == "garbage":
            peer.send(b"what?\r\n\r\n")
        else:
            peer.send(b"HTTP/1.1 %d X\r\nContent-Length: 4\r\n\r\nbody"
                      % self.status)

    def served(self):
        return sum(r.target == "/" for r in self.requests)


@pytest.fixture
def servers():
    made = [Patient(), Patient()]
    yield made
    for one in made:
        one.hangs.set()
        one.close()


def asking(servers, more="", health=""):
    urls = ", ".join(f"'{server.url}'" for server in servers)
    return (f"origins: {{web: {{servers: [{urls}], health: {{path: '/up?q=1', "
            f"interval: 100ms, timeout: 100ms{health}}}{more}}}}}\n")


def unhealthy(gate, count):
    wait_for(f"{count} to be known as unhealthy", lambda: gate.metrics()[
        "mtlsgate_origin_servers_unhealthy"] == count)


def ask(gate, pki, count):
    with Client(gate.port, pki, pki.good) as client:
        return [client.ask(get()).status for _ in range(count)]


def test_what_is_asked(gates, pki, servers):
    gates("", workers=1, extra=asking(servers[:1]))
    wait_for("questions", lambda: servers[0].asked >= 5)
    head = servers[0].heads[0]
    assert head.line == "GET /up?q=1 HTTP/1.1"
    assert head.get("Host") == f"127.0.0.1:{servers[0].port}"
    assert head.get("User-Agent") == "mtlsgate-health"
    # a well server is asked on the connection that is kept, or on another
    assert not servers[0].errors


@pytest.mark.parametrize("status, words", [
    (500, "status 500"), (302, "status 302"), (404, "status 404"),
    ("drop", "reason="), ("garbage", "reason="),
    ("hang", "no answer in time")])
def test_a_server_that_is_not_well_is_left_alone(
        gates, pki, servers, status, words):
    bad, good = servers
    gate = gates("", workers=1, extra=asking(servers))
    assert ask(gate, pki, 10) == [200] * 10
    assert bad.served() == good.served() == 5
    if status == "hang":
        bad.hangs.clear()
    else:
        bad.status = status
    unhealthy(gate, 1)
    assert ask(gate, pki, 10) == [200] * 10
    assert (bad.served(), good.served()) == (5, 15)
    gate.wait_log("origin_server_unhealthy")
    assert words in gate.log()
    assert gate.metrics()["mtlsgate_origin_health_failures_total"] >= 3
    # and comes back
    bad.status = 200
    bad.hangs.set()
    unhealthy(gate, 0)
    gate.wait_log("origin_server_healthy")
    assert ask(gate, pki, 10) == [200] * 10
    assert (bad.served(), good.served()) == (10, 20)


def test_one_bad_answer_is_none(gates, pki, servers):
    """It takes unhealthy_after in a row."""
    gate = gates("", workers=1, extra=asking(
        servers, health=", unhealthy_after: 4"))
    bad = servers[0]
    for _ in range(3):
        seen = bad.asked
        bad.status = 500
        wait_for("a bad answer", lambda: bad.asked > seen)
        bad.status = 200
        seen = bad.asked
        wait_for("good ones", lambda: bad.asked > seen + 1)
    assert "origin_server_unhealthy" not in gate.log()


def test_when_all_are_unwell_nobody_is_asked(gates, pki, servers):
    for server in servers:
        server.status = 503
    gate = gates("", workers=1, extra=asking(servers))
    unhealthy(gate, 2)
    assert ask(gate, pki, 2) == [503, 503]
    assert gate.wait_access(1)[0]["failure"] == "origin-unavailable"
    servers[1].status = 200
    unhealthy(gate, 1)
    assert ask(gate, pki, 2) == [200, 200]


def test_the_only_server_is_never_left_alone(gates, pki, servers):
    servers[0].status = 500
    gate = gates("", workers=1, extra=asking(servers[:1]))
    unhealthy(gate, 1)
    assert ask(gate, pki, 2) == [200, 200]


def test_a_server_that_cannot_be_reached_is_not_well(gates, pki, servers):
    gone = Patient()
    gate = gates("", workers=1, extra=asking([gone, servers[0]]))
    wait_for("it to be asked", lambda: gone.asked)
    gone.close()
    unhealthy(gate, 1)
    assert ask(gate, pki, 6) == [200] * 6


def test_each_worker_asks_and_a_reload_ends_it(gates, pki, servers):
    gate = gates("", workers=2, extra=asking(servers[:1]))
    wait_for("questions", lambda: servers[0].asked >= 4)
    assert hup(gate, gate.text.replace(
        "path: '/up?q=1'", "path: '/other'")).startswith("reloaded ")
    gate.wait_log("generation_ended")
    seen = servers[0].asked
    wait_for("the other path", lambda: sum(
        r.target == "/other" for r in servers[0].requests) >= 4)
    assert servers[0].asked == seen


def test_who_comes_back_gets_more_from_time_to_time(gates, pki, servers):
    """slow_start: a small part at first."""
    back, other = servers
    back.status = 500
    gate = gates("", workers=1, extra=asking(servers, ", slow_start: 60s"))
    unhealthy(gate, 1)
    back.status = 200
    unhealthy(gate, 0)
    assert ask(gate, pki, 60) == [200] * 60
    assert 1 <= back.served() <= 15
    assert back.served() + other.served() == 60
