"""Generations: what HUP changes, what it must not, and the ends of processes
that nobody foresaw (R11, R21, R23)."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from client import Client, get
from gate import BIN, free_port, wait_for
from pki import Pki

NOBODY = 65534
root_only = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


def hup(gate, text=None):
    """Writes the new file, asks for it, and waits for what came of it."""
    mark = len(gate.log())
    if text is not None:
        gate.config.write_text(text)
    gate.send_signal(signal.SIGHUP)

    def came():
        return re.search(r"(reloaded|reload_failed) .*", gate.log()[mark:])
    return wait_for("the reload", came).group(0)


def listeners(gate, *ports):
    """The gate's file with these listeners instead of its only one."""
    lines = "".join(f"  - {{name: n{port}, address: '127.0.0.1:{port}'}}\n"
                    for port in ports)
    return re.sub(r"(?m)^listen: .*\n", "listeners:\n" + lines, gate.text)


def refused(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) != 0


def total(gate, name):
    return gate.metrics()["mtlsgate_" + name]


# ---- what a reload changes ----

def test_a_listener_comes_and_goes(gate, pki):
    added = free_port()
    assert hup(gate, listeners(gate, gate.port, added)).startswith("reloaded ")
    for port in (gate.port, added):
        with Client(port, pki, pki.good) as client:
            assert client.ask(get()).status == 200
    assert hup(gate, listeners(gate, added)).startswith("reloaded ")
    wait_for("the port to be closed", lambda: refused(gate.port))
    with Client(added, pki, pki.good) as client:
        assert client.ask(get()).status == 200
    assert hup(gate, gate.text).startswith("reloaded ")
    gate.wait_ready()
    assert refused(added)


def test_the_queue_of_a_removed_listener_is_served(gates, origin, pki):
    gate = gates(origin, workers=2)
    other = free_port()
    hup(gate, listeners(gate, gate.port, other))
    gate.wait_log("generation_ended proc=master generation=1")
    # Whoever connected before the end of the listener is served.
    for worker in gate.workers():
        os.kill(worker, signal.SIGSTOP)
    waiting = [socket.create_connection(("127.0.0.1", other), 20)
               for _ in range(20)]
    mark = len(gate.log())
    gate.config.write_text(listeners(gate, gate.port))
    gate.send_signal(signal.SIGHUP)
    stopped = gate.workers()
    wait_for("the next generation", lambda: "reloaded " in gate.log()[mark:])
    for worker in stopped:
        os.kill(worker, signal.SIGCONT)
    for raw in waiting:
        import ssl
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(pki.ca.path)
        context.load_cert_chain(pki.good.cert, pki.good.key)
        with context.wrap_socket(raw, server_hostname="localhost") as tls:
            tls.sendall(get(close=True))
            assert tls.recv(65536).startswith(b"HTTP/1.1 200 ")
    wait_for("the port to be closed", lambda: refused(other))


def test_the_number_of_workers_changes(gates, origin, pki, connect):
    gate = gates(origin, workers=1)
    for workers in (3, 2, 4, 1):
        text = gate.text.replace("workers: 1}", f"workers: {workers}}}")
        assert f"workers={workers} " in hup(gate, text)
        wait_for(f"{workers} workers", lambda: len(
            gate.workers()) == workers)
        # whatever socket the kernel chooses, somebody accepts there
        for _ in range(24):
            with Client(gate.port, pki, pki.good) as client:
                assert client.ask(get(close=True)).status == 200
        assert total(gate, "workers") == workers


def test_the_admin_address_moves(gate, pki, short_path):
    moved = short_path / "moved.sock"
    text = gate.text.replace(str(gate.admin), str(moved))
    assert hup(gate, text).startswith("reloaded ")
    old, gate.admin = gate.admin, moved
    assert gate.admin_get("/livez").startswith(b"HTTP/1.1 200 ")
    wait_for("the old path to go", lambda: not old.exists())


def test_counters_do_not_go_backwards(gates, origin, pki, connect):
    gate = gates(origin, workers=2)
    for round_ in range(1, 4):
        for _ in range(5):
            with Client(gate.port, pki, pki.good) as client:
                assert client.ask(get(close=True)).status == 200
        wait_for("the requests to be counted", lambda: total(
            gate, "requests_total") == 5 * round_)
        assert hup(gate).startswith("reloaded ")
        assert total(gate, "requests_total") == 5 * round_
        assert total(gate, "generation") == round_ + 1
        assert total(gate, "reloads_total") == round_
    wait_for("the old ones to end", lambda: total(
        gate, "workers_draining") == 0)
    assert total(gate, "requests_total") == 15
    assert total(gate, "worker_deaths_total") == 0


def test_requests_pass_while_generations_change(gates, origin, pki):
    gate = gates(origin, workers=2)
    stop, failures, served = threading.Event(), [], []

    def work():
        while not stop.is_set():
            try:
                with Client(gate.port, pki, pki.good) as client:
                    got = client.ask(get())
                    while got.status == 200 and "close" not in got.all(
                            "Connection"):
                        got = client.ask(get(close=len(served) % 3 == 0))
                    assert got.status == 200
                    served.append(1)
            except Exception as error:
                failures.append(error)
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(12):
        assert hup(gate).startswith("reloaded ")
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures and served, failures[:3]


# ---- what a reload must not change ----

@root_only
def test_workers_that_cannot_start_leave_the_old_ones(gate, pki, connect):
    """No system allows so many files: the new workers end before ready."""
    limit = int(pathlib.Path("/proc/sys/fs/nr_open").read_text())
    if limit >= 1 << 30:
        pytest.skip("this system allows any number of files")
    before = gate.workers()
    text = gate.text.replace(
        "workers: 1}", f"workers: 1, max_open_files: {1 << 30}}}")
    told = hup(gate, text)
    assert told.startswith("reload_failed ") and "before it was ready" in told
    wait_for("the new one to be gone", lambda: gate.workers() == before)
    assert connect(gate, pki.good).ask(get()).status == 200
    # it is tried again by itself, and no better
    assert total(gate, "reloads_failed_total") >= 1
    assert total(gate, "generation") == 1
    assert hup(gate, gate.text).startswith("reloaded ")


def test_an_address_in_use_leaves_the_old_ones(gate, pki, connect):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = hup(gate, listeners(gate, gate.port, port))
    assert told.startswith("reload_failed ") and str(port) in told
    assert connect(gate, pki.good).ask(get()).status == 200
    # the abandoned change holds nothing: the port can be had now
    assert hup(gate, listeners(gate, gate.port, port)).startswith("reloaded ")


def test_an_address_that_is_free_again_is_taken_without_a_signal(
        gate, pki):
    """What fails for a reason that passes is tried again by itself."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = hup(gate, listeners(gate, gate.port, port))
        assert told.startswith("reload_failed ")
        wait_for("another try", lambda: total(
            gate, "reloads_failed_total") >= 2)
        assert total(gate, "reload_pending") == 1
        assert total(gate, "generation") == 1
    gate.wait_log("reloaded ")
    with Client(port, pki, pki.good) as client:
        assert client.ask(get()).status == 200
    assert total(gate, "reload_retries_total") >= 2
    assert total(gate, "reload_pending") == 0
    assert "reload_retried " in gate.log()


def test_the_full_text_of_errors_is_logged_R11(gate):
    hup(gate, gate.text + "nonsense: 1\ntimeouts: {handshake: 10}\n")
    log = gate.log()
    assert "unknown key" in log and "has no unit" in log
    assert "2 errors" in log
    gate.config.write_text(gate.text)


# ---- processes that end ----

def test_a_worker_that_dies_again_is_replaced_slower(gate, pki):
    for _ in range(2):
        (worker,) = wait_for("a worker", gate.workers)
        wait_for("it to serve", lambda: total(gate, "workers") == 1)
        os.kill(worker, signal.SIGKILL)
        wait_for("its death", lambda: worker not in gate.workers())
    wait_for("another", gate.workers)
    gate.wait_ready()
    waits = re.findall(r"worker_died .* restart_ms=(\d+)", gate.log())
    assert waits == ["0", "1000"]
    assert total(gate, "worker_deaths_total") == 2


def test_clients_that_a_crash_cut_are_counted(gate, pki, connect):
    clients = [connect(gate, pki.good) for _ in range(5)]
    for client in clients:
        client.ask(get())
    os.kill(gate.workers()[0], signal.SIGKILL)
    wait_for("the count", lambda: total(gate, "clients_cut_total") == 5)
    gate.wait_ready()
    for _ in range(5):
        with Client(gate.port, pki, pki.good) as client:
            assert client.ask(get(close=True)).status == 200


def test_term_ends_a_worker_that_hangs(gates, origin, pki, connect):
    gate = gates(origin, extra="timeouts: {shutdown: 300ms}\n")
    client = connect(gate, pki.good)
    client.ask(get())
    os.kill(gate.workers()[0], signal.SIGSTOP)
    began = time.monotonic()
    gate.send_signal(signal.SIGTERM)
    assert gate.process.wait(30) == 0
    assert time.monotonic() - began < 15
    assert "child_does_not_leave" in gate.log()
    assert re.search(r"stopped .*clients_cut=1", gate.log())


@pytest.mark.parametrize("signals", [
    [signal.SIGHUP, signal.SIGTERM],
    [signal.SIGHUP, signal.SIGHUP, signal.SIGTERM],
    [signal.SIGTERM, signal.SIGHUP],
    [signal.SIGHUP, signal.SIGINT, signal.SIGINT],
    [signal.SIGUSR1, signal.SIGINT]])
def test_a_stop_wins_over_what_goes_on(gates, origin, signals):
    gate = gates(origin, workers=2)
    for number in signals:
        gate.send_signal(number)
    assert gate.process.wait(30) == 0
    assert not gate.admin.exists()


def test_a_second_term_cuts_what_still_runs(gates, origins, pki, connect):
    go = threading.Event()
    origin = origins(lambda peer, request: go.wait(60))
    gate = gates(origin)
    client = connect(gate, pki.good)
    client.send(get())
    origin.wait()
    gate.send_signal(signal.SIGTERM)
    gate.wait_log("draining ")
    began = time.monotonic()
    gate.send_signal(signal.SIGTERM)
    assert gate.process.wait(20) == 0
    go.set()
    assert time.monotonic() - began < 10
    assert "stopping_now " in gate.log()


@root_only
def test_a_start_that_fails_leaves_nothing(gates, origin):
    if int(pathlib.Path("/proc/sys/fs/nr_open").read_text()) >= 1 << 30:
        pytest.skip("this system allows any number of files")
    gate = gates(origin, wait=False)
    gate.stop(None)
    gate.config.write_text(gate.text.replace(
        "workers: 1}", f"workers: 1, max_open_files: {1 << 30}}}"))
    gate.start(wait=False)
    assert gate.process.wait(30) == 77
    assert "max_open_files" in gate.log()
    assert not gate.admin.exists() and refused(gate.port)
    gate.expected_exit = 77


# ---- who runs it ----

@root_only
def test_it_serves_without_any_privilege_R21(gates, origins, short_path,
                                             tmp_path_factory, connect):
    short_path.chmod(0o755)
    base = short_path / "pki"
    base.mkdir()
    own = Pki(base)
    for path in [base, *base.rglob("*")]:
        os.chown(path, NOBODY, NOBODY)
    program = short_path / "mtlsgate"
    place = short_path / "place"
    place.mkdir()
    os.chown(place, NOBODY, NOBODY)
    shutil.copy(BIN, program)
    origin = origins()
    import gate as gate_module
    before, gate_module.BIN = gate_module.BIN, program
    try:
        gate = gate_module.Gate(place, own, origin, user=NOBODY)
    finally:
        gate_module.BIN = before
    with Client(gate.port, own, own.good) as client:
        assert client.ask(get(close=True)).status == 200
    for pid in [gate.process.pid, *gate.pids()]:
        assert set(gate.proc(pid, "Uid").split()) == {str(NOBODY)}
        # not dumpable: its files belong to root, not to its user
        assert os.stat(f"/proc/{pid}/environ").st_uid == 0
    for pid in gate.pids():
        assert gate.proc(pid, "NoNewPrivs") == "1"
    gate.config.write_text(gate.text)
    assert hup(gate).startswith("reloaded ")
    gate.stop()


@root_only
def test_a_file_that_may_not_be_read_is_exit_77(short_path, gate):
    short_path.chmod(0o755)
    program = short_path / "mtlsgate"
    shutil.copy(BIN, program)
    secret = short_path / "secret.yaml"
    secret.write_text(gate.text)
    secret.chmod(0o600)
    done = subprocess.run([program, "run", "--config", secret],
                          capture_output=True, text=True, timeout=60,
                          user=NOBODY, group=NOBODY, extra_groups=[],
                          cwd="/")
    assert done.returncode == 77, done.stderr
    assert str(secret) in done.stderr


@root_only
def test_root_is_no_user_for_workers_R21(gate, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text(gate.text.replace("workers: 1}", "workers: 1, user: root}"))
    done = subprocess.run([BIN, "run", "--config", bad], timeout=60,
                          capture_output=True, text=True)
    assert done.returncode == 78, done.stderr
    assert "must not run as root" in done.stderr


# ---- bounds ----

def test_out_of_descriptors_it_recovers_R17(gates, origin, pki):
    """The system allows fewer files than there are connections."""
    gate = gates(origin, extra="limits: {connections: 1000}\n",
                 prefix=["prlimit", "--nofile=64:64"])
    (worker,) = gate.workers()
    held = [socket.create_connection(("127.0.0.1", gate.port), 20)
            for _ in range(80)]
    wait_for("the pause", lambda: total(
        gate, "accept_backoffs_total") >= 1)
    for sock in held:
        sock.close()

    def served():
        with Client(gate.port, pki, pki.good, timeout=5) as client:
            return client.ask(get(close=True)).status == 200

    def tried():
        try:
            return served()
        except OSError:
            return False
    wait_for("it to serve again", tried)
    assert gate.workers() == [worker]


def test_the_admin_socket_bounds_its_clients_R17(gate):
    held = []
    for _ in range(40):
        s = socket.socket(socket.AF_UNIX)
        s.connect(str(gate.admin))
        s.setblocking(False)
        held.append(s)
    # 32 are kept; the others are closed at once
    assert wait_for("refusals", lambda: sum(
        closed(s) for s in held) == 8)
    for s in held:
        s.close()
    wait_for("room", lambda: b" 200 " in gate.admin_get("/livez"))


def closed(sock):
    try:
        return sock.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
