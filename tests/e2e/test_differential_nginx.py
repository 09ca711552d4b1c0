"""nginx is the oracle: the same bytes in every field of odd certificates.

Each certificate that tests/tools/mint_odd strikes is shown to nginx
(optional_no_ca) and to mtlsgate (request_any), and read by the library alone
(tests/tools/cert_fields). The three differences that the specification names
are allowed, counted and printed; any other byte that differs fails.
"""

import collections
import re
import subprocess

import pytest

from client import Client, get
from gate import BIN, SANITIZED, free_port, wait_for

TOOLS = BIN.parent / "tests"
FIELDS = ("s_dn", "i_dn", "s_dn_legacy", "i_dn_legacy", "serial",
          "fingerprint", "v_start", "v_end")
HEADERS = ("X-CERT-SUBJECT-DN", "X-CERT-ISSUER-DN", "X-CERT-SUBJECT-DN-L",
           "X-CERT-ISSUER-DN-L", "X-CERT-SERIAL", "X-CERT-FINGER",
           "X-CERT-NOTBE", "X-CERT-NOTAF")
MARK = "\x1e"
TOO_LARGE = "FAILED:certificate fields too large for headers"
AT_LEAST = 500

NGINX = """
daemon off;
worker_processes 1;
error_log error.log info;
pid nginx.pid;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;
    uwsgi_temp_path t4; scgi_temp_path t5;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate {pki.server.cert};
        ssl_certificate_key {pki.server.key};
        ssl_client_certificate {pki.ca.path};
        ssl_verify_client optional_no_ca;
        error_page 495 =200 @fields;
        location / {{ return 200 "{body}"; }}
        location @fields {{ return 200 "{body}"; }}
    }}
}}
"""


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """The certificates, as files."""
    place = tmp_path_factory.mktemp("odd")
    made = subprocess.run([TOOLS / "mint_odd", place], check=True,
                          capture_output=True, text=True).stdout
    files = sorted(place.glob("[0-9]*.pem"))
    assert len(files) >= AT_LEAST, made
    return files[::4] if SANITIZED else files


def run_nginx(place, pki, names):
    """Answers with its variables of these names; yields the port."""
    port = free_port()
    body = "".join(f"${{ssl_client_{name}}}{MARK}" for name in names)
    (place / "nginx.conf").write_text(
        NGINX.format(port=port, pki=pki, body=body))
    process = subprocess.Popen(
        ["/usr/sbin/nginx", "-p", str(place), "-c", "nginx.conf",
         "-e", "error.log"], stdin=subprocess.DEVNULL)

    def ready():
        assert process.poll() is None, (place / "error.log").read_text()
        return (place / "nginx.pid").exists()
    wait_for("nginx", ready)
    yield port
    process.terminate()
    process.wait(30)


@pytest.fixture(scope="module")
def nginx(tmp_path_factory, pki):
    yield from run_nginx(tmp_path_factory.mktemp("nginx"), pki, FIELDS)


PRESET = {"verify": "X-SSL-Client-Verify", "s_dn": "X-SSL-Client-S-DN",
          "i_dn": "X-SSL-Client-I-DN", "serial": "X-SSL-Client-Serial",
          "fingerprint": "X-SSL-Client-Fingerprint",
          "v_start": "X-SSL-Client-V-Start", "v_end": "X-SSL-Client-V-End",
          "escaped_cert": "X-SSL-Client-Cert"}


@pytest.fixture(scope="module")
def nginx_preset(tmp_path_factory, pki):
    yield from run_nginx(tmp_path_factory.mktemp("preset"), pki, PRESET)


def lines(command):
    """{file: fields} of a tool's output."""
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = {}
    for line in done.stdout.splitlines():
        name, _, answer = line.partition("\t")
        assert not answer.startswith("!"), line
        found[name] = bytes.fromhex(answer).decode("latin-1").split(MARK)[:-1]
    return found


@pytest.fixture(scope="module")
def oracle(nginx, odd):
    return lines([TOOLS / "tls_show", str(nginx), *odd])


def difference(field, theirs, ours):
    """The name of the documented difference; None when there is another."""
    if field == "serial" and len(ours.lstrip("-")) > 70:
        if theirs.replace("\\\n", "") == ours:
            return "serials over 35 octets are wrapped by nginx"
    if field in ("v_start", "v_end"):
        if re.sub(r"(:\d\d)\.\d+ ", r"\1 ", theirs) == ours:
            return "fractional seconds are dropped"
        if not ours and theirs == "Bad time value":
            return "dates that do not parse are empty"
    return None


def compare(oracle, ours, record_property, what):
    allowed = collections.defaultdict(list)
    wrong = []
    same = 0
    assert ours.keys() == oracle.keys()
    for name, theirs in oracle.items():
        mine = ours[name]
        assert len(theirs) == len(mine) == len(FIELDS), name
        for field, a, b in zip(FIELDS, theirs, mine):
            assert all(0x20 <= ord(c) <= 0x7e for c in b), (name, field)
            if a == b:
                same += 1
                continue
            reason = difference(field, a, b)
            if reason:
                allowed[reason].append(name)
            else:
                wrong.append(f"{name} {field}: nginx {a!r}, ours {b!r}")
    record_property("figure", f"{what}: {len(oracle)} odd certificates, "
                    f"{same} fields are the same as nginx's")
    for reason, names in sorted(allowed.items()):
        record_property("figure", f"{what}: documented difference in "
                        f"{len(names)}: {reason}")
    assert not wrong, "\n".join(wrong[:20])
    # each documented difference must be there, or its clause is dead
    assert len(allowed) == 3, dict(allowed)


def test_the_library_prints_what_nginx_prints(oracle, odd, record_property):
    compare(oracle, lines([TOOLS / "cert_fields", *odd]), record_property,
            "cert_fields")


def bytes_of(request, name):
    """The value as it stands behind "NAME: ", which stands there once."""
    found = [line[len(name) + 2:] for line in
             request.raw_head.decode("latin-1").split("\r\n")
             if line.startswith(name + ": ")]
    assert len(found) == 1, name
    return found[0]


def test_the_daemon_sends_what_nginx_prints(
        gates, origins, pki, oracle, odd, record_property):
    verdicts = {}

    def fields(peer, request):
        # As they stand on the wire: a reader of HTTP trims outer blanks, and
        # a name may end in one.
        values = [bytes_of(request, name) for name in HEADERS]
        verdict = request.get("X-CERT-VERIFY")
        assert request.get("X-CERT-PRESENTED") == "1"
        verdicts[values[5]] = verdict
        body = "".join(v + MARK for v in values).encode("latin-1")
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
                  % len(body) + body)
    gate = gates(origins(answer=fields), extra="headers: {empty: send}\n",
                 client_auth=f"{{ca: {pki.ca.path}, mode: request_any}}")
    ours = lines([TOOLS / "tls_show", str(gate.port), *odd])
    assert len(verdicts) == len(odd)
    assert all(v.startswith("FAILED:") for v in verdicts.values())
    # Names that no header may hold are empty, and the verdict says why; the
    # chain's error comes first when there is one, so the size is what tells.
    left = dict(oracle)
    large = [name for name, theirs in oracle.items()
             if max(map(len, theirs)) > 8192
             or sum(map(len, theirs)) > 16384 - 1024 - 100]
    for name in large:
        assert ours[name][:5] == [""] * 5, name
        assert ours[name][5] == oracle[name][5]
        del left[name], ours[name]
    record_property("figure", f"{len(large)} odd certificates with fields "
                    "over 8 KiB, or 16 KiB in all")
    compare(left, ours, record_property, "mtlsgate run")


@pytest.mark.parametrize("name", ["good", "rsa", "no_eku", "expired"])
def test_the_preset_nginx_is_what_nginx_would_send(
        gates, origin, pki, connect, nginx_preset, name):
    leaf = getattr(pki, name)
    gate = gates(origin, extra="headers: {preset: nginx}\n",
                 client_auth=f"{{ca: {pki.ca.path}, mode: request_any}}")
    assert connect(gate, leaf).ask(get()).status == 200
    with Client(nginx_preset, pki, leaf) as client:
        theirs = client.ask(get()).body.decode("latin-1").split(MARK)[:-1]
    ours = [bytes_of(origin.wait()[0], header) for header in PRESET.values()]
    assert dict(zip(PRESET, ours)) == dict(zip(PRESET, theirs))
