"""An OCSP responder on loopback that says what a test wants."""

import datetime
import http.server
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

GOOD = ocsp.OCSPCertStatus.GOOD
REVOKED = ocsp.OCSPCertStatus.REVOKED
UNKNOWN = ocsp.OCSPCertStatus.UNKNOWN
HOUR = 3600


def named(url):
    """The extension by which a certificate names its responder."""
    return (x509.AuthorityInformationAccess([x509.AccessDescription(
        x509.oid.AuthorityInformationAccessOID.OCSP,
        x509.UniformResourceIdentifier(url))]), False)


class Responder:
    """
    status: what is said of a certificate (default), by serial in `of`.
    hold: an event that each answer waits for; None: at once.
    raw: instead of an answer, (status, bytes).
    """

    def __init__(self, ca, status=GOOD, next_s=HOUR, port=0):
        self.ca = ca
        self.issuer = ca.cert
        self.signer = (ca.cert, ca.key)
        self.status = status
        self.of = {}
        self.next_s = next_s
        self.this_s = 0
        self.hold = None
        self.raw = None
        self.requests = []
        self.leaves = {}
        self.lock = threading.Condition()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                outer._answer(self)

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                pass  # a client that gave up

        self.server = Server(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever,
                         kwargs={"poll_interval": 0.02},
                         daemon=True).start()

    @property
    def port(self):
        return self.server.server_address[1]

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"http://{self.address}/ocsp"

    def _answer(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        request = ocsp.load_der_ocsp_request(body)
        with self.lock:
            self.requests.append((handler, request))
            self.lock.notify_all()
        if self.hold:
            assert self.hold.wait(30)
        code, answer = self.raw or (200, self.make(request))
        handler.send_response(code)
        handler.send_header("Content-Type", "application/ocsp-response")
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)

    def make(self, request):
        status = self.of.get(request.serial_number, self.status)
        now = datetime.datetime.utcnow().replace(microsecond=0)
        this = now + datetime.timedelta(seconds=self.this_s)
        revoked = status is REVOKED
        until = None if self.next_s is None else (
            now + datetime.timedelta(seconds=self.next_s))
        builder = ocsp.OCSPResponseBuilder().add_response(
            self.leaves[request.serial_number], self.issuer,
            request.hash_algorithm, status, this, until,
            this if revoked else None,
            x509.ReasonFlags.key_compromise if revoked else None)
        cert, key = self.signer
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, cert)
        if cert != self.issuer:
            builder = builder.certificates([cert])
        return builder.sign(key, hashes.SHA256()).public_bytes(
            serialization.Encoding.DER)

    def wait(self, count=1, timeout=20):
        with self.lock:
            assert self.lock.wait_for(
                lambda: len(self.requests) >= count, timeout), (
                    f"{len(self.requests)} of {count} questions came")

    @property
    def count(self):
        with self.lock:
            return len(self.requests)

    def issue(self, name, url=None):
        """A client certificate that names this responder."""
        leaf = self.ca.issue(name, extra=[named(url or self.url)])
        self.leaves[leaf.x509.serial_number] = leaf.x509
        return leaf

    def close(self):
        if self.hold:
            self.hold.set()
        self.server.shutdown()
        self.server.server_close()
