# A cluster of two workers of one core on this machine, for the tests.
# SPDX-License-Identifier: MIT
import os
import shutil
import subprocess
import tempfile
import time

import pytest

LIMIT = 120  # s that a test may take


@pytest.fixture(scope="session")
def cluster():
    """Its name; $PCLUSTER_DIR is set to a directory of its own."""
    before = os.environ.get("PCLUSTER_DIR")
    directory = tempfile.mkdtemp(prefix="pcl.py.", dir="/tmp")  # short: sockets are in it
    os.environ["PCLUSTER_DIR"] = directory
    os.environ.pop("PCLUSTER_CLUSTER", None)
    try:
        _run("submit", "--site", "local", "--jobs", "2", "--cores", "1", "--quiet")
        yield "default"
    finally:
        _run("stop", "--quiet")
        end = time.monotonic() + 10
        while (left := _of(directory)) and time.monotonic() < end:
            time.sleep(0.05)
        assert not left, "these still run"
        if before is None:
            del os.environ["PCLUSTER_DIR"]
        else:
            os.environ["PCLUSTER_DIR"] = before
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def own_cluster(monkeypatch):
    """A cluster that a test may hurt: $PCLUSTER_DIR is its directory."""
    with tempfile.TemporaryDirectory(prefix="pcl.py.", dir="/tmp") as directory:
        monkeypatch.setenv("PCLUSTER_DIR", directory)
        _run("submit", "--site", "local", "--jobs", "2", "--cores", "1", "--quiet")
        yield
        _run("stop", "--quiet")


def _run(*words):
    done = subprocess.run(["pcluster", *words], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, f"pcluster {words[0]}: {done.stdout}{done.stderr}"


def _of(directory):
    """Processes, but this one's children by fork, that have this cluster's directory."""
    found = []
    wanted = f"PCLUSTER_DIR={directory}".encode()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as environ, \
                    open(f"/proc/{pid}/cmdline", "rb") as command:
                if wanted in environ.read().split(b"\0") and int(pid) != os.getpid():
                    found.append((pid, command.read()))
        except OSError:
            pass
    return found


@pytest.fixture(autouse=True)
def _limit():
    """A test that hangs says where, and ends the run."""
    import faulthandler
    faulthandler.dump_traceback_later(LIMIT, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()
