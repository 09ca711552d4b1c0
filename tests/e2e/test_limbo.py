"""The chains of x509-limbo, made for client certificates.

Each is asked of `mtlsgate explain` at its own time; those without a time are
shown to the running program as well, which has to say the same, alert for
alert. webpki:: contradicts RFC 5280 in places and is printed only.
"""

import concurrent.futures
import gzip
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import warnings

import pytest

from gate import BIN

SHARED = pathlib.Path(os.environ.get("MTLSGATE_SHARED", "../shared"))
SUITE = SHARED / "limbo/limbo-client.json.gz"
GROUPS = ["rfc5280", "pathlen", "pathological", "crl", "cve", "invalid"]
DEPTH_MAX = 16  # the largest client_auth.max_depth: no limit of the suite's

if not SUITE.exists():
    warnings.warn(f"NOT RUN: the chains of x509-limbo; there is no {SUITE}")
    pytest.skip(f"NOT RUN: there is no {SUITE}", allow_module_level=True)

ISSUERS_DUTY = ("what a CA has to write (RFC 5280 section 4), and no step of "
                "the validation (section 6); many private CAs do not")
NO_SIGNATURE = ("the leaf's key usage has no digitalSignature, so it cannot "
                "sign a handshake (RFC 8446 section 4.4.2.2)")
SERIAL = ("serial numbers are told as they stand, up to 64 octets "
          "(docs/headers.md)")
LAST_SECOND = ("OpenSSL ends a certificate one second early; the connection "
               "would be closed in that second anyway (R13)")
NAME_ONLY = ("the name is not compared with anything: no constraint and no "
             "policy reads it")
# Where we do not say what the suite expects, and why.
EXCEPTIONS = {
    "pathlen::validation-ignores-pathlen-in-leaf": NO_SIGNATURE,
    "pathlen::max-chain-depth-1-self-issued":
        "max_depth bounds work, so self-issued certificates count",
    "rfc5280::aki::leaf-missing-aki": ISSUERS_DUTY,
    "rfc5280::aki::intermediate-missing-aki": ISSUERS_DUTY,
    "rfc5280::aki::cross-signed-root-missing-aki": ISSUERS_DUTY,
    "rfc5280::nc::permitted-dns-match-noncritical":
        "the constraint holds whether it is marked critical or not",
    "rfc5280::nc::not-allowed-in-ee-noncritical":
        "a constraint in a leaf constrains nothing",
    "rfc5280::nc::not-allowed-in-ee-critical":
        "a constraint in a leaf constrains nothing",
    "rfc5280::pc::ica-noncritical-pc":
        "policy constraints hold whether marked critical or not",
    "rfc5280::san::noncritical-with-empty-subject": ISSUERS_DUTY,
    "rfc5280::san::underscore-dns": NAME_ONLY,
    "rfc5280::san::ip-in-dns": NAME_ONLY,
    "rfc5280::serial::too-long": SERIAL,
    "rfc5280::serial::zero": SERIAL,
    "rfc5280::serial::negative": SERIAL,
    "rfc5280::ski::root-missing-ski": ISSUERS_DUTY,
    "rfc5280::ski::intermediate-missing-ski": ISSUERS_DUTY,
    "rfc5280::validity::notafter-exact": LAST_SECOND,
    "rfc5280::validity::notafter-fractional": LAST_SECOND,
    "rfc5280::root-non-critical-basic-constraints": ISSUERS_DUTY,
    "rfc5280::leaf-ku-keycertsign":
        "basicConstraints CA:FALSE decides; it can sign nothing here",
    "rfc5280::ca-as-leaf": NO_SIGNATURE,
}
ALERTS = {
    "BAD_CERTIFICATE": 42, "UNSUPPORTED_CERTIFICATE": 43,
    "CERTIFICATE_REVOKED": 44, "CERTIFICATE_EXPIRED": 45,
    "CERTIFICATE_UNKNOWN": 46, "UNKNOWN_CA": 48, "DECODE_ERROR": 50,
    "DECRYPT_ERROR": 51, "INTERNAL_ERROR": 80, "HANDSHAKE_FAILURE": 40,
    "CERTIFICATE_REQUIRED": 116,
}


# Shown live, these are refused with another alert than explain says.
LIVE_EXCEPTIONS = {
    "webpki::forbidden-p192-leaf":
        "TLS 1.3 has no name for this curve, so the client sends nothing",
    "webpki::forbidden-dsa-leaf":
        "TLS 1.2 has no word for a missing certificate but 40",
    "invalid::invalid-issuer-key":
        "the client's own library trips over the key before the alert",
}


class Case:
    def __init__(self, raw):
        self.raw = raw
        self.id = raw["id"]
        self.group = self.id.split("::")[0]
        self.expected = raw["expected_result"]
        self.told = None  # what explain said, as JSON; None: not loadable
        self.got = None

    def write(self, place):
        """Files of the case; returns the client_auth of its listener."""
        self.dir = place
        place.mkdir()
        raw = self.raw
        (place / "ca.pem").write_text("\n".join(raw["trusted_certs"]))
        self.cert = place / "client.pem"
        self.cert.write_text("\n".join(
            [raw["peer_certificate"], *raw["untrusted_intermediates"]]))
        self.key = place / "client.key"
        self.key.write_text(raw["peer_certificate_key"] or "")
        depth = raw["max_chain_depth"]
        depth = DEPTH_MAX if depth is None else min(depth, DEPTH_MAX)
        crl = ""
        if raw["crls"]:
            (place / "crl.pem").write_text("\n".join(raw["crls"]))
            crl = f", crl: {{files: [{place}/crl.pem]}}"
        return f"{{ca: {place}/ca.pem, max_depth: {depth}{crl}}}"

    def explain(self, pki, client_auth):
        config = self.dir / "m.yaml"
        config.write_text(
            "listen: 127.0.0.1:0\norigin: http://127.0.0.1:1\n"
            f"tls: {{cert: {pki.server.cert}, key: {pki.server.key}}}\n"
            f"client_auth: {client_auth}\n")
        command = [BIN, "explain", "--config", config, "--cert", self.cert,
                   "--format", "json"]
        at = self.raw["validation_time"]
        if at:
            command += ["--at", at if len(at) > 19 else at + "Z"]
        run = subprocess.run(command, capture_output=True, text=True)
        assert run.returncode in (0, 1, 78), (self.id, run.stderr)
        self.why = run.stderr.strip()
        if run.returncode != 78:  # a CA that is none refuses the start (R11)
            self.told = json.loads(run.stdout)
            assert self.told["allowed"] == (run.returncode == 0)
            self.why = self.told["reason"] or "ok"
        self.got = "SUCCESS" if run.returncode == 0 else "FAILURE"
        return self


@pytest.fixture(scope="module")
def cases(pki, tmp_path_factory):
    top = tmp_path_factory.mktemp("limbo")
    made = [Case(raw) for raw in
            json.loads(gzip.decompress(SUITE.read_bytes()))["testcases"]]
    for number, case in enumerate(made):
        case.client_auth = case.write(top / str(number))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda c: c.explain(pki, c.client_auth), made))
    return made


def disagreeing(cases, group):
    return {c.id: f"expected {c.expected}, got {c.got}: {c.why}"
            for c in cases if c.group == group and c.got != c.expected}


@pytest.mark.parametrize("group", GROUPS)
def test_group_agrees_but_for_the_exceptions(cases, group):
    count = sum(1 for c in cases if c.group == group)
    found = disagreeing(cases, group)
    named = {i for i in EXCEPTIONS if i.split("::")[0] == group}
    print(f"\n{group}: {count - len(found)} of {count} agree, "
          f"{len(named)} named exceptions")
    surplus = {i: why for i, why in found.items() if i not in named}
    assert not surplus, surplus
    assert named <= set(found), f"no longer needed: {named - set(found)}"


def test_every_exception_is_a_case(cases):
    assert set(EXCEPTIONS) <= {c.id for c in cases}
    assert len(cases) == 194


def test_webpki_is_printed_only(cases):
    found = disagreeing(cases, "webpki")
    count = sum(1 for c in cases if c.group == "webpki")
    print(f"\nwebpki: {count - len(found)} of {count} agree")
    for name, why in found.items():
        print(f"  {name}: {why}")


# ---- live ----

def show(path, case, version):
    """"SUCCESS", or the number of the alert."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(case.cert, case.key)
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(20)
        raw.connect(str(path))
        try:
            with context.wrap_socket(raw) as tls:
                tls.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                return "SUCCESS" if tls.recv(1) else "closed"
        except ssl.SSLError as error:
            said = error.reason or str(error)
            alert = re.search(r"_ALERT_(\w+)$", said)
            return ALERTS.get(alert.group(1), said) if alert else said


def presentable(case):
    """Can this client's library load the leaf and its key at all?"""
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.load_cert_chain(case.cert, case.key)
        return True
    except (ssl.SSLError, OSError):
        return False


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_the_running_program_says_what_explain_said(
        cases, gates, short_path, version):
    """One listener for each case without a time of its own."""
    live = [c for c in cases if not c.raw["validation_time"] and c.told]
    shown = [c for c in live if presentable(c)]
    skipped = [c.id for c in live if c not in shown]
    print(f"\n{len(shown)} shown live, not loadable by the client: {skipped}")
    assert len(shown) >= 130 and len(skipped) <= 10
    rows = "".join(
        f"  - {{name: l{n}, address: 'unix:{short_path}/l{n}', "
        f"client_auth: {c.client_auth}}}\n" for n, c in enumerate(shown))
    gate = gates("http://127.0.0.1:1", listeners=rows)
    wrong = {}
    for n, case in enumerate(shown):
        got = show(short_path / f"l{n}", case,
                   getattr(ssl.TLSVersion, version))
        want = ("SUCCESS" if case.told["allowed"]
                else case.told["alert"]["number"])
        if case.id in LIVE_EXCEPTIONS and got != "SUCCESS":
            continue
        if got != want:
            wrong[case.id] = f"explain: {want}, live: {got}"
    assert not wrong, wrong
