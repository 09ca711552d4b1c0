"""Tickets that were bent, forged or come with what we never offered: each is
as none (R12), and nobody sends anything before the handshake (R16)."""

import base64
import re
import subprocess

import pytest

from client import get

TICKET, EARLY = 0xaa, 0xaf  # [10] and [15] of SSL_SESSION
SKIPPED = 16384  # octets of early data that are read and dropped
ARMOUR = "-----%s SSL SESSION PARAMETERS-----\n"


def take(der, at):
    """The element at `at`: tag, content, where the next one begins."""
    tag, length, at = der[at], der[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7f
        length, at = int.from_bytes(der[at:at + count], "big"), at + count
    return tag, der[at:at + length], at + length


def put(tag, content):
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


class Kept:
    """A session as `openssl s_client -sess_out` writes it."""

    def __init__(self, path):
        lines = path.read_text().splitlines()
        body = take(base64.b64decode("".join(lines[1:-1])), 0)[1]
        self.elements, at = [], 0
        while at < len(body):
            tag, content, at = take(body, at)
            self.elements.append((tag, content))

    @property
    def ticket(self):
        return take(dict(self.elements)[TICKET], 0)[1]

    def but(self, tag, content):
        """The elements with another one in its place."""
        others = [e for e in self.elements if e[0] != tag]
        at = sum(1 for e in others if e[0] < tag)
        return others[:at] + [(tag, content)] + others[at:]

    def bent(self, ticket):
        return self.but(TICKET, put(4, ticket))

    def with_another_key(self):
        """The third OCTET STRING is the key."""
        at = [i for i, e in enumerate(self.elements) if e[0] == 4][2]
        key = self.elements[at][1]
        elements = list(self.elements)
        elements[at] = (4, bytes([key[0] ^ 1]) + key[1:])
        return elements

    def with_early_data(self, size, ticket=None):
        kept = Kept.__new__(Kept)
        kept.elements = self.bent(ticket or self.ticket)
        return kept.but(EARLY, put(2, size.to_bytes(
            size.bit_length() // 8 + 1, "big")))


@pytest.fixture
def shows(gate, pki, tmp_path):
    """shows(version, elements, options...) -> what openssl says, or without
    elements the session that it was given."""
    def s_client(version, *options):
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{gate.port}",
             "-servername", "localhost", version, "-ign_eof",
             "-CAfile", pki.ca.path, "-cert", pki.good.cert,
             "-key", pki.good.key, *options],
            input=get(close=True), capture_output=True, timeout=60)
        return done.stdout + done.stderr

    def show(version, elements=None, *options):
        path = tmp_path / "session"
        if elements is None:
            text = s_client(version, "-sess_out", path)
            assert b"HTTP/1.1 200 OK" in text, text
            return Kept(path)
        der = put(0x30, b"".join(put(*e) for e in elements))
        path.write_text(ARMOUR % "BEGIN" + base64.encodebytes(der).decode()
                        + ARMOUR % "END")
        return s_client(version, "-sess_in", path, *options)
    return show


def reused(text):
    return bool(re.search(rb"(?m)^Reused, TLS", text))


def answered(text):
    return b"HTTP/1.1 200 OK" in text


def bends(ticket):
    """Key name, IV, what is sealed, and the seal (RFC 5077 section 4)."""
    size = len(ticket)
    for at in [0, 15, 16, 31, 32, 47, 48, size // 2, size - 33, size - 32,
               size - 1]:
        bent = bytearray(ticket)
        bent[at] ^= 1 << at % 8
        yield bytes(bent)
    for length in (1, 15, 16, 32, 48, size - 32, size - 16, size - 1):
        yield ticket[:length]
    yield ticket + b"\0"
    yield ticket + bytes(16)
    yield ticket + ticket
    yield ticket + bytes(60000 - size)
    yield bytes(size)
    yield bytes(60000)
    yield b"forged-key-name!" + ticket[16:]
    yield ticket[:16] + bytes(size - 16)
    yield ticket[:32] + ticket[48:64] + ticket[32:48] + ticket[64:]


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_bent_ticket_is_as_none_R12(gate, shows, version):
    kept = shows(version)
    text = shows(version, kept.bent(kept.ticket))
    assert reused(text) and answered(text), text
    count = 0
    for count, bent in enumerate(bends(kept.ticket), 1):
        text = shows(version, kept.bent(bent))
        assert answered(text) and not reused(text), (count, text)
    metrics = gate.metrics()
    assert metrics["mtlsgate_handshakes_resumed_total"] == 1
    assert count - 4 <= metrics[  # the shortest hold no name
        'mtlsgate_tickets_refused_total{reason="unknown_key"}'] <= count


@pytest.mark.parametrize("version, words", [
    ("-tls1_2", "bad record mac"), ("-tls1_3", "binder does not verify")])
def test_a_ticket_without_its_key_opens_nothing_R12(gate, origin, shows,
                                                    version, words):
    kept = shows(version)
    text = shows(version, kept.with_another_key())
    assert not answered(text), text
    gate.wait_log(words)
    assert len(origin.requests) == 1


def test_a_retry_takes_the_ticket_and_no_other_R12(shows):
    kept = shows("-tls1_3")
    retry = ["-groups", "X448:P-256"]  # a share that is not taken
    text = shows("-tls1_3", kept.bent(kept.ticket), *retry)
    assert reused(text) and answered(text), text
    text = shows("-tls1_3", kept.bent(bytes(len(kept.ticket))), *retry)
    assert answered(text) and not reused(text), text


# ---- early data ----

@pytest.mark.parametrize("retry", [False, True])
@pytest.mark.parametrize("ours", [True, False])
def test_early_data_is_dropped_and_the_handshake_goes_on_R16(
        origin, shows, tmp_path, ours, retry):
    """Whoever served here before may have allowed it; a client that still
    believes so is to be answered (RFC 8446 section 4.2.10)."""
    kept = shows("-tls1_3")
    early = tmp_path / "early"
    early.write_bytes(get("/early"))
    text = shows(
        "-tls1_3", kept.with_early_data(
            SKIPPED, kept.ticket if ours else bytes(len(kept.ticket))),
        "-early_data", early, *(["-groups", "X448:P-256"] if retry else []))
    assert b"Early data was rejected" in text, text
    assert answered(text), text
    assert reused(text) == ours
    assert [r.raw_head.split(b" ")[1] for r in origin.wait(2)] == [b"/", b"/"]


def test_what_is_dropped_has_a_bound_R17(gate, origin, shows, tmp_path):
    kept = shows("-tls1_3")
    early = tmp_path / "early"
    early.write_bytes(get("/early") + bytes(4 * SKIPPED))
    text = shows("-tls1_3", kept.with_early_data(8 * SKIPPED),
                 "-early_data", early)
    assert not answered(text), text
    gate.wait_log("too much early data")
    assert len(origin.requests) == 1
