"""An origin that keeps what really arrived, and takes nothing ambiguous.

It shares no line with our parser: what we send must be of the narrow form
below. Whatever else comes is kept as a fault, and the connection ends there.
"""

import re
import socket
import threading

HEAD = re.compile(
    rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP/1\.1\r\n"
    rb"((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: (?:[\x21-\x7e\x80-\xff]"
    rb"(?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?\r\n)*)\r\n")
CHUNK = re.compile(rb"[0-9a-f]+\r\n")
TRAILERS = re.compile(
    rb"((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t\x20-\x7e\x80-\xff]*\r\n)*)\r\n")
FRAMING = {"content-length", "transfer-encoding", "host"}
FOREIGN = {"te", "keep-alive", "proxy-connection", "upgrade", "expect",
           "http2-settings"}


class Fault(Exception):
    """What arrived could be read in two ways, or is not of our form."""


class Message:
    def __init__(self, method, target, fields, body, trailers):
        self.method, self.target = method, target
        self.fields, self.body, self.trailers = fields, body, trailers

    def all(self, name):
        return [v for n, v in self.fields if n.lower() == name]


def fields_of(block):
    lines = block.decode("latin-1").split("\r\n")[:-1]
    return [tuple(line.split(": ", 1)) for line in lines]


def check_fields(message):
    """Framing, routing and hop-by-hop fields: once, and in one form."""
    for name in FRAMING:
        if len(message.all(name)) > 1:
            raise Fault(f"{name} twice")
    if len(message.all("host")) != 1:
        raise Fault("no host")
    if message.all("content-length") and message.all("transfer-encoding"):
        raise Fault("two framings")
    if message.all("transfer-encoding") not in ([], ["chunked"]):
        raise Fault("a coding that is not chunked")
    if not all(re.fullmatch("[0-9]+", v)
               for v in message.all("content-length")):
        raise Fault("a length that is no number")
    for name, _ in message.fields:
        if "_" in name:
            raise Fault(f"a name that may be read as another: {name}")


class Reader:
    """The bytes of one connection, message by message."""

    def __init__(self, sock):
        self.sock = sock
        self.bytes = b""

    def match(self, pattern, stop):
        """What the pattern matches, once `stop` has come."""
        while stop not in self.bytes:
            piece = self.sock.recv(65536)
            if not piece:
                return None
            self.bytes += piece
        found = pattern.match(self.bytes)
        if not found:
            raise Fault(f"not of our form: {self.bytes[:300]!r}")
        self.bytes = self.bytes[found.end():]
        return found

    def take(self, count):
        while len(self.bytes) < count:
            piece = self.sock.recv(65536)
            if not piece:
                return None
            self.bytes += piece
        data, self.bytes = self.bytes[:count], self.bytes[count:]
        return data

    def chunked(self, message):
        while True:
            found = self.match(CHUNK, b"\r\n")
            if not found:
                return False
            size = int(found.group(), 16)
            if not size:
                break
            data = self.take(size + 2)
            if data is None:
                return False
            if data[-2:] != b"\r\n":
                raise Fault("a chunk without its end")
            message.body += data[:-2]
        while not self.bytes.startswith(b"\r\n") and \
                b"\r\n\r\n" not in self.bytes:
            piece = self.sock.recv(65536)
            if not piece:
                return False
            self.bytes += piece
        found = self.match(TRAILERS, b"\r\n")
        message.trailers = fields_of(found.group(1))
        return True

    def message(self):
        """The next complete one; None: the peer left before."""
        found = self.match(HEAD, b"\r\n\r\n")
        if not found:
            return None
        method, target, block = found.groups()
        message = Message(method.decode(), target.decode(), fields_of(block),
                          b"", [])
        check_fields(message)
        if message.all("transfer-encoding"):
            return message if self.chunked(message) else None
        body = self.take(int((message.all("content-length") or ["0"])[0]))
        message.body = body
        return None if body is None else message


class Recorder:
    """Answers each complete message with 200 and no content."""

    def __init__(self):
        self.lock = threading.Lock()
        self.messages = []
        self.faults = []
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.socket.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(sock,),
                             daemon=True).start()

    def serve(self, sock):
        reader = Reader(sock)
        with sock:
            try:
                while message := reader.message():
                    with self.lock:
                        self.messages.append(message)
                    sock.sendall(b"HTTP/1.1 200 OK\r\nX-Recorded: 1\r\n"
                                 b"Content-Length: 0\r\n\r\n")
            except Fault as fault:
                with self.lock:
                    self.faults.append(str(fault))
            except OSError:
                pass

    def take(self):
        """What came since the last call."""
        with self.lock:
            came, self.messages = self.messages, []
        return came

    def close(self):
        self.socket.close()
