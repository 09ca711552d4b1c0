"""A proxy in front of us: PROXY headers, required from some, refused else."""

import socket
import ssl
import struct

import pytest

from client import Answer, get
from gate import wait_for

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V1 = b"PROXY TCP4 192.0.2.7 198.51.100.9 4711 443\r\n"
V1_6 = b"PROXY TCP6 2001:db8::7 2001:db8::9 4711 443\r\n"
ADDRESSES = bytes([192, 0, 2, 7, 198, 51, 100, 9]) + struct.pack(
    ">HH", 4711, 443)


def v2(command, family, body):
    return (SIGNATURE + bytes([0x20 | command, family])
            + struct.pack(">H", len(body)) + body)


def tlv(kind, value):
    return bytes([kind]) + struct.pack(">H", len(value)) + value


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def with_crc(wrong=0):
    empty = v2(1, 0x11, ADDRESSES + tlv(3, bytes(4)) + tlv(5, b"id"))
    crc = struct.pack(">I", crc32c(empty) ^ wrong)
    return v2(1, 0x11, ADDRESSES + tlv(3, crc) + tlv(5, b"id"))


V2 = v2(1, 0x11, ADDRESSES)
V2_TLVS = v2(1, 0x11, ADDRESSES + tlv(4, bytes(300)) + tlv(2, b"a.example"))


class Fronted:
    """One connection whose bytes are shaped by hand: the header and the
    first flight in one segment, or each byte by itself."""

    def __init__(self, port, pki, header, each_byte=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(pki.ca.path)
        context.load_cert_chain(pki.good.cert, pki.good.key)
        self.into, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.into, self.out,
                                    server_hostname="localhost")
        self.raw = socket.create_connection(("127.0.0.1", port), 20)
        self.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.waiting = header
        self.each_byte = each_byte

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.raw.close()

    def flush(self):
        data = self.waiting + self.out.read()
        self.waiting = b""
        pieces = [data[i:i + 1] for i in range(len(data))] \
            if self.each_byte else [data]
        for piece in pieces:
            self.raw.sendall(piece)
        self.each_byte = False

    def pump(self, action):
        while True:
            try:
                return action()
            except ssl.SSLWantReadError:
                self.flush()
                piece = self.raw.recv(65536)
                if not piece:
                    raise EOFError from None
                self.into.write(piece)

    def ask(self, data):
        self.pump(self.tls.do_handshake)
        self.tls.write(data)
        self.flush()
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.pump(lambda: self.tls.read(65536))
        return Answer(int(head.split(b" ")[1]), [], head)


@pytest.fixture
def front(gates, origin):
    def make(networks="[127.0.0.0/8]", more=""):
        return gates(origin, extra=more, listener=(
            f", proxy_protocol: {{accept_from: {networks}}}"))
    return make


def refused(gate, rule):
    key = f'mtlsgate_proxy_headers_refused_total{{rule="{rule}"}}'
    return gate.metrics()[key]


@pytest.mark.parametrize("header, ip", [
    (V1, "192.0.2.7"), (V1_6, "2001:db8::7"), (V2, "192.0.2.7"),
    (V2_TLVS, "192.0.2.7"), (with_crc(), "192.0.2.7")],
    ids=["v1", "v1-ipv6", "v2", "v2-tlvs", "v2-crc"])
@pytest.mark.parametrize("each_byte", [False, True])
def test_the_announced_address_is_the_clients(
        front, pki, origin, header, ip, each_byte):
    gate = front()
    with Fronted(gate.port, pki, header, each_byte) as client:
        own = "127.0.0.1:%d" % client.raw.getsockname()[1]
        assert client.ask(get()).status == 200
    line = gate.wait_access(1)[0]
    assert (line["client"], line["port"], line["peer"]) == (ip, 4711, own)
    assert origin.requests[-1].get("X-Forwarded-For") == ip
    assert gate.metrics()["mtlsgate_proxy_headers_total"] == 1


@pytest.mark.parametrize("header", [
    b"PROXY UNKNOWN\r\n", v2(0, 0, b""), v2(1, 0, b"")],
    ids=["v1-unknown", "local", "unspec"])
def test_who_announces_nobody_is_the_client(front, pki, origin, header):
    gate = front()
    with Fronted(gate.port, pki, header) as client:
        port = client.raw.getsockname()[1]
        assert client.ask(get()).status == 200
    line = gate.wait_access(1)[0]
    assert (line["client"], line["port"]) == ("127.0.0.1", port)


@pytest.mark.parametrize("header, rule", [
    (b"", "signature"), (b"hello", "signature"),
    (V1.replace(b"192.0.2.7", b"192.0.2.777"), "v1-address"),
    (v2(1, 0x12, ADDRESSES), "v2-family"), (with_crc(1), "v2-checksum"),
    (v2(1, 0x11, ADDRESSES + b"\x05"), "v2-tlv"),
    (SIGNATURE + b"\x21\x11\xff\xff", "v2-long")],
    ids=["missing", "garbage", "v1-address", "udp", "crc", "tlv", "long"])
def test_a_listed_peer_must_send_a_good_one(
        front, pki, origin, header, rule):
    gate = front()
    with Fronted(gate.port, pki, header) as client:
        with pytest.raises((OSError, EOFError)):
            client.ask(get())
    gate.wait_log(f"rule={rule}")
    assert refused(gate, rule) == 1
    assert origin.requests == []


def test_an_unlisted_peer_must_send_none(front, pki, origin):
    gate = front("[10.0.0.0/8, unix]")
    with Fronted(gate.port, pki, b"") as client:
        assert client.ask(get()).status == 200
    assert "peer" not in gate.wait_access(1)[0]
    for header in (V1, V2):
        with Fronted(gate.port, pki, header) as client:
            with pytest.raises((OSError, EOFError)):
                client.ask(get())
    gate.wait_log("a PROXY header from a peer that is not listed")
    assert refused(gate, "unlisted") == 2
    assert len(origin.requests) == 1


def test_a_header_that_does_not_come_is_late(front, pki, origin):
    gate = front(more="timeouts: {handshake: 300ms}\n")
    with Fronted(gate.port, pki, b"") as silent:
        silent.raw.sendall(V2[:20])
        with pytest.raises(ConnectionError):
            if not silent.raw.recv(1):
                raise ConnectionError
    gate.wait_log("rule=late")
    assert refused(gate, "late") == 1
    assert gate.metrics()["mtlsgate_handshakes_pending"] == 0


def test_a_half_header_is_not_waited_for_behind_a_fin(front, pki, origin):
    gate = front()
    before = refused(gate, "closed")
    with Fronted(gate.port, pki, b"") as half:
        half.raw.sendall(V1[:10])
        half.raw.shutdown(socket.SHUT_WR)
        with pytest.raises(ConnectionError):
            if not half.raw.recv(1):
                raise ConnectionError
    wait_for("the refusal", lambda: refused(gate, "closed") > before)


def test_connections_are_counted_by_announced_address(front, pki, origin):
    gate = front(more="limits: {connections_per_ip: 1}\n")
    other = V1.replace(b"192.0.2.7", b"192.0.2.8")
    with Fronted(gate.port, pki, V1) as first:
        assert first.ask(get()).status == 200
        with Fronted(gate.port, pki, other) as second:
            assert second.ask(get()).status == 200
        with Fronted(gate.port, pki, V1) as third:
            with pytest.raises((OSError, EOFError)):
                third.ask(get())
    gate.wait_log("limit=limits.connections_per_ip")


def ask_with(gate, pki, connect, *fields):
    return connect(gate, pki.good).ask(get("/", *fields))


def test_a_trusted_proxy_tells_the_client(gates, pki, origin, connect):
    gate = gates(origin, extra="headers: {trusted_proxies: [127.0.0.1]}\n")
    assert ask_with(
        gate, pki, connect, "X-Forwarded-For: 203.0.113.9, 192.0.2.7",
        "X-Forwarded-Proto: http", "X-Forwarded-Host: shop.example",
        "X_Forwarded_For: 6.6.6.6", "Forwarded: for=6.6.6.6").status == 200
    seen = origin.requests[-1]
    assert seen.get("X-Forwarded-For") == \
        "203.0.113.9, 192.0.2.7, 127.0.0.1"
    assert seen.get("X-Forwarded-Proto") == "http"
    assert seen.get("X-Forwarded-Host") == "shop.example"
    assert seen.all("Forwarded") == [] and b"6.6.6.6" not in seen.raw_head
    line = gate.wait_access(1)[0]
    assert (line["client"], line["peer"]) == ("192.0.2.7", "127.0.0.1")


def test_what_others_tell_is_replaced(gates, pki, origin, connect):
    """R1: nobody becomes another by a field."""
    gate = gates(origin, extra="headers: {trusted_proxies: [10.0.0.0/8]}\n")
    assert ask_with(
        gate, pki, connect, "X-Forwarded-For: 192.0.2.7",
        "X-Forwarded-Proto: http", "X-Forwarded-Host: a.example").status == 200
    seen = origin.requests[-1]
    assert seen.get("X-Forwarded-For") == "127.0.0.1"
    assert seen.get("X-Forwarded-Proto") == "https"
    assert seen.get("X-Forwarded-Host") == "localhost"
    line = gate.wait_access(1)[0]
    assert line["client"] == "127.0.0.1" and "peer" not in line


@pytest.mark.parametrize("trusted, expected, client", [
    ("[]", 'for=127.0.0.1;host="localhost";proto=https', "127.0.0.1"),
    ("[127.0.0.1]", 'for="[2001:db8::7]:1";host="a,b", '
     'for=127.0.0.1;host="localhost";proto=https', "2001:db8::7")])
def test_rfc7239_is_told_instead(
        gates, pki, origin, connect, trusted, expected, client):
    gate = gates(origin, extra="headers: {forwarded: rfc7239, "
                               f"trusted_proxies: {trusted}}}\n")
    assert ask_with(
        gate, pki, connect, 'Forwarded: for="[2001:db8::7]:1";host="a,b"',
        "X-Forwarded-For: 6.6.6.6").status == 200
    seen = origin.requests[-1]
    assert seen.get("Forwarded") == expected
    assert seen.all("X-Forwarded-For") == seen.all("X-Forwarded-Host") == []
    assert gate.wait_access(1)[0]["client"] == client
