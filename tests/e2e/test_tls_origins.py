"""https:// origins: who is believed, what is shown to them, how TLS ends."""

import base64
import hashlib
import os
import socket
import ssl
import threading

import pytest
from cryptography.hazmat.primitives import serialization

from client import Client, get
from gate import wait_for
from origin import Origin, echo
from pki import DAY, SERVER, now
from test_revocation import hup


class TlsOrigin(Origin):
    """Over TLS: its certificate is `leaf`."""

    def __init__(self, leaf, answer=echo, ca=None, versions=None, alpn=None,
                 before=None):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(leaf.cert, leaf.key)
        if versions:
            self.context.minimum_version = versions
            self.context.maximum_version = versions
        if alpn:
            self.context.set_alpn_protocols(alpn)
        if ca:  # clients must have a certificate of it
            self.context.load_verify_locations(ca.path)
            self.context.verify_mode = ssl.CERT_REQUIRED
        self.names = []
        self.context.sni_callback = lambda s, name, c: self.names.append(name)
        self.before = before  # called with the bare socket
        self.refused = []
        self.clients = []
        super().__init__(answer, serve=self.serve_tls)

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def named(self, host):
        return f"https://{host}:{self.port}"

    def serve_tls(self, peer):
        if self.before:
            self.before(peer.sock)
        try:
            peer.sock = self.context.wrap_socket(peer.sock, server_side=True)
            peer.sock.do_handshake()
            self.clients.append(peer.sock.getpeercert())
        except (ssl.SSLError, ConnectionError) as error:
            self.refused.append(str(error))
            return
        try:
            self._serve(peer)
        except ssl.SSLError as error:
            self.refused.append(str(error))


@pytest.fixture
def tls_origins(pki):
    """tls_origins(leaf, ...); closed at the end."""
    made = []

    def make(leaf=None, *args, **kwargs):
        made.append(TlsOrigin(leaf or pki.server, *args, **kwargs))
        return made[-1]
    yield make
    for one in made:
        one.close()


def to(urls, pki, more="", keys=""):
    urls = [urls] if isinstance(urls, str) else urls
    servers = ", ".join(f"'{url}'" for url in urls)
    return (f"origins: {{web: {{servers: [{servers}], "
            f"tls: {{ca: {pki.ca.path}{keys}}}{more}}}}}\n")


def metric(gate, name):
    return gate.metrics()[f"mtlsgate_{name}"]


@pytest.mark.parametrize("versions", [
    ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_requests_pass_over_tls(
        gates, pki, connect, tls_origins, versions, host):
    origin = tls_origins(versions=versions, alpn=["h2", "http/1.1"])
    gate = gates("", workers=1, extra=to(origin.named(host), pki))
    client = connect(gate, pki.good)
    body = os.urandom(3 << 20)
    for _ in range(3):
        got = client.ask(get())
        assert got.status == 200
        assert b"X-CERT-VERIFY: SUCCESS" in got.body
    assert client.ask(
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
        % len(body) + body).status == 200
    assert origin.requests[3].body == body
    # one connection serves them all; an address is not asked for by name
    assert origin.connections == 1
    assert origin.names == ([None] if host == "127.0.0.1" else ["localhost"])
    assert gate.wait_access(4)[0]["origin"] == f"127.0.0.1:{origin.port}"


def big(peer, request):
    body = b"0123456789abcdef" * (1 << 18)
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
    peer.send(body)


def test_a_large_answer_passes_whole(gates, pki, connect, tls_origins):
    origin = tls_origins(answer=big)
    gate = gates("", workers=1, extra=to(origin.url, pki))
    got = connect(gate, pki.good).ask(get())
    assert got.body == b"0123456789abcdef" * (1 << 18)


# ---- who is not believed ----

def leaf_for(pki, fate):
    names = ["localhost", "127.0.0.1"]
    return {
        "stranger": lambda: pki.other.issue("o-1", SERVER, names=names),
        "other name": lambda: pki.ca.issue(
            "o-2", SERVER, names=["a.example", "10.0.0.1"]),
        "cn only": lambda: pki.ca.issue("localhost", SERVER),
        "expired": lambda: pki.ca.issue(
            "o-3", SERVER, names=names, start=now() - 9 * DAY,
            end=now() - DAY),
        "future": lambda: pki.ca.issue(
            "o-4", SERVER, names=names, start=now() + DAY),
        "client only": lambda: pki.ca.issue("o-5", names=names),
    }[fate]()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("fate, words", [
    ("stranger", "certificate signature failure"),
    ("other name", "but for a.example, 10.0.0.1"),
    ("cn only", "but for no name"),
    ("expired", "certificate has expired"),
    ("future", "certificate is not yet valid"),
    ("client only", "unsuitable certificate purpose"),
])
def test_who_is_not_believed_gets_nothing(
        gates, pki, connect, tls_origins, fate, words, host):
    origin = tls_origins(leaf_for(pki, fate))
    gate = gates("", workers=1, extra=to(origin.named(host), pki))
    got = connect(gate, pki.good).ask(get())
    assert got.status == 502
    assert b"origin-tls" in got.body
    gate.wait_log("origin_unreachable")
    assert words in gate.log()
    assert not origin.requests
    assert gate.wait_access(1)[0]["failure"] == "origin-tls"
    assert metric(gate, "origin_tls_failures_total") == 1


def test_server_name_says_who_it_is(gates, pki, connect, tls_origins):
    origin = tls_origins(pki.ca.issue(
        "o-pay", SERVER, names=["*.prod.internal"]))
    gate = gates("", workers=1, extra=to(
        origin.url, pki, keys=", server_name: Pay.Prod.Internal."))
    assert connect(gate, pki.good).ask(get()).status == 200
    assert origin.names == ["pay.prod.internal"]


def test_an_intermediate_may_be_the_ca(gates, pki, connect, tls_origins):
    origin = tls_origins(pki.intermediate.issue(
        "o-int", SERVER, names=["127.0.0.1"]))
    gate = gates("", workers=1, extra=to(origin.url, pki).replace(
        str(pki.ca.path), str(pki.intermediate.path)))
    assert connect(gate, pki.good).ask(get()).status == 200


def pin_of(leaf):
    return hashlib.sha256(leaf.x509.public_key().public_bytes(
        serialization.Encoding.DER,
        serialization.PublicFormat.SubjectPublicKeyInfo)).digest()


@pytest.mark.parametrize("write", [
    bytes.hex, lambda pin: pin.hex(":").upper(),
    lambda pin: base64.b64encode(pin).decode(),
    lambda pin: "sha256//" + base64.b64encode(pin).decode()])
def test_a_pin_names_the_key(gates, pki, connect, tls_origins, write):
    origin = tls_origins()
    pins = [write(pin_of(leaf)) for leaf in (pki.good, pki.server)]
    gate = gates("", workers=1, extra=to(
        origin.url, pki, keys=f", pin_spki_sha256: {pins}"))
    assert connect(gate, pki.good).ask(get()).status == 200


def test_another_key_is_refused_and_told(gates, pki, connect, tls_origins):
    origin = tls_origins()
    gate = gates("", workers=1, extra=to(
        origin.url, pki, keys=f", pin_spki_sha256: ['{'ab' * 32}']"))
    assert connect(gate, pki.good).ask(get()).status == 502
    gate.wait_log(f"not in pin_spki_sha256; it is {pin_of(pki.server).hex()}")
    assert not origin.requests


# ---- what is shown to it ----

def test_our_certificate_is_shown(gates, pki, connect, tls_origins):
    origin = tls_origins(ca=pki.ca)
    ours = pki.ca.issue("gate-to-origin")
    gate = gates("", workers=1, extra=to(
        origin.url, pki, keys=f", cert: {ours.cert}, key: {ours.key}"))
    assert connect(gate, pki.good).ask(get()).status == 200
    (shown,) = origin.clients
    assert int(shown["serialNumber"], 16) == ours.x509.serial_number


@pytest.mark.parametrize("versions", [
    ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_origin_that_wants_a_certificate_is_told_of(
        gates, pki, connect, tls_origins, versions):
    origin = tls_origins(ca=pki.ca, versions=versions)
    gate = gates("", workers=1, extra=to(origin.url, pki))
    got = connect(gate, pki.good).ask(get())
    assert got.status == 502
    early = versions == ssl.TLSVersion.TLSv1_2
    gate.wait_log("origin_unreachable" if early else "origin_tls_ended")
    assert "alert" in gate.log()
    assert not origin.requests


# ---- sessions ----

@pytest.mark.parametrize("versions", [
    ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_new_connection_goes_on_with_a_session(
        gates, pki, connect, tls_origins, versions):
    origin = tls_origins(versions=versions)
    gate = gates("", workers=1, extra=to(
        origin.url, pki, ", keepalive: {requests: 1}"))
    client = connect(gate, pki.good)
    for _ in range(5):
        assert client.ask(get()).status == 200
    assert origin.connections == 5
    assert metric(gate, "origin_tls_resumptions_total") == 4


# ---- how it ends ----

@pytest.mark.parametrize("notify", [True, False])
def test_an_end_without_close_notify_is_a_cut(
        gates, pki, tls_origins, notify):
    def answer(peer, request):
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")
        if notify:
            peer.sock.unwrap()
        else:
            peer.sock.shutdown(socket.SHUT_RDWR)
    origin = tls_origins(answer=answer)
    gate = gates("", workers=1, extra=to(origin.url, pki))
    with Client(gate.port, pki, pki.good) as client:
        client.send(get())
        if notify:
            assert client.read().body == b"until the end"
        else:
            with pytest.raises(OSError):
                client.read_head()
                client.rest()
    (record,) = gate.wait_access(1)
    assert record.get("failure") == (None if notify else "origin-cut")
    origin.errors.clear()  # its unwrap may meet our own end


def test_a_plain_origin_behind_https(gates, pki, connect, origins):
    def serve(peer):
        peer.more()
        peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    origin = origins(serve=serve)
    gate = gates("", workers=1, extra=to(
        f"https://127.0.0.1:{origin.port}", pki))
    assert connect(gate, pki.good).ask(get()).status == 502
    gate.wait_log("http answer")


def test_a_handshake_has_its_time(gates, pki, connect, tls_origins):
    over = threading.Event()
    origin = tls_origins(before=lambda sock: over.wait(60))
    gate = gates("", workers=1, extra=to(origin.url, pki)
                 + "timeouts: {origin_connect: 300ms}\n")
    got = connect(gate, pki.good).ask(get())
    assert got.status == 504
    assert b"origin-connect-timeout" in got.body
    gate.wait_log("TLS handshake timed out")
    over.set()


def test_another_protocol_is_refused(gates, pki, connect, tls_origins):
    """An origin that chooses h2 though it was not offered."""
    origin = tls_origins(alpn=["h2"])
    gate = gates("", workers=1, extra=to(origin.url, pki))
    # OpenSSL's server goes on without a protocol: http/1.1 is meant
    assert connect(gate, pki.good).ask(get()).status == 200


# ---- among others ----

def test_a_server_that_is_not_believed_is_left_alone(
        gates, pki, connect, tls_origins, origins):
    good, bad, plain = (tls_origins(), tls_origins(leaf_for(pki, "stranger")),
                        origins())
    gate = gates("", workers=1, extra=to(
        [good.url, bad.url, plain.url], pki))
    client = connect(gate, pki.good)
    for _ in range(12):
        assert client.ask(get()).status == 200
    assert not bad.requests
    assert len(good.requests) >= 5 and len(plain.requests) >= 5
    gate.wait_log(f"server={bad.url}")
    assert metric(gate, "origin_ejections_total") == 1


def test_a_reload_brings_another_ca(gates, pki, connect, tls_origins):
    origin = tls_origins(leaf_for(pki, "stranger"))
    gate = gates("", workers=1, extra=to(origin.url, pki))
    assert connect(gate, pki.good).ask(get()).status == 502
    text = gate.text.replace(f"tls: {{ca: {pki.ca.path}",
                             f"tls: {{ca: {pki.other.path}")
    assert hup(gate, text).startswith("reloaded ")
    wait_for("the other CA to be believed", lambda: connect(
        gate, pki.good).ask(get()).status == 200)


def test_the_selftest_needs_no_origin(gates, pki, tls_origins, tmp_path):
    """Nor its TLS, with several servers or one."""
    import subprocess
    from gate import BIN
    origin = tls_origins()
    gate = gates("", workers=1, extra=to([origin.url, origin.url], pki))
    done = subprocess.run([BIN, "selftest", "--config", gate.config,
                           "--cert", pki.good.cert, "--key", pki.good.key],
                          capture_output=True, timeout=120, cwd=gate.dir)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not origin.connections
