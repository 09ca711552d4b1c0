"""A raw client: exact bytes over TLS, answers parsed strictly."""

import select
import socket
import ssl


class Answer:
    def __init__(self, status, fields, body, trailers=()):
        self.status = status
        self.fields = fields
        self.body = body
        self.trailers = list(trailers)
        self.interim = []

    def all(self, name):
        return [v for n, v in self.fields if n.lower() == name.lower()]

    def get(self, name):
        values = self.all(name)
        assert len(values) == 1, f"{name}: {values}"
        return values[0]


class Cut(Exception):
    """The peer left before the answer was whole."""


class Client:
    """One connection. Everything waits at most `timeout` seconds."""

    def __init__(self, port, pki, leaf=None, host="127.0.0.1", timeout=20,
                 versions=None, alpn=None, server_name="localhost",
                 rcvbuf=None, source=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(pki.ca.path)
        if leaf:
            context.load_cert_chain(leaf.cert, leaf.key)
        if versions:
            context.minimum_version = context.maximum_version = versions
        if alpn:
            context.set_alpn_protocols(alpn)
        raw = socket.socket(
            socket.AF_INET6 if ":" in host else socket.AF_INET)
        if rcvbuf:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        raw.settimeout(timeout)
        if source:
            raw.bind((source, 0))
        raw.connect((host, port))
        self.raw = raw
        self.buffer = b""
        try:
            self.sock = context.wrap_socket(raw, server_hostname=server_name,
                                            suppress_ragged_eofs=False)
        except BaseException:
            raw.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def more(self):
        piece = self.sock.recv(65536)
        self.buffer += piece
        return bool(piece)

    def until(self, mark):
        while mark not in self.buffer:
            if not self.more():
                raise Cut(self.buffer)
        at = self.buffer.index(mark) + len(mark)
        piece, self.buffer = self.buffer[:at], self.buffer[at:]
        return piece

    def take(self, count):
        while len(self.buffer) < count:
            if not self.more():
                raise Cut(self.buffer)
        piece, self.buffer = self.buffer[:count], self.buffer[count:]
        return piece

    def rest(self):
        while self.more():
            pass
        piece, self.buffer = self.buffer, b""
        return piece

    def read_head(self):
        lines = self.until(b"\r\n\r\n")[:-4].decode("latin-1").split("\r\n")
        version, status, *_ = lines[0].split(" ")
        assert version == "HTTP/1.1", lines[0]
        return Answer(int(status), [
            (n, v.strip(" ")) for n, _, v in
            (line.partition(":") for line in lines[1:])], b"")

    def _read_chunked(self, answer):
        while True:
            size = int(self.until(b"\r\n"), 16)
            if size == 0:
                break
            answer.body += self.take(size)
            assert self.take(2) == b"\r\n"
        while True:
            line = self.until(b"\r\n")[:-2].decode("latin-1")
            if not line:
                return
            name, _, value = line.partition(":")
            answer.trailers.append((name, value.strip(" ")))

    def read(self, method="GET"):
        """The next final answer, interim ones in .interim."""
        interim = []
        answer = self.read_head()
        while answer.status < 200:
            interim.append(answer)
            answer = self.read_head()
        answer.interim = interim
        if method == "HEAD" or answer.status in (204, 304):
            return answer
        if answer.all("Transfer-Encoding"):
            assert answer.get("Transfer-Encoding") == "chunked"
            assert not answer.all("Content-Length")
            self._read_chunked(answer)
        elif answer.all("Content-Length"):
            answer.body = self.take(int(answer.get("Content-Length")))
        else:
            answer.body = self.rest()
        return answer

    def ask(self, data, method="GET"):
        self.send(data)
        return self.read(method)

    def ended(self):
        """True when the peer closes cleanly now, without another byte."""
        return self.rest() == b""


class HalfOpen:
    """A TLS client that can end its sending side and go on reading."""

    def __init__(self, port, pki, leaf, timeout=20):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(pki.ca.path)
        context.load_cert_chain(leaf.cert, leaf.key)
        self.into, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.into, self.out,
                                    server_hostname="localhost")
        self.raw = socket.create_connection(("127.0.0.1", port), timeout)
        self.pump(self.tls.do_handshake)

    def pump(self, action):
        """action(), fed with what comes until it is content."""
        while True:
            try:
                return action()
            except ssl.SSLWantReadError:
                self.flush()
                piece = self.raw.recv(65536)
                if piece:
                    self.into.write(piece)
                else:
                    self.into.write_eof()
            finally:
                self.flush()

    def flush(self):
        data = self.out.read()
        if data:
            self.raw.sendall(data)

    def send(self, data):
        self.pump(lambda: self.tls.write(data))

    def send_while_silent(self, data, limit):
        """Sends data again and again, `limit` times at most, until something
        comes back; one thread, since two may not share a TLS session. True
        when it did."""
        for _ in range(limit):
            self.tls.write(data)
            waiting = memoryview(self.out.read())
            while waiting:
                heard, free, _ = select.select(
                    [self.raw], [self.raw], [], self.raw.gettimeout())
                if heard:
                    return True
                if not free:
                    raise TimeoutError("neither heard nor taken")
                waiting = waiting[self.raw.send(waiting,
                                                socket.MSG_DONTWAIT):]
        return False

    def end(self):
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self.flush()
        self.raw.shutdown(socket.SHUT_WR)

    def rest(self):
        data = b""
        while True:
            try:
                piece = self.pump(lambda: self.tls.read(65536))
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                piece = b""
            if not piece:
                self.raw.close()
                return data
            data += piece


def get(path="/", *fields, host="localhost", close=False):
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *fields]
    if close:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
