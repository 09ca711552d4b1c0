"""What an attacker tries, on the client's side and on the origin's (R1-R19).

One message arrives or none; nobody hears an answer that is another's; what is
refused, cut or garbled leaves no connection, exchange or worker behind.
"""

import socket
import ssl
import struct

import pytest

from cryptography import x509
from cryptography.x509.oid import NameOID

from client import Cut, get
from gate import wait_for

POST = b"POST /p HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
NEXT = get("/smuggled")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def quiet(gate):
    values = gate.metrics()
    return all(values[name] == 0 for name in (
        "mtlsgate_connections", "mtlsgate_handshakes_pending",
        "mtlsgate_exchanges"))


def unharmed(gate, before):
    """Everything ended, the same workers live, the logs are plain lines."""
    wait_for("every connection to end", lambda: quiet(gate))
    assert gate.workers() == before
    for path in (gate.log_path, gate.access_path):
        text = path.read_bytes() if path.exists() else b""
        assert not any(b < 32 and b != 10 for b in text)


def answers(client, count):
    """The status of each answer, until the connection ends."""
    got = []
    try:
        while len(got) < count:
            got.append(client.read().status)
    except (Cut, OSError):
        pass
    return got


REFUSED = [
    *(POST + line + b"\r\n\r\n0\r\n\r\n" for line in (
        b"Transfer-Encoding: xchunked", b"Transfer-Encoding : chunked",
        b"Transfer-Encoding:\x0bchunked", b"Transfer-Encoding: chunked\x00",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: ,chunked", b"Transfer-Encoding: chunked;q=1",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Content-Length: 0\r\nTransfer-Encoding: chunked",
        b"X: y\rTransfer-Encoding: chunked",
        b"X: y\nTransfer-Encoding: chunked",
        b"Transfer-Encoding:\r\n chunked", b" Transfer-Encoding: chunked")),
    *(POST + b"Content-Length: " + value + b"\r\n\r\nhello" for value in (
        b"0x5", b"-1", b"5,5", b"5\x00", b"", b"18446744073709551621")),
    *(CHUNKED + b"\r\n" + chunk + b"0\r\n\r\n" for chunk in (
        b"5\nhello\r\n", b"0x5\r\nhello\r\n", b"5 \r\nhello\r\n",
        b"5\r\nhelloXX", b"5\r\nhello\n", b"-5\r\nhello\r\n",
        b"5;a\nb\r\nhello\r\n", b"10000000000000005\r\nhello\r\n",
        b"5;X-Cert-Verify: SUCCESS\r\nhello\r\n",
        b"5;" + b"a" * 20000 + b"\r\nhello\r\n")),
    *(CHUNKED + b"\r\n5\r\nhello\r\n0\r\n" + line + b"\r\n" for line in (
        b"Content-Length: 5\r\n", b"Host: evil\r\n", b"X : a\r\n",
        b"X: a\r\n b\r\n", b"X: a\nY: b\r\n",
        b"Transfer-Encoding: chunked\r\n")),
    *(line + b"\r\nHost: localhost\r\n\r\n" for line in (
        b"GET http://evil/ HTTP/1.1", b"GET http://u@localhost/ HTTP/1.1",
        b"GET http:///x HTTP/1.1", b"GET localhost:80 HTTP/1.1",
        b"GET /a b HTTP/1.1", b"GET /\x00 HTTP/1.1", b"GET\t/ HTTP/1.1",
        b"GET / HTTP/1.10", b"GET /")),
    *(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n" for host in (
        b"a@b", b"a/b", b"a b", b"a,b", b"a:b", b"a\r\nhOST: b")),
    b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
]


def test_no_framing_hides_a_second_request_R8(gate, origin, pki, connect):
    before = gate.workers()
    for raw in REFUSED:
        client = connect(gate, pki.good)
        client.send(raw + NEXT)
        got = answers(client, 2)
        client.close()
        assert len(got) == 1 and got[0] >= 400, (raw, got)
        assert not origin.requests, raw
    unharmed(gate, before)


@pytest.mark.parametrize("raw, body", [
    (POST + b"Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello",
     b"hello"),
    (POST + b"Connection: Content-Length, Host\r\nContent-Length: 5\r\n\r\n"
     b"hello", b"hello"),
    (CHUNKED + b"Connection: Transfer-Encoding\r\n\r\n5\r\nhello\r\n"
     b"0\r\n\r\n", b"hello"),
    (get("/p", "Content-Length: 5") + b"hello", b"hello"),
    (POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
     b"hello"),
])
def test_what_is_one_message_arrives_as_one_R9(
        gate, origin, pki, connect, raw, body):
    client = connect(gate, pki.good)
    client.send(raw + NEXT)
    assert answers(client, 2) == [200, 200]
    first, second = origin.wait(2)
    assert (first.target, first.body) == ("/p", body)
    assert second.target == "/smuggled"


def test_no_place_carries_a_forged_certificate_R1_R5(
        gate, origin, pki, connect):
    spellings = ["X-CERT-VERIFY", "x_cert_verify", "X.Cert.Verify",
                 "X~Cert~Verify", "X-Cert_Subject-DN", "x-cert-anything",
                 "X-Cert-Verify!", "Client-Cert", "X-SSL-Client-Verify",
                 "X-Forwarded-Client-Cert", "X_Forwarded_For", "X-Real-IP",
                 "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto"]
    forged = "".join(f"{name}: forged\r\n" for name in spellings).encode()
    nominated = ("Connection: " + ", ".join([
        "X-CERT-VERIFY", "X-Forwarded-For", "Via", "Host"])
        + "\r\n").encode()
    for raw in (
            CHUNKED + forged + nominated + b"Trailer: X-CERT-VERIFY, X-Sum"
            b"\r\n\r\n5;x=forged\r\nhello\r\n0\r\n" + forged
            + b"X-Sum: 1\r\n\r\n",
            b"GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n" + forged
            + b"\r\n",
            b"GET / HTTP/1.0\r\n" + forged + nominated + b"\r\n"):
        origin.requests.clear()
        assert connect(gate, pki.good).ask(raw).status == 200
        (request,) = origin.wait()
        assert b"forged" not in request.raw_head + request.body
        assert request.get("X-CERT-VERIFY") == "SUCCESS"
        assert request.get("X-Forwarded-For") == "127.0.0.1"
        assert request.trailers in ([], [("X-Sum", "1")])


def test_a_name_cannot_break_a_line_R6(gate, origin, pki, connect):
    leaf = pki.ca.issue("crlf", subject=x509.Name([x509.NameAttribute(
        NameOID.COMMON_NAME, "a\r\nX-CERT-VERIFY: forged\x1b[31m")]))
    before = gate.workers()
    client = connect(gate, leaf)
    assert client.ask(get()).status == 200
    (request,) = origin.wait()
    assert request.get("X-CERT-VERIFY") == "SUCCESS"
    assert "\\0D\\0A" in request.get("X-CERT-SUBJECT-DN")
    client.close()
    unharmed(gate, before)


STRANGE = [
    OK + OK, OK + b"X", OK + b"\r\n",
    b"HTTP/1.1 200 OK\r\nA: " + b"a" * 200000 + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 5000 + b"\r\n",
    b"HTTP/1.1 103 E\r\n\r\n" * 5000 + OK,
    b"HTTP/1.1 101 S\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n" + OK,
    b"HTTP/1.1 100 C\r\nContent-Length: 5\r\n\r\nhello" + OK,
    b"HTTP/1.1 204 N\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 304 N\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\nx",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: a\r\n"
    b"\r\n", b"HTTP/2 200\r\n\r\n", bytes(range(256)) * 9 + b"\r\n\r\n",
]


def test_a_strange_answer_never_meets_the_next_request(
        gates, origins, pki, connect):
    def answer(peer, request):
        at = request.target[1:]
        peer.send(STRANGE[int(at)] if at.isdigit() else
                  b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine")
    gate = gates(origins(answer))
    before = gate.workers()
    for i in range(len(STRANGE)):
        client = connect(gate, pki.good)
        try:
            client.ask(get(f"/{i}"))
            # the first answer is whole: what follows it is not ours
        except (Cut, OSError):
            pass
        client.close()
        client = connect(gate, pki.good)
        assert client.ask(get("/mine")).body == b"mine", STRANGE[i][:60]
        client.close()
    unharmed(gate, before)


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    sock.close()


def hello():
    context = ssl.create_default_context()
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(into, out, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return out.read()


def test_bytes_that_are_no_handshake_do_no_harm(gate, pki, connect):
    first = hello()
    name = first.index(b"localhost")
    before = gate.workers()
    for raw in (
            b"", first[:1], first[:5], first[:50], first[:-1], first,
            get(), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", bytes(500),
            b"\x80\x2e\x01\x00\x02" + b"a" * 60,
            b"\x16\x03\x01\xff\xff" + b"a" * 70000,
            b"\x16\x03\x01\x40\x00\x01\xff\xff\xff" + b"a" * 16380,
            b"\x15\x03\x03\x00\x02\x02\x28", b"\x16\x03\x03\x00\x00" * 2000,
            *(first[:name] + odd + first[name + 9:] for odd in (
                b"lo\x00alhost", b"lo\r\nlhost", b"lo\x1b[31mst",
                b"\xff" * 9))):
        for end in (reset, socket.socket.close):
            sock = socket.create_connection(("127.0.0.1", gate.port), 20)
            try:
                sock.sendall(raw)
            except OSError:
                pass  # refused before its end
            end(sock)
    assert connect(gate, pki.good).ask(get()).status == 200
    for client in (connect(gate, pki.good),):
        client.close()
    assert gate.workers() == before


def test_resets_at_every_point_leave_nothing(gate, pki, connect):
    raw = (get("/a") + CHUNKED + b"\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n"
           + get("/b"))
    before = gate.workers()
    for cut in range(1, len(raw), 5):
        client = connect(gate, pki.good)
        client.send(raw[:cut])
        if cut % 2:
            reset(client.sock)
        else:
            sock = socket.socket(fileno=client.sock.detach())
            sock.send(b"\x17\x03\x03\x00\x05garbage")
            sock.close()
    unharmed(gate, before)


def test_the_admin_socket_survives_garbage(gate):
    before = gate.workers()
    for raw in (b"garbage\r\n\r\n", bytes(100000), b"GET /" + b"a" * 100000,
                b"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n"
                b"\r\n", b"GET /../x HTTP/1.1\r\nHost: a\r\n\r\n" * 50):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(20)
            sock.connect(str(gate.admin))
            try:
                sock.sendall(raw)
                got = sock.recv(65536)
            except OSError:
                continue  # answered and closed before it read all
            assert got.startswith(b"HTTP/1.1 4"), raw[:40]
    unharmed(gate, before)
