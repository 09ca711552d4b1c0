#!/usr/bin/env python3
"""Many connections of one slow kind, held until standard input ends.

    swarm.py KIND PORT COUNT CA CERT KEY

Prints one JSON line when all are in place and one at the end. A process of its
own: what the swarm costs must not slow down the one that measures.
"""

import itertools
import json
import resource
import select
import socket
import ssl
import sys
import time

PERIOD = 1.0  # seconds between two signs of life of one connection
SHARES = 500  # of the connections; each has its moment in the period


class Peer:
    """One connection; `drip` is one sign of life."""

    def __init__(self, port, context):
        self.raw = socket.socket()
        self.raw.settimeout(60)
        self.tune()
        self.raw.connect(("127.0.0.1", port))
        self.sock = self.raw
        self.greet(context)
        self.sock.setblocking(False)
        self.alive = True

    def greet(self, context):
        self.sock = context.wrap_socket(self.raw, server_hostname="localhost")
        self.sock.sendall(self.first)

    def tune(self):
        pass

    first = b""

    def drip(self):
        pass


class SlowHead(Peer):
    """A field line that gets one octet a period."""
    first = b"GET /fast HTTP/1.1\r\nHost: localhost\r\nX-Slow: "

    def drip(self):
        self.sock.send(b"a")


class SlowBody(Peer):
    """A body of 1 MiB that gets one octet a period."""
    first = (b"POST /take HTTP/1.1\r\nHost: localhost\r\n"
             b"Content-Length: 1048576\r\n\r\n")

    def drip(self):
        self.sock.send(b"a")


class SlowReader(Peer):
    """An endless answer, of which 16 octets a period are taken off the wire
    (TLS would take as much as there is)."""
    first = b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n"

    def tune(self):
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    def greet(self, context):
        super().greet(context)
        self.sock = socket.socket(fileno=self.sock.detach())

    def drip(self):
        self.sock.recv(16)


class Idle(Peer):
    """One request, then nothing."""
    first = b"GET /fast HTTP/1.1\r\nHost: localhost\r\n\r\n"

    def greet(self, context):
        super().greet(context)
        self.sock.recv(65536)


class Silent(Peer):
    """Connected, not a single octet."""

    def greet(self, context):
        pass


class SlowHandshake(Peer):
    """A ClientHello that gets one octet a period."""

    def greet(self, context):
        out = ssl.MemoryBIO()
        hello = context.wrap_bio(ssl.MemoryBIO(), out,
                                 server_hostname="localhost")
        try:
            hello.do_handshake()
        except ssl.SSLWantReadError:
            pass
        self.hello = out.read()
        self.at = 100
        self.sock.sendall(self.hello[:self.at])

    def drip(self):
        if self.at + 1 < len(self.hello):
            self.at += self.sock.send(self.hello[self.at:self.at + 1])


class StalledOrigin(Peer):
    """A request that the origin never answers."""
    first = b"GET /stall HTTP/1.1\r\nHost: localhost\r\n\r\n"


KINDS = {
    "slow-head": SlowHead,
    "slow-body": SlowBody,
    "slow-reader": SlowReader,
    "idle": Idle,
    "silent": Silent,
    "slow-handshake": SlowHandshake,
    "stalled-origin": StalledOrigin,
}


def drip_all(peers):
    for peer in peers:
        if not peer.alive:
            continue
        try:
            peer.drip()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError,
                BlockingIOError):
            pass
        except OSError:
            peer.alive = False


def still_there(peers):
    """How many of them the other side has not closed."""
    poll = select.poll()
    for peer in peers:
        if peer.alive:
            poll.register(peer.sock, select.POLLRDHUP)
    alive = sum(peer.alive for peer in peers)
    return alive - len(poll.poll(0))


def main():
    kind, port, count, ca, cert, key = sys.argv[1:]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca)
    context.load_cert_chain(cert, key)
    peers = [KINDS[kind](int(port), context) for _ in range(int(count))]
    print(json.dumps({"open": len(peers)}), flush=True)
    due = time.monotonic()
    for share in itertools.cycle(range(SHARES)):
        drip_all(peers[share::SHARES])
        due += PERIOD / SHARES
        pause = max(0.0, due - time.monotonic())
        if select.select([sys.stdin], [], [], pause)[0]:
            break
    print(json.dumps({"held": still_there(peers)}), flush=True)


if __name__ == "__main__":
    main()
