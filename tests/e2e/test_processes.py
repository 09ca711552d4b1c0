"""Master, workers and steward: their privilege, life and death (R21, R23)."""

import os
import pathlib
import signal
import subprocess
import threading

import pytest

from client import get
from gate import BIN, Gate, wait_for


def alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(
            ")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def run(*args, env=None, timeout=60):
    return subprocess.run([str(BIN), *args], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **(env or {})})


@pytest.mark.skipif(os.getuid() != 0, reason="only root has it to lose")
def test_workers_and_steward_hold_no_privilege_R21(gates, origin, pki,
                                                   connect):
    gate = gates(origin, workers=2)
    assert connect(gate, pki.good).ask(get()).status == 200
    pids = gate.pids()
    assert len(pids) == 3
    for pid in pids:
        assert "0" not in gate.proc(pid, "Uid").split()
        assert "0" not in gate.proc(pid, "Gid").split()
        assert gate.proc(pid, "Groups") in ("", None) or "0" not in (
            gate.proc(pid, "Groups").split())
        assert int(gate.proc(pid, "CapEff"), 16) == 0
        assert int(gate.proc(pid, "CapPrm"), 16) == 0
        assert gate.proc(pid, "NoNewPrivs") == "1"


def test_no_process_leaves_a_core_R23(gate):
    for pid in [gate.process.pid, *gate.workers()]:
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        (core,) = [li for li in limits.splitlines() if "core file" in li]
        assert core.split()[4:6] == ["0", "0"], core
        if os.getuid() == 0:
            # the files of a process that is not dumpable belong to root
            assert os.stat(f"/proc/{pid}/environ").st_uid == 0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGABRT])
def test_a_worker_that_dies_is_replaced_R21(gates, origin, pki, connect,
                                            how):
    gate = gates(origin, workers=2)
    before = gate.workers()
    os.kill(before[0], how)
    wait_for("a new worker", lambda: len(
        set(gate.workers()) - set(before)) == 1)
    gate.wait_ready()
    for _ in range(8):
        assert connect(gate, pki.good).ask(get()).status == 200
    gate.wait_log(str(before[0]))


def test_a_crash_costs_one_workers_connections_R21(gates, origin, pki,
                                                   connect):
    gate = gates(origin, workers=2)
    clients = [connect(gate, pki.good) for _ in range(16)]
    for client in clients:
        assert client.ask(get()).status == 200
    os.kill(gate.workers()[0], signal.SIGKILL)
    served = 0
    for client in clients:
        try:
            served += client.ask(get()).status == 200
        except (OSError, Exception):
            pass
    assert 0 < served < 16
    total = sum(v for k, v in gate.metrics().items()
                if k.startswith("mtlsgate_requests"))
    assert total >= 16 + served  # counters do not go backwards


def test_the_steward_is_replaced(gate):
    (old,) = gate.named("stew")
    os.kill(old, signal.SIGKILL)
    wait_for("another steward", lambda: [
        pid for pid in gate.named("stew") if pid != old])
    gate.wait_ready()


def test_nothing_is_left_when_the_master_is_killed(gates, origin):
    gate = gates(origin, workers=2)
    pids = gate.pids()
    gate.expected_exit = -signal.SIGKILL
    gate.process.kill()
    gate.process.wait()
    wait_for("its children to end", lambda: not any(map(alive, pids)))


def test_term_lets_a_running_request_end(gates, origins, pki, connect):
    go = threading.Event()

    def answer(peer, request):
        assert go.wait(30)
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
    origin = origins(answer)
    gate = gates(origin)
    idle = connect(gate, pki.good)
    client = connect(gate, pki.good)
    client.send(get())
    origin.wait()
    gate.send_signal(signal.SIGTERM)
    assert idle.ended()  # an idle connection is closed politely
    assert gate.process.poll() is None
    go.set()
    got = client.read()
    assert got.body == b"done"
    assert got.get("Connection").lower() == "close"
    assert gate.process.wait(30) == 0
    gate.stop()


def test_term_does_not_wait_for_ever(gates, origins, pki, connect):
    go = threading.Event()
    origin = origins(lambda peer, request: go.wait(60))
    gate = gates(origin, extra="timeouts: {shutdown: 500ms}\n")
    client = connect(gate, pki.good)
    client.send(get())
    origin.wait()
    gate.send_signal(signal.SIGTERM)
    assert gate.process.wait(30) == 0
    go.set()


def test_a_second_term_stops_now(gates, origins, pki, connect):
    go = threading.Event()
    origin = origins(lambda peer, request: go.wait(60))
    gate = gates(origin)
    client = connect(gate, pki.good)
    client.send(get())
    origin.wait()
    gate.send_signal(signal.SIGTERM)
    gate.wait_log("drain")
    gate.send_signal(signal.SIGTERM)
    gate.process.wait(20)
    go.set()
    gate.expected_exit = None


def test_hup_takes_the_new_file(gate, origin, pki, connect):
    old = connect(gate, pki.good)
    assert old.ask(get()).status == 200
    workers = gate.workers()
    gate.config.write_text(gate.text + "headers: {forwarded: none}\n")
    gate.send_signal(signal.SIGHUP)
    wait_for("new workers", lambda: gate.workers() and not (
        set(gate.workers()) & set(workers)))
    assert connect(gate, pki.good).ask(get()).status == 200
    assert not origin.wait(2)[-1].all("X-Forwarded-For")


def test_hup_lets_kept_connections_finish(gate, origin, pki, connect):
    client = connect(gate, pki.good)
    assert client.ask(get()).status == 200
    old = gate.workers()
    gate.send_signal(signal.SIGHUP)
    wait_for("the new generation", lambda: set(gate.workers()) - set(old))
    # told with an answer to go to the new generation, soon after it serves
    wait_for("the word to go", lambda: client.ask(
        get()).all("Connection") == ["close"])
    wait_for("the old worker to end", lambda: not (
        set(gate.workers()) & set(old)))


@pytest.mark.parametrize("broken, told", [
    ("nonsense: 1\n", "nonsense"), ("timeouts: {handshake: 10}\n", "unit")])
def test_hup_with_a_bad_file_changes_nothing_R11(
        gate, pki, connect, broken, told):
    workers = gate.workers()
    gate.config.write_text(gate.text + broken)
    gate.send_signal(signal.SIGHUP)
    gate.wait_log(told)
    assert gate.workers() == workers
    assert connect(gate, pki.good).ask(get()).status == 200
    gate.config.write_text(gate.text)
    gate.send_signal(signal.SIGHUP)
    wait_for("the new generation", lambda: gate.workers() != workers)


def test_hup_with_a_lost_ca_changes_nothing_R11(gates, origin, pki, connect,
                                                short_path):
    ca = short_path / "ca.pem"
    ca.write_bytes(pki.ca.pem())
    gate = gates(origin, client_auth=f"{{ca: {ca}}}")
    workers = gate.workers()
    for text in (b"", b"-----BEGIN CERTIFICATE-----\nxx\n",
                 pki.good.cert.read_bytes()):
        ca.write_bytes(text)
        mark = len(gate.log())
        gate.send_signal(signal.SIGHUP)
        wait_for("the refusal", lambda: "ca.pem" in gate.log()[mark:])
        assert gate.workers() == workers
        assert connect(gate, pki.good).ask(get()).status == 200


def test_usr1_reopens_the_access_log(gate, pki, connect):
    connect(gate, pki.good).ask(get("/before"))
    gate.wait_access(1)
    gate.access_path.rename(gate.dir / "access.old")
    gate.send_signal(signal.SIGUSR1)
    wait_for("the new file", gate.access_path.exists)

    def logged():
        connect(gate, pki.good).ask(get("/after"))
        return any("/after" in str(r) for r in gate.access())
    wait_for("a line in the new file", logged)


def test_the_port_of_another_is_not_shared(gates, origin, gate, pki):
    done = run("run", "--config", str(gate.config))
    assert done.returncode == 69, done.stderr
    assert str(gate.port) in done.stderr


def test_exit_codes_say_what_was_wrong(gate, tmp_path, pki):
    bad = tmp_path / "bad.yaml"
    bad.write_text(gate.text + "nonsense: 1\n")
    assert run("run", "--config", str(bad)).returncode == 78
    assert run("run", "--config", str(tmp_path / "no.yaml")).returncode == 66
    bad.write_text(gate.text.replace(str(pki.server.cert), "/no/such.pem"))
    done = run("run", "--config", str(bad))
    assert done.returncode == 66 and "/no/such.pem" in done.stderr
    for args in (["run"], ["run", "--confg", "x"], ["nonsense"], [],
                 ["run", "--config", str(bad), "more"]):
        done = run(*args)
        assert done.returncode == 64, args
        assert "usage" in done.stderr
    assert 'did you mean "check"?' in run("chekc").stderr
    for args in (["--help"], ["run", "--help"], ["check", "--help"],
                 ["--version"]):
        done = run(*args)
        assert done.returncode == 0 and done.stdout and not done.stderr


def test_metrics_and_livez_on_the_admin_socket(gate, pki, connect):
    connect(gate, pki.good).ask(get())
    text = gate.admin_get("/livez")
    assert text.startswith(b"HTTP/1.1 200 ")
    values = wait_for("the request to be counted", lambda: (
        gate.metrics() if any(
            k.startswith("mtlsgate_requests") and v == 1
            for k, v in gate.metrics().items()) else None))
    assert any("handshake" in k and v >= 1 for k, v in values.items())
    assert gate.admin_get("/nothing").startswith(b"HTTP/1.1 404 ")
    assert gate.admin_get("/livez", "POST").startswith(b"HTTP/1.1 405 ")
    assert gate.admin.stat().st_mode & 0o777 == 0o660
    body = gate.admin_get("/metrics").split(b"\r\n\r\n", 1)[1].decode()
    for line in body.splitlines():
        assert line.startswith(("# HELP mtlsgate_", "# TYPE mtlsgate_",
                                "mtlsgate_")), line


def test_a_unix_listener_serves(gates, origin, pki, short_path):
    import socket
    import ssl
    path = short_path / "in.sock"
    gate = gates(origin, listen=f"unix:{path}", wait=False)
    wait_for("the socket", path.exists)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(pki.ca.path)
    context.load_cert_chain(pki.good.cert, pki.good.key)
    raw = socket.socket(socket.AF_UNIX)
    raw.settimeout(20)
    raw.connect(str(path))
    with context.wrap_socket(raw, server_hostname="localhost") as tls:
        tls.sendall(get())
        assert tls.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert gate.process.poll() is None


def test_signals_at_the_wrong_time_do_no_harm(gates, origin, pki, connect,
                                              short_path):
    gate = gates(origin, wait=False)
    for _ in range(5):
        gate.send_signal(signal.SIGCONT)
    gate.wait_ready()
    for _ in range(10):
        gate.send_signal(signal.SIGHUP)
        gate.send_signal(signal.SIGUSR1)
        gate.send_signal(signal.SIGPIPE)
    wait_for("it to serve", lambda: connect(gate, pki.good).ask(
        get()).status == 200)
    assert isinstance(gate, Gate)
