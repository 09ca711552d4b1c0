"""Bodies: their limits, what passes untouched, and how they end."""

import gzip
import random
import socket
import struct
import threading
import time

import pytest

from client import Client, get

POST = b"POST /upload HTTP/1.1\r\nHost: localhost\r\n"
LIMIT = 1000


def ok(peer, request):
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


@pytest.fixture
def small(gates, origins):
    origin = origins(ok)
    gate = gates(origin, extra=f"limits: {{body: {LIMIT}B}}\n")
    gate.origin = origin
    return gate


# ---- 413 as soon as it is known ----

@pytest.mark.parametrize("head", [
    b"Content-Length: %d\r\n\r\n" % (LIMIT + 1),
    b"Content-Length: 9223372036854775807\r\n\r\n",
    b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % (LIMIT + 1),
    # the size of a chunk is enough: not one byte of it is awaited
    b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % (LIMIT + 1),
    b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n",
])
def test_413_before_a_byte_of_the_body(small, pki, connect, head):
    client = connect(small, pki.good)
    client.send(POST + head)
    got = client.read()
    assert got.status == 413
    assert not got.interim
    assert got.get("Connection") == "close"
    assert client.ended()
    (record,) = small.wait_access(1)
    assert record["failure"] == "too-large"
    assert record["rule"] == "body-too-large"


def test_413_in_the_middle_of_the_chunks(small, pki, connect):
    client = connect(small, pki.good)
    client.send(POST + b"Transfer-Encoding: chunked\r\n\r\n"
                + b"1f4\r\n" + b"x" * 500 + b"\r\n" + b"1f5\r\n")
    assert client.read().status == 413
    # whatever the origin saw of it, it saw no end
    assert not small.origin.requests


def test_a_body_of_the_limit_passes(small, pki, connect):
    client = connect(small, pki.good)
    body = b"x" * LIMIT
    assert client.ask(POST + b"Content-Length: %d\r\n\r\n"
                      % LIMIT + body).status == 200
    half = b"%x\r\n" % (LIMIT // 2) + body[:LIMIT // 2] + b"\r\n"
    assert client.ask(POST + b"Transfer-Encoding: chunked\r\n\r\n"
                      + half + half + b"0\r\n\r\n").status == 200
    assert [r.body for r in small.origin.requests] == [body, body]


# ---- progress ----

def test_a_slow_body_with_progress_passes_R18(gates, origins, pki, connect):
    """Longer than request_body in all, never so long without a byte."""
    origin = origins(ok)
    gate = gates(origin, extra="timeouts: {request_body: 1s}\n"
                 "limits: {body_min_rate: 0B/s}\n")
    client = connect(gate, pki.good)
    client.send(POST + b"Content-Length: 12\r\n\r\n")
    began = time.monotonic()
    for i in range(12):
        client.send(b"x")
        threading.Event().wait(0.15)  # how slow it is
    assert client.read().status == 200
    assert time.monotonic() - began > 1.5
    assert origin.requests[0].body == b"x" * 12


# ---- what passes untouched ----

def test_a_compressed_body_passes_as_it_is(gates, origins, pki, connect):
    packed = gzip.compress(random.Random(6).randbytes(30000))

    def answer(peer, request):
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                  b"ETag: W/\"1\"\r\nVary: Accept-Encoding\r\n"
                  b"Content-Length: %d\r\n\r\n" % len(packed) + packed)
    origin = origins(answer)
    gate = gates(origin)
    got = connect(gate, pki.good).ask(
        POST + b"Content-Encoding: gzip\r\nAccept-Encoding: gzip;q=1, br\r\n"
        b"Content-Length: %d\r\n\r\n" % len(packed) + packed)
    assert got.body == packed
    assert got.get("Content-Encoding") == "gzip"
    assert got.get("ETag") == 'W/"1"'
    assert got.get("Vary") == "Accept-Encoding"
    (request,) = origin.requests
    assert request.body == packed
    assert request.get("Content-Encoding") == "gzip"
    assert request.get("Accept-Encoding") == "gzip;q=1, br"


PARTS = (b"--B\r\nContent-Range: bytes 0-1/9\r\n\r\nab\r\n"
         b"--B\r\nContent-Range: bytes 4-5/9\r\n\r\nef\r\n--B--\r\n")


@pytest.mark.parametrize("status,fields,body", [
    (206, b"Content-Range: bytes 2-4/9\r\nContent-Type: text/plain\r\n",
     b"cde"),
    (206, b"Content-Type: multipart/byteranges; boundary=B\r\n", PARTS),
    (416, b"Content-Range: bytes */9\r\n", b""),
    (200, b"Accept-Ranges: bytes\r\n", b"abcdefghi"),
])
def test_ranges_are_the_origins_business(
        gates, origins, pki, connect, status, fields, body):
    def answer(peer, request):
        peer.send(b"HTTP/1.1 %d X\r\n" % status + fields
                  + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    origin = origins(answer)
    gate = gates(origin)
    got = connect(gate, pki.good).ask(get(
        "/file", "Range: bytes=2-4", 'If-Range: "tag"'))
    assert (got.status, got.body) == (status, body)
    for line in fields.decode().splitlines():
        name, value = line.split(": ", 1)
        assert got.get(name) == value
    (request,) = origin.requests
    assert request.get("Range") == "bytes=2-4"
    assert request.get("If-Range") == '"tag"'


def test_unknown_interim_answers_pass_but_not_without_end_R17(
        gates, origins, pki, connect):
    def answer(peer, request):
        many = int(request.target[1:])
        peer.send(b"HTTP/1.1 199 Odd\r\nX-N: 1\r\n\r\n" * many
                  + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    gate = gates(origins(answer))
    client = connect(gate, pki.good)
    got = client.ask(get("/16"))
    assert got.status == 200
    assert [a.status for a in got.interim] == [199] * 16
    got = client.ask(get("/17"))
    assert got.status == 502
    assert len(got.interim) == 16


# ---- large heads ----

HEAD = 4096
LINE = 1024


@pytest.fixture
def narrow(gates, origins):
    origin = origins(ok)
    gate = gates(origin, extra=f"limits: {{header_bytes: {HEAD}B, "
                 f"request_line: {LINE}B, header_count: 20}}\n")
    gate.origin = origin
    return gate


def padded(size):
    """A request whose head has `size` bytes."""
    head = get("/", "X-Pad: ")
    return head.replace(b"X-Pad: ", b"X-Pad: " + b"p" * (size - len(head)))


def test_a_field_as_large_as_the_head_may_be(narrow, pki, connect):
    client = connect(narrow, pki.good)
    assert client.ask(padded(HEAD)).status == 200
    assert len(narrow.origin.requests[0].get("X-Pad")) > HEAD - 100
    got = client.ask(padded(HEAD + 1))
    assert got.status == 431
    assert client.ended()
    assert len(narrow.origin.requests) == 1


def test_a_request_line_as_long_as_it_may_be(narrow, pki, connect):
    client = connect(narrow, pki.good)
    bare = len("GET / HTTP/1.1")
    assert client.ask(get("/" + "a" * (LINE - bare))).status == 200
    got = client.ask(get("/" + "a" * (LINE - bare + 1)))
    assert got.status == 414
    assert client.ended()
    assert len(narrow.origin.requests) == 1


def test_as_many_fields_as_there_may_be(narrow, pki, connect):
    client = connect(narrow, pki.good)
    fields = [f"X-{i}: {i}" for i in range(19)]  # and Host
    assert client.ask(get("/", *fields)).status == 200
    assert client.ask(get("/", *fields, "X-19: 19")).status == 431
    assert client.ended()
    assert len(narrow.origin.requests) == 1


# ---- HTTP/1.0, and ends by close ----

def test_a_1_0_client_may_send_a_body(gates, origins, pki, connect):
    origin = origins(ok)
    gate = gates(origin)
    client = connect(gate, pki.good)
    got = client.ask(b"POST / HTTP/1.0\r\nHost: localhost\r\n"
                     b"Content-Length: 5\r\n\r\nhello")
    assert got.status == 200
    assert client.ended()
    (request,) = origin.requests
    assert (request.version, request.body) == ("HTTP/1.1", b"hello")


def test_a_1_0_origin_with_a_length_is_not_kept(gates, origins, pki, connect):
    def answer(peer, request):
        peer.send(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")
    origin = origins(answer)
    gate = gates(origin)
    client = connect(gate, pki.good)
    for _ in range(3):
        got = client.ask(get())
        assert (got.status, got.body) == (200, b"ok")
    assert origin.connections == 3


def test_a_1_0_origin_that_says_chunked_is_refused_R9(
        gates, origins, pki, connect):
    """RFC 9112 section 6.1: such framing is faulty."""
    def answer(peer, request):
        peer.send(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  b"2\r\nok\r\n0\r\n\r\n")
    gate = gates(origins(answer))
    assert connect(gate, pki.good).ask(get()).status == 502


def reset(sock):
    """RST in place of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    sock.close()


@pytest.fixture
def until_close(gates, origins):
    """/whole ends with FIN, /cut with RST; both behind 64 KiB."""
    passed = threading.Event()

    def answer(peer, request):
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n" + b"b" * 65536)
        if request.target == "/whole":
            peer.sock.close()
            return
        assert passed.wait(20)
        reset(peer.sock)
    gate = gates(origins(answer))
    gate.passed = passed
    return gate


def test_an_end_by_close_is_whole(until_close, pki, connect):
    client = connect(until_close, pki.good)
    got = client.ask(get("/whole"))
    assert got.get("Transfer-Encoding") == "chunked"
    assert got.body == b"b" * 65536
    got = client.ask(b"GET /whole HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert not got.all("Transfer-Encoding")
    assert got.body == b"b" * 65536


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_an_end_by_reset_is_not_whole(until_close, pki, version):
    """The client sees a cut: no last chunk, no close_notify."""
    with Client(until_close.port, pki, pki.good) as client:
        client.send(b"GET /cut HTTP/" + version
                    + b"\r\nHost: localhost\r\n\r\n")
        head = client.read_head()
        assert head.status == 200
        client.until(b"b" * 1000)
        until_close.passed.set()
        with pytest.raises(OSError):
            client.rest()
    (record,) = until_close.wait_access(1)
    assert record["failure"] == "origin-cut"
