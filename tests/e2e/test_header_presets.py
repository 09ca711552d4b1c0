"""Presets, templates and edits of headers: each value true, each name ours."""

import base64
import datetime
import hashlib
import signal
import ssl
from urllib.parse import unquote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from client import Cut, get

ALL = "[x-cert, cloudflare, rfc9440, xfcc, nginx, aws-alb]"
NAMES = """
X-CERT-PRESENTED X-CERT-VERIFY X-CERT-ISSUER-DN X-CERT-SUBJECT-DN
X-CERT-ISSUER-DN-L X-CERT-SUBJECT-DN-L X-CERT-SERIAL X-CERT-FINGER
X-CERT-NOTBE X-CERT-NOTAF Cf-Cert-Revoked Cf-Cert-Verified Cf-Cert-Presented
Cf-Cert-Issuer-DN Cf-Cert-Subject-DN Cf-Cert-Issuer-DN-RFC2253
Cf-Cert-Subject-DN-RFC2253 Cf-Cert-Issuer-DN-Legacy Cf-Cert-Subject-DN-Legacy
Cf-Cert-Serial Cf-Cert-Issuer-Serial Cf-Cert-Fingerprint-SHA256
Cf-Cert-Fingerprint-SHA1 Cf-Cert-SHA256 Cf-Cert-SHA1 Cf-Cert-Not-Before
Cf-Cert-Not-After Cf-Cert-SKI Cf-Cert-Issuer-SKI Client-Cert Client-Cert-Chain
X-Forwarded-Client-Cert X-SSL-Client-Verify X-SSL-Client-S-DN
X-SSL-Client-I-DN X-SSL-Client-Serial X-SSL-Client-Fingerprint
X-SSL-Client-V-Start X-SSL-Client-V-End X-SSL-Client-Cert
X-Amzn-Mtls-Clientcert-Serial-Number X-Amzn-Mtls-Clientcert-Issuer
X-Amzn-Mtls-Clientcert-Subject X-Amzn-Mtls-Clientcert-Validity
X-Amzn-Mtls-Clientcert-Leaf X-Amzn-Mtls-Clientcert
""".split()
SET = {"X-Team": "{cert.subject.o}", "Gate_Request": "{request.id}",
       "X-Literal": "plain"}


def gmt(time):
    return time.strftime("%b ") + f"{time.day:2d}" + time.strftime(
        " %H:%M:%S %Y GMT")


def sans(*names):
    return [(x509.SubjectAlternativeName(names), False)]


def der(cert):
    return cert.public_bytes(serialization.Encoding.DER)


def rfc9440(*certs):
    return ", ".join(f":{base64.b64encode(der(c)).decode()}:" for c in certs)


def fields(request):
    """name in lower case -> value; each name must be there once (R3)."""
    names = [n.lower() for n, _ in request.fields]
    assert len(names) == len(set(names)), names
    return {n.lower(): v for n, v in request.fields}


def mode(pki, word):
    return f"{{mode: {word}, ca: {pki.ca.path}}}"


@pytest.fixture(scope="module")
def named(pki):
    """Below an intermediate, with key identifiers and every kind of name."""
    extra = sans(
        x509.DNSName("a.example"), x509.DNSName("b.example"),
        x509.UniformResourceIdentifier("spiffe://td/ns/a"),
        x509.RFC822Name("a@example.org")) + [
        (x509.SubjectKeyIdentifier(b"\x00\xab\xcd"), False),
        (x509.AuthorityKeyIdentifier(b"\x12\x34", None, None), False)]
    return pki.intermediate.issue(
        "named", extra=extra, chain=[pki.intermediate])


def test_every_preset_at_once(gates, origin, pki, connect, named):
    gate = gates(origin, extra=f"headers: {{preset: {ALL}, xfcc_by: "
                 "'spiffe://td/gate'}\n")
    assert connect(gate, named).ask(get()).status == 200
    got = fields(origin.wait()[0])
    cert = named.x509
    subject = "CN=named,O=Acme\\, Inc.,C=US"
    issuer = "CN=test intermediate,O=mtlsgate tests"
    sha256 = cert.fingerprint(hashes.SHA256()).hex()
    begin, end = cert.not_valid_before, cert.not_valid_after
    pem = cert.public_bytes(serialization.Encoding.PEM).decode()
    want = {
        "x-cert-verify": "SUCCESS",
        "x-cert-subject-dn": subject,
        "cf-cert-verified": "true", "cf-cert-presented": "true",
        "cf-cert-revoked": "false",
        "cf-cert-subject-dn": subject, "cf-cert-issuer-dn-rfc2253": issuer,
        "cf-cert-subject-dn-legacy": "/C=US/O=Acme, Inc./CN=named",
        "cf-cert-serial": named.serial,
        "cf-cert-issuer-serial":
            f"{pki.intermediate.cert.serial_number:X}",
        "cf-cert-sha256": sha256, "cf-cert-fingerprint-sha256": sha256,
        "cf-cert-sha1": named.sha1, "cf-cert-fingerprint-sha1": named.sha1,
        "cf-cert-not-before": gmt(begin), "cf-cert-not-after": gmt(end),
        "cf-cert-ski": "00ABCD",
        "client-cert": rfc9440(cert),
        "client-cert-chain": rfc9440(pki.intermediate.cert),
        "x-forwarded-client-cert":
            f"By=spiffe://td/gate;Hash={sha256};Subject=\"{subject}\";"
            "URI=spiffe://td/ns/a;DNS=a.example;DNS=b.example",
        "x-ssl-client-verify": "SUCCESS", "x-ssl-client-s-dn": subject,
        "x-ssl-client-i-dn": issuer, "x-ssl-client-serial": named.serial,
        "x-ssl-client-fingerprint": named.sha1,
        "x-ssl-client-v-start": gmt(begin), "x-ssl-client-v-end": gmt(end),
        "x-amzn-mtls-clientcert-serial-number": named.serial,
        "x-amzn-mtls-clientcert-issuer": issuer,
        "x-amzn-mtls-clientcert-subject": subject,
        "x-amzn-mtls-clientcert-validity":
            f"NotBefore={begin.isoformat()}Z;NotAfter={end.isoformat()}Z",
    }
    if len(want["cf-cert-issuer-serial"]) % 2:
        want["cf-cert-issuer-serial"] = "0" + want["cf-cert-issuer-serial"]
    for name, value in want.items():
        assert got[name] == value, name
    for name in ("x-ssl-client-cert", "x-amzn-mtls-clientcert-leaf"):
        assert unquote(got[name]) == pem
    assert not set("+/=") & set(got["x-ssl-client-cert"])
    assert "%2" not in got["x-amzn-mtls-clientcert-leaf"].replace("%20", "")
    assert "x-amzn-mtls-clientcert" not in got
    missing = {n.lower() for n in NAMES} - set(got)
    # the test CA has no key identifier; ALB sends the chain in passthrough
    assert missing == {"cf-cert-issuer-ski", "x-amzn-mtls-clientcert"}


def test_kept_alive_requests_carry_the_same_every_time_R3(
        gates, origin, pki, connect, named):
    gate = gates(origin, extra=f"headers: {{preset: {ALL}}}\n")
    client = connect(gate, named)
    for _ in range(4):
        assert client.ask(get()).status == 200
    seen = [{n: v for n, v in fields(r).items() if n != "x-request-id"}
            for r in origin.wait(4)]
    assert all(one == seen[0] for one in seen)


@pytest.mark.parametrize("preset", ["cloudflare", "rfc9440", "xfcc", "nginx",
                                    "aws-alb"])
def test_without_a_certificate_a_preset_claims_nothing(
        gates, origin, pki, connect, preset):
    gate = gates(origin, client_auth=mode(pki, "optional"),
                 extra=f"headers: {{preset: {preset}}}\n")
    forged = [f"{n}: forged" for n in NAMES]
    assert connect(gate).ask(get("/", *forged)).status == 200
    got = {n: v for n, v in fields(origin.wait()[0]).items()
           if n in {x.lower() for x in NAMES}}
    assert got == {
        "cloudflare": {"cf-cert-presented": "false",
                       "cf-cert-verified": "false",
                       "cf-cert-revoked": "false"},
        "nginx": {"x-ssl-client-verify": "NONE"},
    }.get(preset, {})


@pytest.mark.parametrize("preset", ["cloudflare", "rfc9440", "xfcc", "nginx",
                                    "aws-alb"])
def test_a_failed_certificate_is_never_taken_for_a_good_one(
        gates, origin, pki, connect, preset):
    gate = gates(origin, client_auth=mode(pki, "request_any"),
                 extra=f"headers: {{preset: {preset}}}\n")
    assert connect(gate, pki.expired).ask(get()).status == 200
    got = fields(origin.wait()[0])
    if preset == "cloudflare":
        assert got["cf-cert-verified"] == "false"
    elif preset == "nginx":
        assert got["x-ssl-client-verify"] == \
            "FAILED:certificate has expired"
    elif preset == "aws-alb":  # as ALB's passthrough
        assert [n for n in got if n.startswith("x-amzn")] == [
            "x-amzn-mtls-clientcert"]
        # the client adds the CA that it knows
        assert unquote(got["x-amzn-mtls-clientcert"]) == \
            pki.expired.cert.read_text() + pki.ca.pem().decode()
    else:  # its presence would say that it was verified
        assert not {"client-cert", "client-cert-chain",
                    "x-forwarded-client-cert"} & set(got)


def spellings(name):
    return [name, name.lower(), name.replace("-", "_"),
            name.replace("-", ".").upper(), name.replace("-", "~", 1),
            name.replace("_", "-")]


@pytest.mark.parametrize("preset", ["none", "x-cert", ALL])
def test_no_forged_spelling_of_any_name_arrives_R1(
        gates, origin, pki, connect, preset):
    setting = ", ".join(f"{k}: '{v}'" for k, v in SET.items())
    gate = gates(origin, extra=f"headers: {{preset: {preset}, alias_headers: "
                 f"pass, set: {{{setting}}}}}\nlimits: {{header_count: 500}}\n")
    lines = [f"{spelling}: forged" for name in [*NAMES, *SET]
             for spelling in spellings(name)]
    client = connect(gate, pki.good)
    for start in range(0, len(lines), 90):
        assert client.ask(get("/", *lines[start:start + 90])).status == 200
    for request in origin.wait(-(-len(lines) // 90)):
        assert b"forged" not in request.raw_head
        got = fields(request)
        assert got["x-team"] == "Acme\\, Inc."
        assert got["gate_request"] == got["x-request-id"]
        assert got["x-literal"] == "plain"
    assert client.ask(
        b"POST / HTTP/1.1\r\nHost: localhost\r\n"
        b"Transfer-Encoding: chunked\r\nTrailer: X-Team, x_team, A\r\n\r\n"
        b"0\r\n" + "".join(f"{spelling}: forged\r\n" for name in SET
                           for spelling in spellings(name)).encode()
        + b"A: kept\r\n\r\n").status == 200
    request = origin.wait()[-1]
    assert request.trailers == [("A", "kept")]
    assert "team" not in " ".join(request.all("Trailer")).lower()


def test_templates_of_connection_and_request(
        gates, origin, pki, connect, named):
    gate = gates(origin, extra="""
headers:
  set:
    X-Who: "{cert.subject.cn} of {cert.issuer.cn}"
    X-What: "{request.method} {request.host} {request.path}"
    X-How: "{tls.version} {tls.sni} {tls.resumed} {client.ip}"
    X-Names: "{cert.san.dns}|{cert.san.uri}|{cert.san.email}|{cert.spiffe_id}"
    X-Pin: "{cert.spki_sha256} {cert.not_after.unix}"
    X-Mixed: "{{{cert.serial}/{request.id}}"
    X-Request-Id: "id-{request.id}"
    X-Whole: "{cert.rfc9440}{cert.rfc9440_too_large}"
""")
    client = connect(gate, named)
    assert client.ask(get("/a%20b?secret=1")).status == 200
    assert client.ask(get("/other")).status == 200
    first, second = (fields(r) for r in origin.wait(2))
    assert first["x-who"] == "named of test intermediate"
    assert first["x-what"] == "GET localhost /a%20b"
    assert second["x-what"] == "GET localhost /other"
    assert first["x-how"] == "TLSv1.3 localhost 0 127.0.0.1"
    assert first["x-names"] == ("a.example,b.example|spiffe://td/ns/a|"
                                "a@example.org|spiffe://td/ns/a")
    key = named.x509.public_key().public_bytes(
        serialization.Encoding.DER,
        serialization.PublicFormat.SubjectPublicKeyInfo)
    pin = base64.b64encode(hashlib.sha256(key).digest()).decode()
    end = named.x509.not_valid_after.replace(tzinfo=datetime.timezone.utc)
    assert first["x-pin"] == f"{pin} {int(end.timestamp())}"
    for got in (first, second):
        assert got["x-request-id"].startswith("id-")
        identity = got["x-request-id"][3:]
        assert got["x-mixed"] == f"{{{named.serial}/{identity}}}"
        assert got["x-whole"] == rfc9440(named.x509) + "false"
    assert first["x-mixed"] != second["x-mixed"]


def test_a_path_too_long_for_a_header_is_refused_R17(
        gates, origin, pki, connect):
    gate = gates(origin, extra="headers: {set: {X-Path: '{request.path}'}}\n"
                 "limits: {request_line: 16KiB}\n")
    answer = connect(gate, pki.good).ask(get("/" + "a" * 9000))
    assert answer.status == 431
    assert not origin.requests


def test_trailers_of_a_response_are_edited_too(gates, origins, pki, connect):
    """R5: a name that is removed or set is no trailer either."""
    origin = origins(answer=lambda peer, _: peer.send(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\nX-Gone: 1\r\nx_set: 2\r\nok: 3\r\n\r\n"))
    gate = gates(origin, "headers: {response: "
                         "{set: {X-Set: a}, remove: [X-Gone]}}\n")
    answer = connect(gate, pki.good).ask(
        b"GET / HTTP/1.1\r\nHost: localhost\r\nTE: trailers\r\n\r\n")
    assert [tuple(t) for t in answer.trailers] == [("ok", "3")]
    assert answer.all("X-Set") == ["a"]


def test_responses_are_edited_our_own_too(gates, origin, pki, connect):
    gate = gates(origin, extra="""
headers:
  response:
    set: {Strict-Transport-Security: "max-age=31536000", X-Id: "{request.id}"}
    remove: [Server, X-Powered-By]
limits: {body: 1KiB}
""")
    origin.answer = lambda peer, _: peer.send(
        b"HTTP/1.1 200 OK\r\nServer: x\r\nx_powered_by: y\r\n"
        b"strict-transport-security: max-age=0\r\nContent-Length: 0\r\n\r\n")
    client = connect(gate, pki.good)
    answer = client.ask(get())
    assert answer.get("Strict-Transport-Security") == "max-age=31536000"
    assert answer.get("X-Id") == origin.wait()[0].get("X-Request-Id")
    assert not answer.all("Server") + answer.all("x_powered_by")
    refused = client.ask(b"POST / HTTP/1.1\r\nHost: localhost\r\n"
                         b"Content-Length: 4096\r\n\r\n")
    assert refused.status == 413
    assert refused.get("Strict-Transport-Security") == "max-age=31536000"
    assert refused.get("X-Id") == refused.get("X-Request-Id")


def test_headers_that_are_not_wanted_do_not_pass(
        gates, origin, pki, connect):
    gate = gates(origin, extra="headers: {remove: [Cookie, X-Debug]}\n")
    connect(gate, pki.good).ask(get("/", "Cookie: a", "x-debug: 1", "A: b"))
    got = fields(origin.wait()[0])
    assert not {"cookie", "x-debug"} & set(got)
    assert got["a"] == "b"
    (record,) = gate.wait_access(1)
    assert "ookie" not in str(record)


HOSTILE = [
    "a\r\nX-CERT-VERIFY: SUCCESS", "a\x00b", "a\",Hash=b;URI=\"c\\", "a,b;c=d",
    "Zoë 日本", "/CN=admin", "\\\"\\,O=admin", "{cert.serial}", ":YQ==:, :YQ==:"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_stays_in_its_header_R6(
        gates, origin, pki, connect, text):
    gate = gates(origin, extra=f"headers: {{preset: {ALL}, set: {{X-Cn: "
                 "'{cert.subject.cn}', X-San: '{cert.san.uri} "
                 "{cert.san.dns}'}}\n")
    ascii_text = text.encode("ascii", "replace").decode()
    leaf = pki.ca.issue(
        f"hostile{HOSTILE.index(text)}",
        subject=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]),
        extra=sans(x509.UniformResourceIdentifier("urn:" + ascii_text),
                   x509.DNSName(ascii_text)))
    assert connect(gate, leaf).ask(get()).status == 200
    request = origin.wait()[0]
    got = fields(request)
    assert got["x-cert-verify"] == "SUCCESS"
    for name, value in got.items():
        assert all(" " <= c <= "~" for c in value), name
    xfcc = got["x-forwarded-client-cert"]
    # parsed by whoever knows \" and by whoever knows no escape at all
    for inside in (xfcc.replace('\\"', "''"), xfcc):
        pairs = "".join(part for i, part in enumerate(inside.split('"'))
                        if i % 2 == 0).split(";")
        assert [p.split("=")[0] for p in pairs] == [
            "Hash", "Subject", "URI", "DNS"]
    assert "," not in "".join(xfcc.split('"')[::2])
    assert xfcc.count('"') % 2 == 0 and '\\"' not in xfcc
    assert len(got["client-cert"].split(",")) == 1


def many_names(pki, name, count, length=8):
    return pki.ca.issue(name, extra=sans(*[
        x509.DNSName(f"{i:x}".zfill(length) + ".example")
        for i in range(count)]))


@pytest.mark.parametrize("count, length", [(300, 8), (250, 60)])
def test_a_huge_list_of_names_is_refused_where_it_is_told_R17(
        gates, origin, pki, connect, count, length):
    leaf = many_names(pki, f"many{count}", count, length)
    extra = "headers: {preset: [x-cert, xfcc]}\n"
    gate = gates(origin, extra=extra)
    with pytest.raises((ssl.SSLError, OSError, Cut)):
        connect(gate, leaf).ask(get())
    gate.wait_log("headers")
    assert not origin.requests
    gate = gates(origin, client_auth=mode(pki, "request_any"), extra=extra)
    assert connect(gate, leaf).ask(get()).status == 200
    got = fields(origin.wait()[0])
    assert got["x-cert-verify"] == \
        "FAILED:certificate fields too large for headers"
    assert got["x-cert-subject-dn"] == ""
    assert "x-forwarded-client-cert" not in got


def test_a_huge_list_of_names_is_no_matter_where_nobody_asks(
        gate, origin, pki, connect):
    leaf = many_names(pki, "unasked", 300)
    assert connect(gate, leaf).ask(get()).status == 200
    assert fields(origin.wait()[0])["x-cert-verify"] == "SUCCESS"


def test_a_reload_changes_what_is_protected(gates, origin, pki, connect):
    gate = gates(origin)
    assert connect(gate, pki.good).ask(get("/", "X-Team: mine")).status == 200
    assert origin.wait()[0].get("X-Team") == "mine"
    gate.config.write_text(
        gate.text + "headers: {set: {X-Team: '{cert.subject.o}'}}\n")
    gate.send_signal(signal.SIGHUP)
    gate.wait_log("reloaded ")
    connect(gate, pki.good).ask(get("/", "X-Team: mine"))
    assert origin.wait(2)[1].all("X-Team") == ["Acme\\, Inc."]


@pytest.mark.parametrize("verdict, verified", [
    ("failed", ("FAILED:certificate revoked", "false")),
    ("cloudflare", ("SUCCESS", "true"))])
def test_a_revoked_certificate_is_said_to_be_revoked_R14(
        gates, origin, pki, connect, verdict, verified):
    """Headers whose presence is the claim are not there in either case."""
    leaf = pki.ca.issue("revoked-" + verdict)
    gate = gates(
        origin, client_auth=f"{{mode: request_any, ca: {pki.ca.path}, deny: "
        f"{{serials: ['{leaf.serial}']}}, revoked_verdict: {verdict}}}",
        extra="headers: {preset: [x-cert, cloudflare, rfc9440, xfcc], set: "
        "{X-Revoked: '{cert.revoked}'}}\n")
    assert connect(gate, leaf).ask(get()).status == 200
    got = fields(origin.wait()[0])
    reason = got["x-cert-verify"]
    assert reason.startswith(verified[0].split(":")[0]), reason
    assert got["cf-cert-verified"] == verified[1]
    assert got["cf-cert-revoked"] == "true" and got["x-revoked"] == "1"
    assert not {"client-cert", "x-forwarded-client-cert"} & set(got)


def test_a_revoked_certificate_that_expired_is_failed_R14(
        gates, origin, pki, connect):
    gate = gates(
        origin, client_auth=f"{{mode: request_any, ca: {pki.ca.path}, deny: "
        f"{{serials: ['{pki.expired.serial}']}}, "
        "revoked_verdict: cloudflare}", extra="headers: {preset: cloudflare}\n")
    assert connect(gate, pki.expired).ask(get()).status == 200
    got = fields(origin.wait()[0])
    assert got["cf-cert-verified"] == "false"
    assert got["cf-cert-revoked"] == "true"
