"""`check --print` prints what loads to the same, with every key of trust in
use: certificates by name, revocation, policies, routes and headers."""

import os
import subprocess

import pytest

from gate import BIN
from pki import DAY, SERVER, now

CONFIG = """
listeners:
  - {{name: main, address: "127.0.0.1:0", backlog: 7}}
  - name: other
    address: "unix:{dir}/other.sock"
    tls: {{unknown_server_name: reject, session_resumption: disabled}}
    client_auth: {{mode: request_any, reject_with: alert,
      ocsp: {{mode: disabled}}}}
tls:
  certificates:
    - {{cert: "{one.cert}", key: "{one.key}", ocsp_file: "{dir}/one.ocsp"}}
    - {{cert: "{two.cert}", key: "{two.key}",
       server_names: [two.example, "*.two.example"]}}
  unknown_server_name: default_certificate
  session_resumption: recheck
  ticket_keys: "{dir}/ticket.key"
client_auth:
  mode: optional
  ca: ["{ca}"]
  reject_with: http
  revoked_verdict: cloudflare
  crl: {{files: ["{dir}/ca.crl"], scope: chain, when_missing: allow,
        when_expired: allow}}
  deny: {{serials: ["4A:11", "0c"], fingerprints_sha256: ["{digest}"]}}
  ocsp: {{mode: leaf, responder: "http://127.0.0.1:8888/x",
         on_failure: allow, timeout: 1500ms, allow_local: ["127.0.0.1:8889"]}}
headers:
  preset: [x-cert, cloudflare, rfc9440, xfcc, nginx, aws-alb]
  xfcc_by: "spiffe://example/gate"
  set:
    X-Client: "{{cert.subject.cn}} via {{tls.version}}"
    X-Plain: "a {{{{brace}}}} # and: colon"
  remove: [X-Debug, X-Other]
  response: {{set: {{X-Served: "{{request.id}}"}}, remove: [Server]}}
  empty: omit
  alias_headers: reject
  forwarded: none
  host: origin
policies:
  staff:
    all:
      - {{subject_ou: [Platform, SRE], issuer_cn: I}}
      - {{san_dns: "*.example.org"}}
    any:
      - {{subject_dn: "CN=a,O=b\\\\, c,C=GB"}}
      - {{spiffe_id: "spiffe://example/*", serial: 4A}}
    none:
      - {{fingerprint_sha256: "{digest}"}}
  other: {{any: [{{san_ip: 10.0.0.0/8}}, {{san_email: "*@example.org"}},
                {{san_uri: "urn:x"}}, {{spki_sha256: "{digest}"}},
                {{ski: 0A0B}}]}}
routes:
  - name: ping
    match: {{listener: [main, other], host: [a.example, "*.b.example"],
            path: [/ping, /x/**], methods: [GET, HEAD]}}
    certificate: not_needed
    respond: {{status: 418, body: "tea: \\"hot\\" # x"}}
  - name: staff
    match: {{host: "**.c.example"}}
    policy: staff
    policy_dry_run: other
    origin: web
    alias_headers: pass
    timeouts: {{origin_response: 9s, origin_idle: 8s}}
    limits: {{body: 1KiB}}
  - {{name: rest, certificate: required, origin: web}}
origins: {{web: {{servers: ["unix:{dir}/origin.sock"]}}}}
process: {{watch_files: 7s}}
logging: {{rejections: {{rate: 3/s, burst: 4}}}}
admin: {{address: "unix:{dir}/admin.sock", keep_rejections: 9}}
"""
# A word of each key above that is not the default's: none may be lost.
IN_FORCE = [
    "ocsp_file:", "two.example", '"*.two.example"', "session_resumption",
    "unknown_server_name", "ticket.key", "reject_with", "cloudflare",
    "scope", "when_missing", "when_expired", "4A:11", "8888/x",
    "on_failure", "1500ms", "127.0.0.1:8889", "rfc9440", "aws-alb",
    "spiffe://example/gate", "via {tls.version}", "{{brace}}", "X-Other",
    "X-Served", "omit", "Platform", "*.example.org", "spiffe://example/*",
    "10.0.0.0/8", "*@example.org", "urn:x", "0A0B", "*.b.example",
    "**.c.example", "418", "policy_dry_run", "pass", "9s", "8s", "1KiB",
    "watch_files", "keep_rejections"]


@pytest.fixture
def config(pki, tmp_path):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509 import ocsp
    one = pki.ca.issue("c-one", SERVER, names=["one.example"])
    two = pki.ca.issue("c-two", SERVER,
                       names=["two.example", "*.two.example"])
    staple = ocsp.OCSPResponseBuilder().add_response(
        cert=one.x509, issuer=pki.ca.cert, algorithm=hashes.SHA1(),
        cert_status=ocsp.OCSPCertStatus.GOOD, this_update=now() - DAY,
        next_update=now() + DAY, revocation_time=None,
        revocation_reason=None).responder_id(
            ocsp.OCSPResponderEncoding.HASH, pki.ca.cert).sign(
                pki.ca.key, hashes.SHA256())
    (tmp_path / "one.ocsp").write_bytes(
        staple.public_bytes(serialization.Encoding.DER))
    (tmp_path / "ca.crl").write_bytes(pki.ca.crl())
    (tmp_path / "ticket.key").write_bytes(os.urandom(80))
    (tmp_path / "ticket.key").chmod(0o600)
    path = tmp_path / "mtlsgate.yaml"
    path.write_text(CONFIG.format(
        dir=tmp_path, one=one, two=two, ca=pki.ca.path,
        digest="ab" * 32))
    return path


def printed(path):
    done = subprocess.run(
        [str(BIN), "check", "--print", "--config", str(path)],
        capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_printed_loads_to_the_same(config):
    first = printed(config)
    for word in IN_FORCE:
        assert word in first, f"{word}\n{first}"
    again = config.with_name("again.yaml")
    again.write_text(first)
    assert printed(again) == first


def test_a_key_that_differs_is_printed_differently(config):
    """So that printing nothing but defaults could not pass above."""
    first = printed(config)
    text = config.read_text()
    for old, new in [
            ("scope: chain", "scope: leaf"),
            ("reject_with: http", "reject_with: alert"),
            ("revoked_verdict: cloudflare", "revoked_verdict: failed"),
            ("when_missing: allow", "when_missing: reject"),
            ("on_failure: allow", "on_failure: reject"),
            ("unknown_server_name: reject",
             "unknown_server_name: default_certificate"),
            ("session_resumption: disabled", "session_resumption: recheck"),
            ("alias_headers: pass", "alias_headers: drop"),
            ("certificate: required", "certificate: not_needed"),
            ("keep_rejections: 9", "keep_rejections: 10")]:
        assert old in text
        config.write_text(text.replace(old, new))
        assert printed(config) != first, new
