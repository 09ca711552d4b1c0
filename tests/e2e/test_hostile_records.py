"""Handshakes that come in pieces, or again behind the first one (R16, R17)."""

import hashlib
import hmac
import re
import socket
import ssl
import struct

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from client import get

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
ALERT, HANDSHAKE, DATA = 21, 22, 23
EMPTY_HELLO = b"\1\0\0\0"
WARNING_NO_RENEGOTIATION = b"\1\x64"


class Wire:
    """A client whose records can be cut and added to on their way."""

    def __init__(self, gate, pki, version, keys=None, protocols=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(pki.ca.path)
        context.load_cert_chain(pki.good.cert, pki.good.key)
        context.minimum_version = context.maximum_version = version
        if keys:
            context.keylog_filename = str(keys)
            context.set_ciphers("ECDHE+AES128+AESGCM")
        if protocols:
            context.set_alpn_protocols(protocols)
        self.into, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.into, self.out,
                                    server_hostname="localhost")
        self.heard = b""
        self.sock = socket.create_connection(("127.0.0.1", gate.port), 20)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def until_done(self, verb, change=None):
        """Calls verb until it has what it wants; change(bytes) -> pieces is
        how the first flight is sent."""
        while True:
            try:
                return verb()
            except ssl.SSLWantReadError:
                pass
            finally:
                flight = self.out.read()
                for piece in change(flight) if change else [flight]:
                    self.sock.sendall(piece)
                change = None
            came = self.sock.recv(65536)
            if came:
                self.heard += came
                self.into.write(came)
            else:
                self.into.write_eof()

    def greet(self, change=None):
        self.until_done(self.tls.do_handshake, change)

    def answer(self):
        self.tls.write(get(close=True))
        return self.until_done(lambda: self.tls.read(65536))


def one_octet_a_record(hello):
    assert hello[0] == HANDSHAKE
    yield b"".join(hello[:3] + b"\0\1" + hello[i:i + 1]
                   for i in range(5, len(hello)))


def one_octet_a_write(hello):
    return (hello[i:i + 1] for i in range(len(hello)))


def behind(count):
    """Records without anything, and the hello behind them."""
    return lambda hello: [b"\x16\3\1\0\0" * count + hello]


@pytest.mark.parametrize("version", [V12, V13])
@pytest.mark.parametrize("change", [
    one_octet_a_record, one_octet_a_write, behind(8)])
def test_a_hello_in_pieces_is_a_hello(gate, pki, version, change):
    with Wire(gate, pki, version) as wire:
        wire.greet(change)
        assert wire.answer().startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("version", [V12, V13])
def test_a_hello_of_many_records_is_a_hello(gate, pki, version):
    protocols = [f"{i:0>250}" for i in range(200)] + ["http/1.1"]
    with Wire(gate, pki, version, protocols=protocols) as wire:
        wire.greet()
        assert wire.tls.selected_alpn_protocol() == "http/1.1"
        assert wire.answer().startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("version", [V12, V13])
def test_records_without_anything_have_a_bound_R17(gate, pki, version):
    with Wire(gate, pki, version) as wire:
        with pytest.raises(ssl.SSLError):
            wire.greet(behind(1000))
    gate.wait_log("record too small")


# ---- once more ----

def derive(secret, label, seed, size):
    """RFC 5246 section 5"""
    seed, block = label + seed, b""
    a = seed
    while len(block) < size:
        a = hmac.new(secret, a, hashlib.sha256).digest()
        block += hmac.new(secret, a + seed, hashlib.sha256).digest()
    return block[:size]


class Forger(Wire):
    """TLS 1.2 with AES-128-GCM; behind the handshake, records by hand."""

    def __init__(self, gate, pki, directory):
        keys = directory / "keys"
        super().__init__(gate, pki, V12, keys)
        self.greet()
        _, client, master = next(
            line for line in keys.read_text().splitlines()
            if line.startswith("CLIENT_RANDOM")).split()
        block = derive(bytes.fromhex(master), b"key expansion",
                       self.heard[11:43] + bytes.fromhex(client), 40)
        self.ours, self.theirs = AESGCM(block[:16]), AESGCM(block[16:32])
        self.ours_iv, self.theirs_iv = block[32:36], block[36:40]
        self.sent = self.read = 1  # 0 was Finished

    def record(self, kind, data):
        number = struct.pack(">Q", self.sent)
        self.sent += 1
        sealed = number + self.ours.encrypt(
            self.ours_iv + number, data,
            number + struct.pack(">BHH", kind, 0x303, len(data)))
        return struct.pack(">BHH", kind, 0x303, len(sealed)) + sealed

    def exactly(self, count):
        octets = b""
        while len(octets) < count:
            piece = self.sock.recv(count - len(octets))
            if not piece:
                raise EOFError
            octets += piece
        return octets

    def next(self):
        kind, _, size = struct.unpack(">BHH", self.exactly(5))
        sealed = self.exactly(size)
        data = self.theirs.decrypt(
            self.theirs_iv + sealed[:8], sealed[8:],
            struct.pack(">QBHH", self.read, kind, 0x303, size - 24))
        self.read += 1
        return kind, data


def test_renegotiation_is_declined_and_nothing_changes_R16(
        gate, origin, pki, tmp_path):
    with Forger(gate, pki, tmp_path) as forger:
        for _ in range(3):
            forger.sock.sendall(forger.record(HANDSHAKE, EMPTY_HELLO))
            assert forger.next() == (ALERT, WARNING_NO_RENEGOTIATION)
        forger.sock.sendall(forger.record(DATA, get("/after")))
        kind, data = forger.next()
        assert kind == DATA and data.startswith(b"HTTP/1.1 200 ")
    assert origin.wait(1)[0].get("X-Cert-Verify") == "SUCCESS"


def test_a_flood_of_renegotiations_ends_R17(gate, pki, connect, tmp_path):
    with Forger(gate, pki, tmp_path) as forger:
        with pytest.raises((EOFError, ConnectionError)):
            for _ in range(1000):
                forger.sock.sendall(forger.record(HANDSHAKE, EMPTY_HELLO))
                assert forger.next() == (ALERT, WARNING_NO_RENEGOTIATION)
        assert forger.read < 100
    gate.wait_log('tls_failed')
    assert gate.metrics()["mtlsgate_tls_failed_total"] == 1
    assert connect(gate, pki.good).ask(get()).status == 200


@pytest.mark.parametrize("version", [V12, V13])
@pytest.mark.parametrize("busy", [False, True])
def test_a_broken_record_after_the_handshake_is_told_R17(
        gate, pki, connect, version, busy):
    with Wire(gate, pki, version) as wire:
        wire.until_done(wire.tls.do_handshake)
        failed = gate.metrics()["mtlsgate_handshakes_failed_total"]
        if busy:
            wire.tls.write(b"POST / HTTP/1.1\r\nHost: localhost\r\n"
                           b"Content-Length: 9\r\n\r\n1")
            wire.sock.sendall(wire.out.read())
        wire.sock.sendall(struct.pack(">BHH", DATA, 0x303, 64) + bytes(64))
        with pytest.raises((ssl.SSLError, EOFError, ConnectionError)):
            wire.until_done(lambda: wire.tls.read(1))
    gate.wait_log("tls_failed")
    assert gate.metrics()["mtlsgate_tls_failed_total"] == 1
    assert gate.metrics()["mtlsgate_handshakes_failed_total"] == failed
    assert re.search('tls_failed .*error="(cipher operation failed|'
                     '.*bad record mac)"', gate.log())
    assert connect(gate, pki.good).ask(get()).status == 200
