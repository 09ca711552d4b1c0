"""An origin that is full: who waits, in what order, and how it ends."""

import os
import threading
import time

import pytest

from client import Client, get
from gate import wait_for
from test_revocation import hup

# Only an order of events is asked for; the machine may be slow.
LONG = "30s"


class Gatekeeper:
    """An origin's answer that keeps each request until it is let go."""

    def __init__(self):
        self.lock = threading.Condition()
        self.free = 0
        self.inside = self.most = 0

    def answer(self, peer, request):
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
            assert self.lock.wait_for(lambda: self.free, 60)
            self.free -= 1
            self.inside -= 1
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def let_go(self, count=1):
        with self.lock:
            self.free += count
            self.lock.notify_all()


@pytest.fixture
def keeper(origins):
    keeper = Gatekeeper()
    keeper.origin = origins(keeper.answer)
    yield keeper
    keeper.let_go(1000)


def full(keeper, places, size=100, timeout=LONG, more=""):
    return (f"origins: {{web: {{servers: ['{keeper.origin.url}'], "
            f"max_connections: {places}, "
            f"queue: {{size: {size}, timeout: {timeout}}}{more}}}}}\n")


def waiting(gate, count):
    wait_for(f"{count} to wait", lambda: gate.metrics()[
        "mtlsgate_origin_queue"] == count)


def failed(gate, cause):
    return gate.metrics().get(
        f'mtlsgate_exchanges_failed_total{{cause="{cause}"}}', 0)


def test_no_more_than_its_places_and_in_order(gates, pki, keeper, connect):
    gate = gates("", workers=1, extra=full(keeper, 2))
    clients = [connect(gate, pki.good) for _ in range(6)]
    for i, client in enumerate(clients):
        client.send(get(f"/{i}"))
        if i < 2:
            keeper.origin.wait(i + 1)
        else:
            waiting(gate, i - 1)
    began = time.monotonic()
    wait_for("some milliseconds", lambda: time.monotonic() > began + 0.01)
    for done in range(4):
        keeper.let_go()
        keeper.origin.wait(3 + done)
        waiting(gate, 3 - done)
    keeper.let_go(2)
    assert [client.read().status for client in clients] == [200] * 6
    assert keeper.most == 2
    # one after the other they got in, as they came
    assert [r.target for r in keeper.origin.requests][2:] == [
        "/2", "/3", "/4", "/5"]
    assert gate.metrics()["mtlsgate_origin_queued_total"] == 4
    waits = {r["target"]: r.get("queued_us", 0) for r in gate.wait_access(6)}
    assert waits["/0"] == waits["/1"] == 0
    assert waits["/5"] >= 5_000


def test_a_full_queue_refuses_at_once(gates, pki, keeper, connect):
    gate = gates("", workers=1, extra=full(keeper, 1, size=1))
    first, second, third = (connect(gate, pki.good) for _ in range(3))
    first.send(get("/first"))
    keeper.origin.wait(1)
    second.send(get("/second"))
    waiting(gate, 1)
    answer = third.ask(get("/third"))
    assert answer.status == 503
    assert answer.get("Retry-After") == "1"
    assert b"origin-queue-full" in answer.body
    assert failed(gate, "origin-queue-full") == 1
    # its connection lives, and the others were not harmed
    keeper.let_go(3)
    assert first.read().status == second.read().status == 200
    assert third.ask(get("/again")).status == 200
    assert [r.target for r in keeper.origin.requests] == [
        "/first", "/second", "/again"]


def test_size_0_waits_for_nothing(gates, pki, keeper, connect):
    gate = gates("", workers=1, extra=full(keeper, 1, size=0))
    first, second = connect(gate, pki.good), connect(gate, pki.good)
    first.send(get())
    keeper.origin.wait(1)
    assert second.ask(get()).status == 503


def test_who_waits_too_long_is_told(gates, pki, keeper, connect):
    gate = gates("", workers=1, extra=full(keeper, 1, timeout="100ms"))
    first, second = connect(gate, pki.good), connect(gate, pki.good)
    first.send(get("/first"))
    keeper.origin.wait(1)
    answer = second.ask(get("/second"))
    assert answer.status == 503
    assert answer.get("Retry-After") == "1"
    assert b"origin-queue-timeout" in answer.body
    record = gate.wait_access(1)[0]
    assert record["failure"] == "origin-queue-timeout"
    assert 100_000 <= record["queued_us"]
    waiting(gate, 0)
    keeper.let_go(2)
    assert first.read().status == 200
    assert second.ask(get("/again")).status == 200
    assert [r.target for r in keeper.origin.requests] == ["/first", "/again"]


def test_who_leaves_gives_his_place_up(gates, pki, keeper, connect):
    gate = gates("", workers=1, extra=full(keeper, 1))
    first, gone, last = (connect(gate, pki.good) for _ in range(3))
    first.send(get("/first"))
    keeper.origin.wait(1)
    gone.send(get("/gone"))
    waiting(gate, 1)
    last.send(get("/last"))
    waiting(gate, 2)
    gone.close()
    waiting(gate, 1)
    keeper.let_go(2)
    assert first.read().status == last.read().status == 200
    assert [r.target for r in keeper.origin.requests] == ["/first", "/last"]


def test_a_body_waits_with_its_request(gates, pki, keeper, connect):
    """It is not read meanwhile, and its own deadline does not run (R18)."""
    gate = gates("", workers=1, extra=full(keeper, 1)
                 + "timeouts: {request_body: 200ms}\n")
    first, second = connect(gate, pki.good), connect(gate, pki.good)
    first.send(get("/first"))
    keeper.origin.wait(1)
    body = os.urandom(1 << 20)
    second.send(b"POST /second HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body))
    sender = threading.Thread(target=second.send, args=(body,))
    sender.start()
    waiting(gate, 1)
    # what must not happen would have happened by then
    over = time.monotonic() + 5 * 0.2
    wait_for("five deadlines to pass", lambda: time.monotonic() > over)
    waiting(gate, 1)
    keeper.let_go(2)
    assert first.read().status == second.read().status == 200
    sender.join(20)
    assert keeper.origin.requests[1].body == body


def test_a_place_that_fails_is_given_on(gates, pki, keeper, connect):
    """The origin hangs up on the one inside: the next gets in."""
    gate = gates("", workers=1, extra=full(keeper, 1))
    first, second = connect(gate, pki.good), connect(gate, pki.good)
    first.send(get("/first"))
    keeper.origin.wait(1)
    second.send(get("/second"))
    waiting(gate, 1)
    first.close()  # its connection to the origin is given up, too
    keeper.let_go(2)
    assert second.read().status == 200


def test_who_is_not_trusted_any_more_does_not_get_in_r13_(
        gates, pki, keeper, connect):
    leaf = pki.ca.issue("waits")
    gate = gates("", workers=1, extra=full(keeper, 1))
    first, second = connect(gate, pki.good), connect(gate, leaf)
    first.send(get("/first"))
    keeper.origin.wait(1)
    second.send(get("/second"))
    waiting(gate, 1)
    assert hup(gate, gate.text.replace(
        "client_auth: {", f"client_auth: {{deny: {{serials: "
        f"['{leaf.serial}']}}, ")).startswith("reloaded ")
    gate.wait_log("trust_changed ")
    keeper.let_go(2)
    assert first.read().status == 200
    answer = second.read()
    assert answer.status == 421
    assert b"trust-changed" in answer.body
    assert [r.target for r in keeper.origin.requests] == ["/first"]


def test_all_workers_together_stay_below(gates, pki, keeper, connect):
    gate = gates("", workers=2, extra=full(keeper, 4))
    clients = [connect(gate, pki.good) for _ in range(12)]
    for client in clients:
        client.send(get())
    keeper.origin.wait(2)
    keeper.let_go(12)
    assert [client.read().status for client in clients] == [200] * 12
    assert keeper.most <= 4
