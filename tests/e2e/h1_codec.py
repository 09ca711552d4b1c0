"""The HTTP/1 codec as a program (tests/tools/h1_check), asked from Python."""

import os
import pathlib
import struct
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]
CHECK = pathlib.Path(os.environ.get(
    "MTLSGATE_H1_CHECK", TOP / "build/release/tests/h1_check"))


class Verdict:
    def __init__(self, line):
        end, rule, status, offset, count = line.split("\t")
        self.end, self.rule = end, rule
        self.status, self.offset = int(status), int(offset)
        self.count = int(count)  # messages that were complete before
        self.first_accepted = self.count > 0


def judge(raws, kind=b"q"):
    frames = b"".join(kind + struct.pack("<I", len(raw)) + raw for raw in raws)
    done = subprocess.run([CHECK], input=frames, capture_output=True,
                          timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    verdicts = [Verdict(line) for line in done.stdout.decode().splitlines()]
    assert len(verdicts) == len(raws)
    return verdicts


def cases():
    """The table of tests/fake/h1_cases_*.c: (name, rule, raw)."""
    out = subprocess.run([CHECK, "--cases"], capture_output=True, check=True,
                         timeout=60, text=True).stdout
    for line in out.splitlines():
        name, rule, raw = line.split("\t")
        yield name, rule, bytes.fromhex(raw)
