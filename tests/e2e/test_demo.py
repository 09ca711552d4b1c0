"""`mtlsgate demo`: nothing but the program is needed."""

import os
import pathlib
import re
import signal
import subprocess

from gate import BIN, wait_for


def run(*args, cwd, timeout=120):
    return subprocess.run([str(BIN), "demo", *args], cwd=cwd,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=timeout,
                          env={**os.environ, "TMPDIR": str(cwd)})


def test_the_demo_plays_every_case_by_itself(tmp_path):
    done = run("--run", "--port", "0", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout
    passed = int(re.search(r"^(\d+) passed, 0 failed$", done.stdout,
                           re.M)[1])
    assert passed == done.stdout.count("pass  ") >= 17
    for spelling in ("X-CERT-VERIFY", "x_cert_verify", "X.Cert.Verify",
                     "in a trailer", "nominated by Connection", "twice"):
        assert spelling in done.stdout
    assert not list(tmp_path.iterdir())


def test_the_demo_shows_what_passes_and_removes_everything(tmp_path):
    out = tmp_path.parent / (tmp_path.name + ".out")
    with open(out, "wb") as file:
        process = subprocess.Popen(
            [str(BIN), "demo", "--port", "0"], cwd=tmp_path, stdout=file,
            stdin=subprocess.DEVNULL, stderr=file,
            env={**os.environ, "TMPDIR": str(tmp_path)})
    try:
        wait_for("the curl lines", lambda: "Ctrl-C" in out.read_text())
        lines = re.findall(r"^    (curl .*)$", out.read_text(), re.M)
        assert len(lines) >= 10
        for line in lines:
            if "--noproxy" not in line:
                line = line.replace("curl ", "curl --noproxy '*' -sS ", 1)
            done = subprocess.run(["bash", "-c", line], timeout=30,
                                  capture_output=True, text=True)
            if "good.pem" in line:
                assert done.returncode == 0, done.stderr
                assert done.stdout.count("X-CERT-VERIFY: SUCCESS") == 1
                assert "forged-by" not in done.stdout
            else:
                assert done.returncode in (35, 56), (line, done)
                assert "alert" in done.stderr, done.stderr
        wait_for("the last request", lambda: (
            "forged-by-the-client   removed" in out.read_text()))
        assert "\033" not in out.read_text()
        assert "refused in the handshake: certificate has expired" in (
            out.read_text())
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert not list(tmp_path.iterdir())


def test_what_the_demo_keeps_is_ready_to_run(tmp_path):
    kept = tmp_path / "kept"
    done = run("--run", "--port", "0", "--keep", str(kept), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    done = subprocess.run([str(BIN), "check", "--config",
                           str(kept / "mtlsgate.yaml")],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    for path in pathlib.Path(kept).iterdir():
        if "key" in path.name or path.name in ("good.pem", "expired.pem"):
            assert path.stat().st_mode & 0o077 == 0, path


def test_wrong_usage_is_told(tmp_path):
    for args in (["--runn"], ["extra"], ["--port", "x"], ["--port"]):
        done = run(*args, cwd=tmp_path)
        assert done.returncode == 64
        assert "usage: mtlsgate demo" in done.stderr
    done = run("--help", cwd=tmp_path)
    assert done.returncode == 0 and "--keep DIR" in done.stdout
