"""Slow and greedy peers, each with the limit that stops it (R17, R18).

Beside each: a client that was there before is served all the while, and a new
one afterwards.
"""

import contextlib
import socket
import threading

import pytest

from client import Client, Cut, get
from gate import wait_for

MANY = 20
POST = b"POST /p HTTP/1.1\r\nHost: localhost\r\n"


class Bystander:
    """Asks on one connection, again and again, and counts."""

    def __init__(self, gate, pki, **kwargs):
        self.client = Client(gate.port, pki, pki.good, **kwargs)
        self.served = 0
        self.over = threading.Event()
        self.error = None
        self.thread = threading.Thread(target=self.run)

    def run(self):
        try:
            while not self.over.wait(0.01):
                assert self.client.ask(get("/by")).status == 200
                self.served += 1
        except Exception as error:  # told by the one that ends it
            self.error = error

    def __enter__(self):
        assert self.client.ask(get("/by")).status == 200
        self.thread.start()
        return self

    def serves_on(self):
        """It is served now, not only before."""
        before = self.served
        wait_for("the bystander", lambda: self.error or
                 self.served > before + 2)
        assert not self.error, self.error

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(60)
        self.client.close()


@pytest.fixture
def beside(pki):
    """beside(gate): a with-block that others are served in and after."""
    @contextlib.contextmanager
    def make(gate, **kwargs):
        with Bystander(gate, pki, **kwargs) as bystander:
            yield bystander
            bystander.serves_on()
        assert not bystander.error, bystander.error
        with Client(gate.port, pki, pki.good, **kwargs) as client:
            assert client.ask(get("/by")).status == 200
    return make


def answer(peer, request):
    """/by at once; /endless never ends; the rest as the test's."""
    if request.target == "/endless":
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            peer.send(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def drip(clients, piece=b"a"):
    """One octet each, while anybody takes it."""
    for client in clients:
        with contextlib.suppress(OSError):
            client.send(piece)


def read_end(client):
    """The status of what came before the end; 0: nothing came."""
    try:
        return client.read().status
    except (Cut, OSError):
        return 0


def count(gate, name, label):
    return gate.metrics()[f"mtlsgate_{name}{{{label}}}"]


def is_dripped(gate, clients, name, label):
    def told():
        drip(clients)
        return count(gate, name, label) == MANY
    return told


@pytest.mark.parametrize("limits,first,rule", [
    ("timeouts: {request_header: 700ms}",
     b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", "header-timeout"),
    ("limits: {body_min_rate: 64KiB/s}",
     POST + b"Content-Length: 1048576\r\n\r\n", "body-timeout")])
def test_slow_senders_get_408_R18(
        gates, origins, connect, pki, beside, limits, first, rule):
    gate = gates(origins(answer), extra=limits + "\n")
    with beside(gate):
        slow = [connect(gate, pki.good) for _ in range(MANY)]
        for client in slow:
            client.send(first)
        wait_for("all of them to be told", is_dripped(
            gate, slow, "messages_refused_total", f'rule="{rule}"'))
        # the answer may be lost to who goes on sending, not to who reads
        assert {read_end(client) for client in slow} <= {408, 0}
    assert count(gate, "exchanges_failed_total",
                 'cause="request-timeout"') == MANY


def test_who_does_not_read_is_cut_R18(gates, origins, connect, pki, beside):
    gate = gates(origins(answer), extra="timeouts: {request_body: 700ms}\n")
    with beside(gate):
        for _ in range(MANY):
            connect(gate, pki.good, rcvbuf=4096).send(get("/endless"))
        wait_for("all of them to be cut", lambda: count(
            gate, "exchanges_failed_total",
            'cause="client-stalled"') == MANY)
    wait_for("the connections to be gone", lambda: gate.metrics()[
        "mtlsgate_connections"] == 0)


def test_idle_connections_end_R18(gates, origins, connect, pki, beside):
    gate = gates(origins(answer), extra="timeouts: {keepalive: 700ms}\n")
    with beside(gate):
        idle = [connect(gate, pki.good) for _ in range(MANY)]
        for client in idle[::2]:
            assert client.ask(get()).status == 200
        assert all(client.ended() for client in idle)
        assert gate.metrics()["mtlsgate_connections"] == 1


REFUSED = 'mtlsgate_connections_refused_total{{limit="{}"}}'


def heard(sock):
    try:
        return sock.recv(1)
    except ConnectionResetError:
        return b""


def test_silent_handshakes_end_R17(gates, origins, pki, beside):
    gate = gates(origins(answer), extra="timeouts: {handshake: 1s}\n"
                 f"limits: {{handshakes_pending: {MANY}}}\n")
    with beside(gate), contextlib.ExitStack() as held:
        flood = [held.enter_context(socket.create_connection(
            ("127.0.0.1", gate.port), 20)) for _ in range(2 * MANY)]
        # half of them are one too many and closed at once, the others wait
        assert not any(heard(sock) for sock in flood)
        seen = gate.metrics()
        assert seen[REFUSED.format("limits.handshakes_pending")] == MANY
        assert seen["mtlsgate_handshakes_timed_out_total"] == MANY
    assert "limits.handshakes_pending" in gate.log()


def test_one_address_takes_its_part_only_R17(
        gates, origins, connect, pki, beside):
    gate = gates(origins(answer), extra="limits: {connections_per_ip: 8}\n")
    with beside(gate, source="127.0.0.2"):
        flood = [socket.create_connection(("127.0.0.1", gate.port), 20)
                 for _ in range(8 + MANY)]
        wait_for("the others to be refused", lambda: gate.metrics()[
            REFUSED.format("limits.connections_per_ip")] >= MANY)
        for sock in flood:
            sock.close()
    wait_for("the line", lambda: "limits.connections_per_ip" in gate.log())


# ---- origins ----

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"


def stall(peer, _):
    peer.more()


def stall_head(peer, _):
    peer.send(HEAD[:20])
    peer.more()


def stall_body(peer, _):
    peer.send(HEAD + b"ab")
    peer.more()


def close_early(peer, _):
    peer.sock.close()


def close_in_head(peer, _):
    peer.send(HEAD[:20])
    peer.sock.close()


def close_in_body(peer, _):
    peer.send(HEAD + b"ab")
    peer.sock.close()


def garbage(peer, _):
    peer.send(b"\x00\x01 not at all\r\n\r\n")


# The status a client sees; 0: an answer that is seen to be cut.
@pytest.mark.parametrize("bad,status,cause", [
    (stall, 504, "origin-timeout"), (stall_head, 504, "origin-timeout"),
    (stall_body, 0, "origin-stalled"), (close_early, 502, "origin-gone"),
    (close_in_head, 502, "origin-gone"), (close_in_body, 0, "origin-cut"),
    (garbage, 502, "origin-answer")])
def test_an_origin_that_fails_harms_its_request_alone_R18(
        gates, origins, connect, pki, beside, bad, status, cause):
    def serve(peer, request):
        (answer if request.target == "/by" else bad)(peer, request)
    gate = gates(origins(serve), extra="timeouts: {origin_response: 700ms,"
                 " origin_idle: 700ms}\n")
    with beside(gate):
        clients = [connect(gate, pki.good) for _ in range(MANY)]
        for client in clients:
            client.send(POST + b"Content-Length: 2\r\n\r\nhi")
        assert [read_end(client) for client in clients] == [status] * MANY
    assert count(gate, "exchanges_failed_total", f'cause="{cause}"') == MANY


def test_an_origin_that_takes_no_connection_R18(
        gates, origins, connect, pki, beside):
    full = socket.socket()
    with full, contextlib.ExitStack() as held:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):  # its queue is full: no answer to a SYN
            sock = held.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
        gate = gates("", extra=f"""
origins:
  full: {{servers: ["http://127.0.0.1:{full.getsockname()[1]}"]}}
  good: {{servers: ["{origins(answer).url}"]}}
routes:
  - {{match: {{path: /by}}, origin: good}}
  - {{origin: full}}
timeouts: {{origin_connect: 700ms}}
""")
        with beside(gate):
            clients = [connect(gate, pki.good) for _ in range(MANY)]
            for client in clients:
                client.send(get())
            assert [c.read().status for c in clients] == [504] * MANY
        assert count(gate, "exchanges_failed_total",
                     'cause="origin-connect-timeout"') == MANY


def test_an_answer_before_the_body_is_whole_R18(
        gates, origins, connect, pki, beside):
    """It is passed on, and the rest of the body is nobody's request."""
    def serve(peer):
        head = peer.read_head()
        while head is not None and b"/by" in head.split(b"\r\n")[0]:
            answer(peer, type("R", (), {"target": "/by"}))
            head = peer.read_head()
        if head is not None:
            peer.send(HEAD + b"early")
    gate = gates(origins(serve=serve))
    with beside(gate):
        for _ in range(MANY):
            client = connect(gate, pki.good)
            client.send(POST + b"Content-Length: 1000\r\n\r\n")
            got = client.read()
            assert (got.status, got.body) == (200, b"early")


def test_a_second_answer_reaches_nobody_R9(
        gates, origins, connect, pki, beside):
    def serve(peer, request):
        first = request.target == "/two"
        peer.send(HEAD + b"first" + (HEAD + b"other" if first else b""))
    gate = gates(origins(serve))
    with beside(gate):
        for _ in range(MANY):
            client = connect(gate, pki.good)
            for target in ("/two", "/by"):
                got = client.ask(get(target))
                assert (got.status, got.body) == (200, b"first")


def test_a_second_answer_that_comes_later_reaches_nobody_R9(
        gates, origins, connect, pki):
    read, gone = threading.Event(), threading.Event()

    def serve(peer, request):
        peer.send(HEAD + b"first")
        if request.target == "/two":
            assert read.wait(30)
            peer.send(HEAD + b"other")
            with contextlib.suppress(ConnectionResetError):
                peer.more()
            gone.set()
    gate = gates(origins(serve))
    client = connect(gate, pki.good)
    assert client.ask(get("/two")).body == b"first"
    read.set()
    assert gone.wait(30)
    assert client.ask(get("/by")).body == b"first"
