"""process.watch_files: what changes on disk is taken without a signal, whole,
once, and never when it is wrong (R11)."""

import os
import re
import shutil
import signal
import ssl
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from client import Client, get
from gate import wait_for
from pki import DAY, SERVER, now


@pytest.fixture
def watched(gates, origin, pki, short_path):
    """A gate whose files are its own; watched(every) starts it."""
    def make(every="100ms", behind=None, crl=None, staple=None):
        """behind: files is a link to that directory."""
        gate = gates(origin)
        gate.stop()
        gate.files = gate.dir / "files"
        if behind:
            (gate.dir / behind).mkdir()
            gate.files.symlink_to(behind)
        else:
            gate.files.mkdir()
        place(gate.files / "server.pem", pki.server.cert.read_bytes())
        place(gate.files / "server.key", pki.server.key.read_bytes())
        (gate.files / "ca").mkdir()
        place(gate.files / "ca" / "one.pem", pki.ca.pem())
        shown = "{cert: files/server.pem, key: files/server.key"
        if staple:
            place(gate.files / "staple.ocsp", staple)
            shown += ", ocsp_file: files/staple.ocsp"
        gate.text = re.sub(
            r"(?m)^tls: .*$", lambda _: f"tls: {{certificates: [{shown}}}]}}",
            gate.text)
        if crl:
            place(gate.files / "list.crl", crl)
        gate.text = gate.text.replace(
            str(pki.ca.path), "files/ca" + (
                ", crl: {files: files/list.crl}" if crl else "")).replace(
            "workers: 1}", f"workers: 1, watch_files: {every}}}")
        gate.config.write_text(gate.text)
        gate.start()
        return gate
    return make


def place(path, content):
    """As whoever is careful writes a file: whole, then renamed."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(content)
    os.replace(fresh, path)


def generation(gate):
    return int(gate.metrics()["mtlsgate_generation"])


def reloaded(gate, number):
    wait_for(f"generation {number}", lambda: generation(gate) == number)
    wait_for("the old one to end", lambda: gate.metrics()[
        "mtlsgate_workers_draining"] == 0)


def served_serial(gate, pki):
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{gate.port}",
         "-cert", pki.good.cert, "-key", pki.good.key],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    pem = re.search(b"-----BEGIN CERT.*?-----END CERTIFICATE-----",
                    done.stdout, re.S).group(0)
    return x509.load_pem_x509_certificate(pem).serial_number


def test_a_certificate_renamed_over_is_served_without_a_signal(watched, pki):
    gate = watched()
    renewed = pki.ca.issue("renewed", SERVER, names=["localhost"])
    with Client(gate.port, pki, pki.good) as client:
        assert client.ask(get()).status == 200
        # key and certificate change together or not at all
        place(gate.files / "server.key", renewed.key.read_bytes())
        place(gate.files / "server.pem", renewed.cert.read_bytes())
        wait_for("the change", lambda: generation(gate) == 2)
        assert "files_changed proc=master path=" in gate.log()
        # the connection that was there is served to its end
        assert client.ask(get()).status == 200
    assert served_serial(gate, pki) == renewed.x509.serial_number
    assert gate.metrics()["mtlsgate_reloads_failed_total"] == 0


def test_a_ca_that_comes_and_goes_in_a_directory_is_taken(watched, pki):
    gate = watched()

    def unchained():
        with Client(gate.port, pki, pki.unchained) as client:
            return client.ask(get(close=True)).status
    with pytest.raises((ssl.SSLError, ConnectionError)):
        unchained()
    place(gate.files / "ca" / "two.pem", pki.intermediate.pem())
    reloaded(gate, 2)
    assert unchained() == 200
    (gate.files / "ca" / "two.pem").unlink()
    reloaded(gate, 3)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        unchained()


def test_a_broken_file_keeps_the_old_ones_and_is_told_once_R11(
        watched, pki, connect):
    gate = watched()
    good = (gate.files / "server.pem").read_bytes()
    place(gate.files / "server.pem", good[:len(good) // 2])
    wait_for("the failure", lambda: gate.metrics()[
        "mtlsgate_reloads_failed_total"] == 1)
    assert connect(gate, pki.good).ask(get()).status == 200
    # the next change is looked at anew: so the looking went on meanwhile
    place(gate.files / "ca" / "one.pem", b"no certificate\n")
    wait_for("the next failure", lambda: gate.metrics()[
        "mtlsgate_reloads_failed_total"] == 2)
    assert gate.log().count("files_changed ") == 2
    assert gate.log().count("reload_failed ") == 2
    place(gate.files / "server.pem", good)
    place(gate.files / "ca" / "one.pem", pki.ca.pem())
    reloaded(gate, 2)


def test_the_configuration_itself_is_watched(watched, pki, connect):
    gate = watched()
    place(gate.config, (gate.text + "limits: {body: 1KiB}\n").encode())
    reloaded(gate, 2)
    answer = connect(gate, pki.good).ask(
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000\r\n"
        b"\r\n")
    assert answer.status == 413


def failed(gate, count=1):
    wait_for(f"{count} failures", lambda: gate.metrics()[
        "mtlsgate_reloads_failed_total"] >= count)
    assert gate.metrics()["mtlsgate_reload_pending"] == 1


def test_a_file_that_is_named_before_it_is_there_is_awaited(watched, pki):
    """No generation knows of it yet: only the failed one named it."""
    gate = watched()
    text = gate.text.replace("files/ca", "[files/ca, files/late.pem]")
    place(gate.config, text.encode())
    failed(gate)
    assert generation(gate) == 1
    place(gate.files / "late.pem", pki.intermediate.pem())
    reloaded(gate, 2)
    metrics = gate.metrics()
    assert metrics["mtlsgate_reload_pending"] == 0
    assert metrics["mtlsgate_reload_retries_total"] == 1
    assert "reload_retried proc=master generation=1" in gate.log()
    with Client(gate.port, pki, pki.unchained) as client:
        assert client.ask(get(close=True)).status == 200


def test_a_hup_that_met_half_a_crl_is_a_wish_that_stays_R14(watched, pki):
    """Nothing is watched, but somebody asked: the list is taken as soon as it
    is whole."""
    gate = watched(every="0s", crl=crl(pki.ca))
    whole = crl(pki.ca, pki.rsa)
    with open(gate.files / "list.crl", "wb") as half:
        half.write(whole[:len(whole) // 2])
        half.flush()
        gate.send_signal(signal.SIGHUP)
        failed(gate)
        half.write(whole[len(whole) // 2:])
    reloaded(gate, 2)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        with Client(gate.port, pki, pki.rsa) as client:
            client.ask(get(close=True))
    # the wish is fulfilled: nothing is watched again
    place(gate.files / "list.crl", crl(pki.ca))
    gate.send_signal(signal.SIGHUP)
    reloaded(gate, 3)
    assert gate.metrics()["mtlsgate_reload_retries_total"] == 1


def test_files_that_rest_are_given_up_and_told(watched, pki):
    gate = watched(every="0s")
    good = (gate.files / "server.pem").read_bytes()
    place(gate.files / "server.pem", b"")
    gate.send_signal(signal.SIGHUP)
    failed(gate)
    gate.wait_log("reload_given_up ", 60)
    metrics = gate.metrics()
    assert metrics["mtlsgate_reload_pending"] == 1
    assert metrics["mtlsgate_reloads_failed_total"] == 1
    assert metrics["mtlsgate_reload_retries_total"] == 0
    place(gate.files / "server.pem", good)
    gate.send_signal(signal.SIGHUP)
    reloaded(gate, 2)
    assert gate.metrics()["mtlsgate_reload_pending"] == 0


def test_a_link_that_is_turned_is_followed(watched, pki):
    """As Kubernetes swaps a volume: ..data points to another directory."""
    gate = watched(behind="..one")
    renewed = pki.ca.issue("turned", SERVER, names=["localhost"])
    shutil.copytree(gate.dir / "..one", gate.dir / "..two")
    shutil.copy(renewed.cert, gate.dir / "..two" / "server.pem")
    shutil.copy(renewed.key, gate.dir / "..two" / "server.key")
    (gate.dir / "files.new").symlink_to("..two")
    os.replace(gate.dir / "files.new", gate.files)
    reloaded(gate, 2)
    assert served_serial(gate, pki) == renewed.x509.serial_number


def test_hup_takes_what_it_read_as_known(watched, pki):
    gate = watched()
    for number in (2, 3):
        mark = len(gate.log())
        place(gate.files / "server.pem", pki.server.cert.read_bytes())
        gate.send_signal(signal.SIGHUP)
        wait_for("the reload", lambda: "reloaded " in gate.log()[mark:])
        assert generation(gate) == number
    assert "files_changed" not in gate.log()


def test_0s_means_only_when_told_to(watched, pki):
    gate = watched(every="0s")
    renewed = pki.ca.issue("told", SERVER, names=["localhost"])
    place(gate.files / "server.key", renewed.key.read_bytes())
    place(gate.files / "server.pem", renewed.cert.read_bytes())
    assert served_serial(gate, pki) == pki.server.x509.serial_number
    gate.send_signal(signal.SIGHUP)
    reloaded(gate, 2)
    assert "files_changed" not in gate.log()
    assert served_serial(gate, pki) == renewed.x509.serial_number


def crl(issuer, *leaves):
    builder = (x509.CertificateRevocationListBuilder()
               .issuer_name(issuer.cert.subject)
               .last_update(now() - DAY).next_update(now() + DAY)
               .add_extension(x509.CRLNumber(1), False)
               .add_extension(
                   x509.AuthorityKeyIdentifier.from_issuer_public_key(
                       issuer.key.public_key()), False))
    for leaf in leaves:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(leaf.x509.serial_number)
            .revocation_date(now() - DAY).build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(
        serialization.Encoding.PEM)


def test_a_crl_renamed_over_revokes_without_a_signal_R14(watched, pki):
    gate = watched(crl=crl(pki.ca))

    def ask(leaf):
        with Client(gate.port, pki, leaf) as client:
            return client.ask(get(close=True)).status
    assert ask(pki.good) == 200 and ask(pki.rsa) == 200
    place(gate.files / "list.crl", crl(pki.ca, pki.rsa))
    reloaded(gate, 2)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(pki.rsa)
    assert ask(pki.good) == 200
    # the same list once more is a change of bytes, and no harm
    place(gate.files / "list.crl", crl(pki.ca, pki.rsa))
    reloaded(gate, 3)
    assert ask(pki.good) == 200


def test_a_new_ocsp_response_is_stapled_without_a_signal(watched, pki):
    def response(start, end):
        return ocsp.OCSPResponseBuilder().add_response(
            cert=pki.server.x509, issuer=pki.ca.cert,
            algorithm=hashes.SHA256(),
            cert_status=ocsp.OCSPCertStatus.GOOD, this_update=start,
            next_update=end, revocation_time=None, revocation_reason=None
        ).responder_id(ocsp.OCSPResponderEncoding.NAME, pki.ca.cert).sign(
            pki.ca.key, hashes.SHA256()).public_bytes(
                serialization.Encoding.DER)

    def stapled(gate):
        return b"OCSP Response Status: successful" in subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{gate.port}",
             "-cert", pki.good.cert, "-key", pki.good.key, "-status"],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=60).stdout
    gate = watched(staple=response(now() - 2 * DAY, now() - DAY))
    assert not stapled(gate)
    place(gate.files / "staple.ocsp", response(now() - DAY, now() + DAY))
    reloaded(gate, 2)
    assert stapled(gate)
