"""Upgrade: who may open a tunnel, what passes through it, how it ends (R10)."""

import os
import socket
import ssl
import struct
import threading

import pytest

from client import Client, Cut, HalfOpen, get
from gate import wait_for
from recorder import Recorder
from test_revocation import hup

ASK = (b"GET /chat HTTP/1.1\r\nHost: localhost\r\n"
       b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
       b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
YES = (b"HTTP/1.1 101 Switching Protocols\r\n"
       b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")


class Switch:
    """An origin that grants with `head`, then gives the bare peer away."""

    def __init__(self, head=YES, then=None):
        self.head, self.then = head, then
        self.asked = []  # raw heads
        self.early = []  # what had come before we answered
        self.seen = threading.Condition()

    def serve(self, peer):
        head = peer.read_head()
        if head is None:
            return
        with self.seen:
            self.asked.append(head)
            self.early.append(peer.buffer)
            self.seen.notify_all()
        peer.send(self.head)
        if self.then:
            self.then(peer)


def echo(peer):
    """All bytes back, then the end."""
    while peer.buffer or peer.more():
        data, peer.buffer = peer.buffer, b""
        peer.send(data)
    peer.sock.shutdown(socket.SHUT_WR)


@pytest.fixture
def switched(gates, origins):
    """switched(head, then, extra) -> gate with .switch and .origin"""
    def make(head=YES, then=echo, extra="", **kwargs):
        switch = Switch(head, then)
        origin = origins(serve=switch.serve)
        gate = gates(origin, workers=1, extra=extra, **kwargs)
        gate.switch, gate.origin = switch, origin
        return gate
    return make


def opened(gate, pki, kind=Client):
    client = kind(gate.port, pki, pki.good)
    client.send(ASK)
    return client


def tunnels(gate, count):
    wait_for(f"{count} tunnels", lambda: gate.metrics()[
        "mtlsgate_tunnels"] == count)


def test_a_tunnel_carries_bytes_both_ways_R10(switched, pki):
    gate = switched()
    with opened(gate, pki) as client:
        head = client.read_head()
        assert head.status == 101
        assert head.get("Upgrade") == "websocket"
        assert head.get("Connection").lower() == "upgrade"
        assert head.get("Via")
        for data in (b"hello", b"GET / HTTP/1.1\r\n\r\n", os.urandom(4096)):
            client.send(data)
            assert client.take(len(data)) == data
        tunnels(gate, 1)
        assert gate.metrics()["mtlsgate_upgrades_total"] == 1
    asked = gate.switch.asked[0]
    assert b"\r\nUpgrade: websocket" in asked
    assert b"\r\nConnection: Upgrade" in asked
    assert b"X-CERT-VERIFY: SUCCESS" in asked
    tunnels(gate, 0)


def test_early_bytes_wait_for_the_101_R10(switched, pki):
    """They come with the request; the origin sees none before its answer."""
    gate = switched()
    with Client(gate.port, pki, pki.good) as client:
        client.send(ASK + b"early bytes")
        assert client.read_head().status == 101
        assert client.take(11) == b"early bytes"
    assert gate.switch.early == [b""]


@pytest.mark.parametrize("early", [
    b"early bytes that are no request\r\n\r\n",
    b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n"
    b"X-CERT-VERIFY: SUCCESS\r\n\r\n"])
def test_early_bytes_of_a_refused_upgrade_are_a_request_R10(
        gates, pki, early):
    """They are judged like any other, or refused; never passed as they are."""
    recorder = Recorder()  # does not know of Upgrade, and answers 200
    gate = gates(recorder, workers=1)
    with Client(gate.port, pki, pki.good) as client:
        client.send(ASK + early)
        assert client.read_head().status == 200
        second = client.read()
    messages = [m.target for m in recorder.take()]
    if early.startswith(b"GET"):
        assert second.status == 200
        assert messages == ["/chat", "/smuggled"]
    else:
        assert second.status == 400
        assert messages == ["/chat"]
    assert not recorder.faults
    recorder.close()


NO = {"200": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno",
      "400": b"HTTP/1.1 400 No\r\nContent-Length: 2\r\n\r\nno",
      "426": b"HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\n"
             b"Upgrade: websocket\r\nContent-Length: 2\r\n\r\nno"}


@pytest.mark.parametrize("status", NO)
def test_an_origin_may_refuse(switched, pki, status):
    gate = switched(NO[status], then=lambda peer: peer.more())
    with opened(gate, pki) as client:
        got = client.read()
        assert (got.status, got.body) == (int(status), b"no")
        assert got.all("Upgrade") == (["websocket"] if status == "426"
                                      else [])
    assert gate.metrics()["mtlsgate_upgrades_total"] == 0


@pytest.mark.parametrize("head", [
    YES.replace(b"websocket", b"other"),
    YES.replace(b"Upgrade: websocket\r\n", b""),
    YES.replace(b"Connection: Upgrade\r\n", b""),
    YES.replace(b"websocket", b"h2c"),
    YES.replace(b"HTTP/1.1", b"HTTP/1.0")])
def test_a_101_for_something_else_is_refused_R10(switched, pki, head):
    gate = switched(head)
    with opened(gate, pki) as client:
        got = client.read()
        assert got.status == 502
    record = gate.wait_access(1)[0]
    assert record["rule"] == "upgrade"
    assert gate.metrics()["mtlsgate_tunnels"] == 0


def request(method=b"GET", version=b"1.1", more=b"", body=b"",
            protocol=b"websocket"):
    return (method + b" /chat HTTP/" + version + b"\r\nHost: localhost\r\n"
            b"Connection: Upgrade\r\nUpgrade: " + protocol + b"\r\n" + more
            + b"\r\n" + body)


@pytest.mark.parametrize("asked", [
    request(protocol=b"h2c"), request(protocol=b"other"),
    request(protocol=b"h2c, other"), request(version=b"1.0"),
    request(method=b"POST", more=b"Content-Length: 2\r\n", body=b"hi"),
    request(more=b"Content-Length: 2\r\n", body=b"hi"),
    request(more=b"Transfer-Encoding: chunked\r\n", body=b"0\r\n\r\n"),
    request().replace(b"Connection: Upgrade\r\n", b""),
    request(method=b"HEAD")])
def test_what_may_not_be_a_tunnel_is_a_plain_request_R10(
        switched, pki, asked):
    """Its Upgrade stays here, and a 101 to it is refused."""
    def then(peer):
        peer.more()
    gate = switched(then=then)
    with Client(gate.port, pki, pki.good) as client:
        client.send(asked)
        assert client.read("HEAD").status == 502
    assert b"Upgrade" not in gate.switch.asked[0]


def test_other_protocols_are_a_matter_of_the_configuration(switched, pki):
    gate = switched(YES.replace(b"websocket", b"Foo/2"),
                    extra="limits: {upgrade: [foo/2]}\n")
    with Client(gate.port, pki, pki.good) as client:
        client.send(request(protocol=b"foo/2"))
        assert client.read_head().status == 101
        client.send(b"x")
        assert client.take(1) == b"x"


def test_no_protocol_at_all(switched, pki):
    gate = switched(NO["200"], extra="limits: {upgrade: []}\n",
                    then=lambda peer: peer.more())
    with opened(gate, pki) as client:
        assert client.read().status == 200
    assert b"Upgrade" not in gate.switch.asked[0]


# ---- ends ----

def test_the_client_may_end_its_side_first(switched, pki):
    """Then the origin says its last word, and all is well."""
    def then(peer):
        while peer.more():
            pass
        peer.send(b"you said " + peer.buffer)
    gate = switched(then=then)
    client = opened(gate, pki, HalfOpen)
    client.send(b"bye")
    client.end()
    assert client.rest().endswith(b"\r\n\r\nyou said bye")
    record = gate.wait_access(1)[0]
    assert record["status"] == 101
    assert record["upgrade"] == "websocket"
    assert "failure" not in record
    assert (record["bytes_in"], record["bytes_out"]) == (3, 12)


def read_to_notify(client):
    """All bytes before the peer's close_notify; ours is still to come."""
    text = b""
    while True:
        try:
            piece = client.pump(lambda: client.tls.read(65536))
        except ssl.SSLZeroReturnError:
            return text
        if not piece:
            return text
        text += piece


def test_the_origin_may_end_its_side_first(switched, pki):
    heard = []

    def then(peer):
        peer.send(b"bye")
        peer.sock.shutdown(socket.SHUT_WR)
        while peer.more():
            pass
        heard.append(peer.buffer)
    gate = switched(then=then)
    client = opened(gate, pki, HalfOpen)
    assert read_to_notify(client).endswith(b"\r\n\r\nbye")
    client.send(b"still here")
    client.end()
    wait_for("the origin to hear it", lambda: heard == [b"still here"])
    record = gate.wait_access(1)[0]
    assert "failure" not in record
    assert (record["bytes_in"], record["bytes_out"]) == (10, 3)


def test_a_client_that_dies_ends_the_tunnel(switched, pki):
    ended = threading.Event()

    def then(peer):
        try:
            while peer.more():
                pass
        except OSError:
            pass
        ended.set()
    gate = switched(then=then)
    client = opened(gate, pki)
    assert client.read_head().status == 101
    client.raw.close()
    client.sock.close()
    assert ended.wait(20)
    assert gate.wait_access(1)[0]["failure"] == "client-gone"


def test_an_origin_that_dies_ends_the_tunnel(switched, pki):
    def then(peer):
        peer.send(b"half")
        peer.until(b"die")
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        peer.sock.close()
    gate = switched(then=then)
    with opened(gate, pki) as client:
        assert client.read_head().status == 101
        assert client.take(4) == b"half"
        client.send(b"die")
        with pytest.raises((OSError, Cut)):
            client.take(1)
    assert gate.wait_access(1)[0]["failure"] == "origin-cut"


def test_an_idle_tunnel_ends(switched, pki):
    gate = switched(extra="timeouts: {upgraded_idle: 300ms}\n")
    with opened(gate, pki) as client:
        assert client.read_head().status == 101
        assert client.ended()
    record = gate.wait_access(1)[0]
    assert record["failure"] == "tunnel-idle"
    assert record["duration_us"] >= 290_000  # of a clock of milliseconds


def test_its_connection_is_never_used_again_R10(switched, pki):
    gate = switched()
    for i in range(3):
        client = opened(gate, pki, HalfOpen)
        client.end()
        assert b" 101 " in client.rest()
        wait_for("the line", lambda: len(gate.access()) == i + 1)
    assert gate.origin.connections == 3
    assert gate.metrics()["mtlsgate_origin_idle_connections"] == 0


def test_much_passes_both_ways_at_once(switched, pki):
    """Neither side waits for the other; nothing is lost, little is held."""
    data = os.urandom(1 << 20) * 8
    gate = switched()
    with opened(gate, pki) as client:
        assert client.read_head().status == 101
        sender = threading.Thread(target=client.send, args=(data,))
        sender.start()
        assert client.take(len(data)) == data
        sender.join(30)
    record = gate.wait_access(1)[0]
    assert record["bytes_in"] == record["bytes_out"] == len(data)


# ---- when it must end ----

def test_a_reload_that_changes_trust_leaves_it_a_grace_R13(
        switched, pki, connect):
    gate = switched(extra="timeouts: {tunnel_grace: 1s}\n")
    leaf = pki.ca.issue("tunnels")
    with Client(gate.port, pki, leaf) as client:
        client.send(ASK)
        assert client.read_head().status == 101
        assert hup(gate, gate.text.replace(
            "client_auth: {", f"client_auth: {{deny: {{serials: "
            f"['{leaf.serial}']}}, ")).startswith("reloaded ")
        gate.wait_log("trust_changed ")
        client.send(b"still")
        assert client.take(5) == b"still"
        # then the end, politely
        assert client.ended()
    assert gate.wait_access(1)[0]["failure"] == "tunnel-grace"


def test_a_stop_leaves_it_a_grace(switched, pki):
    gate = switched(extra="timeouts: {tunnel_grace: 500ms}\n")
    with opened(gate, pki) as client:
        assert client.read_head().status == 101
        gate.process.terminate()
        gate.wait_log(" draining ")
        client.send(b"still")
        assert client.take(5) == b"still"
        assert client.ended()
    gate.process.wait(20)
    assert gate.access()[0]["failure"] == "tunnel-grace"
