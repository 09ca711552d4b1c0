"""The table of raw requests, and a public corpus, through the real program.

Each row of tests/fake/h1_cases_*.c is sent over mutual TLS to the daemon; the
origin behind it (recorder.py) keeps what arrived. A row is refused with the
rule that the table names, and nothing of it arrives; or exactly its messages
do. Behind each row another client asks for something plain and gets it.
"""

import gzip
import json
import os
import pathlib
import re
import warnings

import pytest

import h1_codec
from client import Client, Cut, get
from gate import SANITIZED
from recorder import Recorder

SHARED = pathlib.Path(os.environ.get("MTLSGATE_SHARED",
                                     h1_codec.TOP.parent / "shared"))
CORPUS = SHARED / "h1" / "external.json.gz"
CLEAN = get("/clean")
SHARES = 4  # of the corpus, so that several workers of a run take part


@pytest.fixture
def recorder():
    made = Recorder()
    yield made
    made.close()
    assert not made.faults


@pytest.fixture
def gate(gates, recorder):
    return gates(recorder, workers=1,
                 extra="limits: {requests_per_connection: 10000}\n")


class Outcome:
    """What a client saw: 200s of the origin, then perhaps our refusal."""

    def __init__(self):
        self.passed = 0
        self.status = self.rule = None

    def __repr__(self):
        return f"{self.passed} passed, then {self.status} {self.rule}"


def play(gate, pki, raw, wanted):
    """Sends raw, reads until `wanted` answers or an end came."""
    outcome = Outcome()
    with Client(gate.port, pki, pki.good) as client:
        try:
            client.send(raw)
        except OSError:
            pass  # refused before all was sent; the answer tells
        try:
            while outcome.passed < wanted and outcome.status is None:
                note(outcome, client)
        except (Cut, OSError):
            pass
    return outcome


def note(outcome, client):
    head = client.read_head()
    if head.all("X-Recorded"):
        outcome.passed += 1
        return
    outcome.status = head.status
    body = b""
    if head.all("Content-Length"):
        try:
            body = client.take(int(head.get("Content-Length")))
        except (Cut, OSError):
            pass  # of a HEAD: there is none
    found = re.search(rb"reason: (\S+)", body)
    outcome.rule = found.group(1).decode() if found else None


def ask_clean(gate, pki):
    with Client(gate.port, pki, pki.good) as client:
        got = client.ask(CLEAN)
        assert got.status == 200 and got.get("X-Recorded") == "1"


def expected(raw, count):
    """(method, target, body) of the messages; they are of plain form."""
    out = []
    for _ in range(count):
        raw = raw[2:] if raw.startswith(b"\r\n") else raw
        head, _, rest = raw.partition(b"\r\n\r\n")
        line, *fields = head.split(b"\r\n")
        method, target, _ = line.split(b" ")
        named = {n.lower(): v.strip(b" \t") for n, _, v in
                 (field.partition(b":") for field in fields)}
        body = b""
        if b"transfer-encoding" in named:
            while size := int(rest.split(b"\r\n")[0].split(b";")[0], 16):
                rest = rest.partition(b"\r\n")[2]
                body += rest[:size]
                rest = rest[size + 2:]
            rest = rest.partition(b"\r\n")[2]
            while not rest.startswith(b"\r\n"):
                rest = rest.partition(b"\r\n")[2]
            rest = rest[2:]
        else:
            size = int(named.get(b"content-length", 0))
            body, rest = rest[:size], rest[size:]
        target = re.sub(rb"(?i)^https?://[^/?]*", b"", target)
        if not target.startswith((b"/", b"*")):
            # RFC 9112 section 3.2.4: OPTIONS of no path asks the server
            target = b"*" if method == b"OPTIONS" and not target \
                else b"/" + target
        out.append((method.decode(), target.decode(), body))
        raw = rest
    return out


def arrived(recorder):
    return [(m.method, m.target, m.body) for m in recorder.take()]


def wrong_about(row, verdict, outcome, came):
    """What is not as the table has it; None: all is."""
    name, rule, raw = row
    count = verdict.count if rule == "none" or verdict.count else 0
    wanted = expected(raw, count)
    if came != wanted:
        return f"{name}: {came} arrived, not {wanted}"
    if rule == "none" and verdict.end == "done":
        if outcome.status is not None:
            return f"{name}: {outcome}"
    elif verdict.end == "bad" and (outcome.status, outcome.rule) != (
            verdict.status, verdict.rule):
        return f"{name}: {outcome}, not {verdict.status} {verdict.rule}"
    return None


def test_each_row_of_the_table_R8_R9(gate, pki, recorder, record_property):
    rows = list(h1_codec.cases())
    if SANITIZED:
        rows = rows[::4]
    verdicts = h1_codec.judge([raw for _, _, raw in rows])
    wrong = []
    for row, verdict in zip(rows, verdicts):
        outcome = play(gate, pki, row[2],
                       verdict.count + (verdict.end == "bad"))
        came = arrived(recorder)
        ask_clean(gate, pki)
        assert arrived(recorder) == [("GET", "/clean", b"")], row[0]
        found = wrong_about(row, verdict, outcome, came)
        if found:
            wrong.append(found)
    assert not wrong, "\n".join(wrong)
    record_property("figure", f"{len(rows)} raw requests through the "
                    "program: all as the table has them")


@pytest.fixture(scope="module")
def corpus():
    if not CORPUS.exists():
        text = f"SKIPPED: {CORPUS} is not there (set MTLSGATE_SHARED)"
        warnings.warn(text, stacklevel=1)
        pytest.skip(text)
    with gzip.open(CORPUS) as file:
        vectors = json.load(file)["vectors"]
    return [(v["id"], v["raw"].encode("latin-1")) for v in vectors]


def not_as_judged(name, verdict, outcome, came):
    """The codec alone is stricter or as strict: policy may refuse more."""
    if len(came) != outcome.passed or outcome.passed > verdict.count:
        return f"{name}: {came} arrived, {outcome}"
    if outcome.passed < verdict.count and not (outcome.status and
                                               outcome.rule):
        return f"{name}: {verdict.count} expected, {outcome}"
    if outcome.passed == verdict.count and verdict.end == "bad" and (
            outcome.status, outcome.rule) != (verdict.status, verdict.rule):
        return f"{name}: {outcome}, not {verdict.status} {verdict.rule}"
    return None


@pytest.mark.parametrize("share", range(SHARES))
def test_nothing_ambiguous_of_the_corpus_arrives_R8_R9(
        gate, pki, recorder, corpus, share, record_property):
    part = corpus[share::SHARES * (8 if SANITIZED else 1)]
    verdicts = h1_codec.judge([raw for _, raw in part])
    wrong, passed = [], 0
    for (name, raw), verdict in zip(part, verdicts):
        outcome = play(gate, pki, raw, verdict.count + (verdict.end == "bad"))
        came = arrived(recorder)
        ask_clean(gate, pki)
        assert arrived(recorder) == [("GET", "/clean", b"")], name
        found = not_as_judged(name, verdict, outcome, came)
        if found:
            wrong.append(found)
        passed += len(came)
    assert not wrong, "\n".join(wrong)
    record_property("figure", f"{len(part)} published requests: {passed} "
                    "messages arrived, none of them ambiguous")
