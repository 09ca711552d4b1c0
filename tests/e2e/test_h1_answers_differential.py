"""The table of answers (h1_responses.py) against nginx and HAProxy.

What each makes of them is shown in docs/answer-differences.md; set
MTLSGATE_UPDATE_DOCS=1 to write that page anew.
"""

import os
import socket
import textwrap
import warnings

import pytest

import h1_codec
import h1_peers
import h1_responses
from origin import Origin
from test_h1_differential import PROGRAMS, TESTED, shown, versions

PAGE = h1_codec.TOP / "docs" / "answer-differences.md"


class Speaker(Origin):
    """Answers /ROW with the bytes of that row, and says no more."""

    def __init__(self):
        self.rows = {row.name: row for row in h1_responses.ROWS}
        super().__init__(answer=self.speak)

    def speak(self, peer, request):
        try:
            peer.send(self.rows[request.target[1:]].raw)
            peer.sock.shutdown(socket.SHUT_WR)
            while peer.sock.recv(65536):
                pass
        except OSError:
            pass  # it had enough


def receive(port, row):
    request = (f"{row.method} /{row.name} HTTP/1.1\r\nHost: a\r\n"
               "Connection: close\r\n\r\n").encode()
    answer = b""
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        s.settimeout(20)
        try:
            s.sendall(request)
            while piece := s.recv(65536):
                answer += piece
        except ConnectionError:
            pass  # what came before counts
    return answer


def is_whole(head, body, method):
    """As a client would say that frames by the head alone."""
    fields = {n.strip().lower(): v.strip() for n, _, v in
              (line.partition(b":") for line in head.split(b"\r\n")[1:])}
    status = head.split(b" ")[1]
    if method == "HEAD" or status in (b"204", b"304"):
        return True
    if b"chunked" in fields.get(b"transfer-encoding", b""):
        return body.endswith(b"0\r\n\r\n") or b"\r\n0\r\n" in b"\r\n" + body
    if b"content-length" in fields:
        return len(body) >= int(fields[b"content-length"])
    return True


def made_of(answer, row):
    """"passed", "cut", a status of the program's own, or "closed"."""
    while answer.startswith(b"HTTP/1.1 1") and \
            not answer.startswith(b"HTTP/1.1 101"):
        answer = answer.partition(b"\r\n\r\n")[2]
    head, end, body = answer.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    if not end or len(words) < 2 or not words[1].isdigit():
        return "closed" if not answer else "passed"
    if words[1] in (b"502", b"504"):
        return words[1].decode()
    try:
        return "passed" if is_whole(head, body, row.method) else "cut"
    except ValueError:
        return "passed"


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    gone = h1_peers.missing()
    if gone:
        text = f"SKIPPED: not installed: {', '.join(gone)}"
        warnings.warn(text, stacklevel=1)
        pytest.skip(text)
    origin, out = Speaker(), {}
    directory = tmp_path_factory.mktemp("peers")
    for program in PROGRAMS:
        peer = h1_peers.Peer(program, directory, origin)
        try:
            for row in h1_responses.ROWS:
                out[program, row.name] = made_of(receive(peer.port, row), row)
        finally:
            peer.close()
    origin.close()
    return out


def ours(row):
    if row.passes:
        return "passed"
    return f"cut ({row.rule})" if row.verdict == "cut" else row.rule


def verdict_of(row):
    return "passed" if row.passes else "cut" if row.verdict == "cut" else "502"


def lines(seen):
    yield "| case | answer | mtlsgate | nginx | HAProxy |"
    yield "|---|---|---|---|---|"
    for row in h1_responses.ROWS:
        marks = []
        for program in PROGRAMS:
            mark = seen[program, row.name]
            lax = mark == "passed" and not row.passes
            marks.append(f"**{mark}**" if lax else mark)
        yield (f"| {row.name} | {shown(row.raw)} | {ours(row)} | "
               f"{marks[0]} | {marks[1]} |")


def page(seen):
    refused = [row for row in h1_responses.ROWS if not row.passes]
    text = ["# Answers of origins, in three programs", "", *textwrap.wrap(
        "Made by `tests/e2e/test_h1_answers_differential.py` out of "
        "`tests/e2e/h1_responses.py`; "
        "`tests/e2e/test_hostile_answers.py` holds mtlsgate to its column. "
        "Each answer was given to " + " and ".join(versions())
        + ", both with their defaults, by an origin that says nothing more "
        "and ends the connection.", 79), "", *textwrap.wrap(
        "`passed`: the client got an answer that looks whole. `cut`: one that "
        "it can see to be cut. A number: the program's own answer. `closed`: "
        "it hung up. For mtlsgate the rule is shown, the client gets 502. "
        "Bold: an answer passed that we refuse or cut.", 79), "",
        f"Of {len(h1_responses.ROWS)} answers mtlsgate refuses or cuts "
        f"{len(refused)}."]
    for program in PROGRAMS:
        lax = sum(seen[program, row.name] == "passed" for row in refused)
        strict = sum(seen[program, row.name] != "passed"
                     for row in h1_responses.ROWS if row.passes)
        text.append(f"{program} passes {lax} of those as whole, and refuses "
                    f"or cuts {strict} that mtlsgate passes.")
    return "\n".join([*text, "", *lines(seen)]) + "\n"


def test_the_page_shows_what_was_seen(seen, record_property):
    if versions() != TESTED:
        pytest.skip(f"other versions: {versions()}")
    text = page(seen)
    if os.environ.get("MTLSGATE_UPDATE_DOCS"):
        PAGE.write_text(text)
    assert PAGE.read_text() == text, "run with MTLSGATE_UPDATE_DOCS=1"
    for program in PROGRAMS:
        lax = sum(seen[program, row.name] == "passed"
                  for row in h1_responses.ROWS if not row.passes)
        record_property("figure", f"{len(h1_responses.ROWS)} raw answers: "
                        f"{program} passes {lax} that we refuse")
