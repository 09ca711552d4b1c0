"""PROXY headers towards an origin: whom they tell of, and that they are true."""

import socket
import ssl
import struct

import pytest
from cryptography.hazmat.primitives import serialization

from client import Client, get
from gate import wait_for
from origin import Origin, echo

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


class Header:
    def __init__(self, command, family, payload):
        self.command = {0x20: "LOCAL", 0x21: "PROXY"}[command]
        self.client = self.server = None
        size = {0x00: 0, 0x11: 12, 0x21: 36}[family]
        if family == 0x11:
            self.client = (socket.inet_ntoa(payload[:4]),
                           *struct.unpack(">H", payload[8:10]))
            self.server = (socket.inet_ntoa(payload[4:8]),
                           *struct.unpack(">H", payload[10:12]))
        self.tlvs = tlvs(payload[size:])
        self.ssl = None
        if 0x20 in self.tlvs:
            value = self.tlvs[0x20]
            self.ssl, self.verify = value[0], int.from_bytes(value[1:5], "big")
            self.sub = tlvs(value[5:])


def tlvs(data):
    found = {}
    while data:
        kind, size = data[0], int.from_bytes(data[1:3], "big")
        assert kind not in found and len(data) >= 3 + size
        found[kind], data = data[3:3 + size], data[3 + size:]
    return found


class Told(Origin):
    """Reads the header that each connection begins with; TLS behind it."""

    def __init__(self, context=None):
        self.headers = {}  # by number of the connection
        self.context = context
        super().__init__(echo, serve=self.read_first)

    @property
    def url(self):
        return (f"https://127.0.0.1:{self.port}" if self.context
                else f"http://127.0.0.1:{self.port}")

    def read_first(self, peer):
        data = b""
        while len(data) < 16:
            piece = peer.sock.recv(16 - len(data))
            if not piece:
                return
            data += piece
        assert data[:12] == SIGNATURE, data
        size = int.from_bytes(data[14:16], "big")
        payload = b""
        while len(payload) < size:
            payload += peer.sock.recv(size - len(payload))
        self.headers[peer.number] = Header(data[12], data[13], payload)
        if self.context:
            peer.sock = self.context.wrap_socket(peer.sock, server_side=True)
        self._serve(peer)

    def all(self):
        return [self.headers[n] for n in sorted(self.headers)]


@pytest.fixture
def told(pki):
    made = []

    def make(tls=False):
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pki.server.cert, pki.server.key)
        made.append(Told(context))
        return made[-1]
    yield make
    for one in made:
        one.close()


def to(origin, pki, how="v2", more=""):
    tls = f", tls: {{ca: {pki.ca.path}}}" if origin.context else ""
    return (f"origins: {{web: {{servers: ['{origin.url}'], "
            f"proxy_protocol: {how}{tls}{more}}}}}\n")


@pytest.mark.parametrize("tls", [False, True])
def test_who_the_client_is(gates, pki, told, tls):
    origin = told(tls)
    gate = gates("", workers=1, extra=to(origin, pki))
    with Client(gate.port, pki, pki.good) as client:
        assert client.ask(get()).status == 200
        assert client.ask(get()).status == 200
        mine = client.raw.getsockname() if client.raw.fileno() >= 0 else \
            client.sock.getsockname()
    (header,) = origin.all()
    assert header.command == "PROXY"
    assert header.client == mine
    assert header.server == ("127.0.0.1", gate.port)
    assert header.tlvs[0x02] == b"localhost"
    conn = gate.wait_access(2)[0]["conn"]
    assert header.tlvs[0x05] == conn.encode()
    assert header.ssl == 0x07 and header.verify == 0
    assert header.sub[0x21] == b"TLSv1.3"
    assert header.sub[0x23] == b"TLS_AES_128_GCM_SHA256"
    assert header.sub[0x22] == b"good"
    assert 0x28 not in header.sub
    # the other headers are there as ever
    assert origin.requests[0].get("X-CERT-VERIFY") == "SUCCESS"


def test_the_certificate_as_an_option(gates, pki, told):
    origin = told()
    gate = gates("", workers=1, extra=to(origin, pki, "v2_with_certificate"))
    with Client(gate.port, pki, pki.good) as client:
        assert client.ask(get()).status == 200
    (header,) = origin.all()
    assert header.sub[0x28] == pki.good.x509.public_bytes(
        serialization.Encoding.DER)


@pytest.mark.parametrize("leaf, bits", [("stranger", 0x07), (None, 0x01)])
def test_what_is_not_verified_is_not_told(gates, pki, told, leaf, bits):
    """Presented or not: verify is not 0, and there is no name."""
    origin = told()
    gate = gates("", workers=1, extra=to(origin, pki, "v2_with_certificate"),
                 client_auth=f"{{ca: {pki.ca.path}, mode: request_any}}")
    with Client(gate.port, pki, getattr(pki, leaf) if leaf else None) as c:
        assert c.ask(get()).status == 200
    (header,) = origin.all()
    assert header.ssl == bits
    assert header.verify != 0
    assert 0x22 not in header.sub and 0x28 not in header.sub


def test_no_connection_is_shared_R9(gates, pki, told, connect):
    """Requests of one client never go out under the name of another."""
    origin = told()
    gate = gates("", workers=1, extra=to(origin, pki))
    ann, bob = connect(gate, pki.good), connect(gate, pki.rsa)
    for _ in range(4):
        assert ann.ask(get("/ann")).status == 200
        assert bob.ask(get("/bob")).status == 200
    names = {n: header.sub[0x22] for n, header in origin.headers.items()}
    assert sorted(names.values()) == [b"good", b"rsa"]
    for request in origin.requests:
        assert names[request.connection] == {
            "/ann": b"good", "/bob": b"rsa"}[request.target]


def test_kept_ones_of_others_give_way(gates, pki, told, connect):
    origin = told()
    gate = gates("", workers=1, extra=to(
        origin, pki, more=", keepalive: {connections: 2}"))
    clients = [connect(gate, pki.good) for _ in range(5)]
    for client in clients:
        assert client.ask(get()).status == 200
    # the last two are kept
    assert gate.metrics()["mtlsgate_origin_idle_connections"] == 2
    for client in clients[3:]:
        assert client.ask(get()).status == 200
    assert origin.connections == 5


def test_our_own_questions_are_local(gates, pki, told):
    origin = told()
    gates("", workers=1, extra=to(
        origin, pki, more=", health: {path: /up, interval: 100ms, "
        "timeout: 100ms}"))
    wait_for("questions", lambda: len(origin.requests) >= 2)
    assert {header.command for header in origin.all()} == {"LOCAL"}
    assert origin.connections >= 2
    origin.errors.clear()


def test_through_a_proxy_in_front(gates, pki, told):
    """Whom it announced is whom we announce."""
    origin = told()
    gate = gates("", workers=1, extra=to(origin, pki), listener=(
        ", proxy_protocol: {accept_from: [127.0.0.1]}"), wait=False)
    wait_for("it to serve", lambda: b" 200 " in safe_livez(gate))
    raw = socket.create_connection(("127.0.0.1", gate.port), 20)
    raw.sendall(b"PROXY TCP4 203.0.113.7 198.51.100.1 4321 443\r\n")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(pki.ca.path)
    context.load_cert_chain(pki.good.cert, pki.good.key)
    with context.wrap_socket(raw, server_hostname="localhost") as s:
        s.sendall(get())
        assert s.recv(65536).startswith(b"HTTP/1.1 200 ")
    (header,) = origin.all()
    assert header.client == ("203.0.113.7", 4321)


def safe_livez(gate):
    try:
        return gate.admin_get("/livez")
    except OSError:
        return b""
