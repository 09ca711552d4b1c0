"""selftest and echo-origin: what they say, and that they see a leak."""

import re
import signal
import socket
import ssl
import subprocess
import threading

import pytest

from gate import BIN, free_port, wait_for


def selftest(*words):
    return subprocess.run([str(BIN), "selftest", *map(str, words)],
                          capture_output=True, text=True, timeout=120,
                          check=False)


def counts(told):
    found = re.search(r"(\d+) passed, (\d+) failed, (\d+) skipped",
                      told.stdout)
    assert found, told.stdout + told.stderr
    return tuple(int(n) for n in found.groups())


@pytest.fixture
def write(short_path, pki):
    """Writes a configuration whose addresses nobody has to bind."""
    def make(extra="", client_auth="", listen="listen: 127.0.0.1:1\n"):
        path = short_path / "private.yaml"
        path.write_text(
            listen +
            f"tls: {{cert: {pki.server.cert}, key: {pki.server.key}}}\n"
            f"client_auth: {{ca: {pki.ca.path}{client_auth}}}\n"
            "origin: http://127.0.0.1:1\n"
            f"admin: {{address: 'unix:{short_path}/none.sock'}}\n" + extra)
        return path
    return make


def test_nothing_forged_passes_a_private_instance(write, pki):
    """R1-R5: every spelling of every protected name, through the real
    proxy."""
    told = selftest("--config", write(), "--cert", pki.good.cert,
                    "--key", pki.good.key)
    assert told.returncode == 0, told.stdout + told.stderr
    passed, failed, skipped = counts(told)
    assert passed > 30 and not failed and not skipped
    assert "10 of them are held against the certificate" in told.stdout
    for name in ("X-CERT-VERIFY", "X-CERT-ANYTHING", "Client-Cert", "Via",
                 "X-Request-Id", "Cf-Cert-Verified"):
        assert f"forged {name}: " in told.stdout
    assert told.stderr == ""


@pytest.mark.parametrize("extra", [
    "headers: {alias_headers: reject}\n", "headers: {alias_headers: pass}\n",
    "headers: {empty: omit}\n", "headers: {preset: none}\n",
    "headers: {preset: [x-cert, cloudflare, rfc9440, xfcc, nginx, aws-alb], "
    "set: {X-Team: '{cert.subject.o}', X-Id: '{request.id}'}}\n",
    "limits: {body: 0B}\n", "limits: {header_count: 40}\n"])
def test_other_settings_pass_too(write, pki, extra):
    told = selftest("--config", write(extra), "--cert", pki.good.cert,
                    "--key", pki.good.key)
    assert told.returncode == 0, told.stdout + told.stderr


def test_each_listener_is_tried(write, pki):
    path = write(listen=(
        "listeners:\n  - {name: one, address: '127.0.0.1:1'}\n"
        "  - {name: two, address: 'unix:/nonexistent/two.sock', "
        "client_auth: {mode: request_any}}\n"))
    told = selftest("--config", path, "--cert", pki.good.cert,
                    "--key", pki.good.key)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "pass  one: forged X-CERT-VERIFY" in told.stdout
    assert "pass  two: forged X-CERT-VERIFY" in told.stdout


def test_a_certificate_that_is_not_let_in_is_told(write, pki):
    for client_auth, says in (
            ("", "refused with alert 45"),
            (", reject_with: http", "answered 403 (expired)"),
            (", mode: request_any", 'X-CERT-VERIFY arrived 1 times, as '
             '"FAILED:certificate has expired"')):
        told = selftest("--config", write(client_auth=client_auth), "--cert",
                        pki.expired.cert, "--key", pki.expired.key)
        assert told.returncode == 1
        assert says in told.stdout


def test_wrong_words_are_explained(write, pki):
    config = write()
    for words, code in (
            ([], 64), (["--config", config], 64),
            (["--config", config, "--url", "https://x/", "--cert", "x"], 64),
            (["--url", "http://x/", "--cert", "x"], 64),
            (["--config", config, "--cert", "x", "--path", "a"], 64),
            (["--config", "/nonexistent", "--cert", "x"], 66)):
        assert selftest(*words).returncode == code, words
    told = selftest("--config", config, "--cert", pki.good.cert, "--key",
                    pki.rsa.key)
    assert told.returncode == 1 and "is not that of" in told.stdout


# ---- a running instance ----

@pytest.fixture
def echo():
    port = free_port()
    process = subprocess.Popen(
        [str(BIN), "echo-origin", "--listen", f"127.0.0.1:{port}"],
        stdout=subprocess.PIPE, text=True)
    assert f"127.0.0.1:{port}" in process.stdout.readline()
    yield f"http://127.0.0.1:{port}"
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def ask_url(port, pki, path="/"):
    return selftest("--url", f"https://localhost:{port}{path}", "--cacert",
                    pki.ca.path, "--cert", pki.good.cert, "--key",
                    pki.good.key)


def test_a_running_instance_is_tried(gates, echo, pki):
    gate = gates(echo)
    told = ask_url(gate.port, pki, "/x?y=1")
    assert told.returncode == 0, told.stdout + told.stderr
    assert counts(told)[0] > 30


def test_an_origin_that_does_not_echo_is_told(gates, origin, pki):
    told = ask_url(gates(origin).port, pki)
    assert told.returncode == 1
    assert "the origin is no echo origin" in told.stdout
    assert "what to do: run mtlsgate echo-origin" in told.stdout


def test_nobody_there_is_told(pki):
    told = ask_url(free_port(), pki)
    assert told.returncode == 1 and "Connection refused" in told.stdout


class Leak:
    """Forwards what it gets, as a careless proxy does, and echoes it."""

    def __init__(self, pki, spoil):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki.server.cert, pki.server.key)
        context.load_verify_locations(pki.ca.path)
        context.verify_mode = ssl.CERT_REQUIRED
        self.spoil = spoil
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.context = context
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                raw, _ = self.sock.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(raw, server_side=True) as tls:
                    self.answer(tls)
            except OSError:
                pass

    def answer(self, tls):
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            piece = tls.recv(65536)
            if not piece:
                return
            data += piece
        lines = data.decode("latin-1").split("\r\n")
        echo = "\n".join(self.spoil(lines)) + "\n"
        tls.sendall(("HTTP/1.1 200 OK\r\nMtlsgate-Echo: 1\r\n"
                     f"Content-Length: {len(echo)}\r\n\r\n{echo}").encode())

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.thread.join(10)


TRUE = ["X-CERT-VERIFY: SUCCESS"]


def stripped(lines, keep):
    return [line for line in lines if "forged" not in line or keep(line)]


@pytest.mark.parametrize("spoil,says", [
    (lambda lines: lines[:2] + TRUE + lines[2:],
     "a forged value arrived at the origin"),
    (lambda lines: lines[:2] + TRUE + stripped(
        lines, lambda line: line.startswith("X_CERT_VERIFY")),
     "forged X-CERT-VERIFY: with other bytes for '-': a forged value"),
    (lambda lines: lines[:2] + TRUE + TRUE,
     "X-CERT-VERIFY arrived 2 times"),
    (lambda lines: lines[:2] + ["X-CERT-SERIAL: 00"],
     'X-CERT-SERIAL arrived 1 times, as "00"'),
    (lambda lines: lines[:2] + ([] if any(
        "Connection: close, X-CERT-VERIFY" in line for line in lines)
        else TRUE),
     "named by Connection: the true header arrived 0 times, not 1"),
])
def test_a_leak_is_seen(pki, spoil, says):
    leak = Leak(pki, spoil)
    try:
        told = ask_url(leak.port, pki)
    finally:
        leak.close()
    assert told.returncode == 1
    assert says in told.stdout, told.stdout
    assert "what to do: " in told.stdout


# ---- echo-origin ----

def test_echo_origin_stays_on_loopback():
    def run(*words):
        return subprocess.run([str(BIN), "echo-origin", *words],
                              capture_output=True, text=True, timeout=20,
                              check=False)
    told = run("--listen", "0.0.0.0:0")
    assert told.returncode == 64 and "--anywhere" in told.stderr
    assert run("--listen", "nowhere").returncode == 64
    assert "echo-origin" in run("--help").stdout


def test_echo_origin_tells_what_it_got(echo):
    port = int(echo.rsplit(":", 1)[1])

    def ask():
        with socket.create_connection(("127.0.0.1", port), 10) as s:
            s.sendall(b"GET /a HTTP/1.1\r\nHost: h\r\nX-One: 1\r\n"
                      b"Connection: close\r\n\r\n")
            data = b""
            while piece := s.recv(65536):
                data += piece
            return data
    data = wait_for("an answer", ask)
    assert b"\r\nMtlsgate-Echo: 1\r\n" in data
    assert data.endswith(b"GET /a HTTP/1.1\nHost: h\nX-One: 1\n")


ROUTES = """
policies:
  good: {all: [{subject_cn: [good]}]}
  nobody: {all: [{subject_cn: [nobody]}]}
headers: {set: {X-Team: "{cert.subject.ou}", X-Who: "{cert.subject.cn}"}}
routes:
  - {name: secret, match: {path: /secret/**}, policy: nobody}
  - {name: teapot, match: {path: /teapot}, respond: {status: 204}}
  - {name: aliases, match: {path: /a/*}, alias_headers: pass, policy: good}
  - {name: posts, match: {path: /p, methods: [POST]}}
  - {name: rest}
"""


def test_each_route_is_tried(write, pki):
    told = selftest("--config", write(ROUTES), "--cert", pki.good.cert,
                    "--key", pki.good.key)
    assert told.returncode == 0, told.stdout + told.stderr
    assert re.search(r"skip .*route secret: .*answered 403 \(policy\)",
                     told.stdout)
    assert re.search(r"skip .*route teapot: .*answered 204", told.stdout)
    for route in ("aliases: GET https://localhost/a/x",
                  "posts: POST https://localhost/p", "rest: GET"):
        assert re.search(f"pass .*route {route}", told.stdout), told.stdout
    assert told.stdout.count("forged X-Who: ") == 3
