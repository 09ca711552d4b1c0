"""Revocation that works without a restart and reaches open connections
(R11, R13, R14)."""

import datetime
import re
import signal
import ssl

import pytest

from client import Client, get
from gate import free_port, wait_for
from origin import Tap
from pki import DAY, now

SECOND = datetime.timedelta(seconds=1)


@pytest.fixture
def crl(pki, short_path):
    """Writes the CA's CRL; crl.path is where."""
    def write(*revoked, **words):
        write.path.write_bytes(pki.ca.crl(*revoked, **words))
    write.path = short_path / "ca.crl"
    write()
    return write


def with_crl(pki, crl, more=""):
    return f"{{ca: {pki.ca.path}, crl: {{files: {crl.path}}}{more}}}"


def refusal(gate, pki, leaf, version=ssl.TLSVersion.TLSv1_3):
    """What the client hears instead of an answer."""
    with pytest.raises((ssl.SSLError, ConnectionError)) as heard:
        with Client(gate.port, pki, leaf, versions=version) as client:
            client.ask(get())
    return str(heard.value)


def hup(gate, text=None):
    mark = len(gate.log())
    if text is not None:
        gate.config.write_text(text)
    gate.send_signal(signal.SIGHUP)
    return wait_for("the reload", lambda: re.search(
        r"(reloaded|reload_failed) .*", gate.log()[mark:])).group(0)


def total(gate, name):
    return gate.metrics()["mtlsgate_" + name]


# ---- who is refused ----

@pytest.mark.parametrize("version", [
    ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_revoked_certificate_is_refused_r14_(
        gates, origin, pki, crl, connect, version):
    leaf = pki.ca.issue("revoked")
    crl(leaf, pki.expired)
    gate = gates(origin, client_auth=with_crl(pki, crl))
    # alert 44, also for one that has expired, too
    assert "CERTIFICATE_REVOKED" in refusal(gate, pki, leaf, version)
    assert "CERTIFICATE_REVOKED" in refusal(gate, pki, pki.expired, version)
    assert connect(gate, pki.good, versions=version).ask(get()).status == 200
    wait_for("two refusals to be counted", lambda: total(
        gate, 'certificates_refused_total{reason="revoked"}') == 2)
    assert "certificate revoked" in gate.log()
    assert len(origin.requests) == 1


def test_a_denied_certificate_is_refused(gates, origin, pki, connect):
    first, second = pki.ca.issue("denied-1"), pki.ca.issue("denied-2")
    gate = gates(origin, client_auth=(
        f"{{ca: {pki.ca.path}, deny: {{serials: ['{first.serial}'], "
        f"fingerprints_sha256: ['{second.sha256}']}}}}"))
    for leaf in (first, second):
        assert "CERTIFICATE_REVOKED" in refusal(gate, pki, leaf)
    assert connect(gate, pki.good).ask(get()).status == 200
    wait_for("two refusals to be counted", lambda: total(
        gate, 'certificates_refused_total{reason="denied"}') == 2)


@pytest.mark.parametrize("verdict, told", [
    ("failed", "FAILED:certificate revoked"), ("cloudflare", "SUCCESS")])
def test_request_any_tells_the_origin(
        gates, origin, pki, crl, connect, verdict, told):
    leaf = pki.ca.issue("told-" + verdict)
    crl(leaf, pki.expired)
    gate = gates(origin, client_auth=with_crl(
        pki, crl, f", mode: request_any, revoked_verdict: {verdict}"))
    assert connect(gate, leaf).ask(get()).status == 200
    assert origin.wait(1)[0].get("X-CERT-VERIFY") == told
    # what is bad besides stays bad
    assert connect(gate, pki.expired).ask(get()).status == 200
    assert origin.wait(2)[1].get("X-CERT-VERIFY").startswith("FAILED:")


def test_a_missing_or_expired_list_refuses_with_46(
        gates, origin, pki, crl, connect):
    chained = pki.chained  # its issuer has no CRL
    gate = gates(origin, client_auth=with_crl(pki, crl))
    assert "CERTIFICATE_UNKNOWN" in refusal(gate, pki, chained)
    assert connect(gate, pki.good).ask(get()).status == 200
    crl(end=now() - SECOND)
    assert hup(gate).startswith("reloaded ")
    assert "has expired; its clients are refused" in gate.log()
    assert "CERTIFICATE_UNKNOWN" in refusal(gate, pki, pki.good)
    wait_for("both refusals to be counted", lambda: total(
        gate, 'certificates_refused_total{reason="crl"}') == 2)


def test_a_list_that_cannot_be_used_refuses_the_reload_r11_(
        gates, origin, pki, crl, connect):
    leaf = pki.ca.issue("still-revoked")
    crl(leaf)
    gate = gates(origin, client_auth=with_crl(pki, crl))
    kept = connect(gate, pki.good)
    assert kept.ask(get()).status == 200
    for wrong, words in ((b"", "the file is empty"),
                         (b"-----BEGIN X509 CRL-----\nMAA=\n"
                          b"-----END X509 CRL-----\n", "is no CRL"),
                         (pki.other.crl(), "is not signed by the CA")):
        crl.path.write_bytes(wrong)
        assert hup(gate).startswith("reload_failed ")
        assert words in gate.log()
    crl.path.unlink()
    assert hup(gate).startswith("reload_failed ")
    # nothing has changed
    assert "CERTIFICATE_REVOKED" in refusal(gate, pki, leaf)
    assert kept.ask(get()).status == 200


# ---- those who are here already (R13) ----

def revoke_by_crl(gate, pki, crl, leaf):
    crl(leaf)
    return gate.text


def revoke_by_deny(gate, pki, crl, leaf):
    return gate.text.replace(
        "crl:", f"deny: {{serials: ['{leaf.serial}']}}, crl:")


def revoke_by_removing_its_ca(gate, pki, crl, leaf):
    crl.path.write_bytes(pki.intermediate.crl())
    return gate.text.replace(str(pki.ca.path) + ",",
                             str(pki.intermediate.path) + ",")


@pytest.mark.parametrize("revoke, alert", [
    (revoke_by_crl, "CERTIFICATE_REVOKED"),
    (revoke_by_deny, "CERTIFICATE_REVOKED"),
    (revoke_by_removing_its_ca, "UNKNOWN_CA")])
def test_trust_that_changes_reaches_a_busy_connection_r13_(
        gates, origins, pki, crl, connect, revoke, alert):
    tap = Tap()
    origin = origins(tap.answer)
    leaf = pki.ca.issue("busy")
    gate = gates(origin, client_auth=with_crl(pki, crl))
    idle, busy = connect(gate, leaf), connect(gate, leaf)
    assert idle.ask(get()).status == 200
    busy.send(get("/slow") + get("/next"))
    busy.until(b"half-")
    assert hup(gate, revoke(gate, pki, crl, leaf)).startswith("reloaded ")
    gate.wait_log("trust_changed ")
    # who is idle is closed within two seconds
    assert idle.ended()
    # what runs ends whole, and nothing else passes
    tap.ends.set()
    assert busy.take(5) == b"whole"
    answer = busy.read()
    assert answer.status == 421
    assert answer.get("Connection") == "close"
    assert b"trust-changed" in answer.body
    assert busy.ended()
    assert [r.target for r in origin.requests] == ["/", "/slow"]
    assert alert in refusal(gate, pki, leaf)
    wait_for("both to be counted", lambda: total(
        gate, "trust_changed_closes_total") == 2)


def named(gate, **ports):
    """The gate's file with these listeners instead of its only one."""
    lines = "".join(f"  - {{name: {name}, address: '127.0.0.1:{port}'}}\n"
                    for name, port in ports.items())
    return re.sub(r"(?m)^listen: .*\n", "listeners:\n" + lines, gate.text)


@pytest.fixture
def moved(gates, origins, pki, crl):
    """A gate with the listener `old`, and what its origin does."""
    def make():
        tap = Tap()
        gate = gates(origins(tap.answer), client_auth=with_crl(pki, crl))
        assert hup(gate, named(gate, old=gate.port)).startswith("reloaded ")
        gate.wait_log("generation_ended proc=master generation=1")
        return gate, tap
    return make


def busy_client(gate, connect, leaf):
    busy = connect(gate, leaf)
    busy.send(get("/slow") + get("/next"))
    busy.until(b"half-")
    return busy


@pytest.mark.parametrize("names", [
    # renamed and moved: nothing says whose clients they are now
    lambda old, free: {"fresh": free},
    # renamed and moved beside one that trusts as before: any may be it
    lambda old, free: {"fresh": free, "fresh2": free_port()},
    # another listener stands at its address
    lambda old, free: {"old": free, "fresh": old}])
def test_a_listener_that_is_renamed_and_moved_takes_no_trust_along_r13_(
        moved, pki, crl, connect, names):
    gate, tap = moved()
    leaf = pki.ca.issue("left-behind")
    idle, busy = connect(gate, leaf), busy_client(gate, connect, leaf)
    assert idle.ask(get()).status == 200
    crl(leaf)
    assert hup(gate, named(gate, **names(gate.port, free_port()))).startswith(
        "reloaded ")
    gate.wait_log("trust_changed proc=master listener=old")
    assert idle.ended()
    tap.ends.set()
    assert busy.take(5) == b"whole"
    assert busy.read().status == 421
    assert busy.ended()


def test_who_takes_an_address_must_trust_as_the_one_before_r13_(
        moved, pki, crl, connect):
    gate, tap = moved()
    busy = busy_client(gate, connect, pki.good)
    text = named(gate, old=free_port(), fresh=gate.port).replace(
        f"{gate.port}'}}", f"{gate.port}', client_auth: "
        f"{{ca: {pki.intermediate.path}}}}}")
    assert hup(gate, text).startswith("reloaded ")
    tap.ends.set()
    assert busy.take(5) == b"whole"
    assert busy.read().status == 421


def test_a_listener_that_takes_its_trust_along_closes_nothing(
        moved, pki, crl, connect):
    gate, tap = moved()
    busy = busy_client(gate, connect, pki.good)
    assert hup(gate, named(gate, fresh=free_port())).startswith("reloaded ")
    tap.ends.set()
    assert busy.take(5) == b"whole"
    assert busy.read().status == 200
    assert "trust_changed" not in gate.log().split("generation=1")[-1]


def test_a_listener_that_goes_with_its_trust_ends_its_connections_r13_(
        moved, pki, crl, connect):
    """It is gone, and nobody trusts as it did: not even the rest may pass."""
    gate, tap = moved()
    both = named(gate, old=gate.port, kept=free_port())
    assert hup(gate, both).startswith("reloaded ")
    busy = busy_client(gate, connect, pki.good)
    crl(pki.rsa)
    kept = "".join(line for line in both.splitlines(True)
                   if "name: old" not in line)
    assert hup(gate, kept).startswith("reloaded ")
    tap.ends.set()
    assert busy.take(5) == b"whole"
    assert busy.read().status == 421


def test_a_renewed_list_with_the_same_content_closes_nothing(
        gates, origin, pki, crl, connect):
    leaf = pki.ca.issue("long-revoked")
    crl(leaf)
    gate = gates(origin, client_auth=with_crl(pki, crl), extra=(
        "timeouts: {drain_idle: 20s, keepalive: 60s}\n"))
    kept = connect(gate, pki.good)
    assert kept.ask(get()).status == 200
    crl(leaf, end=now() + 9 * DAY, number=8)
    assert hup(gate).startswith("reloaded ")
    assert kept.ask(get("/again")).status == 200
    assert "trust_changed" not in gate.log()
    assert total(gate, "trust_changed_closes_total") == 0


def test_what_was_told_once_stays_told(gates, origins, pki, crl, connect):
    """A third generation that trusts the client again changes nothing."""
    tap = Tap()
    origin = origins(tap.answer)
    leaf = pki.ca.issue("forgiven")
    gate = gates(origin, client_auth=with_crl(pki, crl))
    busy = connect(gate, leaf)
    busy.send(get("/slow") + get("/next"))
    busy.until(b"half-")
    crl(leaf)
    assert hup(gate).startswith("reloaded ")
    crl()
    assert hup(gate).startswith("reloaded ")
    tap.ends.set()
    assert busy.take(5) == b"whole"
    assert busy.read().status == 421
    assert connect(gate, leaf).ask(get("/new")).status == 200
    assert [r.target for r in origin.requests] == ["/slow", "/new"]


def test_a_change_reaches_generations_that_still_drain_r13_(
        gates, origins, pki, crl, connect):
    tap = Tap()
    origin = origins(tap.answer)
    leaf = pki.ca.issue("drained")
    gate = gates(origin, client_auth=with_crl(pki, crl))
    busy = connect(gate, leaf)
    busy.send(get("/slow") + get("/next"))
    busy.until(b"half-")
    assert hup(gate).startswith("reloaded ")  # nothing new
    crl(leaf)
    assert hup(gate).startswith("reloaded ")
    tap.ends.set()
    assert busy.take(5) == b"whole"
    assert busy.read().status == 421
    assert [r.target for r in origin.requests] == ["/slow"]


def test_a_list_that_ends_takes_its_connections_along_r13_(
        gates, origin, pki, crl, connect):
    crl(start=now() - DAY, end=now() + 6 * SECOND)
    gate = gates(origin, client_auth=with_crl(pki, crl))
    assert "expires soon" in gate.log()
    assert "crl_expires_soon " in gate.log()
    kept = connect(gate, pki.good)
    assert kept.ask(get()).status == 200
    assert kept.ended()
    assert "CERTIFICATE_UNKNOWN" in refusal(gate, pki, pki.good)
    gate.wait_log("crl_expired ")
    assert total(gate, "crl_expired_closes_total") == 1
    assert total(gate, "crl_next_update_seconds") > 0
