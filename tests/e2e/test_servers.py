"""Several servers of one origin: who is asked, and what when one fails."""

import pytest

from client import Client, get
from gate import free_port
from origin import Origin


@pytest.fixture
def servers(short_path):
    made = [Origin(), Origin(unix=short_path / "app.sock")]
    (short_path / "app.sock").chmod(0o777)  # workers are nobody
    short_path.chmod(0o755)
    yield made
    for server in made:
        server.close()


def origins(urls, more=""):
    return "origins: {web: {servers: [" + ", ".join(urls) + f"]{more}}}}}\n"


def ask(gate, pki, count):
    with Client(gate.port, pki, pki.good) as client:
        return [client.ask(get()).status for _ in range(count)]


def test_weights_share_the_requests(gates, pki, servers):
    first, second = servers
    gate = gates("", extra=origins(
        [f"'{first.url}'", f"{{url: '{second.url}', weight: 2}}"]))
    assert ask(gate, pki, 9) == [200] * 9
    assert (len(first.requests), len(second.requests)) == (3, 6)


def test_client_ip_stays_with_one(gates, pki, servers):
    first, second = servers
    gate = gates("", extra=origins(
        [f"'{first.url}'", f"'{second.url}'"], ", balance: client_ip"))
    assert ask(gate, pki, 8) == [200] * 8
    assert sorted([len(first.requests), len(second.requests)]) == [0, 8]


def test_no_request_is_lost_with_a_server(gates, pki, servers):
    gate = gates("", extra=origins(
        [f"'http://127.0.0.1:{free_port()}'", f"'{servers[0].url}'"]))
    assert ask(gate, pki, 12) == [200] * 12
    gate.wait_log("origin_server_down")
    assert gate.log().count("origin_server_down") == 1
    assert len(servers[0].requests) == 12


def test_all_down_is_503(gates, pki):
    gate = gates("", extra=origins(
        [f"'http://127.0.0.1:{free_port()}'" for _ in range(2)]))
    statuses = [ask(gate, pki, 1)[0] for _ in range(4)]
    assert statuses == [502] * 3 + [503]
    assert gate.wait_access(4)[-1]["failure"] == "origin-unavailable"
