"""Requests that are sent again: which, how often, and to whom."""

import socket

import pytest

from client import Client, get
from origin import Origin, echo


def hang_up(peer, request):
    """Takes the whole request, and goes away."""
    peer.sock.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def servers():
    made = [Origin(answer=hang_up), Origin(answer=echo)]
    yield made
    for server in made:
        server.close()


def origins(servers, more=""):
    urls = ", ".join(f"'{server.url}'" for server in servers)
    return f"origins: {{web: {{servers: [{urls}]{more}}}}}\n"


def ask(gate, pki, requests):
    with Client(gate.port, pki, pki.good) as client:
        return [client.ask(request).status for request in requests]


def post(method, body=b"x"):
    return (b"%s / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
            % (method, len(body)) + body)


def test_another_server_answers_for_one_that_went_away(gates, pki, servers):
    gate = gates("", workers=1, extra=origins(servers))
    assert ask(gate, pki, [get()] * 6) == [200] * 6
    tried, good = (len(server.requests) for server in servers)
    assert (tried, good) == (3, 6)
    records = gate.wait_access(6)
    assert sorted(record.get("retries", 0) for record in records) == (
        [0] * 3 + [1] * 3)
    assert gate.metrics()["mtlsgate_retries_total"] == 3


def test_the_same_server_is_not_asked_again(gates, pki, servers):
    """A request that it may have died of."""
    gate = gates("", workers=1, extra=origins(servers[:1]))
    assert ask(gate, pki, [get()]) == [502]
    assert len(servers[0].requests) == 1
    assert gate.wait_access(1)[0]["failure"] == "origin-gone"


@pytest.mark.parametrize("request_bytes", [post(b"POST"), post(b"PUT")])
def test_what_may_have_been_done_is_not_done_twice(
        gates, pki, servers, request_bytes):
    """Not idempotent, or its body is spent: nowhere else either."""
    gate = gates("", workers=1, extra=origins(servers))
    assert sorted(ask(gate, pki, [request_bytes])
                  + ask(gate, pki, [request_bytes])) == [200, 502]
    assert [len(server.requests) for server in servers] == [1, 1]


def test_max_0_repeats_nothing(gates, pki, servers):
    gate = gates("", workers=1,
                 extra=origins(servers, ", retries: {max: 0}"))
    statuses = [ask(gate, pki, [get()])[0] for _ in range(4)]
    assert sorted(statuses) == [200, 200, 502, 502]
    assert [len(server.requests) for server in servers] == [2, 2]


def test_the_budget_ends_a_storm(gates, pki):
    """All servers go away: 10 are repeated, and one of ten more."""
    broken = [Origin(answer=hang_up) for _ in range(2)]
    gate = gates("", workers=1,
                 extra=origins(broken, ", retries: {budget: 10%}"))
    count = 60
    assert [ask(gate, pki, [get()])[0] for _ in range(count)] == [502] * count
    sent = sum(len(server.requests) for server in broken)
    metrics = gate.metrics()
    repeated = metrics["mtlsgate_retries_total"]
    assert sent == count + repeated
    assert 10 <= repeated < count
    assert metrics["mtlsgate_retries_over_budget_total"] == count - repeated
    for server in broken:
        server.close()
