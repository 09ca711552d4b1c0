"""Explain agrees with the daemon: each case is asked of a running instance
and of `mtlsgate explain`, and both must tell the same."""

import json
import re
import socket
import ssl
import subprocess

import pytest

from client import Client
from gate import BIN, Gate, free_port, wait_for
from origin import Origin
from pki import DAY, SERVER, Issuer, now

LISTENERS = {
    "require": "",
    "strict": "tls: {unknown_server_name: reject}",
    "optional": "client_auth: {mode: optional}",
    "any": "client_auth: {mode: request_any}",
    "http": "client_auth: {reject_with: http}",
    "off": "client_auth: {mode: disabled}",
}
RULES = """
policies:
  staff: {all: [{subject_cn: [good, rsa]}]}
  nobody: {any: [{subject_cn: nobody}, {san_dns: nobody.example}]}
routes:
  - {name: ping, match: {path: /ping}, certificate: not_needed,
     respond: {status: 204}}
  - {name: gone, match: {path: /gone/**}, respond: {status: 410, body: gone}}
  - {name: staff, match: {path: /staff/**, methods: [GET, HEAD]},
     policy: staff}
  - {name: needed, match: {path: /needed/**}, certificate: required}
  - {name: dry, match: {path: /dry/**}, policy_dry_run: nobody}
  - {name: nobody, match: {path: /nobody/**}, policy: nobody}
  - {name: open, match: {path: /open/**}, certificate: not_needed}
  - {name: two, match: {host: two.example, path: /two/**}}
  - {name: near, match: {listener: require, path: /near/**}}
  - {name: origin, match: {host: 127.0.0.1, path: /ten/**}}
  - {name: ten, match: {path: /ten/**}}
limits: {request_line: 2KiB}
"""


class Later(Gate):
    """One that is started when its configuration is complete."""

    complete = False

    def start(self, wait=True):
        if self.complete:
            super().start(wait)


class World:
    """A running instance with a listener of each kind, its certificates of
    servers, and clients of every fate."""

    def __init__(self, directory, pki):
        self.pki = pki
        self.origin = Origin()
        self.one = pki.ca.issue("e-one", SERVER, names=["one.example",
                                                        "127.0.0.1"])
        self.two = pki.ca.issue("e-two", SERVER,
                                names=["two.example", "*.two.example",
                                       "127.0.0.2"])
        unknown = Issuer(directory, "unknown ca")
        self.leaves = {
            "none": None, "revoked": pki.ca.issue("revoked"),
            "denied": pki.ca.issue("denied"),
            "nobody": unknown.issue("nobody"),
            "later": pki.ca.issue("later", start=now() + 2 * DAY)}
        crl, of_sub = directory / "ca.crl", directory / "sub.crl"
        crl.write_bytes(pki.ca.crl(self.leaves["revoked"]))
        of_sub.write_bytes(pki.intermediate.crl())
        auth = (f"{{ca: {pki.ca.path}, crl: {{files: [{crl}, {of_sub}]}}, "
                f"deny: {{serials: ['{self.leaves['denied'].serial}']}}}}")
        self.ports = {name: free_port() for name in LISTENERS}
        self.gate = Later(directory, pki, self.origin, RULES,
                          client_auth=auth)
        listeners = "".join(
            f"  - {{name: {name}, address: '127.0.0.1:{self.ports[name]}'"
            f"{', ' + more if more else ''}}}\n"
            for name, more in LISTENERS.items())
        text = re.sub(r"(?m)^listen: .*$", f"listeners:\n{listeners}",
                      self.gate.text)
        self.gate.text = re.sub(
            r"(?m)^tls: .*$", "tls: {certificates: ["
            f"{{cert: {self.one.cert}, key: {self.one.key}}}, "
            f"{{cert: {self.two.cert}, key: {self.two.key}}}]}}", text)
        self.gate.config.write_text(self.gate.text)
        self.gate.port = self.ports["require"]
        self.gate.complete = True
        self.gate.start()

    def leaf(self, name):
        return self.leaves[name] if name in self.leaves else getattr(
            self.pki, name)

    def close(self):
        self.gate.stop()
        self.origin.close()

    # ---- what the daemon does ----

    def context(self, leaf):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_verify_locations(self.pki.ca.path)
        if leaf:
            context.load_cert_chain(leaf.cert, leaf.key)
        return context

    def talk(self, listener, leaf, sni, data):
        """(who answered, what it said), or (who or None, the alert)."""
        shown = None
        raw = socket.create_connection(
            ("127.0.0.1", self.ports[listener]), 20)
        with raw:
            try:
                with self.context(leaf).wrap_socket(
                        raw, server_hostname=sni) as sock:
                    shown = sock.getpeercert(True)
                    sock.sendall(data)
                    text = b""
                    while piece := sock.recv(65536):
                        text += piece
                    return shown, text
            except ssl.SSLError as error:
                return shown, error.reason

    def access(self, request_id):
        return wait_for("its access line", lambda: next(
            (r for r in self.gate.access() if r["request"] == request_id),
            None))

    def refusal(self, query):
        head, _, body = self.gate.admin_get(
            f"/refusals.json?{query}").partition(b"\r\n\r\n")
        assert b" 200 " in head.split(b"\r\n")[0], head
        return json.loads(body)["refusals"]


@pytest.fixture(scope="module")
def world(pki, tmp_path_factory):
    import pathlib
    import shutil
    import tempfile
    place = pathlib.Path(tempfile.mkdtemp(prefix="mg-"))
    place.chmod(0o777)
    made = World(place, pki)
    yield made
    made.close()
    shutil.rmtree(place)


def explain(*words, code=None):
    done = subprocess.run([str(BIN), "explain", *map(str, words)],
                          capture_output=True, text=True, timeout=30,
                          check=False)
    if code is not None:
        assert done.returncode == code, done.stdout + done.stderr
    return done


def offline(world, case, *words):
    told = explain("--config", world.gate.config, *case.words(world),
                   "--format", "json", *words)
    assert told.returncode in (0, 1), told.stderr
    told = json.loads(told.stdout)
    told["steps"] = {s["step"]: s for s in told["steps"]}
    return told


class Case:
    """A client, where it comes, and what it asks. host None: no Host."""

    def __init__(self, leaf="good", listener="require", host="one.example",
                 path="/staff/a", method="GET", sni=..., http="1.1",
                 expect=None):
        self.leaf, self.listener, self.host = leaf, listener, host
        self.path, self.method, self.http = path, method, http
        self.sni = sni
        self.expect = expect  # an alert's name, a code, or a status

    def name_sent(self):
        if self.sni is not ...:
            return self.sni
        host = (self.host or "").rpartition(":")[0] or self.host
        return host if host and re.fullmatch(r"[a-z.]+", host) else None

    def words(self, world):
        leaf = world.leaf(self.leaf)
        return [*(["--cert", leaf.cert] if leaf else ["--no-cert"]),
                "--listener", self.listener,
                *(["--no-host"] if self.host is None
                  else ["--host", self.host]),
                "--path", self.path, "--method", self.method,
                "--http", self.http,
                *([] if self.sni is ... else ["--sni", self.sni or ""])]

    def data(self):
        host = "" if self.host is None else f"Host: {self.host}\r\n"
        return (f"{self.method} {self.path} HTTP/{self.http}\r\n{host}"
                "Accept: application/json\r\nConnection: close\r\n\r\n"
                ).encode("latin-1")


LONG = "/staff/" + "a" * 3000
CASES = {
    # good ones
    "policy holds": Case(expect=200),
    "policy holds, other name": Case(host="two.example", expect=200),
    "by a wildcard": Case(host="a.two.example", expect=200),
    "with a port": Case(host="one.example:8443", expect=200),
    "unknown name, default certificate": Case(host="x.example", expect=200),
    "address, no name is sent": Case(host="127.0.0.1", expect=200),
    "no name, default host": Case(sni=None, expect=200),
    "HEAD": Case(method="HEAD", expect=200),
    "path in its one form": Case(path="/staff//b/../%61?q=//", expect=200),
    "absolute form": Case(path="https://one.example/staff/a", expect=200),
    "intermediate sent": Case("chained", path="/dry/a", expect=200),
    "dry run fails": Case(path="/dry/a", expect=200),
    "route responds": Case(path="/ping", expect=204),
    "route responds with a body": Case(path="/gone/1", expect=410),
    "HTTP/1.0": Case(http="1.0", expect=200),
    "HTTP/1.0 without a Host": Case(host=None, http="1.0", expect=200),
    "only on this listener": Case(path="/near/a", expect=200),
    "optional, not needed": Case("none", "optional", path="/open/a",
                                 expect=200),
    "optional, with one": Case("good", "optional", expect=200),
    "any, expired, not needed": Case("expired", "any", path="/open/a",
                                     expect=200),
    "any, revoked, responds": Case("revoked", "any", path="/ping",
                                   expect=204),
    "off, not needed": Case("none", "off", path="/open/a", expect=200),
    "strict, known name": Case(listener="strict", expect=200),
    "strict, no name": Case(listener="strict", sni=None, expect=200),
    "http, good": Case(listener="http", expect=200),
    # the server name
    "strict, unknown name": Case(
        listener="strict", host="x.example", expect="unrecognized_name"),
    "strict, unknown name, no certificate": Case(
        "none", "strict", host="x.example", expect="unrecognized_name"),
    "what is no name": Case(
        sni="*.two.example", expect="unrecognized_name"),
    # the certificate
    "no certificate": Case("none", expect="certificate_required"),
    "expired": Case("expired", expect="certificate_expired"),
    "not yet valid": Case("later", expect="bad_certificate"),
    "revoked": Case("revoked", expect="certificate_revoked"),
    "denied": Case("denied", expect="certificate_revoked"),
    "wrong purpose": Case("server_only", expect="unsupported_certificate"),
    "no purpose": Case("no_eku"),
    "unknown CA": Case("nobody", expect="unknown_ca"),
    "re-keyed CA": Case("stranger", expect="decrypt_error"),
    "intermediate missing": Case("unchained", expect="unknown_ca"),
    "optional, expired": Case("expired", "optional",
                              expect="certificate_expired"),
    "http, no certificate": Case("none", "http", expect="no_certificate"),
    "http, expired": Case("expired", "http", expect="expired"),
    "http, revoked, bad path": Case("revoked", "http", path="/staff/%2f",
                                    expect="revoked"),
    # what is no request is told before the certificate is
    "http, expired, bad host": Case("expired", "http", host="a b",
                                    expect="host-syntax"),
    # the request
    "no Host": Case(host=None, expect="host-missing"),
    "empty Host": Case(host="", expect="host-syntax"),
    "a Host that is none": Case(host="a b", expect="host-syntax"),
    "a Host with a user": Case(host="me@one.example", expect="host-syntax"),
    "a Host with a bad port": Case(host="one.example:0",
                                   expect="host-syntax"),
    "two hosts": Case(path="https://two.example/staff/a",
                      expect="host-disagrees"),
    "HTTP/1.0, Host decides": Case(host=None, http="1.0", path="/ten/a",
                                   expect="host-missing"),
    "bad target": Case(path="/staff/<a>", expect="target"),
    "no path": Case(path="staff", expect="target"),
    "bad encoding": Case(path="/staff/%zz", expect="target"),
    "a blank in the path": Case(path="/staff/a b", expect="request-line"),
    "too long": Case(path=LONG, expect="request-line-too-long"),
    "bad method": Case(method="G(T", expect="method"),
    "TRACE": Case(method="TRACE", expect="method-trace"),
    "CONNECT": Case(method="CONNECT", expect="method-connect"),
    "* without OPTIONS": Case(path="*", expect="target"),
    # the path
    "encoded slash": Case(path="/staff/%2f", expect="path-ambiguous"),
    "above the root": Case(path="/../staff", expect="path-ambiguous"),
    "encoded twice": Case(path="/staff/%252e%252e", expect="path-ambiguous"),
    "parameters lead elsewhere": Case(path="/ping;a=1",
                                      expect="path-ambiguous"),
    # the connection (R15)
    "other group": Case(host="two.example", sni="one.example",
                        expect="misdirected"),
    "other group, bad path": Case(host="two.example", sni="one.example",
                                  path="/staff/%2f", expect="misdirected"),
    "other group, no name": Case(host="a.two.example", sni=None,
                                 expect="misdirected"),
    "an address of the other group": Case(host="127.0.0.2",
                                          expect="misdirected"),
    "strict, unknown host": Case(listener="strict", host="x.example",
                                 sni="one.example", expect="misdirected"),
    "strict, HTTP/1.0 without a Host": Case(
        listener="strict", host=None, http="1.0", sni="one.example",
        expect="misdirected"),
    # the route
    "no route": Case(path="/none", expect="no-route"),
    "no route with that method": Case(method="POST", expect="no-route"),
    "no route for that host": Case(path="/two/a", expect="no-route"),
    "no route on that listener": Case(listener="http", path="/near/a",
                                      expect="no-route"),
    "no route, OPTIONS *": Case(method="OPTIONS", path="*",
                                expect="no-route"),
    # the policy
    "policy fails": Case(path="/nobody/a", expect="policy"),
    "policy fails for this one": Case("chained", expect="policy"),
    "optional, certificate needed": Case("none", "optional", path="/needed/a",
                                         expect="certificate"),
    "optional, policy": Case("none", "optional", expect="certificate"),
    "any, unknown CA, needed": Case("nobody", "any", path="/needed/a",
                                    expect="certificate"),
    "any, revoked, policy": Case("revoked", "any", expect="certificate"),
    "off, policy": Case("none", "off", expect="certificate"),
}


def live(world, case):
    """What the daemon did, in the words of the list."""
    before = len(world.origin.requests)
    shown, text = world.talk(
        case.listener, world.leaf(case.leaf), case.name_sent(), case.data())
    if not isinstance(text, bytes):
        return {"shown": shown, "alert": text}
    head, _, body = text.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = {n.lower(): v.strip() for n, _, v in
              (line.partition(":") for line in lines[1:])}
    done = {"shown": shown, "status": int(lines[0].split()[1]),
            "forwarded": world.origin.requests[before:]}
    done["id"] = fields.get("x-request-id") or \
        done["forwarded"][0].get("X-Request-Id")
    if "json" in fields.get("content-type", ""):
        done["answer"] = json.loads(body)
    elif b"\nrequest id: " in body:  # it was not read far enough to know
        text = body.decode().split("\n")
        done["answer"] = {"status": int(text[0].split()[0]),
                          "detail": text[2],
                          "reason": text[3].partition("reason: ")[2]}
    return done


def server_of(world, told):
    """The certificate that the step server_name names."""
    text = told["steps"]["server_name"]["text"]
    leaf, = (leaf for leaf in (world.one, world.two)
             if text.endswith(str(leaf.cert)))
    return leaf.x509.public_bytes(ssl_der())


def ssl_der():
    from cryptography.hazmat.primitives.serialization import Encoding
    return Encoding.DER


def agree_on_alert(world, case, done, told):
    assert told["alert"], told
    assert done["alert"].endswith(told["alert"]["name"].upper()), (done, told)
    assert not told["allowed"] and told["status"] is None
    if told["alert"]["number"] == 112:
        assert told["steps"]["server_name"]["state"] == "fail"
        assert done["shown"] is None
        return
    found = world.refusal("last=1")[0]
    assert found["listener"] == case.listener
    assert (found["code"], found["reason"], found.get("depth", 0)) == (
        told["code"], told["reason"], told["depth"])
    assert found["alert"] == f"{told['alert']['number']} " + \
        told["alert"]["name"]


def agree_on_refusal(world, case, done, told):
    """Answered in place of the origin."""
    answer = done["answer"]
    assert not told["allowed"] and told["alert"] is None
    assert done["forwarded"] == []
    assert (answer["status"], answer["reason"]) == (
        told["status"], told["code"])
    if done["status"] not in (403, 421):
        assert answer["detail"] == told["reason"]
        return
    # the operator is told more than the client, and the same by both
    found, = world.refusal(f"id={done['id']}")
    assert (found["code"], found["reason"]) == (told["code"], told["reason"])
    assert (found.get("route"), found.get("policy")) == (
        told.get("route"), told.get("policy"))
    assert "truncated" not in found
    last = json.loads(explain("--id", done["id"], "--config",
                              world.gate.config, "--format", "json",
                              code=0).stdout)
    for key in ("code", "reason", "cause", "todo"):
        assert last[key] == told[key], key
    failed = [[s["step"] for s in steps if s["state"] == "fail"]
              for steps in (last["steps"], told["steps"].values())]
    # of a certificate that was let in all the same, the first reason is kept
    assert set(failed[0]) <= set(failed[1]) and failed[0][-1] == failed[1][-1]


def agree_on_answer(world, case, done, told):
    assert told["allowed"], told
    line = world.access(done["id"])
    assert (line.get("route"), line.get("policy")) == (
        told.get("route"), told.get("policy"))
    if line.get("dry_run"):
        text = "\n".join(told["steps"]["policy"]["lines"])
        denied = line["dry_run_verdict"] == "denied"
        assert ("it does not hold" if denied else "it holds") in text
    if told["status"] is not None:
        assert done["status"] == told["status"]
        assert done["forwarded"] == [] and told["x_cert_verify"] is None
        return
    assert done["status"] == 200
    request, = done["forwarded"]
    assert request.get("X-Cert-Verify") == told["x_cert_verify"]
    read = [line for line in told["steps"]["route"]["lines"]
            if line.startswith("the path is read as ")]
    assert request.target == (read[0].split(" as ", 1)[1] if read
                              else case.path.replace(
                                  "https://one.example", ""))


@pytest.mark.parametrize("name", CASES)
def test_both_tell_the_same(world, name):
    case = CASES[name]
    done, told = live(world, case), offline(world, case)
    if "alert" in done:
        agree_on_alert(world, case, done, told)
    elif "answer" in done:
        agree_on_refusal(world, case, done, told)
    else:
        agree_on_answer(world, case, done, told)
    if done["shown"]:
        assert done["shown"] == server_of(world, told)
    # and it is what the case is about
    outcome = (done.get("status") if told["allowed"] else
               told["code"] if told["status"] else told["alert"]["name"])
    if case.expect is not None:
        assert outcome == case.expect, told


def test_every_step_has_failed_and_none_behind_it_passed(world):
    """A list that fails at a step did not reach the next ones."""
    order = ["server_name", "certificate", "chain", "dates", "purpose",
             "revocation", "limits", "request", "name", "route", "policy"]
    failed = set()
    for case in CASES.values():
        told = offline(world, case)
        assert list(told["steps"]) == order
        states = [told["steps"][step]["state"] for step in order]
        bad = [step for step in order
               if told["steps"][step]["state"] == "fail"]
        assert told["allowed"] or bad
        failed.update(bad)
        for step in ("server_name", "request", "name", "route", "policy"):
            if step in bad and case.listener != "any":
                assert "pass" not in states[order.index(step) + 1:], told
    assert failed == set(order) - {"limits"}


def test_the_last_refusal_is_the_one_foretold_R15(world):
    """A request for another certificate's host: both in text."""
    case = CASES["other group"]
    done = live(world, case)
    assert done["status"] == 421
    foretold = explain("--config", world.gate.config, *case.words(world),
                       code=1).stdout
    last = explain("--last", 1, "--admin", f"unix:{world.gate.admin}",
                   code=0).stdout
    for text in (foretold, last):
        assert "the client sees: status 421\n" in text
        assert "  FAIL  name " in text
        assert "  skip  route        not reached\n" in text
        assert "  skip  policy       not reached\n" in text
    assert f"request_id: {done['id']}\n" in last
    assert "sni: one.example\n" in last
    assert "request: GET https://two.example/staff/a\n" in last
    words = [text[text.index("code: misdirected"):]
             for text in (foretold, last)]
    assert words[0] == words[1]


# ---- the options of a request ----

@pytest.mark.parametrize("words", [
    ["--host", "a", "--no-host"], ["--path", "/"], ["--http", "1.1"],
    ["--host", "a", "--http", "2"], ["--host", "a\r\nX: y"],
    ["--host", "a", "--path", "/\n"], ["--no-host", "--method", "G\rT"]])
def test_what_is_no_question_is_wrong_use(world, words):
    told = explain("--config", world.gate.config, "--no-cert", *words,
                   code=64)
    assert "usage: mtlsgate explain" in told.stderr


def test_without_a_request_or_name_neither_is_judged(world):
    told = explain("--config", world.gate.config, "--listener", "strict",
                   "--cert", world.pki.good.cert, code=0).stdout
    assert "  skip  server_name  no server name was asked about" in told
    assert "  skip  request      no request was asked about" in told
    told = explain("--config", world.gate.config, "--listener", "strict",
                   "--cert", world.pki.good.cert, "--sni", "x.example",
                   code=1).stdout
    assert "  FAIL  server_name  no certificate is for x.example" in told
    assert "the client sees: alert 112 unrecognized_name" in told
    assert "  skip  certificate  not reached" in told


# ---- revocation that was not judged ----

@pytest.mark.parametrize("leaf, why", [
    ("nobody", "no path to a configured CA was found"),
    ("unchained", "no path to a configured CA was found"),
    ("stranger", "a signature or a CA of the chain is not good")])
def test_a_list_that_was_not_asked_is_not_passed(world, leaf, why):
    told = offline(world, Case(leaf))["steps"]["revocation"]
    assert told["state"] == "skip"
    assert told["text"].startswith(
        f"not judged: no CRL is asked where {why}")


@pytest.mark.parametrize("leaf", ["good", "chained", "expired",
                                  "server_only"])
def test_a_list_that_was_asked_is_passed(world, leaf):
    told = offline(world, Case(leaf))["steps"]["revocation"]
    assert (told["state"], told["text"]) == (
        "pass", "on no CRL and no deny list")
