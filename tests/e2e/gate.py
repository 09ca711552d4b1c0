"""The real program, started with a configuration, stopped by its pid."""

import itertools
import os
import pathlib
import signal
import socket
import subprocess
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get(
    "MTLSGATE_BIN", TOP / "build/release/mtlsgate")).resolve()
# Slow, with another allocator; there to find faults of memory, so that it plays
# a part of what is repeated often.
SANITIZED = BIN.parent.name == "asan"
DEADLINE = 30


def own_ports():
    """
    Ports for this process, in turn and without end: below those that the kernel
    gives to connections, so that none takes a port between the choice and the
    bind, and apart from those of the tests that run beside.
    """
    first, end = 10240, max(20000, int(pathlib.Path(
        "/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0]))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    share = (end - first) // int(
        os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    for i in itertools.count(os.getpid() * 101):
        yield first + worker * share + i % share


PORTS = own_ports()


def free_port(host="127.0.0.1"):
    """A port that nobody has now, nor will be given by chance."""
    for port in PORTS:
        with socket.socket(socket.AF_INET6 if ":" in host
                           else socket.AF_INET) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind((host, port))
                return port
            except OSError:
                continue


def wait_for(what, condition, deadline=DEADLINE):
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {deadline} s for {what}"
        time.sleep(0.02)


def children(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return []
    return [int(p) for p in text.split()]


class Gate:
    """
    directory: for the file, logs and sockets. extra: YAML text behind the
    common lines; keys of the common lines are replaced by `top`.
    listeners: YAML items of further listeners, each a line "  - {...}".
    listener: more keys of the first one, ", name: x".
    """

    def __init__(self, directory, pki, origin, extra="", workers=1,
                 client_auth=None, listen=None, tls="", access=True,
                 wait=True, env=None, user=None,
                 prefix=(), listeners="", listener=""):
        self.dir = directory
        self.pki = pki
        self.port = free_port()
        self.admin = directory / "admin.sock"
        self.config = directory / "mtlsgate.yaml"
        self.log_path = directory / "log.txt"
        self.access_path = directory / "access.log"
        url = origin if isinstance(origin, str) else origin.url
        client_auth = client_auth or f"{{ca: {pki.ca.path}}}"
        address = listen or f"127.0.0.1:{self.port}"
        self.text = (
            (f"listeners:\n  - {{address: '{address}'{listener}}}\n"
             f"{listeners}" if listeners or listener else f"listen: {address}\n") +
            f"tls: {{cert: {pki.server.cert}, key: {pki.server.key}{tls}}}\n"
            f"client_auth: {client_auth}\n"
            + (f"origin: {url}\n" if url else "")
            + f"process: {{workers: {workers}}}\n"
            f"admin: {{address: 'unix:{self.admin}'}}\n"
            + ("" if "logging:" in extra else
               "logging: {level: debug, format: text, access: {enabled: "
               f"{'true' if access else 'false'}, format: json, "
               f"output: {self.access_path}}}}}\n")
            + extra)
        self.config.write_text(self.text)
        self.process = None
        self.env = env
        self.prefix = prefix  # words of a command that executes the program
        self.user = user  # a number: started as that user, without groups
        self.start(wait)

    def start(self, wait=True):
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [*self.prefix, str(BIN), "run", "--config", str(self.config)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir,
            env={**os.environ, **(self.env or {})},
            **({} if self.user is None else {
                "user": self.user, "group": self.user, "extra_groups": []}))
        log.close()
        if wait:
            self.wait_ready()

    def answers(self):
        """Does the admin socket say that it lives, and the port accept?"""
        code = self.process.poll()
        assert code is None, f"ended with {code}:\n{self.log()}"
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5):
                pass
            return b" 200 " in self.admin_get("/livez")
        except OSError:
            return False

    def wait_ready(self):
        wait_for("the program to serve", self.answers)

    def admin_get(self, path, method="GET"):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(str(self.admin))
            s.sendall(f"{method} {path} HTTP/1.1\r\nHost: a\r\n"
                      "Connection: close\r\n\r\n".encode())
            text = b""
            while True:
                piece = s.recv(65536)
                if not piece:
                    return text
                text += piece

    def metrics(self):
        """{'name{label="x"}': value}"""
        body = self.admin_get("/metrics").split(b"\r\n\r\n", 1)[1].decode()
        return {key: float(value) for key, value in (
            line.rsplit(" ", 1) for line in body.splitlines()
            if line and not line.startswith("#"))}

    def log(self):
        return self.log_path.read_text(errors="replace")

    def access(self):
        import json
        if not self.access_path.exists():
            return []
        return [json.loads(line) for line in
                self.access_path.read_text().splitlines()]

    def wait_log(self, text, deadline=DEADLINE):
        wait_for(f"{text!r} in the log", lambda: text in self.log(), deadline)

    def wait_access(self, count):
        return wait_for(f"{count} access lines", lambda: (
            self.access() if len(self.access()) >= count else None))

    def pids(self):
        return children(self.process.pid)

    def proc(self, pid, key):
        for line in pathlib.Path(f"/proc/{pid}/status").read_text(
                ).splitlines():
            name, _, value = line.partition(":")
            if name == key:
                return value.strip()
        return None

    def named(self, word):
        """Children whose name (comm or command line) holds word."""
        def is_named(pid):
            try:
                return word in pathlib.Path(f"/proc/{pid}/comm").read_text()
            except (FileNotFoundError, ProcessLookupError):
                return False  # it ended since it was listed
        return [pid for pid in self.pids() if is_named(pid)]

    def workers(self):
        return self.named("worker")

    def send_signal(self, number):
        self.process.send_signal(number)

    def stop(self, expect=0):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"did not stop:\n{self.log()}")
        text = self.log()
        for word in ("Sanitizer", "runtime error:", "Assertion"):
            assert word not in text, text
        if expect is not None:
            assert self.process.returncode == expect, text
