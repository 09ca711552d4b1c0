"""Refusals that arrive: the client hears why, in every one of 200 tries."""

import concurrent.futures
import os
import subprocess
import sys

import pytest

from pki import Issuer

TRIES = 200
# Ends by itself, whatever happens to us.
HOG = "import time\nend = time.monotonic() + 120\n" \
      "while time.monotonic() < end: sum(range(1000))\n"
# What curl says, by reason and version (fields.md section 5). curl takes an
# alert "certificate expired" within the handshake for a verdict of its own and
# names the alert only with -v.
CASES = {
    "no certificate, 1.3": (None, "1.3", "alert certificate required"),
    "no certificate, 1.2": (None, "1.2", "alert handshake failure"),
    "expired, 1.3": ("expired", "1.3", "alert certificate expired"),
    "expired, 1.2": ("expired", "1.2", "alert, certificate expired"),
    "unknown CA, 1.3": ("nobody", "1.3", "alert unknown ca"),
    "unknown CA, 1.2": ("nobody", "1.2", "alert unknown ca"),
    "re-keyed CA, 1.3": ("stranger", "1.3", "alert decrypt error"),
    "wrong purpose, 1.3": (
        "server_only", "1.3", "alert unsupported certificate"),
    "wrong purpose, 1.2": (
        "server_only", "1.2", "alert unsupported certificate"),
}


@pytest.fixture(scope="module")
def leaves(pki, tmp_path_factory):
    unknown = Issuer(tmp_path_factory.mktemp("unknown"), "unknown ca")
    return {None: None, "expired": pki.expired, "stranger": pki.stranger,
            "server_only": pki.server_only, "nobody": unknown.issue("nobody")}


@pytest.fixture(scope="module")
def load():
    """Two busy processes for each core."""
    hogs = [subprocess.Popen([sys.executable, "-c", HOG])
            for _ in range(2 * len(os.sched_getaffinity(0)))]
    yield
    for hog in hogs:
        hog.kill()
        hog.wait()


def curl(gate, leaf, version, *words):
    words = ["curl", "-sS", "--cacert", str(gate.pki.ca.path),
             f"--tlsv{version}", "--tls-max", version, "-o", "-", *words]
    if leaf:
        words += ["--cert", str(leaf.cert), "--key", str(leaf.key)]
    return subprocess.run(
        [*words, f"https://localhost:{gate.port}/"], capture_output=True,
        text=True, timeout=60, check=False)


@pytest.mark.parametrize("case,method", [
    *((case, "GET") for case in CASES),
    *((case, "POST") for case in CASES if "1.3" in case)])
def test_curl_names_the_reason_each_time(
        gates, origin, load, leaves, short_path, case, method):
    gate = gates(origin)
    leaf, version, says = CASES[case]
    words = ["-v"] if "alert, " in says else []
    if method == "POST":
        body = short_path / "body"
        body.write_bytes(b"x" * 100 * 1024)
        words += ["--data-binary", f"@{body}"]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        heard = list(pool.map(
            lambda _: curl(gate, leaves[leaf], version, *words), range(TRIES)))
    other = [(h.returncode, h.stderr or h.stdout) for h in heard
             if says not in h.stderr or h.returncode in (0, 28)]
    assert not other, f"{len(other)} of {TRIES}, e.g. {other[0]}"
    assert origin.requests == []
