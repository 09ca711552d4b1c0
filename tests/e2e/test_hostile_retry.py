"""A client that answers HelloRetryRequest with another server name than in its
first hello: certificate, group and ticket are those of the second (R12, R15).
No tool does that, so libssl is told to by hand."""

import ctypes
import socket

import pytest

from client import get
from test_names import named, names  # noqa: F401 (fixtures)

LIBRARY = ctypes.CDLL("libssl.so.3")
VOID, LONG = ctypes.c_void_p, ctypes.c_long
SET_HOST, SET_GROUPS = 55, 92  # SSL_CTRL_SET_TLSEXT_HOSTNAME, _SET_GROUPS_LIST
PEM, HANDSHAKE, SERVER_HELLO = 1, 22, 2
RETRY = bytes.fromhex("cf21ad74e59a6111")  # RFC 8446 section 4.1.3
ON_MESSAGE = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_int, ctypes.c_int,
                              VOID, ctypes.c_size_t, VOID, VOID)
for function, result, *arguments in [
        ("TLS_client_method", VOID), ("SSL_CTX_new", VOID, VOID),
        ("SSL_CTX_free", None, VOID), ("SSL_new", VOID, VOID),
        ("SSL_free", None, VOID), ("SSL_get1_session", VOID, VOID),
        ("SSL_SESSION_free", None, VOID),
        ("SSL_set_session", ctypes.c_int, VOID, VOID),
        ("SSL_session_reused", LONG, VOID),
        ("SSL_set_msg_callback", None, VOID, ON_MESSAGE),
        ("SSL_set_fd", ctypes.c_int, VOID, ctypes.c_int),
        ("SSL_connect", ctypes.c_int, VOID),
        ("SSL_shutdown", ctypes.c_int, VOID),
        ("SSL_ctrl", LONG, VOID, ctypes.c_int, LONG, VOID),
        ("SSL_CTX_use_certificate_file", ctypes.c_int, VOID, ctypes.c_char_p,
         ctypes.c_int),
        ("SSL_CTX_use_PrivateKey_file", ctypes.c_int, VOID, ctypes.c_char_p,
         ctypes.c_int),
        ("SSL_read", ctypes.c_int, VOID, VOID, ctypes.c_int),
        ("SSL_write", ctypes.c_int, VOID, VOID, ctypes.c_int)]:
    getattr(LIBRARY, function).restype = result
    getattr(LIBRARY, function).argtypes = arguments


class Turncoat:
    """One connection: `first` in the first hello, `second` in the next."""

    def __init__(self, gate, pki, first, second, session=None):
        self.context = LIBRARY.SSL_CTX_new(LIBRARY.TLS_client_method())
        for load, path in [
                (LIBRARY.SSL_CTX_use_certificate_file, pki.good.cert),
                (LIBRARY.SSL_CTX_use_PrivateKey_file, pki.good.key)]:
            assert load(self.context, str(path).encode(), PEM) == 1
        self.ssl = LIBRARY.SSL_new(self.context)
        self.retries = 0
        # a share of X448, which is not taken
        self.control(SET_GROUPS, b"X448:P-256")
        self.control(SET_HOST, first)
        self.callback = ON_MESSAGE(
            lambda written, _, kind, octets, size, *__: self.heard(
                written, kind, ctypes.string_at(octets, size), second))
        LIBRARY.SSL_set_msg_callback(self.ssl, self.callback)
        if session:
            assert LIBRARY.SSL_set_session(self.ssl, session) == 1
        self.sock = socket.create_connection(("127.0.0.1", gate.port), 20)
        self.sock.settimeout(None)
        assert LIBRARY.SSL_set_fd(self.ssl, self.sock.fileno()) == 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        LIBRARY.SSL_shutdown(self.ssl)  # else its session is spoilt
        LIBRARY.SSL_free(self.ssl)
        LIBRARY.SSL_CTX_free(self.context)
        self.sock.close()

    def control(self, what, text):
        assert LIBRARY.SSL_ctrl(self.ssl, what, 0, text) == 1

    def heard(self, written, kind, message, second):
        if (not written and kind == HANDSHAKE and message[0] == SERVER_HELLO
                and message[6:14] == RETRY):
            self.retries += 1
            self.control(SET_HOST, second)

    def connect(self):
        """Is there a connection, behind one retry?"""
        return LIBRARY.SSL_connect(self.ssl) == 1 and self.retries == 1

    def ask(self, host):
        """The status of the answer."""
        request = get(host=host, close=True)
        assert LIBRARY.SSL_write(self.ssl, request, len(request)) > 0
        text, room = b"", ctypes.create_string_buffer(65536)
        while (size := LIBRARY.SSL_read(self.ssl, room, 65536)) > 0:
            text += room.raw[:size]
        return int(text.split(b" ")[1])

    @property
    def resumed(self):
        return LIBRARY.SSL_session_reused(self.ssl) == 1

    def session(self):
        return LIBRARY.SSL_get1_session(self.ssl)


@pytest.mark.parametrize("first, second", [
    ("www.example.org", "default.example"),
    ("default.example", "www.example.org"),
    ("www.example.org", "api.example.org")])
def test_the_second_name_counts_R12_R15(named, pki, first, second):  # noqa
    gate = named()
    one, two = first.encode(), second.encode()
    with Turncoat(gate, pki, one, two) as client:
        assert client.connect()
        assert client.ask(second) == 200
        session = client.session()
    with Turncoat(gate, pki, one, two) as client:
        assert client.connect()
        assert client.ask(first) == 421
    for names_sent, resumed in [((one, two), True), ((two, two), True),
                                ((two, one), False), ((one, one), False)]:
        with Turncoat(gate, pki, *names_sent, session) as client:
            assert client.connect()
            assert client.resumed == resumed
            answers = names_sent[1].decode()
            assert client.ask(second) == (200 if answers == second else 421)
    LIBRARY.SSL_SESSION_free(session)


def test_the_second_name_may_be_unknown_R15(named, pki):  # noqa: F811
    gate = named(", unknown_server_name: reject")
    with Turncoat(gate, pki, b"www.example.org", b"nobody.example") as client:
        assert not client.connect() and client.retries == 1
    gate.wait_log("sni=nobody.example")
