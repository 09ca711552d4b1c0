"""Policies and routes with the real program (R7)."""

import ssl
import subprocess

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from client import Cut, get
from gate import BIN, wait_for

OU = NameOID.ORGANIZATIONAL_UNIT_NAME
CN = NameOID.COMMON_NAME

# the example of docs/policies.md
POLICIES = """
policies:
  staff:
    any:
      - subject_ou: [Platform, SRE]
      - san_email: ["*@ops.example.org"]
  payments:
    all:
      - issuer_dn: "CN=test ca,O=mtlsgate tests"
      - san_uri: ["spiffe://example.org/ns/payments/**"]
    none:
      - serial: ["4A110C"]
"""
ROUTES = """
routes:
  - name: probes
    match: {listener: [handed-over], path: /ping, methods: [GET, HEAD]}
    certificate: not_needed
    respond: {status: 204}
  - name: payments
    match: {host: api.example.org, path: /payments/**}
    policy: payments
    origin: payments
    timeouts: {origin_response: 120s}
    limits: {body: 1KiB}
  - name: everything-else
    match: {path: /**}
    policy_dry_run: staff
    origin: web
"""


def subject(*attributes):
    return x509.Name([x509.NameAttribute(oid, value)
                      for oid, value in attributes])


def sans(*names):
    return [(x509.SubjectAlternativeName(list(names)), False)]


@pytest.fixture(scope="session")
def people(pki):
    """Clients by what their certificates say."""
    return {
        "sre": pki.ca.issue("sre", subject=subject((OU, "SRE"),
                                                   (CN, "sre"))),
        "mail": pki.ca.issue("mail", extra=sans(
            x509.RFC822Name("ann@OPS.example.org"))),
        "pay": pki.ca.issue("pay", extra=sans(
            x509.UniformResourceIdentifier(
                "spiffe://example.org/ns/payments/sa/a"))),
        "dots": pki.ca.issue("dots", extra=sans(
            x509.UniformResourceIdentifier(
                "spiffe://example.org/ns/payments/../admin"))),
        "chained-pay": pki.intermediate.issue(
            "chained-pay", chain=[pki.intermediate], extra=sans(
                x509.UniformResourceIdentifier(
                    "spiffe://example.org/ns/payments/sa/a"))),
        # look-alikes: printed, each holds what a rule asks for
        "comma": pki.ca.issue("comma", subject=subject(
            (CN, "x,OU=SRE"))),
        "slash": pki.ca.issue("slash", subject=subject(
            (CN, "x/OU=SRE"))),
        "nul": pki.ca.issue("nul", subject=subject(
            (OU, "SRE\0.example"), (CN, "nul"))),
        "case": pki.ca.issue("case", subject=subject((OU, "sre"),
                                                     (CN, "case"))),
        "cn-ou": pki.ca.issue("cn-ou", subject=subject((CN, "SRE"))),
    }


@pytest.fixture
def two(gates, origins, pki):
    """The example, with two listeners and two origins."""
    web, pay = origins(), origins()

    def start(policies=POLICIES, routes=ROUTES, **kwargs):
        from gate import free_port
        port = free_port()
        extra = (policies + routes + "origins:\n"
                 f"  web: {{servers: ['{web.url}']}}\n"
                 f"  payments: {{servers: ['{pay.url}']}}\n")
        gate = gates("", extra, listeners=(
            f"  - {{name: handed-over, address: '127.0.0.1:{port}', "
            "client_auth: {mode: optional}}\n"), **kwargs)
        gate.optional_port = port
        return gate
    start.web, start.pay = web, pay
    return start


def policy_gate(gates, origin, condition, **kwargs):
    """One route that needs one policy."""
    return gates(origin, f"policies: {{p: {condition}}}\n"
                         "routes: [{name: only, policy: p}]\n", **kwargs)


def test_host_and_path_choose_between_two_origins(two, connect, people):
    gate = two()
    api = get("/payments/1?q=1", host="api.example.org")
    assert connect(gate, people["pay"]).ask(api).status == 200
    assert two.pay.wait()[0].target == "/payments/1?q=1"
    assert connect(gate, people["pay"]).ask(get("/payments/1")).status == 200
    assert two.web.wait()[0].target == "/payments/1"
    lines = gate.wait_access(2)
    assert [line["route"] for line in lines] == ["payments",
                                                 "everything-else"]
    assert (lines[0]["policy"], lines[0]["policy_verdict"]) == (
        "payments", "allowed")
    assert "policy" not in lines[1]


@pytest.mark.parametrize("name", ["sre", "good", "dots", "chained-pay"])
def test_a_policy_denies_whoever_it_does_not_name(
        two, connect, pki, people, name):
    """R7: neither a dot segment in the URI nor another issuer passes."""
    gate = two()
    leaf = people.get(name) or pki.good
    with connect(gate, leaf) as client:
        answer = client.ask(get("/payments/1", host="api.example.org"))
        assert answer.status == 403
        assert b"reason: policy" in answer.body
        # which policy it was is nobody's business outside
        assert b"payments" not in answer.body
        # the connection lives on for what is allowed
        assert client.ask(get("/other")).status == 200
    line = gate.wait_access(2)[0]
    assert (line["failure"], line["blame"]) == ("policy", "client")
    assert (line["policy"], line["policy_verdict"]) == ("payments", "denied")
    assert not two.pay.requests
    # the operator is told which one it was
    told = gate.admin_get("/refusals").decode()
    assert "policy payments of route payments does not hold" in told
    assert gate.metrics()["mtlsgate_policy_refusals_total"] == 1
    assert gate.metrics()[
        'mtlsgate_exchanges_failed_total{cause="policy"}'] == 1


@pytest.mark.parametrize("name,verdict", [
    ("sre", "allowed"), ("mail", "allowed"), ("good", "denied"),
    ("comma", "denied"), ("slash", "denied"), ("nul", "denied"),
    ("case", "denied"), ("cn-ou", "denied")])
def test_a_dry_run_tells_and_lets_pass(
        two, connect, pki, people, name, verdict):
    gate = two()
    leaf = people.get(name) or pki.good
    assert connect(gate, leaf).ask(get("/x")).status == 200
    line = gate.wait_access(1)[0]
    assert (line["dry_run"], line["dry_run_verdict"]) == ("staff", verdict)
    assert gate.metrics()["mtlsgate_policy_dry_run_refusals_total"] == (
        verdict == "denied")
    assert gate.metrics()["mtlsgate_policy_refusals_total"] == 0


@pytest.mark.parametrize("name,status", [
    ("sre", 200), ("mail", 200), ("good", 403), ("comma", 403),
    ("slash", 403), ("nul", 403), ("case", 403), ("cn-ou", 403)])
def test_look_alikes_are_denied(
        gates, origin, connect, pki, people, name, status):
    """R7: attributes are compared as values, never as a printed name."""
    gate = policy_gate(
        gates, origin,
        "{any: [{subject_ou: [Platform, SRE]}, "
        "{san_email: '*@ops.example.org'}]}")
    leaf = people.get(name) or pki.good
    assert connect(gate, leaf).ask(get()).status == status
    assert len(origin.requests) == (status == 200)


def test_none_is_not_satisfied_by_what_cannot_be_compared(
        gates, origin, connect, people):
    """R7: a NUL matches nothing, and clears nobody either."""
    gate = policy_gate(gates, origin, "{none: [{subject_ou: SRE}]}")
    assert connect(gate, people["nul"]).ask(get()).status == 403
    assert connect(gate, people["sre"]).ask(get()).status == 403
    assert connect(gate, people["cn-ou"]).ask(get()).status == 200


def test_a_probe_needs_no_certificate_and_no_origin(two, pki):
    from client import Client
    gate = two()
    with Client(gate.optional_port, pki) as client:
        answer = client.ask(get("/ping"))
        assert answer.status == 204
        assert not answer.all("Content-Length")
        assert client.ask(get("/ping/"), "GET").status == 204
        client.send(get("/ping").replace(b"GET", b"HEAD"))
        assert client.read("HEAD").status == 204
    line = gate.wait_access(3)[0]
    assert (line["route"], line["status"], line["verify"]) == (
        "probes", 204, "NONE")
    assert not two.web.requests and not two.pay.requests


def test_without_a_certificate_no_policy_holds(two, pki):
    from client import Client
    gate = two()
    with Client(gate.optional_port, pki) as client:
        answer = client.ask(get("/payments/1", host="api.example.org"))
        assert answer.status == 403
        assert client.ask(get("/x")).status == 200
    lines = gate.wait_access(2)
    assert lines[0]["failure"] == "certificate"
    assert lines[1]["dry_run_verdict"] == "denied"


@pytest.mark.parametrize("name", ["expired", "stranger"])
def test_a_certificate_that_failed_satisfies_nothing(
        gates, origin, pki, connect, name):
    """R7, in the mode that lets everybody in."""
    gate = gates(
        origin,
        "policies: {p: {all: [{subject_o: 'Acme, Inc.'}]}}\n"
        "routes: [{match: {path: /needs}, policy: p},\n"
        "  {match: {path: /cert}, certificate: required}, {}]\n",
        client_auth=f"{{ca: {pki.ca.path}, mode: request_any}}")
    with connect(gate, getattr(pki, name)) as client:
        for path in ("/needs", "/cert"):
            assert client.ask(get(path)).status == 403
        assert client.ask(get("/")).status == 200
    with connect(gate, pki.good) as client:
        for path in ("/needs", "/cert", "/"):
            assert client.ask(get(path)).status == 200


def test_the_host_that_the_origin_gets_is_the_one_judged(
        gates, origin, connect, pki):
    """R9: HTTP/1.0 without a Host goes out under the origin's name."""
    own = f"origins: {{web: {{servers: [http://localhost:{origin.port}]}}}}\n"
    gate = gates("", own + """
policies: {nobody: {all: [{subject_cn: nobody}]}}
routes:
  - {match: {host: localhost, path: /own/**}, policy: nobody}
  - {match: {path: /**}}
""")
    answer = connect(gate, pki.good).ask(b"GET /own/x HTTP/1.0\r\n\r\n")
    assert answer.status == 400
    assert b"reason: host-missing" in answer.body
    assert not origin.requests
    assert connect(gate, pki.good).ask(
        b"GET /other HTTP/1.0\r\n\r\n").status == 200
    assert origin.wait()[0].get("Host") == f"localhost:{origin.port}"


def test_what_no_route_takes_is_404(gates, origin, connect, pki):
    gate = gates(origin, "routes: [{match: {path: /a/*, host: localhost, "
                         "methods: GET}}]\n")
    with connect(gate, pki.good) as client:
        assert client.ask(get("/a/b")).status == 200
        for ask in (get("/a"), get("/a/b/c"), get("/a/b", host="x"),
                    get("/a/b").replace(b"GET", b"PUT")):
            answer = client.ask(ask)
            assert answer.status == 404
            assert b"reason: no-route" in answer.body
    assert len(origin.requests) == 1


def test_a_resumed_connection_is_judged_like_a_full_one(
        gates, origin, pki, people):
    """The bits are made anew from the certificate of the session."""
    import socket
    gate = policy_gate(gates, origin, "{any: [{san_uri: "
                       "'spiffe://example.org/ns/payments/**'}]}")
    for name, status in (("pay", b"200"), ("good", b"403")):
        leaf = people.get(name) or pki.good
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(pki.ca.path)
        context.load_cert_chain(leaf.cert, leaf.key)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        session = None
        for reused in (False, True):
            raw = socket.create_connection(("127.0.0.1", gate.port), 20)
            with context.wrap_socket(raw, server_hostname="localhost",
                                     session=session) as sock:
                assert sock.session_reused == reused
                sock.sendall(get(close=True))
                text = b""
                while piece := sock.recv(65536):
                    text += piece
                assert text.split(b" ")[1] == status
                session = sock.session


# ---- the path ----

BYPASS = [
    "/public/..%2fadmin", "/public%2f..%2fadmin", "/public/..%5cadmin",
    "/public/..;/admin", "/public/..;a=b/admin", "/public/.;/../admin",
    "/;/admin", "/public/;/admin", "/admin%00", "/admin%0a", "/admin%09x",
    "/public/%252e%252e/admin", "/public/%252fadmin",
    "/public/%25%32%65%25%32%65/admin", "/..%c0%afadmin", "/%c0%ae/admin",
    "/%e0%80%ae/admin", "/../admin", "/public/../../admin",
    "/%2e%2e/admin", "/admin%3b", "/admin%3Bx=y", "/admin%7f",
    # with the parameter it is no admin, without it is
    "/admin;x", "/admin;jsessionid=1", "/admin/;x/secret".replace(
        "/;x", ";x"),
]
SAME = [
    "/admin", "/admin/", "//admin", "/./admin", "/admin/.", "/x/../admin",
    "/%61dmin", "/%61%64%6d%69%6e", "/public/../admin", "/admin/x/..",
    "/public//../admin", "/x/%2e%2e/admin", "/public/%2e./admin",
    "/admin/secret", "/admin//secret", "/admin?x=/public", "/admin/?",
    "/admin#".rstrip("#"),
]
ADMIN = ("policies: {p: {any: [{subject_ou: SRE}]}}\n"
         "routes: [{name: admin, match: {path: /admin/**}, policy: p}, "
         "{name: rest}]\n")


@pytest.fixture(scope="module")
def admin(tmp_path_factory, pki):
    import pathlib
    import tempfile
    from gate import Gate
    from origin import Origin
    with tempfile.TemporaryDirectory(prefix="mg-") as place:
        origin = Origin()
        gate = Gate(pathlib.Path(place), pki, origin, ADMIN)
        gate.origin = origin
        yield gate
        gate.stop()
        origin.close()


@pytest.mark.parametrize("path", BYPASS)
def test_a_path_that_can_be_read_in_two_ways_is_refused(
        admin, connect, pki, path):
    before = len(admin.origin.requests)
    answer = connect(admin, pki.good).ask(get(path))
    assert answer.status == 400
    assert b"reason: path-ambiguous" in answer.body
    assert len(admin.origin.requests) == before


@pytest.mark.parametrize("path", SAME)
def test_every_spelling_of_a_path_meets_its_policy(
        admin, connect, pki, people, path):
    before = len(admin.origin.requests)
    assert connect(admin, pki.good).ask(get(path)).status == 403
    assert len(admin.origin.requests) == before
    assert connect(admin, people["sre"]).ask(get(path)).status == 200


@pytest.mark.parametrize("raw,target", [
    ("/a//b/./c/../d?x=//../%2f", "/a/b/d?x=//../%2f"),
    ("/%7euser/%c3%bc", "/~user/%C3%BC"), ("/a;x=1/b", "/a;x=1/b"),
    ("/a%20b", "/a%20b"), ("http://localhost", "/"),
    ("http://localhost?q", "/?q"), ("/ADMIN", "/ADMIN")])
def test_the_origin_gets_what_was_judged(admin, connect, pki, raw, target):
    assert connect(admin, pki.good).ask(get(raw)).status == 200
    wait_for("the request", lambda: admin.origin.requests)
    assert admin.origin.requests[-1].target == target


def test_asterisk_form_has_no_path(admin, connect, pki):
    answer = connect(admin, pki.good).ask(
        get("*").replace(b"GET", b"OPTIONS"))
    assert answer.status == 200
    assert admin.origin.requests[-1].line == "OPTIONS * HTTP/1.1"


def test_without_paths_in_routes_a_path_is_left_alone(
        gates, origin, connect, pki):
    gate = gates(origin, "routes: [{match: {host: localhost}}]\n")
    path = "/a//b/../%2f;x/%252e?y"
    assert connect(gate, pki.good).ask(get(path)).status == 200
    assert origin.wait()[0].target == path


# ---- a route's own settings ----

def post(path, length, chunked=False):
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n"
    if chunked:
        return (head + "Transfer-Encoding: chunked\r\n\r\n"
                f"{length:x}\r\n" + "x" * length + "\r\n0\r\n\r\n").encode()
    return (head + f"Content-Length: {length}\r\n\r\n"
            + "x" * length).encode()


def test_a_route_has_a_body_limit_of_its_own(gates, origin, connect, pki):
    gate = gates(origin, "limits: {body: 2KiB}\nroutes:\n"
                 "  - {match: {path: /small}, limits: {body: 1KiB}}\n"
                 "  - {match: {path: /large}, limits: {body: 4KiB}}\n"
                 "  - {}\n")
    for chunked in (False, True):
        for path, length, status in (
                ("/small", 1024, 200), ("/small", 1025, 413),
                ("/other", 2048, 200), ("/other", 2049, 413),
                ("/large", 4096, 200), ("/large", 4097, 413)):
            answer = connect(gate, pki.good).ask(
                post(path, length, chunked))
            assert answer.status == status, (path, length, chunked)


def test_a_route_has_timeouts_of_its_own(gates, origins, connect, pki):
    silent = origins(answer=lambda peer, request: peer.more())
    gate = gates(silent, "routes: [{match: {path: /fast}, timeouts: "
                         "{origin_response: 200ms}}, {}]\n")
    answer = connect(gate, pki.good).ask(get("/fast"))
    assert answer.status == 504
    assert b"reason: origin-timeout" in answer.body


def test_a_route_has_a_rule_for_odd_names_of_its_own(
        gates, origin, connect, pki):
    gate = gates(origin, "routes: [{match: {path: /grpc}, alias_headers: "
                         "pass}, {match: {path: /strict}, alias_headers: "
                         "reject}, {}]\n")
    with connect(gate, pki.good) as client:
        assert client.ask(get("/grpc", "x_id: 1")).status == 200
        assert client.ask(get("/", "x_id: 2")).status == 200
        assert client.ask(get("/strict", "x_id: 3")).status == 400
    assert [r.all("x_id") for r in origin.requests] == [["1"], []]


def test_respond_says_its_text(gates, origin, connect, pki):
    gate = gates(origin, "routes: [{match: {path: /gone}, respond: {status: "
                         "410, body: it moved}}, {}]\n")
    with connect(gate, pki.good) as client:
        answer = client.ask(get("/gone"))
        assert (answer.status, answer.body) == (410, b"it moved")
        assert answer.get("Content-Type") == "text/plain; charset=utf-8"
        # what was sent along is dropped, the connection serves on
        assert client.ask(post("/gone", 100)).status == 410
        assert client.ask(get("/")).status == 200


# ---- the configuration ----

def test_check_tells_what_can_never_apply(tmp_path, pki):
    config = tmp_path / "m.yaml"
    config.write_text(
        "listen: 127.0.0.1:1\nadmin: {address: none}\n"
        f"tls: {{cert: {pki.server.cert}, key: {pki.server.key}}}\n"
        f"client_auth: {{ca: {pki.ca.path}}}\norigin: unix:/o\n"
        "policies: {staff: {any: [{subject_uo: SRE}]}}\n")
    run = [str(BIN), "check", "--config", str(config)]
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode == 78
    assert 'did you mean "subject_ou"?' in done.stderr
    config.write_text(config.read_text().replace("uo", "ou") +
                      "routes: [{policy: stuff}, {match: {path: /x}}]\n")
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode == 78
    assert 'did you mean "staff"?' in done.stderr
    config.write_text(config.read_text().replace("stuff", "staff"))
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode == 78
    assert "routes.route2: can never match; route1" in done.stderr
