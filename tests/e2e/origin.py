"""A scripted origin: records the bytes of every request, answers as told."""

import os
import socket
import threading


class Request:
    """One request as it arrived: raw head, fields in order, body, trailers."""

    def __init__(self, raw_head, body, trailers, connection):
        self.raw_head = raw_head
        self.body = body
        self.connection = connection  # number of the connection
        lines = raw_head.split(b"\r\n")
        self.line = lines[0].decode("latin-1")
        self.method, self.target, self.version = self.line.split(" ")
        self.fields = parse_fields(lines[1:])
        self.trailers = parse_fields(trailers.split(b"\r\n"))

    def all(self, name):
        return [v for n, v in self.fields if n.lower() == name.lower()]

    def get(self, name):
        values = self.all(name)
        assert len(values) == 1, f"{name}: {values}"
        return values[0]


def parse_fields(lines):
    fields = []
    for line in lines:
        if line:
            # one blank is ours; a value that ends in one is told as it is
            name, _, value = line.decode("latin-1").partition(":")
            fields.append((name, value[value.startswith(" "):]))
    return fields


class Peer:
    """The origin's end of one connection; a handler reads and writes it."""

    def __init__(self, sock, number):
        self.sock = sock
        self.number = number
        self.buffer = b""

    def more(self):
        piece = self.sock.recv(65536)
        self.buffer += piece
        return bool(piece)

    def until(self, mark):
        """Bytes up to and with mark; None when the peer left before."""
        while mark not in self.buffer:
            if not self.more():
                return None
        at = self.buffer.index(mark) + len(mark)
        piece, self.buffer = self.buffer[:at], self.buffer[at:]
        return piece

    def take(self, count):
        while len(self.buffer) < count:
            if not self.more():
                raise ConnectionError("the request's body was cut")
        piece, self.buffer = self.buffer[:count], self.buffer[count:]
        return piece

    def read_head(self):
        head = self.until(b"\r\n\r\n")
        return head[:-4] if head else None

    def read_chunked(self):
        body = b""
        while True:
            size = int(self.until(b"\r\n"), 16)
            if size == 0:
                break
            body += self.take(size)
            assert self.take(2) == b"\r\n"
        trailers = b""
        while True:
            line = self.until(b"\r\n")
            if line == b"\r\n":
                return body, trailers
            trailers += line

    def read_request(self):
        head = self.read_head()
        if head is None:
            return None
        request = Request(head, b"", b"", self.number)
        if request.all("Transfer-Encoding"):
            request.body, trailers = self.read_chunked()
            request.trailers = parse_fields(trailers.split(b"\r\n"))
        elif request.all("Content-Length"):
            request.body = self.take(int(request.get("Content-Length")))
        return request

    def send(self, data):
        self.sock.sendall(data)


def echo(peer, request):
    """Answers with the raw head that came."""
    body = b"" if request.method == "HEAD" else request.raw_head
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
              b"Content-Length: %d\r\n\r\n" % len(request.raw_head) + body)


class Origin:
    """
    Listens on a free loopback port, or on a unix socket. `answer` is called
    with (peer, request) for each request; `serve`, when given, gets each peer
    instead and does everything by itself.
    """

    def __init__(self, answer=echo, serve=None, unix=None, backlog=128,
                 place=("127.0.0.1", 0)):
        self.answer = answer
        self.serve = serve or self._serve
        self.requests = []
        self.connections = 0
        self.errors = []
        self.lock = threading.Condition()
        self.unix = unix
        self.peers = []
        if unix:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.bind(str(unix))
        else:
            self.sock = socket.socket()
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.sock.bind(place)
        self.sock.listen(backlog)
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    @property
    def port(self):
        return self.sock.getsockname()[1]

    @property
    def url(self):
        return f"unix:{self.unix}" if self.unix else (
            f"http://127.0.0.1:{self.port}")

    def _accept(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                peer = Peer(sock, self.connections)
                self.peers.append(peer)
                self.lock.notify_all()
            threading.Thread(target=self._run, args=(peer,),
                             daemon=True).start()

    def _run(self, peer):
        try:
            self.serve(peer)
        except (ConnectionError, BrokenPipeError):
            pass
        except OSError as error:
            if peer.sock.fileno() >= 0:
                self.errors.append(error)
        except Exception as error:  # told by close()
            self.errors.append(error)
        finally:
            peer.sock.close()

    def _serve(self, peer):
        while True:
            request = peer.read_request()
            if request is None:
                return
            with self.lock:
                self.requests.append(request)
                self.lock.notify_all()
            self.answer(peer, request)

    def wait(self, count=1, timeout=20):
        """Waits until `count` requests came; returns them."""
        with self.lock:
            assert self.lock.wait_for(
                lambda: len(self.requests) >= count, timeout), (
                    f"{len(self.requests)} of {count} requests came")
            return list(self.requests)

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        for peer in self.peers:
            try:
                peer.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        if self.unix and os.path.exists(self.unix):
            os.unlink(self.unix)
        assert not self.errors, self.errors


class Tap:
    """An origin that begins an answer and ends it when it is told to."""

    def __init__(self):
        self.ends = threading.Event()

    def answer(self, peer, request):
        if request.target == "/slow":
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf-")
            assert self.ends.wait(30)
            peer.send(b"whole")
        else:
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
