"""The table of requests against nginx and HAProxy.

Each verdict that differs from ours is explained in h1_differences.toml and
shown in docs/parser-differences.md; set MTLSGATE_UPDATE_DOCS=1 to write that
page anew.
"""

import fnmatch
import os
import textwrap
import tomllib
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

import h1_codec
import h1_peers

PROGRAMS = ("nginx", "haproxy")
TESTED = ["nginx 1.22.1", "haproxy 2.6.12"]  # of Debian 12
PAGE = h1_codec.TOP / "docs" / "parser-differences.md"
DATA = h1_codec.TOP / "tests" / "e2e" / "h1_differences.toml"
ASKED_AT_ONCE = 16
VARIES = "varies"


class Row:
    def __init__(self, name, rule, raw):
        self.name, self.raw = name, raw
        self.ours = "passed" if rule == "none" else rule
        self.theirs = {}

    def differs(self, program):
        return self.theirs[program] != VARIES and (self.theirs[program] == "passed") != (self.ours == "passed")


def ask_all(program, directory, origin, rows, varies):
    peer = h1_peers.Peer(program, directory, origin)
    try:
        with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
            for row, answer in zip(rows, pool.map(
                    lambda row: peer.ask(row.raw), rows)):
                row.theirs[program] = \
                    VARIES if row.name in varies else answer
    finally:
        peer.close()


@pytest.fixture(scope="module")
def data():
    with open(DATA, "rb") as file:
        return tomllib.load(file)


@pytest.fixture(scope="module")
def rows(tmp_path_factory, data):
    gone = h1_peers.missing()
    if gone:
        text = f"SKIPPED: not installed: {', '.join(gone)}"
        warnings.warn(text, stacklevel=1)
        pytest.skip(text)
    origin = h1_peers.MarkingOrigin()
    made = [Row(*case) for case in h1_codec.cases()]
    directory = tmp_path_factory.mktemp("peers")
    try:
        for program in PROGRAMS:
            ask_all(program, directory, origin, made,
                    data["varies"].get(program, []))
    finally:
        origin.close()
    return made


@pytest.fixture(scope="module")
def reasons(data):
    return data["why"]


def versions():
    return [h1_peers.version(program) for program in PROGRAMS]


def explains(reason, program, row):
    return any(fnmatch.fnmatchcase(row.name, pattern)
               for pattern in reason.get(program, []))


def test_plain_requests_pass_everywhere(rows):
    """The harness works: else every difference would be explained away."""
    passed = {row.name: row.theirs for row in rows if row.ours == "passed"}
    for name in ("get", "post-length", "post-chunked", "chunked-trailer",
                 "get-1-0", "target-absolute"):
        assert passed[name] == {p: "passed" for p in PROGRAMS}, name


def test_every_difference_is_explained(rows, reasons, record_property):
    for program in PROGRAMS:
        record_property("figure", f"{len(rows)} raw requests: {program} "
                        f"judges {sum(r.differs(program) for r in rows)} of "
                        "them in another way, each explained")
    bare = [(program, row.name, row.ours, row.theirs[program])
            for row in rows for program in PROGRAMS if row.differs(program)
            and not any(explains(why, program, row) for why in reasons)]
    assert not bare


def test_every_explanation_is_still_needed(rows, reasons):
    if versions() != TESTED:
        pytest.skip(f"other versions: {versions()}")
    stale = [(why["title"], program, pattern) for why in reasons
             for program in PROGRAMS for pattern in why.get(program, [])
             if not any(row.differs(program) and
                        fnmatch.fnmatchcase(row.name, pattern)
                        for row in rows)]
    assert not stale


def shown(raw):
    """The request as text for a table; long ones are cut."""
    text = raw.decode("latin-1").encode("unicode_escape").decode()
    text = text.replace("|", "\\|").replace("`", "'")
    return f"`{text}`" if len(text) <= 90 else f"`{text[:87]}...`"


def table(rows, reason):
    yield "| case | request | mtlsgate | nginx | HAProxy |"
    yield "|---|---|---|---|---|"
    for row in rows:
        marks = [f"**{row.theirs[p]}**" if row.differs(p) else row.theirs[p]
                 for p in PROGRAMS]
        if any(row.differs(p) and explains(reason, p, row) for p in PROGRAMS):
            yield (f"| {row.name} | {shown(row.raw)} | {row.ours} | "
                   f"{marks[0]} | {marks[1]} |")


def page(rows, reasons):
    ours = sum(row.ours != "passed" for row in rows)
    lines = [
        "# Where other parsers decide otherwise", "",
        *textwrap.wrap(
            "Made by `tests/e2e/test_h1_differential.py` out of the table in "
            "`tests/fake/h1_cases_*.c`; the reasons are kept in "
            "`tests/e2e/h1_differences.toml`. Each request was sent to "
            + " and ".join(versions()) + ", both with their defaults, in "
            "front of an origin that says what reached it.", 79), "",
        *textwrap.wrap(
            "`passed`: the origin got a complete request. A number: the "
            "program answered with that status. `closed`: it hung up. `varies`: not always the same. Bold: "
            "the verdict differs from ours. For mtlsgate the name of the rule "
            "is shown (R8).", 79), "",
        f"Of {len(rows)} requests mtlsgate refuses {ours} and passes "
        f"{len(rows) - ours}."]
    for program in PROGRAMS:
        more = sum(row.differs(program) and row.ours != "passed"
                   for row in rows)
        less = sum(row.differs(program) and row.ours == "passed"
                   for row in rows)
        lines.append(f"{program} passes {more} of those it refuses, and "
                     f"refuses {less} of those it passes.")
    for why in reasons:
        lines += ["", f"## {why['title']}", "", *textwrap.wrap(why["text"], 79), ""]
        lines += table(rows, why)
    return "\n".join(lines) + "\n"


def test_the_page_shows_what_was_seen(rows, reasons):
    if versions() != TESTED:
        pytest.skip(f"other versions: {versions()}")
    text = page(rows, reasons)
    if os.environ.get("MTLSGATE_UPDATE_DOCS"):
        PAGE.write_text(text)
    assert PAGE.read_text() == text, "run with MTLSGATE_UPDATE_DOCS=1"
