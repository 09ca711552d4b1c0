"""Refusals that arrive: the client hears why, in every one of 200 tries."""

import concurrent.futures
import json
import os
import signal
import ssl
import subprocess
import sys

import pytest

from client import get
from gate import BIN, SANITIZED, free_port, wait_for
from pki import Issuer

TRIES = 40 if SANITIZED else 200
# Ends by itself, whatever happens to us.
HOG = "import time\nend = time.monotonic() + 120\n" \
      "while time.monotonic() < end: sum(range(1000))\n"
# What curl says, by reason and version (fields.md section 5). curl takes an
# alert "certificate expired" within the handshake for a verdict of its own and
# names the alert only with -v.
CASES = {
    "no certificate, 1.3": (None, "1.3", "alert certificate required"),
    "no certificate, 1.2": (None, "1.2", "alert handshake failure"),
    "expired, 1.3": ("expired", "1.3", "alert certificate expired"),
    "expired, 1.2": ("expired", "1.2", "alert, certificate expired"),
    "unknown CA, 1.3": ("nobody", "1.3", "alert unknown ca"),
    "unknown CA, 1.2": ("nobody", "1.2", "alert unknown ca"),
    "re-keyed CA, 1.3": ("stranger", "1.3", "alert decrypt error"),
    "wrong purpose, 1.3": (
        "server_only", "1.3", "alert unsupported certificate"),
    "wrong purpose, 1.2": (
        "server_only", "1.2", "alert unsupported certificate"),
}


@pytest.fixture(scope="module")
def leaves(pki, tmp_path_factory):
    unknown = Issuer(tmp_path_factory.mktemp("unknown"), "unknown ca")
    return {None: None, "pki": pki, "expired": pki.expired,
            "stranger": pki.stranger, "server_only": pki.server_only,
            "nobody": unknown.issue("nobody")}


@pytest.fixture(scope="module")
def load():
    """Two busy processes for each core."""
    hogs = [subprocess.Popen([sys.executable, "-c", HOG])
            for _ in range(2 * len(os.sched_getaffinity(0)))]
    yield
    for hog in hogs:
        hog.kill()
        hog.wait()


def curl(gate, leaf, version, *words):
    words = ["curl", "-sS", "--cacert", str(gate.pki.ca.path),
             f"--tlsv{version}", "--tls-max", version, "-o", "-", *words]
    if leaf:
        words += ["--cert", str(leaf.cert), "--key", str(leaf.key)]
    return subprocess.run(
        [*words, f"https://localhost:{gate.port}/"], capture_output=True,
        text=True, timeout=60, check=False)


@pytest.mark.parametrize("case,method", [
    *((case, "GET") for case in CASES),
    *((case, "POST") for case in CASES if "1.3" in case)])
def test_curl_names_the_reason_each_time(
        gates, origin, load, leaves, short_path, case, method):
    gate = gates(origin)
    leaf, version, says = CASES[case]
    words = ["-v"] if "alert, " in says else []
    if method == "POST":
        body = short_path / "body"
        body.write_bytes(b"x" * 100 * 1024)
        words += ["--data-binary", f"@{body}"]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        heard = list(pool.map(
            lambda _: curl(gate, leaves[leaf], version, *words), range(TRIES)))
    other = [(h.returncode, h.stderr or h.stdout) for h in heard
             if says not in h.stderr or h.returncode in (0, 28)]
    assert not other, f"{len(other)} of {TRIES}, e.g. {other[0]}"
    assert origin.requests == []


# ---- reject_with: http ----

def restarted(gate, old, new):
    """The same with another text in its configuration."""
    gate.stop()
    assert old in gate.text
    gate.config.write_text(gate.text.replace(old, new))
    gate.start()
    return gate


def refusals(gate, query=""):
    head, _, body = gate.admin_get(f"/refusals.json{query}").partition(
        b"\r\n\r\n")
    assert b" 200 " in head.split(b"\r\n")[0], head
    return json.loads(body)["refusals"]


@pytest.mark.parametrize("mode", ["require", "optional"])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("leaf,code,reason", [
    ("expired", "expired", "certificate has expired"),
    ("nobody", "unknown_ca", "unable to get local issuer certificate"),
    (None, "no_certificate", "no certificate was sent"),
])
def test_http_refusals_name_code_and_ids(
        gates, origin, leaves, mode, version, leaf, code, reason):
    gate = gates(origin, client_auth=(
        f"{{ca: {leaves['pki'].ca.path}, mode: {mode}, reject_with: http}}"))
    if mode == "optional" and not leaf:
        assert "200" in curl(gate, None, version, "-i").stdout
        return
    answer = curl(gate, leaves[leaf], version, "-i", "-H",
                  "Accept: application/json")
    assert answer.returncode == 0, answer.stderr
    head, _, body = answer.stdout.partition("\n\n")
    body = json.loads(body)
    assert head.startswith("HTTP/1.1 403 ")
    assert "\nConnection: close" in head
    assert "\nContent-Type: application/problem+json" in head
    assert body["reason"] == code
    assert body["detail"] == f"The client certificate was refused: {reason}."
    assert origin.requests == []
    # the operator finds it by either id, and so it is in log and metric
    for key in ("request_id", "connection_id"):
        found, = refusals(gate, f"?id={body[key]}")
        assert found["code"] == code and found["status"] == 403
    gate.wait_log(f"conn={body['connection_id']}")
    assert gate.metrics()[
        f'mtlsgate_certificates_refused_total{{reason="{code}"}}'] == 1


def test_http_refusals_take_a_body_and_close(
        gates, origin, leaves, short_path):
    gate = gates(origin, client_auth=(
        f"{{ca: {leaves['pki'].ca.path}, reject_with: http}}"))
    body = short_path / "body"
    body.write_bytes(b"x" * 100 * 1024)
    for _ in range(20):
        answer = curl(gate, leaves["expired"], "1.3", "--data-binary",
                      f"@{body}", "-H", "Expect:", "-w", "%{http_code}")
        assert answer.stdout.endswith("403"), answer
        assert "reason: expired" in answer.stdout
    assert origin.requests == []


def test_http_refusals_hold_per_listener(gates, origin, leaves):
    other = free_port()
    gate = restarted(
        gates(origin), "listen: 127.0.0.1:", "listeners:\n"
        f"  - {{name: http, address: '127.0.0.1:{other}', "
        "client_auth: {reject_with: http}}\n"
        "  - name: alert\n    address: 127.0.0.1:")
    alert = curl(gate, leaves["expired"], "1.3")
    assert "alert certificate expired" in alert.stderr
    gate.port = other
    assert "reason: expired" in curl(gate, leaves["expired"], "1.3").stdout
    assert [r["listener"] for r in refusals(gate)] == ["http", "alert"]


# ---- the last refusals ----

def test_the_last_refusals_are_told(gates, origin, leaves):
    gate = gates(origin, workers=2,
                 extra="logging: {rejections: {rate: 1/s, burst: 1}}\n")
    for _ in range(9):
        curl(gate, leaves["expired"], "1.3")
        curl(gate, None, "1.3")
    wait_for("all of them", lambda: len(refusals(gate, "?last=99")) == 18)
    first = refusals(gate, "?last=1")[0]
    assert first["code"] == "no_certificate" and "subject" not in first
    second = refusals(gate, "?last=2")[1]
    leaf = leaves["expired"]
    assert second["stage"] == "handshake"
    assert second["code"] == "expired"
    assert second["subject"] == "CN=expired,O=Acme\\, Inc.,C=US"
    assert second["serial"] == leaf.serial
    assert second["sni"] == "localhost"
    assert second["certificates_sent"] == 2  # curl adds the CA it knows
    # a worker that dies takes none of them with it
    for pid in gate.workers():
        os.kill(pid, signal.SIGKILL)
    wait_for("new workers", lambda: len(gate.workers()) == 2)
    assert len(refusals(gate, "?last=99")) == 18


def test_as_many_are_kept_as_wanted(gates, origin, leaves):
    gate = restarted(
        gates(origin), "admin: {", "admin: {keep_rejections: 3, ")
    for _ in range(5):
        curl(gate, leaves["expired"], "1.3")
    wait_for("five", lambda: len(refusals(gate)) == 3)
    assert b'"total":5,"kept":3' in gate.admin_get("/refusals.json")


# ---- explain ----

def explain(*words):
    return subprocess.run([str(BIN), "explain", *map(str, words)],
                          capture_output=True, text=True, timeout=30,
                          check=False)


def test_explain_tells_the_last_refusals(gates, origin, leaves):
    gate = gates(origin)
    assert explain("--last", 1, "--config", gate.config).returncode == 0
    curl(gate, leaves["server_only"], "1.3")
    curl(gate, leaves["expired"], "1.2")
    told = explain("--last", 1, "--config", gate.config)
    assert told.returncode == 0, told.stderr
    assert "  FAIL  dates        certificate has expired" in told.stdout
    assert "the client sees: alert 45 certificate_expired" in told.stdout
    assert "what to do: Renew it" in told.stdout
    assert "tls: TLSv1.2" not in told.stdout
    both = explain("--last", 2, "--admin", f"unix:{gate.admin}",
                   "--format", "json").stdout.splitlines()
    assert [json.loads(line)["code"] for line in both] == [
        "expired", "purpose"]
    conn = refusals(gate)[1]["connection_id"]
    one = explain("--id", conn, "--admin", f"unix:{gate.admin}")
    assert one.returncode == 0
    assert "  FAIL  purpose " in one.stdout and "dates" in one.stdout
    none = explain("--id", "abc", "--admin", f"unix:{gate.admin}")
    assert none.returncode == 1 and "no such refusal" in none.stderr


def test_explain_says_when_it_cannot_ask(short_path):
    told = explain("--last", 3, "--admin", f"unix:{short_path}/none.sock")
    assert told.returncode == 69
    assert "is the program running" in told.stderr
    for words in (["--last", "0"], ["--last", "x"], ["--id", "x y"],
                  ["--last", "1", "--cert", "x"], ["--id", ""],
                  ["--last", "1", "--admin", "nowhere"]):
        assert explain(*words).returncode == 64, words


@pytest.mark.parametrize("version", [
    ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("leaf", [None, "expired"])
def test_a_refused_client_gets_no_ticket(
        gates, origin, leaves, connect, version, leaf):
    """R12: only the verdict ok gets a ticket."""
    gate = gates(origin, client_auth=(
        f"{{ca: {leaves['pki'].ca.path}, reject_with: http}}"))
    client = connect(gate, leaves[leaf], versions=version)
    assert client.ask(get()).status == 403
    assert client.ended()
    assert not client.sock.session.has_ticket
    good = connect(gate, leaves["pki"].good, versions=version)
    assert good.ask(get()).status == 200
    assert good.sock.session.has_ticket


def test_a_request_that_a_rule_refuses_is_told(gates, origin, leaves):
    pki = leaves["pki"]
    gate = gates(origin, extra=(
        "policies: {staff: {all: [{subject_cn: [nobody]}]}}\n"
        "routes:\n"
        "  - {name: pay, match: {path: /pay/**}, policy: staff}\n"
        "  - {name: rest}\n"))
    answer = subprocess.run([
        "curl", "-sS", "-i", "--cacert", str(pki.ca.path), "--cert",
        str(pki.good.cert), "--key", str(pki.good.key),
        f"https://localhost:{gate.port}/pay/1?card=4711"],
        capture_output=True, text=True, timeout=60, check=False)
    assert answer.stdout.startswith("HTTP/1.1 403 ")
    found, = refusals(gate)
    assert found["stage"] == "request" and found["status"] == 403
    assert (found["code"], found["route"], found["policy"]) == (
        "policy", "pay", "staff")
    assert found["path"] == "/pay/1" and found["verify"] == "SUCCESS"
    assert f"X-Request-Id: {found['request_id']}" in answer.stdout
    told = explain("--id", found["request_id"], "--config", gate.config)
    assert "  pass  chain " in told.stdout
    assert "  FAIL  policy " in told.stdout
    assert "route: pay\npolicy: staff\n" in told.stdout
    assert "4711" not in told.stdout
