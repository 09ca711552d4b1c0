"""Reads the C of this house, as .clang-format lays it out.

A function's body opens with "{" in column 0 and closes with "}" in column 0;
that is all the parsing that the checks need.
"""
import re
import statistics

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.M)
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'',
                   re.S)
CONTROL = re.compile(r"^(\t+)(?:\} )?(?:if|for|while|do|switch|else)\b")


def _blank(match):
    """What replaces a comment or a literal: the same lines, no words."""
    text = match.group(0)
    lines = "\n" * text.count("\n")
    return lines if text.startswith("/") else f'{text[0]}{lines}{text[0]}'


def without_comments(text):
    """Comments and the insides of literals gone, line numbers kept."""
    return TOKEN.sub(_blank, text)


class Source:
    """One file: its path from the root, its text, what it includes."""

    def __init__(self, root, path):
        self.path = path.relative_to(root).as_posix()
        self.text = path.read_text(errors="replace")
        self.lines = self.text.splitlines()
        self._code = None

    @property
    def code(self):
        if self._code is None:
            self._code = without_comments(self.text)
        return self._code

    @property
    def includes(self):
        """(line, name, is it in quotes) of each #include outside comments."""
        bare = TOKEN.sub(
            lambda m: _blank(m) if m.group(0).startswith("/") else m.group(0),
            self.text)
        return [(bare.count("\n", 0, m.start()) + 1, m.group(1) or m.group(2),
                 m.group(1) is not None) for m in INCLUDE.finditer(bare)]

    @property
    def functions(self):
        """(line of the name, name, lines of the body) of each function."""
        found, start = [], None
        lines = self.code.splitlines()
        for number, line in enumerate(lines):
            if line == "{" and start is None:
                start = number
            elif line.startswith("}") and start is not None:
                found.append((*_name_above(lines, start), start, number))
                start = None
        return found


def _name_above(lines, brace):
    """Where the declaration above a body begins, and what it declares."""
    first = brace
    while first > 0 and lines[first - 1].strip() and \
            not lines[first - 1].startswith(("}", "#")) and \
            not lines[first - 1].rstrip().endswith(";"):
        first -= 1
    head = " ".join(lines[first:brace])
    name = re.search(r"(\w+)\s*\(", head)
    return first + 1, name.group(1) if name else "?"


def body_lengths(source):
    """(lines from brace to brace, name, line) of each function."""
    return [(end - start + 1, name, line)
            for line, name, start, end in source.functions]


def deepest(lines, start, end):
    """The deepest level of a control statement in a body, from 1."""
    depth = 0
    for line in lines[start:end]:
        match = CONTROL.match(line)
        if match:
            depth = max(depth, len(match.group(1)))
    return depth


def percentile(values, share):
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def median(values):
    return statistics.median(values)


def c_files(root, *folders):
    """The .c and .h files below the folders, in order."""
    paths = []
    for folder in folders:
        for path in (root / folder).rglob("*.[ch]"):
            paths.append(path)
    return [Source(root, path) for path in sorted(paths)]
