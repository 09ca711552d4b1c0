"""What the origin reads in a certificate header is true (R1-R6, R12, R13)."""

import datetime
import ssl

import pytest

from client import get
from gate import wait_for
from pki import now

NAMES = ["X-CERT-PRESENTED", "X-CERT-VERIFY", "X-CERT-ISSUER-DN",
         "X-CERT-SUBJECT-DN", "X-CERT-ISSUER-DN-L", "X-CERT-SUBJECT-DN-L",
         "X-CERT-SERIAL", "X-CERT-FINGER", "X-CERT-NOTBE", "X-CERT-NOTAF"]

# every one of these names folds to something that only mtlsgate may say (R1)
FORGED = ["X-CERT-VERIFY", "x-cert-verify", "x_cert_verify", "X.Cert.Verify",
          "X-CERT_SUBJECT-DN", "X-Cert-Anything", "x!cert!finger",
          "X~CERT~SERIAL", "Client-Cert", "client_cert_chain",
          "X-Forwarded-Client-Cert", "X-SSL-Client-Verify",
          "x_ssl_client_s_dn", "Cf-Cert-Verified", "X-Amzn-Mtls-Clientcert",
          "X-Forwarded-For", "X-Forwarded-Proto", "x_forwarded_for",
          "Forwarded", "Via", "X-Request-Id"]


def gmt(time):
    return time.strftime("%b ") + f"{time.day:2d}" + time.strftime(
        " %H:%M:%S %Y GMT")


def fields_of(leaf, issuer="test ca"):
    cert = leaf.x509
    return {
        "X-CERT-PRESENTED": "1",
        "X-CERT-VERIFY": "SUCCESS",
        "X-CERT-ISSUER-DN": f"CN={issuer},O=mtlsgate tests",
        "X-CERT-SUBJECT-DN": f"CN={leaf.cert.stem},O=Acme\\, Inc.,C=US",
        "X-CERT-ISSUER-DN-L": f"/O=mtlsgate tests/CN={issuer}",
        "X-CERT-SUBJECT-DN-L": f"/C=US/O=Acme, Inc./CN={leaf.cert.stem}",
        "X-CERT-SERIAL": leaf.serial,
        "X-CERT-FINGER": leaf.sha1,
        "X-CERT-NOTBE": gmt(cert.not_valid_before),
        "X-CERT-NOTAF": gmt(cert.not_valid_after)}


def certificate_fields(request):
    return [(n, v) for n, v in request.fields
            if n.lower().startswith("x-cert-")]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2,
                                     ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("name", ["good", "no_eku", "rsa", "chained"])
def test_the_ten_headers_are_true_and_each_there_once(
        gate, origin, pki, connect, name, version):
    leaf = getattr(pki, name)
    issuer = "test intermediate" if name == "chained" else "test ca"
    assert connect(gate, leaf, versions=version).ask(get()).status == 200
    request = origin.wait()[0]
    assert certificate_fields(request) == list(
        fields_of(leaf, issuer).items())


def test_every_forged_spelling_is_removed_R1_R2(gate, origin, pki, connect):
    lines = [f"{name}: forged" for name in FORGED]
    client = connect(gate, pki.good)
    assert client.ask(get("/", *lines, "X-Kept: yes")).status == 200
    request = origin.wait()[0]
    assert b"forged" not in request.raw_head
    assert request.get("X-Kept") == "yes"
    assert dict(certificate_fields(request)) == fields_of(pki.good)
    (record,) = gate.wait_access(1)
    stripped = str(record)
    assert "x_cert_verify" in stripped
    metrics = gate.metrics()
    assert any("strip" in k and v >= len(FORGED) - 1
               for k, v in metrics.items()), metrics


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_header_of_any_name_does_not_arrive_R1(
        gate, origin, pki, connect, name):
    field = f"{name}: forged"
    assert connect(gate, pki.good).ask(get("/", field, field)).status == 200
    assert b"forged" not in origin.wait()[0].raw_head


def test_connection_cannot_nominate_a_certificate_header_R4(
        gate, origin, pki, connect):
    client = connect(gate, pki.good)
    assert client.ask(get(
        "/", "Connection: keep-alive, X-CERT-VERIFY, X-Forwarded-For, "
        "X-Request-Id", "X-CERT-VERIFY: forged")).status == 200
    request = origin.wait()[0]
    assert dict(certificate_fields(request)) == fields_of(pki.good)
    assert request.get("X-Forwarded-For") == "127.0.0.1"
    assert "X-CERT-VERIFY" not in " ".join(request.all("Connection"))


def test_trailers_are_stripped_R5(gate, origin, pki, connect):
    client = connect(gate, pki.good)
    answer = client.ask(
        b"POST / HTTP/1.1\r\nHost: localhost\r\n"
        b"Transfer-Encoding: chunked\r\n"
        b"Trailer: X-CERT-VERIFY, X-Checksum\r\n\r\n"
        b"2\r\nhi\r\n0\r\nX-CERT-VERIFY: forged\r\nx_cert_serial: forged\r\n"
        b"X-Checksum: abc\r\n\r\n")
    assert answer.status == 200
    request = origin.wait()[0]
    assert request.trailers == [("X-Checksum", "abc")]
    assert request.body == b"hi"
    assert "X-CERT" not in " ".join(request.all("Trailer")).upper()


def test_the_certificate_headers_stand_last_R3(gate, origin, pki, connect):
    connect(gate, pki.good).ask(get("/", "A: 1", "Zz: 2"))
    names = [n for n, _ in origin.wait()[0].fields]
    at = names.index("X-CERT-PRESENTED")
    assert names[at:at + 10] == NAMES
    assert not {"a", "zz", "via", "x-forwarded-for"} & {
        n.lower() for n in names[at:]}


@pytest.mark.parametrize("mode", ["optional", "request_any", "disabled"])
def test_without_a_certificate_the_verdict_is_none(
        gates, origin, pki, connect, mode):
    ca = "" if mode == "disabled" else f", ca: {pki.ca.path}"
    gate = gates(origin, client_auth=f"{{mode: {mode}{ca}}}")
    leaf = pki.good if mode == "disabled" else None
    assert connect(gate, leaf).ask(get("/", "X-CERT-VERIFY: SUCCESS"))\
        .status == 200
    values = dict(certificate_fields(origin.wait()[0]))
    assert values.pop("X-CERT-PRESENTED") == "0"
    assert values.pop("X-CERT-VERIFY") == "NONE"
    assert len(values) == 8 and not any(values.values())


def test_empty_headers_are_left_out_when_asked(gates, origin, pki, connect):
    gate = gates(origin, client_auth=f"{{mode: optional, ca: {pki.ca.path}}}",
                 extra="headers: {empty: omit}\n")
    connect(gate).ask(get())
    assert certificate_fields(origin.wait()[0]) == [
        ("X-CERT-PRESENTED", "0"), ("X-CERT-VERIFY", "NONE")]


BAD = {
    "expired": ("certificate has expired", "EXPIRED"),
    "future": ("certificate is not yet valid", "BAD_CERTIFICATE"),
    "server_only": ("unsupported certificate purpose",
                    "UNSUPPORTED_CERTIFICATE"),
    "stranger": (None, "UNKNOWN_CA|DECRYPT"),
    "unchained": (None, "UNKNOWN_CA"),
}


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2,
                                     ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("name", BAD)
def test_request_any_lets_every_reason_through(
        gates, origin, pki, connect, name, version):
    gate = gates(origin, client_auth=f"{{mode: request_any, ca: "
                 f"{pki.ca.path}}}")
    leaf = getattr(pki, name)
    assert connect(gate, leaf, versions=version).ask(get()).status == 200
    values = dict(certificate_fields(origin.wait()[0]))
    verdict = values["X-CERT-VERIFY"]
    assert verdict.startswith("FAILED:")
    if BAD[name][0]:
        assert verdict == f"FAILED:{BAD[name][0]}"
    assert values["X-CERT-FINGER"] == leaf.sha1


@pytest.mark.parametrize("mode", ["require", "optional"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2,
                                     ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("name", BAD)
def test_a_bad_certificate_is_refused_with_its_alert(
        gates, origin, pki, connect, name, version, mode):
    import re
    gate = gates(origin,
                 client_auth=f"{{mode: {mode}, ca: {pki.ca.path}}}")
    with pytest.raises(ssl.SSLError) as told:
        connect(gate, getattr(pki, name), versions=version).ask(get())
    assert re.search(BAD[name][1], told.value.reason), told.value
    gate.wait_log(getattr(pki, name).sha1 and name.replace("_", "-"))
    assert not origin.requests
    line = [li for li in gate.log().splitlines()
            if f"CN={name.replace('_', '-')}" in li][0]
    for key in ("reason", "depth", "subject", "issuer", "serial", "sha256",
                "not_before", "not_after", "sent", "sni", "client", "conn"):
        assert key in line, f"{key} is missing in: {line}"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2,
                                     ssl.TLSVersion.TLSv1_3])
def test_no_certificate_is_refused_with_its_alert(
        gate, origin, connect, version):
    with pytest.raises(ssl.SSLError) as told:
        connect(gate, versions=version).ask(get())
    word = ("CERTIFICATE_REQUIRED" if version == ssl.TLSVersion.TLSv1_3
            else "HANDSHAKE_FAILURE")
    assert word in told.value.reason
    assert not origin.requests


def test_a_connection_ends_with_its_certificate_R13(
        gate, origin, pki, connect):
    leaf = pki.ca.issue("short", end=now() + datetime.timedelta(seconds=4))
    client = connect(gate, leaf)
    assert client.ask(get()).status == 200
    assert client.ended()
    assert datetime.datetime.utcnow() >= leaf.x509.not_valid_after
    with pytest.raises(ssl.SSLError):
        connect(gate, leaf).ask(get())
    assert wait_for("the metric", lambda: any(
        "expired" in k and v >= 1 for k, v in gate.metrics().items()))


def test_aliases_may_be_refused_or_passed(gates, origin, pki, connect):
    gate = gates(origin, extra="headers: {alias_headers: reject}\n")
    answer = connect(gate, pki.good).ask(get("/", "my_field: 1"))
    assert answer.status == 400 and b"alias-name" in answer.body
    assert not origin.requests
    gate = gates(origin, extra="headers: {alias_headers: pass}\n")
    answer = connect(gate, pki.good).ask(
        get("/", "my_field: 1", "x_cert_verify: forged"))
    assert answer.status == 200
    request = origin.wait()[0]
    assert request.get("my_field") == "1"
    assert b"forged" not in request.raw_head
