#!/usr/bin/env python3
"""The well-behaved client: how long do its requests take?

    bystander.py PORT REQUESTS CONNECTIONS CA CERT KEY

REQUESTS on one kept connection, then CONNECTIONS new ones with one request
each. Prints one JSON line: "kept" and "new", each with p50 and p99 in us.
"""

import json
import socket
import ssl
import sys
import time

REQUEST = b"GET /fast HTTP/1.1\r\nHost: localhost\r\n\r\n"


def connect(port, context):
    raw = socket.create_connection(("127.0.0.1", port), 60)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context.wrap_socket(raw, server_hostname="localhost")


def ask(sock):
    sock.sendall(REQUEST)
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = sock.recv(65536)
        if not piece:
            raise SystemExit("bystander: the connection was closed")
        answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise SystemExit(f"bystander: {head.splitlines()[0].decode()}")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n")
                  if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        body += sock.recv(65536)


def timed(action):
    began = time.perf_counter_ns()
    action()
    return (time.perf_counter_ns() - began) / 1000


def told(times):
    times.sort()
    return {"p50": times[len(times) // 2],
            "p99": times[min(len(times) - 1, len(times) * 99 // 100)]}


def main():
    port, requests, connections, ca, cert, key = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca)
    context.load_cert_chain(cert, key)

    def visit():
        with connect(int(port), context) as sock:
            ask(sock)

    with connect(int(port), context) as sock:
        for _ in range(20):
            ask(sock)  # the pool, the caches
        kept = [timed(lambda: ask(sock)) for _ in range(int(requests))]
    new = [timed(visit) for _ in range(int(connections))]
    print(json.dumps({"kept": told(kept), "new": told(new)}))


if __name__ == "__main__":
    main()
