"""Fixtures of the end-to-end tests. See pki.py, origin.py, client.py, gate.py.

Each test has a directory, ports and processes of its own, waits for events
with a deadline, and leaves nothing behind.
"""

import pytest

import pki as pki_module
from client import Client
from gate import BIN, Gate
from origin import Origin


def pytest_report_header(config):
    return f"program: {BIN}"


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    return pki_module.Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def short_path(tmp_path_factory):
    """A directory whose path is short enough for a unix socket."""
    import shutil
    import tempfile
    path = tempfile.mkdtemp(prefix="mg-")
    import pathlib
    yield pathlib.Path(path)
    shutil.rmtree(path)


@pytest.fixture
def origin():
    made = Origin()
    yield made
    made.close()


@pytest.fixture
def origins():
    """Makes further origins; closes them at the end."""
    made = []

    def make(*args, **kwargs):
        made.append(Origin(*args, **kwargs))
        return made[-1]
    yield make
    for one in made:
        one.close()


@pytest.fixture
def gates(short_path, pki):
    """Starts the program; checks at the end that it stops cleanly."""
    started = []

    def start(origin, *args, **kwargs):
        place = short_path / str(len(started))
        place.mkdir()
        place.chmod(0o777)  # workers that dropped root open files there
        gate = Gate(place, pki, origin, *args, **kwargs)
        started.append(gate)
        return gate
    yield start
    for gate in started:
        gate.stop(expect=getattr(gate, "expected_exit", 0))


@pytest.fixture
def gate(gates, origin):
    return gates(origin)


@pytest.fixture
def connect(pki):
    """connect(gate, leaf) -> Client; closed at the end."""
    opened = []

    def make(gate, leaf=None, **kwargs):
        client = Client(gate.port, pki, leaf, **kwargs)
        opened.append(client)
        return client
    yield make
    for client in opened:
        client.close()
