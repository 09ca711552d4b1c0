#!/usr/bin/env python3
"""How long does a well-behaved client wait beside 2,000 slow connections?

Starts the program with one worker, and for each kind of slow peer: measures
alone, opens the slow connections, measures again beside them. Prints medians
over the runs; exit 1 when a p99 beside the slow ones is more than --within
times the quiet p99 of the same run (median of the runs), 2 for wrong usage.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
SLOW = TOP / "tests/slow"
sys.path[:0] = [str(TOP / "tests/e2e"), str(SLOW)]
sys.dont_write_bytecode = True

import pki as pki_module  # noqa: E402
import swarm  # noqa: E402
from gate import BIN, Gate, free_port, wait_for  # noqa: E402

# Long enough that nothing is cut while it is measured; that each of them is
# cut in the end is the business of the end-to-end tests.
CONFIG = """
origins:
  fast: {{servers: ["http://127.0.0.1:{fast}"]}}
  slow: {{servers: ["http://127.0.0.1:{slow}"]}}
routes:
  - {{name: fast, match: {{path: /fast}}, origin: fast}}
  - {{name: slow, origin: slow}}
timeouts: {{handshake: 10m, request_header: 10m, request_body: 10m,
  keepalive: 10m, origin_response: 10m, origin_idle: 10m}}
limits: {{handshakes_pending: 8192, body_min_rate: 0KiB/s}}
logging: {{level: warn, access: {{enabled: false}}}}
"""


def arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/slow-peers", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=int, default=2000, metavar="N",
                        help="slow connections of each kind (2000)")
    parser.add_argument("--runs", type=int, default=5, metavar="N",
                        help="runs of each kind (5)")
    parser.add_argument("--requests", type=int, default=2000, metavar="N",
                        help="on the kept connection, each time (2000)")
    parser.add_argument("--connections", type=int, default=200, metavar="N",
                        help="new connections, each time (200)")
    parser.add_argument("--within", type=float, default=2.0, metavar="X",
                        help="largest ratio of the p99 (2.0)")
    parser.add_argument("--json", metavar="FILE", help="every run, as JSON")
    parser.add_argument("kinds", nargs="*", metavar="KIND",
                        help=f"of {', '.join(swarm.KINDS)} (all)")
    options = parser.parse_args()
    for kind in options.kinds:
        if kind not in swarm.KINDS:
            parser.error(f"no kind {kind}; there are {', '.join(swarm.KINDS)}")
    options.kinds = options.kinds or list(swarm.KINDS)
    return options


def child(*words):
    return subprocess.Popen([str(w) for w in words], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)


def end(process):
    process.stdin.close()
    rest = process.stdout.read()
    process.wait(60)
    return rest


class House:
    """The gate, a quick origin, an origin of the slow ones."""

    def __init__(self, directory):
        self.pki = pki_module.Pki(directory)
        self.slow = child(sys.executable, "-B", SLOW / "slow_origin.py")
        slow_port = int(self.slow.stdout.readline())
        fast_port = free_port()
        self.fast = subprocess.Popen(
            [str(BIN), "echo-origin", "--listen", f"127.0.0.1:{fast_port}"],
            stdout=subprocess.DEVNULL)
        place = directory / "gate"
        place.mkdir()
        self.gate = Gate(place, self.pki, "", workers=1, extra=CONFIG.format(
            fast=fast_port, slow=slow_port))

    def keys(self):
        good = self.pki.good
        return [self.pki.ca.path, good.cert, good.key]

    def measure(self, options):
        text = subprocess.run(
            [sys.executable, "-B", str(SLOW / "bystander.py"),
             str(self.gate.port), str(options.requests),
             str(options.connections), *map(str, self.keys())],
            stdout=subprocess.PIPE, text=True, check=True, timeout=600).stdout
        return json.loads(text)

    def settle(self):
        """Waits until the worker has taken in what the swarm sent: buffers
        that fill are the business of its first second."""
        def is_quiet():
            before = self.cpu_ticks()
            time.sleep(0.5)
            return self.cpu_ticks() - before <= 5  # a tenth of a core
        wait_for("the worker to be quiet", is_quiet, 120)

    def cpu_ticks(self):
        text = pathlib.Path(
            f"/proc/{self.gate.workers()[0]}/stat").read_text()
        user, system = text.rpartition(")")[2].split()[11:13]
        return int(user) + int(system)

    def nobody_else(self):
        return self.gate.metrics()["mtlsgate_connections"] == 0

    def run(self, kind, options):
        """Quiet, beside the slow ones, and how many of them were held."""
        quiet = self.measure(options)
        peers = child(sys.executable, "-B", SLOW / "swarm.py", kind,
                      self.gate.port, options.peers, *self.keys())
        if not peers.stdout.readline():
            raise SystemExit(f"slow-peers: {kind}: the swarm did not form")
        self.settle()
        beside = self.measure(options)
        held = json.loads(end(peers))["held"]
        wait_for("the slow ones to be gone", self.nobody_else, 120)
        return {"quiet": quiet, "beside": beside, "held": held}

    def close(self):
        self.gate.stop()
        self.fast.terminate()
        self.fast.wait(60)
        end(self.slow)


def ratio(runs, what):
    return statistics.median(
        r["beside"][what]["p99"] / r["quiet"][what]["p99"] for r in runs)


def middle(runs, when, what, figure):
    return statistics.median(r[when][what][figure] for r in runs)


def row(kind, runs):
    cells = [f"{kind:15}", f"{min(r['held'] for r in runs):5}"]
    for what in ("kept", "new"):
        cells += [f"{middle(runs, when, what, 'p99') / 1000:8.2f}"
                  for when in ("quiet", "beside")]
        cells.append(f"{ratio(runs, what):6.2f}")
    return " ".join(cells)


def judge(kind, runs, options):
    """What is wrong with these runs, as sentences."""
    for what, words in (("kept", "a kept connection"),
                        ("new", "a new connection")):
        if ratio(runs, what) > options.within:
            yield (f"{kind}: the p99 of {words} is {ratio(runs, what):.2f}"
                   f" times the quiet one; allowed are {options.within}")
    held = min(r["held"] for r in runs)
    if held < options.peers:
        yield f"{kind}: only {held} of {options.peers} connections were held"


def main():
    options = arguments()
    wrong = []
    every = {}
    with tempfile.TemporaryDirectory(prefix="mg-slow-") as place:
        house = House(pathlib.Path(place))
        try:
            print(f"{options.peers} slow connections, {options.runs} runs;"
                  " p99 in ms (medians)\n"
                  f"{'':21} {'a kept connection':>24} {'a new one':>24}\n"
                  f"{'kind':15} {'held':>5}"
                  + 2 * f" {'quiet':>8} {'beside':>8} {'ratio':>6}")
            for kind in options.kinds:
                every[kind] = [house.run(kind, options)
                               for _ in range(options.runs)]
                print(row(kind, every[kind]), flush=True)
                wrong += judge(kind, every[kind], options)
        finally:
            house.close()
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(every, indent=1))
    for sentence in wrong:
        print(f"slow-peers: {sentence}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
