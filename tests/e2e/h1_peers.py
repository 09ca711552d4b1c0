"""nginx and HAProxy in front of an origin that says what it was sent."""

import shutil
import socket
import subprocess
import threading

from gate import free_port, wait_for

MARK = b"<origin>"

NGINX = """
daemon off;
master_process off;
worker_processes 1;
pid {dir}/nginx.pid;
error_log {dir}/nginx.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  client_header_timeout 1s;
  client_body_timeout 1s;
  keepalive_timeout 0;
  lingering_close off;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{origin};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection close;
    }}
  }}
}}
"""

HAPROXY = """
global
  maxconn 512
defaults
  mode http
  timeout client 1s
  timeout server 5s
  timeout connect 5s
  timeout http-request 1s
  option httpclose
frontend in
  bind 127.0.0.1:{port}
  default_backend out
backend out
  server s 127.0.0.1:{origin}
"""


def read_chunked(file):
    """Is the body complete?"""
    while True:
        size = int(file.readline().split(b";")[0], 16)
        if not size:
            break
        file.read(size + 2)
    while (line := file.readline()) not in (b"\r\n", b"\n"):
        if not line:
            return False
    return True


def read_request(file):
    """The head, once the whole request is there; None when it is cut."""
    lines = []
    while True:
        line = file.readline()
        if not line.endswith(b"\n"):
            return None
        if line in (b"\r\n", b"\n"):
            break
        lines.append(line)
    fields = {n.strip().lower(): v.strip() for n, _, v in
              (line.partition(b":") for line in lines[1:])}
    if b"transfer-encoding" in fields:
        complete = read_chunked(file)
    else:
        want = int(fields.get(b"content-length", 0))
        complete = len(file.read(want)) == want
    return b"".join(lines) if complete else None


class MarkingOrigin:
    """Answers each complete request with MARK and the head it received."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,),
                             daemon=True).start()

    def serve(self, peer):
        peer.settimeout(10)
        with peer, peer.makefile("rb") as file:
            try:
                head = read_request(file)
                if head is not None:
                    body = MARK + head
                    peer.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
                                 b"Content-Length: %d\r\n\r\n" % len(body)
                                 + body)
            except (OSError, ValueError, OverflowError):
                pass  # a request that makes no sense gets no answer

    def close(self):
        self.socket.close()


class Peer:
    """One of the programs; `name` is also the command."""

    def __init__(self, name, directory, origin):
        self.name = name
        self.port = free_port()
        config = directory / f"{name}.conf"
        text = NGINX if name == "nginx" else HAPROXY
        config.write_text(text.format(dir=directory, port=self.port,
                                      origin=origin.port))
        command = ["nginx", "-p", str(directory), "-c", str(config)] \
            if name == "nginx" else ["haproxy", "-db", "-q", "-f", str(config)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        wait_for(f"{name} to listen", self.listens)

    def listens(self):
        assert self.process.poll() is None, f"{self.name} ended"
        try:
            socket.create_connection(("127.0.0.1", self.port), 5).close()
        except OSError:
            return False
        return True

    def ask(self, raw):
        """What the program makes of it: "passed", a status, or "closed"."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), 10) as s:
            s.settimeout(20)
            try:
                s.sendall(raw)
                while piece := s.recv(65536):
                    answer += piece
            except ConnectionError:
                pass  # it was reset: what came before counts
        if MARK in answer:
            return "passed"
        return final_status(answer) or "closed"

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=20)


def final_status(answer):
    while answer.startswith(b"HTTP/1.1 1"):
        answer = answer.partition(b"\r\n\r\n")[2]
    words = answer.split(b" ", 2)
    if len(words) == 3 and words[0].startswith(b"HTTP/1."):
        return words[1].decode()
    return None


def version(name):
    command = ["nginx", "-v"] if name == "nginx" else ["haproxy", "-v"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    text = (done.stderr or done.stdout).splitlines()[0]
    word = text.split("/")[1] if name == "nginx" else text.split()[2]
    return f"{name} {word.split('-')[0].split()[0]}"


def missing():
    return [name for name in ("nginx", "haproxy") if not shutil.which(name)]
