"""The table of raw answers (h1_responses.py) through the real program."""

import pytest

import h1_codec
import h1_responses
from client import Client, Cut, get
from gate import SANITIZED
from origin import Origin


class Villain(Origin):
    """Answers /ROW with the bytes of that row, /clean with a clean answer."""

    def __init__(self, rows):
        self.rows = {row.name: row for row in rows}
        self.served = []  # (target, number of the connection)
        super().__init__(answer=self.speak)

    def speak(self, peer, request):
        name = request.target[1:]
        self.served.append((name, peer.number))
        if name == "clean":
            peer.send(b"HTTP/1.1 200 OK\r\nX-Clean: 1\r\n"
                      b"Content-Length: 5\r\n\r\nclean")
            return
        row = self.rows[name]
        peer.send(row.raw)
        if row.closes:
            peer.sock.close()


def outcome(gate, pki, row):
    """passes(status, body), a status of ours, or "cut"."""
    request = get("/" + row.name).replace(b"GET", row.method.encode())
    with Client(gate.port, pki, pki.good) as client:
        try:
            answer = client.ask(request, row.method)
        except (Cut, OSError):
            return "cut"
    if answer.status == 502 and b"reason: origin" in answer.body:
        return 502
    return answer.status, answer.body


def record_of(gate, count):
    return gate.wait_access(count)[count - 1]


def wrong_about(row, found, record):
    wanted = row.verdict if row.passes or row.verdict == "cut" else 502
    if found != wanted:
        return f"{row.name}: {found}, not {wanted}"
    if record.get("rule") != row.rule:
        return f"{row.name}: {record.get('rule')}, not {row.rule}"
    return None


def wrong_afterwards(row, origin):
    """The connection of a doubtful answer serves nobody else."""
    (_, tainted), (name, clean) = origin.served[-2:]
    assert name == "clean"
    kept = clean == tainted
    if kept != (row.passes and not row.lone and not row.closes):
        return f"{row.name}: kept is {kept}"
    return None


def test_each_row_of_the_answers_R9(gates, origins, pki, record_property):
    rows = h1_responses.ROWS[::4 if SANITIZED else 1]
    origin = Villain(rows)
    gate = gates(origin, workers=1)
    wrong, lines = [], 0
    for row in rows:
        found = outcome(gate, pki, row)
        lines += 1
        wrong.append(wrong_about(row, found, record_of(gate, lines)))
        with Client(gate.port, pki, pki.good) as client:
            got = client.ask(get("/clean"))
        lines += 1
        assert (got.status, got.body) == (200, b"clean"), row.name
        assert got.get("X-Clean") == "1", row.name
        wrong.append(wrong_afterwards(row, origin))
    origin.close()
    wrong = [text for text in wrong if text]
    assert not wrong, "\n".join(wrong)
    record_property("figure", f"{len(rows)} raw answers through the "
                    "program: all as the table has them")
