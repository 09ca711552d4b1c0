"""
Bodies of 2 GiB through a slow other side, in bounded memory (R17, R18).

MTLSGATE_STREAM_MIB changes the size; the sanitized build uses less.
"""

import hashlib
import os
import pathlib
import threading
import time

import pytest

from gate import SANITIZED

MIB = 1 << 20
SIZE = int(os.environ.get(
    "MTLSGATE_STREAM_MIB", "128" if SANITIZED else "2048")) * MIB
BLOCK = hashlib.sha512(b"mtlsgate").digest() * (MIB // 64)
ALLOWED = 2 * MIB


def anonymous(pid):
    """Bytes of private memory of a process."""
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(
            ).splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no smaps_rollup")


class Watch(threading.Thread):
    """The highest memory of a worker while something runs."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid = pid
        self.before = self.highest = anonymous(pid)
        self.over = threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.05):
            self.highest = max(self.highest, anonymous(self.pid))

    def end(self, what, record_property):
        self.over.set()
        self.join()
        grown = self.highest - self.before
        if SANITIZED:
            return  # its allocator keeps what was freed
        record_property("figure", f"{what} of {SIZE // MIB} MiB through a "
                        "slow other side: the worker grew by "
                        f"{grown / 1024:.0f} KiB")
        assert grown < ALLOWED, f"grew by {grown} bytes"


class Slow:
    """Stops now and then at the beginning, so that every queue fills."""

    def __init__(self):
        self.stops = 8

    def __call__(self, done):
        if self.stops and done > (8 - self.stops) * 4 * MIB:
            self.stops -= 1
            time.sleep(0.25)  # the slowness itself, nothing is waited for


@pytest.fixture
def settings():
    return ("limits: {body: 4GiB}\n"
            "timeouts: {request_body: 60s, origin_idle: 60s}\n")


def test_a_long_upload_through_a_slow_origin(
        gates, origins, pki, connect, settings, record_property):
    digest = []

    def serve(peer):
        head = peer.read_head()
        if b"warm" in head:
            peer.take(4 * MIB)
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            head = peer.read_head()
        slow, done, whole = Slow(), 0, hashlib.blake2b()
        view = memoryview(bytearray(MIB))
        while done < SIZE:
            slow(done)
            n = len(peer.buffer)
            if n:
                whole.update(peer.buffer)
                peer.buffer = b""
            else:
                n = peer.sock.recv_into(view)
                assert n, "the upload was cut"
                whole.update(view[:n])
            done += n
        digest.append(whole.hexdigest())
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    gate = gates(origins(serve=serve), extra=settings)
    client = connect(gate, pki.good, timeout=300)
    client.ask(b"POST /warm HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
               % (4 * MIB) + bytes(4 * MIB))
    watch = Watch(gate.workers()[0])
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
                % SIZE)
    expected = hashlib.blake2b()
    for _ in range(SIZE // MIB):
        client.send(BLOCK)
        expected.update(BLOCK)
    assert client.read().status == 200
    watch.end("upload", record_property)
    assert digest == [expected.hexdigest()]


def test_a_long_download_through_a_slow_client(
        gates, origins, pki, connect, settings, record_property):
    def answer(peer, request):
        size = 4 * MIB if request.target == "/warm" else SIZE
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // MIB):
            peer.send(BLOCK)

    gate = gates(origins(answer), extra=settings)
    client = connect(gate, pki.good, timeout=300)
    client.ask(b"GET /warm HTTP/1.1\r\nHost: a\r\n\r\n")
    watch = Watch(gate.workers()[0])
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    head = client.read_head()
    assert head.status == 200
    slow, done, whole = Slow(), len(client.buffer), hashlib.blake2b()
    whole.update(client.buffer)
    view = memoryview(bytearray(MIB))
    while done < SIZE:
        slow(done)
        n = client.sock.recv_into(view)
        assert n, "the download was cut"
        whole.update(view[:n])
        done += n
    watch.end("download", record_property)
    expected = hashlib.blake2b()
    for _ in range(SIZE // MIB):
        expected.update(BLOCK)
    assert whole.hexdigest() == expected.hexdigest()


def test_a_paused_side_holds_little(
        gates, origins, pki, connect, settings, record_property):
    """64 clients that read nothing: bounded buffers each (R18)."""
    def answer(peer, request):
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
                  % (64 * MIB))
        for _ in range(64):
            peer.send(BLOCK)

    gate = gates(origins(answer), extra=settings)
    pid = gate.workers()[0]
    connect(gate, pki.good)
    before = anonymous(pid)
    clients = [connect(gate, pki.good) for _ in range(64)]
    for client in clients:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    for client in clients:
        assert client.read_head().status == 200
    grown = anonymous(pid) - before
    if SANITIZED:
        return
    record_property("figure", "64 stalled downloads: "
                    f"{grown / 64 / 1024:.0f} KiB each")
    assert grown / 64 < 400 * 1024
