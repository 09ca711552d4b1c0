"""Names: which certificate a server name gets, and which request may come on
its connection (R15); stapling for each of them."""

import re
import socket
import ssl
import subprocess

import pytest

from client import Client, get
from gate import BIN, free_port, wait_for
from pki import DAY, SERVER, now

VERSIONS = ["-tls1_2", "-tls1_3"]


class Names:
    """Certificates of servers, and the tls section that shows them."""

    def __init__(self, pki):
        ca = pki.ca
        self.default = ca.issue("n-default", SERVER, names=["default.example",
                                                            "127.0.0.1"])
        www = ["www.example.org", "example.org"]
        self.www_rsa = ca.issue("n-www-rsa", SERVER, key="rsa", names=www)
        self.www_ec = ca.issue("n-www-ec", SERVER, names=www)
        self.wild = pki.intermediate.issue(
            "n-wild", SERVER, names=["*.example.org"],
            chain=[pki.intermediate])

    def leaves(self):
        return [self.default, self.www_rsa, self.www_ec, self.wild]

    def tls(self, more="", extra=None):
        extra = extra or {}
        return "tls: {certificates: [" + ", ".join(
            f"{{cert: {leaf.cert}, key: {leaf.key}{extra.get(leaf, '')}}}"
            for leaf in self.leaves()) + f"]{more}}}"


@pytest.fixture(scope="module")
def names(pki):
    return Names(pki)


@pytest.fixture
def named(gates, origin, names):
    """named(more keys of tls, **Gate) -> a gate that shows them all."""
    def make(more="", tls=None, listeners=None, **kwargs):
        gate = gates(origin, **kwargs)
        gate.stop()
        gate.text = re.sub(r"(?m)^tls: .*$",
                           lambda _: tls or names.tls(more), gate.text)
        if listeners:
            gate.text = re.sub(
                r"(?m)^listen: .*$",
                lambda _: listeners.replace("PORT", str(gate.port)),
                gate.text)
        gate.config.write_text(gate.text)
        gate.start()
        return gate
    return make


def s_client(gate, pki, *options, name=None, leaf=None, data=b""):
    """What openssl says of a handshake, and of the answer to data."""
    leaf = leaf or pki.good
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{gate.port}",
               "-CAfile", pki.ca.path, "-cert", leaf.cert, "-key", leaf.key,
               *(["-servername", name] if name else ["-noservername"]),
               *options]
    if data:
        command.append("-ign_eof")
    done = subprocess.run(command, input=data, capture_output=True,
                          timeout=60)
    return (done.stdout + done.stderr).decode(errors="replace")


def subject(text):
    found = re.search(r"(?m)^subject=.*CN = (.*)$", text)
    return found and found.group(1)


def curl(gate, pki, url, *options):
    return subprocess.run(
        ["curl", "-sS", "--max-time", "30", "--cacert", pki.ca.path,
         "--cert", pki.good.cert, "--key", pki.good.key,
         *[word for host in ("default.example", "www.example.org",
                             "api.example.org", "example.org",
                             "nobody.example")
           for word in ("--resolve", f"{host}:{gate.port}:127.0.0.1")],
         *options, url.replace("PORT", str(gate.port))],
        capture_output=True, text=True, timeout=60)


# ---- which certificate ----

@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name, shown", [
    (None, "n-default"), ("default.example", "n-default"),
    ("nobody.example", "n-default"), ("www.example.org", "n-www-ec"),
    ("EXAMPLE.org", "n-www-ec"), ("api.example.org", "n-wild"),
    ("a.b.example.org", "n-default")])
def test_a_server_name_gets_its_certificate_R15(named, pki, name, shown,
                                                version):
    text = s_client(named(), pki, version, name=name)
    assert subject(text) == shown, text
    assert "Verification: OK" in text, text


@pytest.mark.parametrize("version, options, shown", [
    ("-tls1_3", ["-sigalgs", "rsa_pss_rsae_sha256:rsa_pkcs1_sha256"],
     "n-www-rsa"),
    ("-tls1_3", ["-sigalgs", "ecdsa_secp256r1_sha256"], "n-www-ec"),
    ("-tls1_2", ["-cipher", "ECDHE-RSA-AES128-GCM-SHA256"], "n-www-rsa"),
    ("-tls1_2", ["-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], "n-www-ec")])
def test_rsa_and_ecdsa_stand_side_by_side(named, pki, version, options,
                                          shown):
    text = s_client(named(), pki, version, *options, name="www.example.org",
                    leaf=pki.rsa if "rsa" in shown else pki.good)
    assert subject(text) == shown, text


def test_clients_verify_each_name(named, pki, origin):
    gate = named()
    for host in ("default.example", "www.example.org", "api.example.org"):
        done = curl(gate, pki, f"https://{host}:PORT/", "-o", "/dev/null",
                    "-w", "%{http_code} %{ssl_verify_result}")
        assert done.stdout == "200 0", done.stderr
    done = curl(gate, pki, "https://nobody.example:PORT/")
    assert done.returncode == 60, done.stderr  # not in the default one


@pytest.mark.parametrize("version, words", [
    ("-tls1_2", "unrecognized name"), ("-tls1_3", "unrecognized name")])
def test_an_unknown_name_is_rejected_and_told_R15(named, pki, version, words):
    gate = named(", unknown_server_name: reject")
    text = s_client(gate, pki, version, name="nobody.example")
    assert "alert number 112" in text and words in text, text
    gate.wait_log('sni=nobody.example')
    assert subject(s_client(gate, pki, version)) == "n-default"
    assert subject(s_client(gate, pki, version, name="x.example.org")
                   ) == "n-wild"


# ---- which request ----

def asked(pki, gate, name, host):
    with Client(gate.port, pki, pki.good, server_name=name) as client:
        return client.ask(get(host=host))


@pytest.mark.parametrize("more", ["", ", unknown_server_name: reject"])
def test_a_request_for_another_group_is_misdirected_R15(named, pki, origin,
                                                        more):
    gate = named(more)
    strict = bool(more)
    for name, host, status in [
            ("www.example.org", "www.example.org", 200),
            ("www.example.org", "WWW.EXAMPLE.ORG.", 200),
            ("www.example.org", f"example.org:{gate.port}", 200),
            ("www.example.org", "api.example.org", 421),
            ("www.example.org", "default.example", 421),
            ("www.example.org", "127.0.0.1", 421),
            ("www.example.org", "nobody.example", 421 if strict else 200),
            ("api.example.org", "other.example.org", 200),
            ("api.example.org", "www.example.org:443", 421),
            ("default.example", "default.example:1", 200),
            ("default.example", "www.example.org", 421),
            ("127.0.0.1", "127.0.0.1", 200),
            ("127.0.0.1", "www.example.org", 421)]:
        answer = asked(pki, gate, name, host)
        assert answer.status == status, (name, host)
        if status == 421:
            assert b"reason: misdirected" in answer.body


def test_a_misdirected_request_reaches_no_origin_and_is_counted_R15(
        named, pki, origin):
    gate = named()
    with Client(gate.port, pki, pki.good,
                server_name="www.example.org") as client:
        # the connection is good for its own names, before and behind it
        assert client.ask(get("/one", host="www.example.org")).status == 200
        assert client.ask(get("/two", host="api.example.org")).status == 421
        assert client.ask(get("/three", host="example.org")).status == 200
    assert [r.target for r in origin.wait(2)] == ["/one", "/three"]
    line = gate.wait_access(3)[1]
    assert line["failure"] == "misdirected" and line["status"] == 421
    wait_for("the count", lambda: gate.metrics()[
        'mtlsgate_exchanges_failed_total{cause="misdirected"}'] == 1)


def test_curl_that_reuses_a_connection_for_another_host_hears_421_R15(
        named, pki, origin):
    gate = named()
    done = curl(gate, pki, "https://www.example.org:PORT/", "-H",
                "Host: api.example.org", "-w", "%{http_code}")
    assert done.stdout.endswith("421"), done.stdout
    assert "another server name" in done.stdout


def test_a_name_that_is_not_sent_is_the_default_group_R15(named, pki, origin):
    gate = named()
    for host, status in [("default.example", "200"),
                         ("nobody.example", "200"),
                         ("www.example.org", "421")]:
        text = s_client(gate, pki, "-quiet", data=get(
            host=host, close=True))
        assert f"HTTP/1.1 {status} " in text, text


def test_one_certificate_serves_every_authority(gate, pki, connect):
    client = connect(gate, pki.good)
    for host in ("localhost", "any.example", "[::1]:99"):
        assert client.ask(get(host=host)).status == 200


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2,
                                     ssl.TLSVersion.TLSv1_3])
def test_a_resumed_connection_stays_in_its_group_R15(named, pki, origin,
                                                     version):
    gate = named()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(pki.ca.path)
    context.load_cert_chain(pki.good.cert, pki.good.key)
    context.minimum_version = context.maximum_version = version

    def visit(name, host, session=None):
        """(status, was it resumed?, the session)"""
        with context.wrap_socket(
                socket.create_connection(("127.0.0.1", gate.port), 20),
                server_hostname=name, session=session) as tls:
            tls.sendall(get(host=host, close=True))
            status = int(tls.recv(65536).split(b" ")[1])
            return status, tls.session_reused, tls.session
    status, resumed, session = visit("www.example.org", "www.example.org")
    assert (status, resumed) == (200, False)
    for host, status in [("api.example.org", 421), ("default.example", 421),
                         ("example.org", 200)]:
        assert visit("www.example.org", host, session)[:2] == (status, True)
    # under another name there is no resumption, and that name's group
    for host, status in [("api.example.org", 200), ("www.example.org", 421)]:
        assert visit("api.example.org", host, session)[:2] == (status, False)


# ---- what does not change by name ----

def test_client_auth_is_the_listeners_own_whatever_the_name_R15(
        named, pki, names, origin):
    ports = {"strict": None, "lax": free_port(), "other": free_port()}
    gate = named(listeners=(
        "listeners:\n"
        "  - {name: strict, address: '127.0.0.1:PORT'}\n"
        f"  - {{name: lax, address: '127.0.0.1:{ports['lax']}',"
        " client_auth: {mode: optional}}\n"
        f"  - {{name: other, address: '127.0.0.1:{ports['other']}',"
        f" client_auth: {{ca: {pki.other.path}}}}}"))
    ports["strict"] = gate.port
    for name in ("default.example", "www.example.org", "api.example.org"):
        def status(listener, leaf):
            with Client(ports[listener], pki, leaf,
                        server_name=name) as client:
                return client.ask(get(host=name)).status
        assert status("strict", pki.good) == 200
        assert status("lax", pki.good) == 200
        assert status("lax", None) == 200
        assert status("other", pki.stranger) == 200
        for listener, leaf in [("strict", None), ("strict", pki.stranger),
                               ("lax", pki.stranger), ("other", pki.good)]:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                status(listener, leaf)


def test_the_selftest_asks_for_a_name_of_the_first_certificate_R15(
        names, pki, tmp_path):
    config = tmp_path / "m.yaml"
    config.write_text(
        "listen: 127.0.0.1:1\n" + names.tls(", unknown_server_name: reject")
        + f"\nclient_auth: {{ca: {pki.ca.path}}}\n"
        "origin: http://127.0.0.1:1\nadmin: {address: none}\n")
    done = subprocess.run(
        [BIN, "selftest", "--config", config, "--cert", pki.good.cert,
         "--key", pki.good.key], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no forged header arrived" in done.stdout


# ---- stapling ----

def response(issuer, leaf, start, end, status="GOOD"):
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509 import ocsp
    built = ocsp.OCSPResponseBuilder().add_response(
        cert=leaf.x509, issuer=issuer.cert, algorithm=hashes.SHA1(),
        cert_status=getattr(ocsp.OCSPCertStatus, status), this_update=start,
        next_update=end, revocation_time=None, revocation_reason=None
    ).responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.cert).sign(
        issuer.key, hashes.SHA256())
    return built.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_fresh_response_is_stapled_to_its_certificate(
        named, names, pki, tmp_path, version):
    files = {}
    for leaf, issuer in [(names.www_ec, pki.ca),
                         (names.wild, pki.intermediate)]:
        path = tmp_path / (leaf.cert.stem + ".ocsp")
        path.write_bytes(response(issuer, leaf, now() - DAY, now() + DAY))
        files[leaf] = f", ocsp_file: {path}"
    gate = named(tls=names.tls(extra=files))
    for name, serial in [("www.example.org", names.www_ec.serial),
                         ("api.example.org", names.wild.serial)]:
        text = s_client(gate, pki, version, "-status", name=name)
        assert "OCSP Response Status: successful" in text, text
        assert f"Serial Number: {serial}" in text, text
        assert "Cert Status: good" in text
    for name in (None, "default.example"):
        text = s_client(gate, pki, version, "-status", name=name)
        assert "OCSP response: no response sent" in text, text
    # nobody is told who did not ask
    text = s_client(gate, pki, version, name="www.example.org")
    assert "OCSP Response" not in text


def test_a_stale_response_is_told_and_not_stapled(named, names, pki,
                                                  tmp_path):
    path = tmp_path / "stale.ocsp"
    path.write_bytes(response(pki.ca, names.default, now() - 2 * DAY,
                              now() - DAY))
    gate = named(tls=names.tls(
        extra={names.default: f", ocsp_file: {path}"}))
    assert "is stale, it is not stapled" in gate.log()
    text = s_client(gate, pki, "-status")
    assert "OCSP response: no response sent" in text


@pytest.mark.parametrize("spoil, words", [
    (lambda good, other: b"", "is empty"),
    (lambda good, other: good[:-1], "is no OCSP response in DER form"),
    (lambda good, other: b"-----BEGIN X-----\n", "it is PEM"),
    (lambda good, other: b"\x30\x03\x0a\x01\x03", "responder's error"),
    (lambda good, other: other, "is not about this certificate")])
def test_a_response_that_is_of_no_use_is_refused_R11(
        names, pki, tmp_path, spoil, words):
    path = tmp_path / "bad.ocsp"
    path.write_bytes(spoil(
        response(pki.ca, names.default, now() - DAY, now() + DAY),
        response(pki.ca, names.www_ec, now() - DAY, now() + DAY)))
    config = tmp_path / "m.yaml"
    config.write_text(
        "listen: 127.0.0.1:1\n"
        f"tls: {{certificates: [{{cert: {names.default.cert}, key: "
        f"{names.default.key}, ocsp_file: {path}}}]}}\n"
        f"client_auth: {{ca: {pki.ca.path}}}\norigin: unix:/o\n")
    done = subprocess.run([BIN, "check", "--config", config],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 78, done.stderr
    assert words in done.stderr
    assert "tls.certificates[0].ocsp_file" in done.stderr
