"""Real CAs, deep, crossed, re-keyed and limited: what is let through.

Each row is shown to the running program over TLS 1.2 and 1.3, on a listener
of mode require and on one of request_any, and asked of `mtlsgate explain`;
alert, log line, metric, header and explanation have to be of one mind.
"""

import json
import ssl
import subprocess

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ca_maker import KEYS, Cert, Shown, crl_of
from client import Client
from gate import BIN, Gate, free_port
from origin import Origin

SERVER = ExtendedKeyUsageOID.SERVER_AUTH
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
ALERTS = {42: "BAD_CERTIFICATE", 43: "UNSUPPORTED_CERTIFICATE",
          44: "CERTIFICATE_REVOKED", 45: "CERTIFICATE_EXPIRED",
          46: "CERTIFICATE_UNKNOWN", 48: "UNKNOWN_CA", 51: "DECRYPT_ERROR"}
OK = ("ok", 0, None, None)
UNKNOWN = "unable to get local issuer certificate"


def names(*items):
    return [x509.DNSName(i) for i in items]


def limits(permitted=None, excluded=None):
    return (x509.NameConstraints(permitted and names(*permitted),
                                 excluded and names(*excluded)), True)


def policies(*oids):
    return (x509.CertificatePolicies([
        x509.PolicyInformation(x509.ObjectIdentifier(o), None)
        for o in oids]), False)


def demand_policy(skip=0):
    return (x509.PolicyConstraints(skip, None), True)


def make_rows():
    """(cas that are configured, revoked, [(name, shown, word, depth, alert,
    reason, nearest miss)])"""
    root = Cert("Root", ca=True)
    second = Cert("Second Root", ca=True, key="p384")
    old = Cert("Rekeyed Root", ca=True)
    new = Cert("Rekeyed Root", ca=True)
    past = Cert("Past Root", ca=True, start=-9, end=-1)
    stranger = Cert("Stranger", ca=True)
    sub = [Cert("Sub 1", root, ca=True)]
    for depth in range(2, 6):
        sub.append(Cert(f"Sub {depth}", sub[-1], ca=True))
    short = Cert("Short", root, ca=True, path_len=0)
    below = Cert("Below Short", short, ca=True)
    crossed = Cert("Crossed", stranger, ca=True)
    crossed_too = Cert("Crossed", second, ca=True, like=crossed)
    crossed_old = Cert("Crossed", root, ca=True, like=crossed, start=-9,
                       end=-1)
    limited = Cert("Limited", root, ca=True,
                   extra=[limits(["example.org"], ["bad.example.org"])])
    dotted = Cert("Dotted", root, ca=True, extra=[limits([".example.org"])])
    strict = Cert("Strict", root, ca=True,
                  extra=[demand_policy(), policies("1.3.6.1.4.1.99999.7")])
    lenient = Cert("Lenient", root, ca=True, extra=[demand_policy(2)])
    below_lenient = Cert("Below Lenient", lenient, ca=True)
    mute = Cert("Mute", root, ca=True, extra=[demand_policy()])
    no_mapping = Cert("No Mapping", root, ca=True, extra=[
        (x509.PolicyConstraints(None, 0), True)])
    servers = Cert("Servers", root, ca=True, extra=[
        (x509.ExtendedKeyUsage([SERVER]), False)])
    no_ca = Cert("No CA", root)

    def leaf(issuer, **kwargs):
        return Cert("client", issuer, **kwargs)

    rows = [("depth 1", [leaf(root)], *OK)]
    for depth in range(1, 5):
        chain = sub[:depth][::-1]
        rows.append((f"depth {depth + 1}", [leaf(chain[0]), *chain], *OK))
    for kind in KEYS:
        ca = Cert(f"CA of {kind}", root, ca=True, key=kind)
        rows.append((f"{kind} under {kind}", [leaf(ca, key=kind), ca], *OK))
    revoked, revoked_expired = leaf(root), leaf(root, start=-9, end=-1)
    denied = leaf(root)
    deep = leaf(sub[2])
    in_order = [sub[2], sub[1], sub[0]]
    rows += [
        ("too deep", [leaf(sub[4]), *sub[::-1]],
         "chain_too_long", 5, 48, "certificate chain too long"),
        ("path length", [leaf(below), below, short],
         "path_length", 2, 48, "path length constraint exceeded"),
        ("wrong order", [deep, sub[0], sub[2], sub[1]], *OK),
        ("superfluous", [deep, *in_order, short, crossed], *OK),
        ("the root is sent, too", [deep, *in_order, root], *OK),
        ("twice the same", [deep, sub[2], *in_order], *OK),
        ("one missing in the middle", [deep, sub[2], sub[0]],
         "unknown_ca", 1, 48, UNKNOWN, "of the 3 certificates sent, 2 make"),
        ("no intermediate", [leaf(sub[0])], "unknown_ca", 0, 48, UNKNOWN,
         "intermediate missing: the client sent 1 certificate"),
        ("unknown CA", [leaf(stranger)], "unknown_ca", 0, 48, UNKNOWN,
         "issuer \"CN=Stranger,O=Chains\" is not among the 4 CAs loaded"),
        ("unknown CA, sent", [leaf(stranger), stranger], "unknown_ca", 1, 48,
         "self signed certificate in certificate chain",
         "is none of the 4 CAs loaded"),
        ("signed by itself", [Cert("client")], "self_signed", 0, 48,
         "self signed certificate", "the certificate is signed by itself"),
        ("re-keyed CA, its new key", [leaf(new)], *OK),
        ("re-keyed CA, its old key", [leaf(old)], "unknown_ca", 0, 48,
         UNKNOWN, "one has the same name but another key"),
        ("crossed, the bad path first",
         [leaf(crossed), crossed, crossed_too], *OK),
        ("crossed, the good path first",
         [leaf(crossed), crossed_too, crossed], *OK),
        ("crossed, one path over",
         [leaf(crossed), crossed_old, crossed_too], *OK),
        ("crossed, no path good", [leaf(crossed), crossed, crossed_old],
         "expired", 1, 45, "certificate has expired",
         "the CA \"CN=Crossed,O=Chains\" expired on"),
        ("expired", [leaf(root, start=-9, end=-1)], "expired", 0, 45,
         "certificate has expired", "expired on"),
        ("not yet valid", [leaf(root, start=1)], "not_yet_valid", 0, 42,
         "certificate is not yet valid", "is not valid before"),
        ("expired CA", [leaf(past)], "expired", 1, 45,
         "certificate has expired", "the CA \"CN=Past Root,O=Chains\""),
        ("a server's", [leaf(root, eku=SERVER)], "purpose", 0, 43,
         "unsupported certificate purpose", "it is a server's"),
        ("below a CA for servers", [leaf(servers), servers], "purpose", 1, 43,
         "unsupported certificate purpose", "is limited to other purposes"),
        ("issued by no CA", [leaf(no_ca), no_ca], "invalid_ca", 1, 48,
         "invalid CA certificate", "is no CA itself"),
        ("a name that is permitted",
         [leaf(limited, san=names("a.example.org")), limited], *OK),
        ("a name that is not",
         [leaf(limited, san=names("a.example.net")), limited],
         "name_constraint", 0, 46, "permitted subtree violation"),
        ("a name that is excluded",
         [leaf(limited, san=names("bad.example.org")), limited],
         "name_constraint", 0, 46, "excluded subtree violation"),
        ("a wildcard above what is excluded",
         [leaf(limited, san=names("*.example.org")), limited],
         "name_constraint", 0, 46, "wildcard name covers an excluded name"),
        ("a malformed name",
         [leaf(limited, san=names(".example.org")), limited],
         "name_constraint", 0, 46,
         "invalid name where a name constraint holds"),
        ("a constraint with a period",
         [leaf(dotted, san=names("a.example.org")), dotted],
         "name_constraint", 0, 46, "name constraint begins with a period"),
        ("a policy that is demanded",
         [leaf(strict, extra=[policies("1.3.6.1.4.1.99999.7")]), strict],
         *OK),
        ("another policy",
         [leaf(strict, extra=[policies("1.3.6.1.4.1.99999.8")]), strict],
         "policy", 0, 46, "no explicit policy"),
        ("a policy under a CA that has none",
         [leaf(mute, extra=[policies("1.3.6.1.4.1.99999.7")]), mute],
         "policy", 0, 46, "no explicit policy"),
        ("a policy that is demanded later", [leaf(lenient), lenient], *OK),
        ("a policy that is demanded now",
         [leaf(below_lenient), below_lenient, lenient],
         "policy", 0, 46, "no explicit policy"),
        ("no policy is mapped", [leaf(no_mapping), no_mapping], *OK),
        ("no policy", [leaf(strict), strict], "policy", 0, 46,
         "no explicit policy"),
        ("revoked", [revoked], "revoked", 0, 44, "certificate revoked"),
        ("revoked and expired", [revoked_expired], "revoked", 0, 44,
         "certificate revoked"),
        ("on the deny list", [denied], "denied", 0, 44,
         "certificate revoked"),
        ("too many certificates", [deep, *in_order, *[stranger] * 6],
         "too_large", 0, 46, "too many or too large certificates sent",
         "10 certificates were sent; at most max_depth + 4"),
    ]
    return [root, second, new, past], Revoked(
        root, [revoked, revoked_expired], denied), rows


class Revoked:
    """What the CRL of root lists, and one that is denied."""

    def __init__(self, issuer, certs, denied):
        self.crl = crl_of(issuer, certs)
        self.denied = denied.x509.serial_number

    def settings(self, place):
        (place / "root.crl").write_bytes(self.crl)
        return (f"crl: {{files: [{place}/root.crl], when_missing: allow}}, "
                f"deny: {{serials: ['{self.denied:x}']}}")


class House:
    """The program, with one listener for each mode and kind of key."""

    def __init__(self, place, pki):
        configured, revoked, rows = make_rows()
        self.dir = place
        self.pki = pki
        ca = place / "configured.pem"
        ca.write_bytes(b"".join(c.pem() for c in configured))
        self.rows = {row[0]: Row(place, n, row) for n, row in enumerate(rows)}
        self.ports = {"any": free_port()}
        listeners = (
            f"  - {{name: any, address: '127.0.0.1:{self.ports['any']}', "
            "client_auth: {mode: request_any}}\n")
        self.server_ca = Cert("Servers' Root", ca=True)
        for kind in KEYS:
            self.ports[kind] = free_port()
            listeners += self.listener(kind)
        self.origin = Origin()
        self.gate = Gate(
            place, pki, self.origin, client_auth=f"{{ca: {ca}, {revoked.settings(place)}}}",
            listeners=listeners,
            extra="logging: {level: debug, format: text, access: {enabled: "
                  "false}, rejections: {rate: 1000/s, burst: 1000}}\n")

    def listener(self, kind):
        server = Cert("localhost", self.server_ca, key=kind, eku=SERVER,
                      san=names("localhost"))
        shown = Shown(self.dir, f"server-{kind}", [server])
        return (f"  - {{name: {kind}, address: "
                f"'127.0.0.1:{self.ports[kind]}', tls: {{cert: "
                f"{shown.cert}, key: {shown.key}}}}}\n")

    def explain(self, row, listener=None):
        run = subprocess.run(
            [BIN, "explain", "--config", self.gate.config, "--cert",
             row.shown.cert, "--format", "json",
             *(["--listener", listener] if listener else [])],
            capture_output=True, text=True)
        assert run.returncode in (0, 1), run.stderr
        told = json.loads(run.stdout)
        assert told["allowed"] == (run.returncode == 0)
        return told

    def ask(self, row, port, version, **kwargs):
        with Client(port, self.pki, row.shown, versions=version,
                    **kwargs) as client:
            return client.ask(REQUEST)

    def refused(self, word):
        return self.gate.metrics().get(
            f'mtlsgate_certificates_refused_total{{reason="{word}"}}', 0)

    def close(self):
        self.gate.stop()
        self.origin.close()


class Row:
    def __init__(self, place, number, row):
        self.what, certs, self.word, self.depth, self.alert, *rest = row
        self.reason, self.miss = (rest + [None, None])[:2]
        self.ok = self.word == "ok"
        self.shown = Shown(place, f"row-{number}", certs)

    @property
    def verify(self):
        return "SUCCESS" if self.ok else f"FAILED:{self.reason}"


@pytest.fixture(scope="module")
def house(pki, tmp_path_factory):
    import pathlib
    import shutil
    import tempfile
    place = pathlib.Path(tempfile.mkdtemp(prefix="mg-"))
    made = House(place, pki)
    yield made
    made.close()
    shutil.rmtree(place)


WHATS = [row[0] for row in make_rows()[2]]


@pytest.mark.parametrize("what", WHATS)
def test_require_lets_through_what_is_good(house, what):
    row = house.rows[what]
    for version in VERSIONS:
        before, at = house.refused(row.word), len(house.gate.log())
        if row.ok:
            assert house.ask(row, house.gate.port, version).status == 200
            got = house.origin.requests[-1]
            assert got.get("X-CERT-VERIFY") == "SUCCESS"
            continue
        with pytest.raises(ssl.SSLError) as error:
            house.ask(row, house.gate.port, version)
        assert error.value.reason.endswith(f"ALERT_{ALERTS[row.alert]}")
        house.gate.wait_log("certificate_refused")
        line = [text for text in house.gate.log()[at:].splitlines()
                if "certificate_refused" in text][-1]
        assert f" code={row.word} " in line
        assert f" depth={row.depth} " in line
        assert house.refused(row.word) == before + 1


@pytest.mark.parametrize("what", WHATS)
def test_request_any_forwards_the_reason(house, what):
    row = house.rows[what]
    for version in VERSIONS:
        assert house.ask(row, house.ports["any"], version).status == 200
        got = house.origin.requests[-1]
        assert got.get("X-CERT-PRESENTED") == "1"
        assert got.get("X-CERT-VERIFY") == row.verify


@pytest.mark.parametrize("what", WHATS)
def test_explain_says_the_same(house, what):
    row = house.rows[what]
    told = house.explain(row)
    assert told["allowed"] == row.ok
    assert told["code"] == (None if row.ok else row.word), told
    if not row.ok:
        assert told["depth"] == row.depth
        assert told["reason"] == row.reason
        assert told["alert"]["number"] == row.alert
        assert told["todo"]
        assert "fail" in [step["state"] for step in told["steps"]]
    if row.miss:
        assert any(row.miss in note for note in told["notes"]), told["notes"]
    told = house.explain(row, "any")
    assert told["allowed"]
    assert told["x_cert_verify"] == row.verify


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("version", VERSIONS)
def test_servers_of_each_kind_of_key_serve(house, kind, version):
    row = house.rows["depth 3"]
    ca = house.dir / "servers.pem"
    ca.write_bytes(house.server_ca.pem())

    class Trusting:
        class ca:
            path = ca
    with Client(house.ports[kind], Trusting, row.shown,
                versions=version) as client:
        assert client.ask(REQUEST).status == 200
