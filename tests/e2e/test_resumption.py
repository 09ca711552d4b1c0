"""R12: a session goes on only while all that its first handshake found still
holds; whatever else is shown ends in a full handshake and its own verdict."""

import datetime
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from client import get
from gate import free_port, wait_for
from pki import DAY, SERVER, Issuer, now
from test_reload import hup

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
both = pytest.mark.parametrize("version", [V12, V13])


class Visitor:
    """A client that comes back: one connection and one request a visit, with
    the session that the visit before left."""

    def __init__(self, pki, leaf, version):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.load_verify_locations(pki.ca.path)
        if leaf:
            self.context.load_cert_chain(leaf.cert, leaf.key)
        self.context.minimum_version = version
        self.context.maximum_version = version
        self.session = None
        self.text = b""  # of the last answer

    def visit(self, port, name="localhost"):
        """Was the session resumed?"""
        with socket.create_connection(("127.0.0.1", port), 20) as raw:
            with self.context.wrap_socket(
                    raw, server_hostname=name, session=self.session) as tls:
                tls.sendall(get(close=True))
                self.text = b""
                while True:
                    piece = tls.recv(65536)
                    if not piece:
                        break
                    self.text += piece
                self.session = tls.session or self.session
                return tls.session_reused

    def asks(self, port, **kwargs):
        """The same, answered by the origin."""
        reused = self.visit(port, **kwargs)
        assert self.text.startswith(b"HTTP/1.1 200 "), self.text
        return reused


def certificate_lines(request):
    return [line for line in request.raw_head.split(b"\r\n")
            if line.lower().startswith((b"x-cert", b"cf-cert", b"client-cert"))]


def refused(gate, reason):
    return gate.metrics()[
        f'mtlsgate_tickets_refused_total{{reason="{reason}"}}']


# ---- it works ----

@pytest.mark.parametrize("version", ["tls1_2", "tls1_3"])
def test_s_client_says_reused(gate, origin, pki, tmp_path, version):
    def s_client(*options):
        return subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{gate.port}",
             "-servername", "localhost", f"-{version}", "-ign_eof",
             "-CAfile", pki.ca.path, "-cert", pki.good.cert,
             "-key", pki.good.key, *options],
            input=get(close=True), capture_output=True, timeout=30).stdout
    kept = tmp_path / "session"
    first = s_client("-sess_out", kept)
    assert re.search(rb"(?m)^New, TLS", first), first
    second = s_client("-sess_in", kept, "-sess_out", kept)
    assert re.search(rb"(?m)^Reused, TLS", second), second
    assert b"HTTP/1.1 200 OK" in second
    full, again = origin.wait(2)
    assert certificate_lines(full)
    assert certificate_lines(full) == certificate_lines(again)
    lines = gate.wait_access(2)
    assert [line.get("resumed") for line in lines] == [None, True]
    for key in ("verify", "sha256", "serial", "subject", "tls", "cipher"):
        assert lines[0][key] == lines[1][key], key
    assert gate.metrics()["mtlsgate_handshakes_resumed_total"] == 1


@both
def test_every_header_is_the_same_as_before(
        gates, origin, pki, tmp_path, version):
    """All presets that need no chain, and the facts of the issuer, which a
    session does not keep and the ticket does."""
    gate = gates(origin, extra=(
        "headers:\n"
        "  preset: [x-cert, cloudflare, nginx]\n"
        "  set:\n"
        "    X-Facts: '{cert.issuer_serial} {cert.issuer_ski} "
        "{cert.fingerprint_sha256} {cert.san.dns} {cert.spki_sha256} "
        "{cert.not_after.unix} {cert.verified} {tls.version}'\n"
        "    X-Resumed: '{tls.resumed}'\n"))
    authority = Issuer(tmp_path, "with a key id", key_id=True)
    gate_ca = gate.config.read_text().replace(
        f"{{ca: {pki.ca.path}}}", f"{{ca: {authority.path}}}")
    assert hup(gate, gate_ca).startswith("reloaded ")
    visitor = Visitor(pki, authority.issue("all", names=["a.example"]),
                      version)
    assert [visitor.asks(gate.port) for _ in range(3)] == [False, True, True]
    requests = origin.wait(3)
    assert [r.get("X-Resumed") for r in requests] == ["0", "1", "1"]

    def lines(request):
        return [line for line in request.raw_head.split(b"\r\n")
                if not line.lower().startswith((
                    b"x-resumed", b"x-request-id", b"x-forwarded-port"))]
    issuer = requests[0].get("X-Facts").split(" ")[:2]
    assert int(issuer[0], 16) == authority.cert.serial_number
    assert issuer[1] == authority.key_id
    assert len(lines(requests[0])) > 30
    assert lines(requests[0]) == lines(requests[1]) == lines(requests[2])


@both
def test_a_chain_that_is_needed_since(gates, origin, pki, version):
    gate = gates(origin, extra="headers: {preset: [x-cert]}\n")
    visitor = Visitor(pki, pki.chained, version)
    assert not visitor.asks(gate.port)
    assert visitor.asks(gate.port)
    change(gate, "[x-cert]", "[x-cert, rfc9440]")
    assert not visitor.asks(gate.port)
    assert refused(gate, "chain_needed") == 1
    assert origin.wait(3)[2].get("Client-Cert-Chain").startswith(":")
    for _ in range(2):
        assert not visitor.asks(gate.port)
        assert not visitor.session or not visitor.session.has_ticket


@both
def test_five_in_a_row_and_not_a_second_longer(gates, origin, pki, version):
    """The last one ends with the certificate, as the first would have."""
    gate = gates(origin, client_auth=(
        f"{{ca: {pki.ca.path}, mode: request_any}}"))
    leaf = pki.ca.issue(f"brief-{version.name}",
                        end=now() + datetime.timedelta(seconds=5))
    visitor = Visitor(pki, leaf, version)
    assert not visitor.asks(gate.port)
    for _ in range(5):
        assert visitor.asks(gate.port)
    # (one that was let in just before is closed without an answer, R13)
    wait_for("its end", lambda: not visitor.visit(gate.port))
    assert datetime.datetime.utcnow() >= leaf.x509.not_valid_after
    assert refused(gate, "expired") == 1
    # the full handshake that followed has a verdict of its own, and no ticket
    requests = origin.requests
    assert [r.get("X-CERT-VERIFY") for r in requests[:6]] == ["SUCCESS"] * 6
    assert requests[-1].get("X-CERT-VERIFY") == (
        "FAILED:certificate has expired")
    assert not visitor.asks(gate.port)


def test_an_expired_client_is_refused_whatever_it_shows(gate, origin, pki):
    leaf = pki.ca.issue("brief", end=now() + datetime.timedelta(seconds=3))
    visitor = Visitor(pki, leaf, V13)
    assert not visitor.asks(gate.port)

    def refused_now():
        try:
            assert visitor.visit(gate.port)
            return False
        except ssl.SSLError as error:
            return "EXPIRED" in str(error).upper()
    wait_for("its end", refused_now)
    assert datetime.datetime.utcnow() >= leaf.x509.not_valid_after


def test_a_resumed_connection_ends_with_its_certificate_R13(
        gate, origin, pki):
    leaf = pki.ca.issue("brief", end=now() + datetime.timedelta(seconds=4))
    visitor = Visitor(pki, leaf, V13)
    assert not visitor.asks(gate.port)
    with socket.create_connection(("127.0.0.1", gate.port), 20) as raw:
        with visitor.context.wrap_socket(
                raw, server_hostname="localhost",
                session=visitor.session) as tls:
            tls.sendall(get())
            assert tls.recv(65536) and tls.session_reused
            assert tls.recv(65536) == b""  # closed by the gate
    assert datetime.datetime.utcnow() >= leaf.x509.not_valid_after
    assert gate.metrics()[
        "mtlsgate_certificate_expired_closes_total"] == 1


@both
def test_who_is_not_ok_gets_no_ticket(gates, origin, pki, version):
    gate = gates(origin, client_auth=(
        f"{{ca: {pki.ca.path}, mode: request_any}}"))
    for leaf in (None, pki.stranger, pki.expired):
        visitor = Visitor(pki, leaf, version)
        for _ in range(3):
            assert not visitor.asks(gate.port)
    assert gate.metrics()["mtlsgate_handshakes_resumed_total"] == 0


# ---- since then ----

def change(gate, old, new):
    text = gate.config.read_text()
    assert old in text, text
    assert hup(gate, text.replace(old, new)).startswith("reloaded ")


@both
def test_a_reload_and_a_dead_worker_keep_tickets(gate, origin, pki, version):
    visitor = Visitor(pki, pki.good, version)
    assert not visitor.asks(gate.port)
    assert hup(gate).startswith("reloaded ")
    assert visitor.asks(gate.port)
    gone = gate.workers()
    for pid in gone:
        os.kill(pid, signal.SIGKILL)
    wait_for("another worker", lambda: (
        gate.workers() and not set(gate.workers()) & set(gone)))
    gate.wait_ready()
    assert visitor.asks(gate.port)


@both
def test_a_ca_that_was_removed_since(gates, origin, pki, tmp_path, version):
    partner = Issuer(tmp_path, "a partner")
    gate = gates(origin, client_auth=(
        f"{{ca: [{pki.ca.path}, {partner.path}], mode: request_any}}"))
    visitor = Visitor(pki, partner.issue("of-a-partner"), version)
    assert not visitor.asks(gate.port)
    assert visitor.asks(gate.port)
    change(gate, f", {partner.path}]", "]")
    assert not visitor.asks(gate.port)
    assert refused(gate, "trust_changed") == 1
    assert [r.get("X-CERT-VERIFY").split(":")[0]
            for r in origin.wait(3)] == ["SUCCESS", "SUCCESS", "FAILED"]
    assert not visitor.asks(gate.port)


def write_crl(path, issuer, *revoked, lasts=DAY):
    """A CRL of issuer over these leaves, as a file that is put in place."""
    builder = (x509.CertificateRevocationListBuilder()
               .issuer_name(issuer.subject).last_update(now() - DAY)
               .next_update(now() + lasts)
               .add_extension(x509.CRLNumber(time.time_ns()), False)
               .add_extension(
                   x509.AuthorityKeyIdentifier.from_issuer_public_key(
                       issuer.key.public_key()), False))
    for leaf in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(leaf.x509.serial_number)
            .revocation_date(now() - DAY).build())
    crl = builder.sign(issuer.key, hashes.SHA256())
    fresh = path.with_suffix(".new")
    fresh.write_bytes(crl.public_bytes(serialization.Encoding.PEM))
    fresh.rename(path)
    return path


def with_crl(gates, origin, pki, path):
    return gates(origin, client_auth=(
        f"{{ca: {pki.ca.path}, mode: request_any, "
        f"crl: {{files: [{path}]}}}}"))


@both
def test_a_serial_that_was_revoked_since(
        gates, origin, pki, tmp_path, version):
    path = write_crl(tmp_path / "ca.crl", pki.ca, pki.no_eku)
    gate = with_crl(gates, origin, pki, path)
    visitor = Visitor(pki, pki.good, version)
    assert not visitor.asks(gate.port)
    assert visitor.asks(gate.port)
    # renewed, and says the same as before
    write_crl(path, pki.ca, pki.no_eku, lasts=2 * DAY)
    assert hup(gate).startswith("reloaded ")
    assert visitor.asks(gate.port)
    write_crl(path, pki.ca, pki.no_eku, pki.good)
    assert hup(gate).startswith("reloaded ")
    assert not visitor.asks(gate.port)
    assert refused(gate, "trust_changed") == 1
    assert [r.get("X-CERT-VERIFY") for r in origin.wait(4)] == [
        "SUCCESS"] * 3 + ["FAILED:certificate revoked"]


@both
def test_a_serial_that_was_denied_since(gates, origin, pki, version):
    gate = gates(origin, client_auth=(
        f"{{ca: {pki.ca.path}, mode: request_any}}"))
    visitor = Visitor(pki, pki.good, version)
    assert not visitor.asks(gate.port)
    assert visitor.asks(gate.port)
    change(gate, "mode: request_any", "mode: request_any, "
           f"deny: {{serials: ['{pki.good.serial}']}}")
    assert not visitor.asks(gate.port)
    assert refused(gate, "trust_changed") == 1
    assert [r.get("X-CERT-VERIFY") for r in origin.wait(3)] == [
        "SUCCESS", "SUCCESS", "FAILED:certificate revoked"]


@both
def test_a_crl_that_ran_out_since(gates, origin, pki, tmp_path, version):
    path = write_crl(tmp_path / "ca.crl", pki.ca,
                     lasts=datetime.timedelta(seconds=4))
    gate = with_crl(gates, origin, pki, path)
    visitor = Visitor(pki, pki.good, version)
    assert not visitor.asks(gate.port)
    assert visitor.asks(gate.port)
    # one that is resumed at the last moment may be too late to ask
    wait_for("its end", lambda: not visitor.visit(gate.port))
    assert refused(gate, "crl_stale") == 1
    assert origin.requests[-1].get("X-CERT-VERIFY") == "FAILED:CRL has expired"


@both
def test_a_crl_that_may_be_old_ends_no_ticket(
        gates, origin, pki, tmp_path, version):
    path = write_crl(tmp_path / "ca.crl", pki.ca,
                     lasts=-datetime.timedelta(hours=1))
    gate = gates(origin, client_auth=(
        f"{{ca: {pki.ca.path}, crl: {{files: [{path}], "
        "when_expired: allow}}"))
    visitor = Visitor(pki, pki.good, version)
    assert not visitor.asks(gate.port)
    assert visitor.asks(gate.port)


@both
def test_a_mode_that_was_tightened_since(gates, origin, pki, version):
    gate = gates(origin, client_auth=(
        f"{{ca: {pki.ca.path}, mode: request_any}}"))
    visitor = Visitor(pki, pki.good, version)
    assert not visitor.asks(gate.port)
    assert visitor.asks(gate.port)
    change(gate, "mode: request_any", "mode: require")
    assert not visitor.asks(gate.port)
    assert refused(gate, "trust_changed") == 1
    assert visitor.asks(gate.port)


@both
def test_a_session_of_another_listener(gates, origin, pki, version):
    ports = free_port(), free_port()
    gate = gates(origin, wait=False)
    gate.stop(expect=None)
    gate.port = ports[0]
    lines = "".join(f"  - {{name: n{p}, address: '127.0.0.1:{p}'}}\n"
                    for p in ports)
    gate.config.write_text(
        re.sub(r"(?m)^listen: .*\n", "listeners:\n" + lines, gate.text))
    gate.start()
    visitor = Visitor(pki, pki.good, version)
    assert not visitor.asks(ports[0])
    assert visitor.asks(ports[0])
    assert not visitor.asks(ports[1])
    assert refused(gate, "trust_changed") == 1


@both
def test_another_server_name(gate, origin, pki, version):
    visitor = Visitor(pki, pki.good, version)
    assert not visitor.asks(gate.port, name="localhost")
    assert visitor.asks(gate.port, name="LOCALHOST")
    assert not visitor.asks(gate.port, name="elsewhere.example")
    assert refused(gate, "server_name") == 1


@both
def test_a_name_that_has_other_certificates_since(
        gates, origin, pki, version):
    """The same name is asked for, but its group is another one now."""
    both_names = "[one.example, two.example]"
    more = pki.ca.issue("of-two", SERVER, names=["one.example"])
    gate = gates(origin)
    gate.stop()
    gate.text = re.sub(r"(?m)^tls: .*$", (
        f"tls: {{certificates: [{{cert: {pki.server.cert}, "
        f"key: {pki.server.key}}}, {{cert: {more.cert}, key: {more.key}, "
        f"server_names: {both_names}}}]}}"), gate.text)
    gate.config.write_text(gate.text)
    gate.start()
    visitor = Visitor(pki, pki.good, version)

    def asks(name):
        reused = visitor.visit(gate.port, name=name)
        assert visitor.text.startswith(b"HTTP/1.1 "), visitor.text
        return reused
    assert not asks("one.example")
    assert asks("one.example")
    assert not asks("localhost")  # another name, of another group
    assert refused(gate, "server_name") == 1
    assert not asks("one.example")
    change(gate, both_names, "[one.example]")
    assert not asks("one.example")
    assert refused(gate, "certificate_group") == 1
    assert asks("one.example")


# ---- keys ----

def keys(path, *some):
    path.write_bytes(b"".join(some))
    path.chmod(0o600)
    return path


@both
def test_two_gates_share_a_file_of_keys(gates, origin, pki, tmp_path, version):
    path = keys(tmp_path / "ticket.keys", os.urandom(80))
    one = gates(origin, tls=f", ticket_keys: {path}")
    two = gates(origin, tls=f", ticket_keys: {path}")
    other = gates(origin)
    visitor = Visitor(pki, pki.good, version)
    assert not visitor.asks(one.port)
    assert visitor.asks(two.port)
    assert visitor.asks(one.port)
    # and a third one, which has keys of its own
    assert not visitor.asks(other.port)
    assert refused(other, "unknown_key") == 1


@both
def test_keys_change_and_nobody_notices(gates, origin, pki, tmp_path, version):
    old, new = os.urandom(80), os.urandom(80)
    path = keys(tmp_path / "ticket.keys", old)
    gate = gates(origin, tls=f", ticket_keys: {path}")
    visitor = Visitor(pki, pki.good, version)
    assert not visitor.asks(gate.port)
    keys(path, new, old)
    assert hup(gate).startswith("reloaded ")
    assert visitor.asks(gate.port)
    keys(path, new)
    assert hup(gate).startswith("reloaded ")
    # TLS 1.3 has a newer ticket by now, TLS 1.2 still shows its first
    assert visitor.asks(gate.port) == (version == V13)
    assert refused(gate, "unknown_key") == (version == V12)
    assert visitor.asks(gate.port)


def test_no_handshake_fails_while_keys_change(gates, origin, pki, tmp_path):
    path = keys(tmp_path / "ticket.keys", os.urandom(80))
    gate = gates(origin, tls=f", ticket_keys: {path}")
    ends = threading.Event()
    visits, failures = [], []

    def come_and_go(version):
        visitor = Visitor(pki, pki.good, version)
        while not ends.is_set():
            try:
                visits.append(visitor.asks(gate.port))
            except (OSError, AssertionError) as error:
                failures.append(error)
    threads = [threading.Thread(target=come_and_go, args=(version,))
               for version in (V12, V13)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(4):
            seen = len(visits)
            keys(path, os.urandom(80), path.read_bytes()[:80])
            assert hup(gate).startswith("reloaded ")
            wait_for("visits", lambda: len(visits) > seen + 10)
    finally:
        ends.set()
        for thread in threads:
            thread.join()
    assert not failures
    assert sum(visits) > len(visits) / 2


def test_a_bad_file_of_keys_refuses_start_and_reload_R11(
        gates, origin, pki, tmp_path):
    path = keys(tmp_path / "ticket.keys", os.urandom(80))
    gate = gates(origin, tls=f", ticket_keys: {path}")
    visitor = Visitor(pki, pki.good, V13)
    assert not visitor.asks(gate.port)
    keys(path, os.urandom(81))
    assert hup(gate).startswith("reload_failed ")
    gate.wait_log("is no file of ticket keys: keys of 80 or of 48 octets")
    assert visitor.asks(gate.port)  # the old generation has its keys
    gate.stop()
    gate.start(wait=False)
    gate.process.wait(30)
    assert gate.process.returncode == 78
    assert "openssl rand 80 makes a key" in gate.log()
    gate.expected_exit = 78


# ---- disabled ----

@both
def test_no_session_is_resumed_R12(gates, origin, pki, version):
    gate = gates(origin, tls=", session_resumption: disabled")
    visitor = Visitor(pki, pki.good, version)
    for _ in range(3):
        assert not visitor.asks(gate.port)
        assert not visitor.session or not visitor.session.has_ticket


@both
def test_switched_off_it_takes_no_ticket_of_before(
        gates, origin, pki, version):
    gate = gates(origin, tls=", session_resumption: recheck")
    visitor = Visitor(pki, pki.good, version)
    assert not visitor.asks(gate.port)
    assert visitor.asks(gate.port)
    change(gate, "session_resumption: recheck", "session_resumption: disabled")
    assert not visitor.asks(gate.port)
