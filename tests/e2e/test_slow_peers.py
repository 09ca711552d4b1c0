"""scripts/slow-peers, small: it measures, it judges, it holds its peers."""

import os
import pathlib
import re
import subprocess
import sys

from gate import BIN

SCRIPT = pathlib.Path(__file__).parents[1] / "slow/slow_peers.py"
KINDS = ("slow-head", "slow-body", "slow-reader", "idle", "silent",
         "slow-handshake", "stalled-origin")


def measure(tmp_path, within, *kinds):
    return subprocess.run(
        [sys.executable, "-B", str(SCRIPT), "--runs", "1", "--peers", "40",
         "--requests", "50", "--connections", "20", "--within", within,
         *kinds], capture_output=True, text=True, timeout=240,
        env={**os.environ, "TMPDIR": str(tmp_path),
             "MTLSGATE_BIN": str(BIN)})


def test_every_kind_is_held_while_others_are_served_R17(tmp_path):
    done = measure(tmp_path, "100000")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = dict(re.findall(r"^(\S+) +(\d+) +\d", done.stdout, re.M))
    assert rows == dict.fromkeys(KINDS, "40")
    assert not list(tmp_path.iterdir())


def test_what_waits_longer_than_allowed_fails(tmp_path):
    done = measure(tmp_path, "0", "idle")
    assert done.returncode == 1
    assert re.search(r"slow-peers: idle: the p99 of a kept connection is "
                     r"[\d.]+ times the quiet one; allowed are 0",
                     done.stderr)
