"""
10,000 requests with refused ones among them leave nothing behind (R23).

Under the sanitized build the leak checker has the last word when the worker
ends; in the shipped one the worker's memory has to stand still.
"""

import random
import ssl

from client import get
from gate import SANITIZED, wait_for
from test_stream import anonymous

POST = b"POST /p HTTP/1.1\r\nHost: localhost\r\n"
GOOD = [
    get(), get("/a?b=c", "X-CERT-VERIFY: forged", "x_other: 1"),
    get("/h").replace(b"GET", b"HEAD"),
    POST + b"Content-Length: 5\r\n\r\nhello",
    POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
    b"X-CERT-VERIFY: forged\r\nX-T: 1\r\n\r\n",
    get("/long", "X-Long: " + "y" * 6000),
]
BAD = [
    b"garbage\r\n\r\n", get("/", "A : b"), get().replace(b"/1.1", b"/3.0"),
    get("/", "Content-Length: 1", "Transfer-Encoding: chunked"),
    POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    POST + b"Content-Length: 99999999999\r\n\r\n",
    get("/", "X-Long: " + "y" * 40000),
    b"GET /cut HTTP/1.1\r\nHos", POST + b"Content-Length: 9\r\n\r\ncut",
]


def method(raw):
    return raw.split(b" ", 1)[0].decode()


def kept(connect, gate, pki, rng, count):
    """`count` requests on connections that are kept for up to 100."""
    done = 0
    while done < count:
        client = connect(gate, pki.good)
        for _ in range(min(100, count - done)):
            raw = rng.choice(GOOD)
            assert client.ask(raw, method(raw)).status == 200
            done += 1
        client.close()


def refused(connect, gate, pki, rng, count):
    for i in range(count):
        if i % 4 == 0:
            leaf = rng.choice([None, pki.expired, pki.stranger])
            try:
                connect(gate, leaf).ask(get())
                raise AssertionError("not refused")
            except (ssl.SSLError, OSError):
                continue
        client = connect(gate, pki.good)
        raw = rng.choice(BAD)
        client.send(raw)
        if i % 3 and not raw.endswith((b"Hos", b"cut")):
            assert client.read().status >= 400
        client.close()


def test_ten_thousand_requests_leave_nothing_behind(
        gate, origin, pki, connect, record_property):
    rng = random.Random(7)
    kept(connect, gate, pki, rng, 500)
    refused(connect, gate, pki, rng, 50)
    pid = gate.workers()[0]
    before = anonymous(pid)
    for _ in range(10):
        kept(connect, gate, pki, rng, 850)
        refused(connect, gate, pki, rng, 95)
        origin.requests.clear()

    def quiet():
        values = gate.metrics()
        return all(v == 0 for k, v in values.items()
                   if k in ("mtlsgate_connections",
                            "mtlsgate_handshakes_pending",
                            "mtlsgate_exchanges"))
    wait_for("every connection to end", quiet)
    grown = anonymous(pid) - before
    gate.stop()
    assert "LeakSanitizer" not in gate.log()
    if SANITIZED:  # its allocator keeps what was freed
        told = "the leak checker has nothing to tell"
    else:
        told = f"the worker grew by {grown / 1024:.0f} KiB"
        assert grown < 1 << 20, grown
    record_property("figure",
                    f"10,000 requests, 1,000 of them refused: {told}")
