"""HTTP/1 proxying: framing, keep-alive, early answers, errors (R8, R9)."""

import json
import threading

import pytest

from client import Cut, HalfOpen, get
from gate import wait_for

POST = b"POST /p HTTP/1.1\r\nHost: localhost\r\n"


def test_connections_are_kept_on_both_sides(gate, origin, pki, connect):
    client = connect(gate, pki.good)
    for i in range(20):
        answer = client.ask(get(f"/{i}"))
        assert answer.status == 200
        assert not answer.all("Connection")
    requests = origin.wait(20)
    assert [r.target for r in requests] == [f"/{i}" for i in range(20)]
    assert {r.connection for r in requests} == {1}


def test_requests_in_a_row_are_answered_in_order(gate, origin, pki, connect):
    client = connect(gate, pki.good)
    client.send(b"".join(get(f"/{i}") for i in range(10)))
    for i in range(10):
        assert f"GET /{i} ".encode() in client.read().body


@pytest.mark.parametrize("size", [0, 1, 5, 16384, 70000, 1 << 20])
def test_a_body_of_known_length_arrives_whole(
        gate, origin, pki, connect, size):
    body = bytes(i % 251 for i in range(size))
    answer = connect(gate, pki.good).ask(
        POST + b"Content-Length: %d\r\n\r\n" % size + body)
    assert answer.status == 200
    request = origin.wait()[0]
    assert request.body == body
    assert request.get("Content-Length") == str(size)


@pytest.mark.parametrize("sizes", [[], [1], [5, 7, 9], [70000, 3, 200000]])
def test_a_chunked_body_arrives_whole_with_its_trailers(
        gate, origin, pki, connect, sizes):
    body = b"".join(b"%x;x=y\r\n" % n + b"z" * n + b"\r\n" for n in sizes)
    answer = connect(gate, pki.good).ask(
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + body
        + b"0\r\nX-Sum: 1\r\n\r\n")
    assert answer.status == 200
    request = origin.wait()[0]
    assert request.body == b"z" * sum(sizes)
    assert request.trailers == [("X-Sum", "1")]


def test_a_chunked_answer_passes_with_its_trailers(
        gates, origins, pki, connect):
    def answer(peer, request):
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  b"3\r\nabc\r\n5;e=1\r\ndefgh\r\n0\r\nX-End: yes\r\n\r\n")
    gate = gates(origins(answer))
    client = connect(gate, pki.good)
    for _ in range(2):
        got = client.ask(get("/", "TE: trailers"))
        assert got.body == b"abcdefgh"
        assert ("X-End", "yes") in got.trailers


def test_an_answer_that_ends_by_close_becomes_chunked(
        gates, origins, pki, connect):
    def answer(peer, request):
        peer.send(b"HTTP/1.0 200 OK\r\n\r\nuntil the end")
        peer.sock.close()
    gate = gates(origins(answer))
    client = connect(gate, pki.good)
    for _ in range(2):
        assert client.ask(get()).body == b"until the end"


def test_http_1_0_clients_get_no_chunks(gates, origins, pki, connect):
    def answer(peer, request):
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  b"3\r\nabc\r\n0\r\n\r\n")
    gate = gates(origins(answer))
    got = connect(gate, pki.good).ask(b"GET / HTTP/1.0\r\n\r\n")
    assert got.body == b"abc"
    assert not got.all("Transfer-Encoding")


def test_http_1_0_may_keep_the_connection(gate, pki, connect):
    client = connect(gate, pki.good)
    for _ in range(3):
        got = client.ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert got.get("Connection").lower() == "keep-alive"
    client = connect(gate, pki.good)
    assert client.ask(b"GET / HTTP/1.0\r\n\r\n").status == 200
    assert client.ended()


@pytest.mark.parametrize("method, status, head", [
    ("HEAD", 200, b"Content-Length: 1234\r\n"),
    ("HEAD", 200, b"Transfer-Encoding: chunked\r\n"),
    ("GET", 204, b""), ("GET", 304, b"Content-Length: 99\r\n"),
    ("GET", 304, b"ETag: \"x\"\r\n")])
def test_answers_without_a_body(gates, origins, pki, connect, method, status,
                                head):
    def answer(peer, request):
        peer.send(b"HTTP/1.1 %d X\r\n" % status + head + b"\r\n")
    gate = gates(origins(answer))
    client = connect(gate, pki.good)
    for _ in range(3):
        got = client.ask(get().replace(b"GET", method.encode()), method)
        assert got.status == status


def test_expect_100_continue_is_the_origins_to_answer(
        gates, origins, pki, connect):
    def serve(peer):
        head = peer.read_head()
        assert b"100-continue" in head
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert peer.take(5) == b"hello"
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    gate = gates(origins(serve=serve))
    client = connect(gate, pki.good)
    client.send(POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert client.read_head().status == 100
    client.send(b"hello")
    assert client.read().body == b"ok"


def test_expect_may_be_refused(gates, origins, pki, connect):
    def serve(peer):
        peer.read_head()
        peer.send(b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno")
        peer.more()
    gate = gates(origins(serve=serve))
    client = connect(gate, pki.good)
    client.send(POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    got = client.read()
    assert got.status == 401 and got.body == b"no" and not got.interim


def test_interim_answers_pass(gates, origins, pki, connect):
    def answer(peer, request):
        peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                  b"HTTP/1.1 102 Processing\r\n\r\n"
                  b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    gate = gates(origins(answer))
    got = connect(gate, pki.good).ask(get())
    assert [a.status for a in got.interim] == [103, 102]
    assert got.interim[0].get("Link") == "</a>"
    # HTTP/1.0 knows none of them
    got = connect(gate, pki.good).ask(b"GET / HTTP/1.0\r\n\r\n")
    assert got.status == 200 and not got.interim


def test_an_early_answer_stops_the_upload(gates, origins, pki):
    def serve(peer):
        peer.read_head()
        peer.send(b"HTTP/1.1 413 Too much\r\nContent-Length: 3\r\n\r\nbig")
        peer.more()
    gate = gates(origins(serve=serve), extra="limits: {body: 1GiB}\n")
    tls = HalfOpen(gate.port, pki, pki.good)
    tls.send(POST + b"Content-Length: 900000000\r\n\r\n")
    assert tls.send_while_silent(b"x" * 16384, 8000)
    # told to stop, with all of the answer, and not cut off
    head, _, body = tls.rest().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nconnection: close" in head.lower()
    assert body == b"big"


def test_a_client_that_half_closes_gets_its_answer(
        gates, origins, pki, connect):
    go = threading.Event()

    def answer(peer, request):
        assert go.wait(20)
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
    origin = origins(answer)
    gate = gates(origin)
    tls = HalfOpen(gate.port, pki, pki.good)
    tls.send(get())
    tls.end()  # close_notify and FIN; what comes is still read
    origin.wait()
    go.set()
    assert tls.rest().endswith(b"late")


def test_an_origin_may_be_a_unix_socket(gates, origins, pki, connect,
                                        short_path):
    origin = origins(unix=short_path / "o.sock")
    (short_path / "o.sock").chmod(0o777)
    short_path.chmod(0o755)
    gate = gates(origin)
    client = connect(gate, pki.good)
    for _ in range(3):
        assert client.ask(get()).status == 200
    assert origin.connections == 1


def test_forwarded_fields_are_written_anew(gate, origin, pki, connect):
    connect(gate, pki.good).ask(
        get("/x?q=1", "X-Forwarded-For: 9.9.9.9", "Via: 1.0 evil",
            host="www.example.org:8443"))
    request = origin.wait()[0]
    assert request.line == "GET /x?q=1 HTTP/1.1"
    assert request.get("Host") == "www.example.org:8443"
    assert request.get("X-Forwarded-For") == "127.0.0.1"
    assert request.get("X-Forwarded-Proto") == "https"
    assert request.get("X-Forwarded-Host") == "www.example.org:8443"
    assert request.get("Via") == "1.1 mtlsgate"
    assert request.get("X-Request-Id")


def test_a_dead_pooled_connection_costs_an_idempotent_request_nothing(
        gates, origins, pki, connect):
    def serve(peer):
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        # dies while the proxy believes that it may be used again
        if peer.number == 1:
            peer.read_head()
        else:
            while peer.read_request():
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    origin = origins(serve=serve)
    gate = gates(origin)
    client = connect(gate, pki.good)
    assert client.ask(get()).body == b"ok"
    assert client.ask(get()).body == b"ok"
    assert origin.connections == 2


def test_a_post_is_not_sent_twice(gates, origins, pki, connect):
    def serve(peer):
        request = peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        assert request
        peer.read_request()  # and leaves
    origin = origins(serve=serve)
    gate = gates(origin)
    client = connect(gate, pki.good)
    post = POST + b"Content-Length: 1\r\n\r\nx"
    assert client.ask(post).status == 200
    assert client.ask(post).status == 502
    assert origin.connections == 1


@pytest.mark.parametrize("raw, rule, status", [
    (b"GET / HTTP/1.1\r\n\r\n", "host-missing", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "host-twice", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n", "field-colon", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", "field-folding",
     400),
    (b"GET / HTTP/1.1\nHost: a\n\n", "line-end", 400),
    (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "version", 505),
    (b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", "method-trace", 405),
    (b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "method-connect", 501),
    (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
     "length-conflict", 400),
    (POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
     "content-length-twice", 400),
    (POST + b"Content-Length: +3\r\n\r\nabc", "content-length", 400),
    (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n",
     "transfer-encoding", 501),
    (POST + b"Content-Length: 99999999999\r\n\r\n", "body-too-large", 413),
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
     "request-line-too-long", 414),
    (b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 40000 + b"\r\n\r\n",
     "header-too-large", 431),
    (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 120 + b"\r\n",
     "header-too-many", 431),
])
def test_what_is_refused_names_its_rule_R8(
        gate, origin, pki, connect, raw, rule, status):
    client = connect(gate, pki.good)
    client.send(raw)
    got = client.read()
    assert got.status == status
    assert rule.encode() in got.body, got.body
    assert got.get("Connection").lower() == "close"
    assert client.ended()
    assert not origin.requests
    (record,) = gate.wait_access(1)
    assert rule in str(record)
    assert any(rule in key and value == 1
               for key, value in gate.metrics().items())
    # nobody else was harmed
    assert connect(gate, pki.good).ask(get()).status == 200


def test_errors_are_json_for_who_prefers_it(gate, pki, connect):
    got = connect(gate, pki.good).ask(
        b"GET / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n"
        b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n")
    assert got.status == 400
    # a message that was refused is not looked into, so text is right there;
    # one that was read has its wish respected
    text = got.body.decode()
    assert "length-conflict" in text


def test_a_missing_origin_is_told_with_the_request_id(
        gates, pki, connect):
    from gate import free_port
    gate = gates(f"http://127.0.0.1:{free_port()}")
    client = connect(gate, pki.good)
    got = client.ask(get("/", "Accept: application/json"))
    assert got.status == 502
    problem = json.loads(got.body)
    (record,) = gate.wait_access(1)
    assert str(record["request"]) in got.body.decode()
    assert problem
    # the client's connection is not to blame
    assert client.ask(get()).status == 502


@pytest.mark.parametrize("garbage", [
    b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n"
    b"\r\n0\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n",
    b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", b""])
def test_an_origin_that_speaks_garbage_is_a_502(
        gates, origins, pki, connect, garbage):
    def answer(peer, request):
        peer.send(garbage)
        peer.sock.close()
    gate = gates(origins(answer))
    client = connect(gate, pki.good)
    assert client.ask(get()).status == 502
    assert client.ask(get()).status == 502


@pytest.mark.parametrize("head", [
    b"Content-Length: 100\r\n\r\nabc",
    b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"])
def test_a_cut_answer_is_seen_to_be_cut(gates, origins, pki, connect, head):
    def answer(peer, request):
        peer.send(b"HTTP/1.1 200 OK\r\n" + head)
        peer.sock.close()
    gate = gates(origins(answer))
    with pytest.raises((Cut, OSError)):
        connect(gate, pki.good).ask(get())
    (record,) = gate.wait_access(1)
    assert "origin-cut" in str(record)


def test_timeouts_of_the_origin(gates, origins, pki, connect):
    held = threading.Event()

    def answer(peer, request):
        if request.target == "/stall":
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        held.wait(30)
    gate = gates(origins(answer), extra="timeouts: {origin_response: 300ms, "
                 "origin_idle: 300ms}\n")
    assert connect(gate, pki.good).ask(get()).status == 504
    with pytest.raises((Cut, OSError)):
        connect(gate, pki.good).ask(get("/stall"))
    held.set()


def test_slow_heads_and_idle_connections_end_R18(gates, origin, pki, connect):
    gate = gates(origin, extra="timeouts: {request_header: 400ms, "
                 "keepalive: 400ms, request_body: 400ms}\n")
    client = connect(gate, pki.good)
    client.send(b"GET / HTT")
    got = client.read()
    assert got.status == 408 and b"header-timeout" in got.body
    assert client.ended()
    client = connect(gate, pki.good)
    assert client.ask(get()).status == 200
    assert client.ended()
    client = connect(gate, pki.good)
    client.send(POST + b"Content-Length: 10\r\n\r\nabc")
    assert client.read().status == 408
    assert connect(gate, pki.good).ask(get()).status == 200


def test_a_client_that_leaves_ends_the_origins_work(
        gates, origins, pki, connect):
    left = threading.Event()

    def answer(peer, request):
        try:
            gone = not peer.more()
        except ConnectionResetError:
            gone = True
        if gone:
            left.set()
    gate = gates(origin := origins(answer))
    client = connect(gate, pki.good)
    client.send(get())
    origin.wait()
    client.close()
    assert left.wait(20)
    (record,) = gate.wait_access(1)
    assert "client-gone" in str(record)


def test_connections_are_limited_R17(gates, origin, pki, connect):
    gate = gates(origin, extra="limits: {connections: 3}\n")
    clients = [connect(gate, pki.good) for _ in range(3)]
    for client in clients:
        assert client.ask(get()).status == 200
    with pytest.raises(OSError):
        connect(gate, pki.good).ask(get())
    clients.pop().close()
    wait_for("a place", lambda: _served(gate, pki, connect))


def _served(gate, pki, connect):
    try:
        return connect(gate, pki.good).ask(get()).status == 200
    except OSError:
        return False


def test_one_line_per_exchange_in_the_access_log(gate, pki, connect):
    client = connect(gate, pki.good)
    for i in range(5):
        client.ask(get(f"/{i}?secret=1"))
    records = gate.wait_access(5)
    assert len(records) == 5
    text = json.dumps(records)
    assert "secret" not in text
    assert len({r["request"] for r in records}) == 5
    assert len({r["conn"] for r in records}) == 1
