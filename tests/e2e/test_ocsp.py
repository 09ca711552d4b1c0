"""OCSP of the client certificate: asked by the steward, no worker waits."""

import os
import signal
import socket
import subprocess
import threading
import time

import pytest

from client import Cut, get
from gate import BIN, wait_for
from origin import Tap
from responder import HOUR, REVOKED, UNKNOWN, Responder


@pytest.fixture
def responder(pki):
    made = Responder(pki.ca)
    yield made
    made.close()


def auth(pki, responder, mode="require", more="", **ocsp):
    """client_auth with OCSP on and this responder allowed."""
    settings = {"mode": "leaf", "timeout": "10s",
                "allow_local": f"['{responder.address}']", **ocsp}
    text = ", ".join(f"{k}: {v}" for k, v in settings.items()
                     if v is not None)
    return (f"{{ca: {pki.ca.path}, mode: {mode}, {more}ocsp: {{{text}}}}}")


@pytest.fixture
def serve(gates, origin, pki, responder):
    def start(workers=1, extra="", **settings):
        return gates(origin, workers=workers, extra=extra,
                     client_auth=auth(pki, responder, **settings))
    return start


def results(gate):
    return {key.split('"')[1]: value for key, value in gate.metrics().items()
            if key.startswith("mtlsgate_ocsp_results_total") and value}


def settled(gate):
    """Handshakes that failed, once those of who looked whether it is there
    are counted."""
    def count():
        metrics = gate.metrics()
        failed = metrics["mtlsgate_handshakes_failed_total"]
        return failed if failed == metrics[
            "mtlsgate_connections_accepted_total"] else None
    return wait_for("probes to be counted", count)


def closed(client):
    """No byte of an answer; how TLS ended does not matter."""
    try:
        client.send(get())
        return client.rest() == b""
    except (OSError, Cut):
        return True


# ---- answers ----


def test_a_good_certificate_passes(serve, responder, connect, origin):
    gate = serve()
    client = connect(gate, responder.issue("ocsp-good"))
    assert client.ask(get()).status == 200
    assert origin.wait()[0].get("X-CERT-VERIFY") == "SUCCESS"
    assert results(gate) == {"good": 1}
    metrics = gate.metrics()
    assert metrics["mtlsgate_ocsp_questions_total"] == 1
    assert metrics["mtlsgate_ocsp_requests_total"] == 1
    assert metrics["mtlsgate_ocsp_cached_total"] == 0
    assert metrics["mtlsgate_handshakes_pending"] == 0
    assert metrics["mtlsgate_handshakes_ok_total"] == 1


@pytest.mark.parametrize("mode", ["require", "optional"])
def test_a_revoked_one_is_closed_R14(serve, responder, connect, origin, mode):
    gate = serve(mode=mode)
    failed = settled(gate)
    responder.status = REVOKED
    leaf = responder.issue("ocsp-revoked")
    assert closed(connect(gate, leaf))
    gate.wait_log("certificate_refused")
    (line,) = [li for li in gate.log().splitlines()
               if "certificate_refused" in li]
    assert "code=revoked" in line and "source=ocsp" in line
    assert f"serial={leaf.serial}" in line
    metrics = gate.metrics()
    assert metrics['mtlsgate_certificates_refused_total{reason="revoked"}'] \
        == 1
    # the look whether the port accepts may be counted late
    assert metrics["mtlsgate_handshakes_failed_total"] >= failed + 1
    assert metrics["mtlsgate_handshakes_pending"] == 0
    assert origin.requests == []
    # remembered, and behind the handshake there is no alert to tell of
    told = gate.admin_get("/refusals.json?last=1")
    assert b'"code":"revoked"' in told and b'"alert"' not in told


def test_request_any_tells_the_origin_R14(serve, responder, connect, origin):
    gate = serve(mode="request_any")
    responder.status = REVOKED
    client = connect(gate, responder.issue("ocsp-told"))
    assert client.ask(get()).status == 200
    assert origin.wait()[0].get("X-CERT-VERIFY") == \
        "FAILED:certificate revoked"


def test_reject_with_http_answers_403(serve, responder, connect, origin):
    gate = serve(more="reject_with: http, ")
    responder.status = REVOKED
    answer = connect(gate, responder.issue("ocsp-403")).ask(get())
    assert answer.status == 403
    assert b"revoked" in answer.body
    assert origin.requests == []


@pytest.mark.parametrize("on_failure", ["reject", "allow"])
def test_unknown_is_no_answer_that_lets_in(serve, responder, connect,
                                           on_failure):
    gate = serve(on_failure=on_failure)
    responder.status = UNKNOWN
    assert closed(connect(gate, responder.issue("ocsp-unknown")))
    assert results(gate) == {"unknown": 1}


def test_an_appointed_responder_may_sign(serve, responder, pki, connect):
    from cryptography.hazmat.primitives import serialization
    from cryptography.x509.oid import ExtendedKeyUsageOID
    signer = pki.ca.issue("ocsp-signer", ExtendedKeyUsageOID.OCSP_SIGNING)
    responder.signer = (signer.x509, serialization.load_pem_private_key(
        signer.key.read_bytes(), None))
    gate = serve()
    assert connect(gate, responder.issue("ocsp-a")).ask(get()).status == 200


def test_a_client_cannot_sign_its_own_answer(serve, responder, connect):
    from cryptography.hazmat.primitives import serialization
    leaf = responder.issue("ocsp-liar")
    responder.signer = (leaf.x509, serialization.load_pem_private_key(
        leaf.key.read_bytes(), None))
    gate = serve()
    assert closed(connect(gate, leaf))
    assert results(gate) == {"signature": 1}


def test_a_certificate_that_fails_otherwise_asks_nobody(
        serve, responder, pki, connect, origin):
    """An AIA URL is used only after the chain has verified."""
    other = Responder(pki.other)
    leaf = other.issue("ocsp-stranger", url=responder.url)
    gate = serve(mode="request_any")
    assert connect(gate, leaf).ask(get()).status == 200
    assert origin.wait()[0].get("X-CERT-VERIFY").startswith("FAILED:")
    assert connect(gate).ask(get()).status == 200
    assert gate.metrics()["mtlsgate_ocsp_questions_total"] == 0
    assert responder.count == 0
    other.close()


# ---- memory ----


def test_clients_of_one_certificate_share_a_request(serve, responder,
                                                    connect):
    gate = serve(workers=2)
    responder.hold = threading.Event()
    leaf = responder.issue("ocsp-shared")
    clients = [connect(gate, leaf) for _ in range(12)]
    for client in clients:
        client.send(get())
    responder.wait(1)
    wait_for("all to ask", lambda: gate.metrics()[
        "mtlsgate_ocsp_questions_total"] == 12)
    responder.hold.set()
    for client in clients:
        assert client.read().status == 200
    assert connect(gate, leaf).ask(get()).status == 200
    assert responder.count == 1
    metrics = gate.metrics()
    assert metrics["mtlsgate_ocsp_requests_total"] == 1
    assert metrics["mtlsgate_ocsp_questions_total"] == 13
    assert metrics["mtlsgate_ocsp_cached_total"] >= 1
    assert metrics["mtlsgate_ocsp_pending"] == 0


def test_an_answer_is_kept_up_to_its_nextUpdate(serve, responder, connect):
    """What is said counts 60 s longer (skew), and is asked for 2 s before."""
    gate = serve()
    leaf = responder.issue("ocsp-kept")
    responder.this_s = -100
    responder.next_s = -56
    client = connect(gate, leaf)
    assert client.ask(get()).status == 200
    assert connect(gate, leaf).ask(get()).status == 200
    assert responder.count == 1
    # R13: the connection does not outlive the answer
    assert client.ended()
    responder.status, responder.next_s = REVOKED, HOUR
    assert closed(connect(gate, leaf))
    assert responder.count == 2


def test_no_ticket_lets_a_revoked_one_come_back_R12(serve, responder, pki,
                                                    connect):
    gate = serve()
    leaf = responder.issue("ocsp-ticket")
    sess = gate.dir / "sess.pem"
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{gate.port}",
         "-cert", leaf.cert, "-key", leaf.key, "-CAfile", pki.ca.path,
         "-sess_out", sess, "-quiet"],
        input=get(close=True), capture_output=True, timeout=30)
    assert b" 200 " in done.stdout
    assert not sess.exists()


# ---- failure ----


@pytest.mark.parametrize("on_failure, passes", [("reject", False),
                                                ("allow", True)])
def test_a_responder_that_is_down(serve, responder, connect, on_failure,
                                  passes):
    gate = serve(on_failure=on_failure)
    leaf = responder.issue("ocsp-down")
    responder.server.shutdown()
    responder.server.server_close()
    client = connect(gate, leaf)
    if passes:
        assert client.ask(get()).status == 200
        gate.wait_log("ocsp_unanswered")
        assert "why=unreachable" in gate.log()
        assert "client_auth.ocsp.on_failure" in gate.log()
    else:
        assert closed(client)
        gate.wait_log("OCSP verification failed")
    assert results(gate) == {"unreachable": 1}


@pytest.mark.parametrize("raw, word", [
    ((200, b"garbage"), "malformed"), ((404, b""), "http"),
    ((200, bytes(65537)), "too_large"), ((200, b"\x30\x03\x0a\x01\x03"),
                                         "declined")])
def test_what_is_no_answer_is_refused(serve, responder, connect, raw, word):
    gate = serve()
    responder.raw = raw
    assert closed(connect(gate, responder.issue("ocsp-" + word)))
    assert results(gate) == {word: 1}


def test_without_a_responder_in_it_a_certificate_is_refused(serve, pki,
                                                            connect):
    gate = serve()
    assert closed(connect(gate, pki.good))
    assert results(gate) == {"no_responder": 1}


def test_a_fixed_responder_is_asked_instead(gates, origin, pki, responder,
                                            connect):
    responder.leaves[pki.good.x509.serial_number] = pki.good.x509
    gate = gates(origin, client_auth=(
        f"{{ca: {pki.ca.path}, ocsp: {{mode: leaf, "
        f"responder: '{responder.url}'}}}}"))
    assert connect(gate, pki.good).ask(get()).status == 200
    assert responder.count == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433",
                                  "[::ffff:127.0.0.1]"])
def test_a_certificate_cannot_name_this_host(serve, responder, connect, host):
    gate = serve(allow_local="[]")
    leaf = responder.issue("ocsp-local",
                           url=f"http://{host}:{responder.port}/")
    assert closed(connect(gate, leaf))
    assert results(gate) == {"forbidden": 1}
    assert responder.count == 0


def test_a_slow_responder_hinders_nobody_else(serve, responder, connect):
    gate = serve(timeout="20s")
    known = responder.issue("ocsp-known")
    assert connect(gate, known).ask(get()).status == 200
    responder.hold = threading.Event()
    slow = [connect(gate, responder.issue(f"ocsp-slow-{i}"))
            for i in range(4)]
    for client in slow:
        client.send(get())
    responder.wait(5)
    begin = time.monotonic()
    for _ in range(10):
        assert connect(gate, known).ask(get()).status == 200
        assert b" 200 " in gate.admin_get("/livez")
    assert time.monotonic() - begin < 10
    assert gate.metrics()["mtlsgate_handshakes_pending"] == 4
    assert gate.metrics()["mtlsgate_ocsp_pending"] == 4
    responder.hold.set()
    for client in slow:
        assert client.read().status == 200


def test_who_waits_too_long_is_refused_R18(serve, responder, connect):
    gate = serve(timeout="200ms")
    responder.hold = threading.Event()
    assert closed(connect(gate, responder.issue("ocsp-late")))
    assert results(gate) == {"timeout": 1}


def test_pending_ones_count_against_the_limit_R17(serve, responder, connect):
    gate = serve(extra="limits: {handshakes_pending: 2}\n")
    responder.hold = threading.Event()
    leaf = responder.issue("ocsp-many")
    waiting = [connect(gate, leaf) for _ in range(2)]
    wait_for("two to ask", lambda: gate.metrics()[
        "mtlsgate_ocsp_pending"] == 2)
    with socket.create_connection(("127.0.0.1", gate.port), 10) as third:
        third.settimeout(10)
        try:
            assert third.recv(1) == b""
        except ConnectionResetError:
            pass
    responder.hold.set()
    for client in waiting:
        assert client.ask(get()).status == 200


# ---- those who are here already (R13) ----


@pytest.fixture
def tapped(gates, origins, pki, responder):
    tap = Tap()

    def start(settings=""):
        tap.origin = origins(tap.answer)
        return gates(tap.origin, client_auth=settings or auth(
            pki, responder)), tap
    yield start
    tap.ends.set()


def both_kinds(gate, connect, leaf):
    """An idle connection and one with an answer under way."""
    idle, busy = connect(gate, leaf), connect(gate, leaf)
    assert idle.ask(get()).status == 200
    busy.send(get("/slow") + get("/next"))
    busy.until(b"half-")
    return idle, busy


@pytest.mark.parametrize("before, after, kept", [
    ("mode: disabled", "mode: leaf", False),
    ("mode: leaf, on_failure: allow", "mode: leaf", False),
    ("mode: leaf", "mode: leaf, on_failure: reject", True)])
def test_a_setting_that_is_tightened_reaches_open_connections_R13(
        tapped, pki, responder, connect, before, after, kept):
    """The answer under way ends whole; what follows is judged anew."""
    asked = auth(pki, responder)
    gate, tap = tapped(asked.replace("mode: leaf", before))
    leaf = responder.issue("ocsp-tightened")
    idle, busy = both_kinds(gate, connect, leaf)
    responder.of[leaf.x509.serial_number] = REVOKED
    gate.config.write_text(gate.text.replace(before, after))
    gate.send_signal(signal.SIGHUP)
    gate.wait_log("reloaded ")
    if not kept:
        gate.wait_log("trust_changed proc=master")
        assert idle.ended()
    tap.ends.set()
    assert busy.take(5) == b"whole"
    assert busy.read().status == (200 if kept else 421)
    assert busy.ended()
    assert ("/next" in [r.target for r in tap.origin.requests]) == kept
    assert ("trust_changed" in gate.log()) == (not kept)
    assert closed(connect(gate, leaf))


def test_a_revocation_that_comes_later_ends_what_is_open_R13(
        tapped, responder, connect):
    """An answer lets in until its nextUpdate; what is under way then ends
    whole, nothing more passes, and who comes back is asked about."""
    gate, tap = tapped()
    responder.this_s, responder.next_s = -100, -52  # 8 s, with the skew
    leaf = responder.issue("ocsp-later")
    idle, busy = both_kinds(gate, connect, leaf)
    responder.of[leaf.x509.serial_number] = REVOKED
    assert idle.ended()
    tap.ends.set()
    assert busy.take(5) == b"whole"
    assert b"200 OK" not in busy.rest()
    assert [r.target for r in tap.origin.requests] == ["/", "/slow"]
    assert closed(connect(gate, leaf))
    assert results(gate) == {"good": 2, "revoked": 1}


# ---- lives and deaths ----


def test_a_client_that_leaves_while_it_waits(serve, responder, connect):
    gate = serve()
    responder.hold = threading.Event()
    leaf = responder.issue("ocsp-leaver")
    client = connect(gate, leaf)
    responder.wait(1)
    client.close()
    responder.hold.set()
    wait_for("it to be forgotten", lambda: gate.metrics()[
        "mtlsgate_connections"] == 0)
    assert gate.metrics()["mtlsgate_ocsp_pending"] == 0
    assert connect(gate, leaf).ask(get()).status == 200


def test_a_reload_while_one_waits(serve, responder, connect):
    """The old steward stays as long as its workers may ask."""
    gate = serve()
    responder.hold = threading.Event()
    client = connect(gate, responder.issue("ocsp-drained"))
    client.send(get())
    responder.wait(1)
    gate.send_signal(signal.SIGHUP)
    gate.wait_log("reloaded")
    responder.hold.set()
    assert client.read().status == 200
    wait_for("the old generation to end",
             lambda: len(gate.named("stew")) == 1, 60)
    assert "steward_deaths_total" not in [
        k for k, v in gate.metrics().items() if v]
    assert connect(gate, responder.issue("ocsp-new")).ask(get()).status == 200


def test_term_while_one_waits(serve, responder, connect):
    gate = serve()
    responder.hold = threading.Event()
    connect(gate, responder.issue("ocsp-term"))
    responder.wait(1)
    gate.stop()


def test_a_killed_steward_is_asked_anew(serve, responder, connect):
    gate = serve(workers=2)
    responder.hold = threading.Event()
    client = connect(gate, responder.issue("ocsp-steward"))
    client.send(get())
    responder.wait(1)
    (old,) = gate.named("stew")
    os.kill(old, signal.SIGKILL)
    responder.wait(2)
    responder.hold.set()
    assert client.read().status == 200
    assert gate.named("stew") != [old]
    for i in range(4):
        assert connect(gate, responder.issue(f"ocsp-after-{i}")).ask(
            get()).status == 200


@pytest.mark.parametrize("on_failure, enters", [
    (None, False), ("reject", False), ("allow", True)])
def test_a_steward_that_dies_while_its_workers_drain_is_not_awaited(
        serve, responder, connect, origin, on_failure, enters):
    """Nobody replaces it, so nobody waits for it: the setting decides at
    once, not when the question's time is over."""
    gate = serve(workers=2, timeout="60s", on_failure=on_failure)
    responder.hold = threading.Event()
    waiting = [connect(gate, responder.issue(f"ocsp-orphan-{i}"))
               for i in range(4)]
    for client in waiting:
        client.send(get())
    responder.wait(4)
    (old,) = gate.named("stew")
    gate.send_signal(signal.SIGHUP)
    gate.wait_log("reloaded ")
    os.kill(old, signal.SIGKILL)
    if enters:
        assert [client.read().status for client in waiting] == [200] * 4
    else:
        assert all(closed(client) for client in waiting)
        assert not origin.requests
    gate.wait_log("steward_lost ")
    wait_for("the old generation to end", lambda: gate.metrics()[
        "mtlsgate_workers_draining"] == 0)
    assert results(gate)["internal"] == 4
    assert gate.metrics()["mtlsgate_steward_deaths_total"] == 1
    # the new generation has a steward of its own
    responder.hold.set()
    assert connect(gate, responder.issue("ocsp-heir")).ask(
        get()).status == 200


def test_a_killed_worker_gets_a_steward_again(serve, responder, connect):
    gate = serve()
    responder.hold = threading.Event()
    leaf = responder.issue("ocsp-worker")
    client = connect(gate, leaf)
    client.send(get())
    responder.wait(1)
    (old,) = gate.workers()
    os.kill(old, signal.SIGKILL)
    try:
        assert client.rest() == b""
    except OSError:
        pass
    responder.hold.set()
    wait_for("another worker", lambda: gate.workers() not in ([], [old]))
    gate.wait_ready()
    assert connect(gate, leaf).ask(get()).status == 200
    assert responder.count == 1  # what the dead one asked for was kept


def test_nobody_asks_by_default(gate, pki, connect):
    assert connect(gate, pki.good).ask(get()).status == 200
    assert gate.metrics()["mtlsgate_ocsp_questions_total"] == 0


def test_the_selftest_asks_too(short_path, pki, responder):
    config = short_path / "private.yaml"
    config.write_text(
        "listen: 127.0.0.1:1\n"
        f"tls: {{cert: {pki.server.cert}, key: {pki.server.key}}}\n"
        f"client_auth: {auth(pki, responder)}\n"
        "origin: http://127.0.0.1:1\n"
        f"admin: {{address: 'unix:{short_path}/none.sock'}}\n")
    leaf = responder.issue("ocsp-selftest")
    told = subprocess.run(
        [BIN, "selftest", "--config", config, "--cert", leaf.cert, "--key",
         leaf.key], capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stdout + told.stderr
    assert responder.count == 1
