# A Dask cluster on slots: its workers, their ends and returns, who may come, how it closes.
# SPDX-License-Identifier: MIT
import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

import dask.distributed as dd
import pytest

import pcluster.dask
from pcluster.errors import PclusterError, StartTimeout


def about(dask_worker: dd.Worker):
    """What a worker knows of itself."""
    return {"pid": os.getpid(), "environ": dict(os.environ), "directory": os.getcwd(),
            "local": dask_worker.local_directory, "threads": dask_worker.state.nthreads,
            "memory": dask_worker.memory_manager.memory_limit,
            "command": open("/proc/self/cmdline").read(), "path": sys.path}


def until(what, seconds=20.0):
    end = time.monotonic() + seconds
    while not (got := what()):
        assert time.monotonic() < end, "not in time"
        time.sleep(0.02)
    return got


def names(client):
    return sorted(w["name"] for w in client.cluster.scheduler_info["workers"].values())


def nodes():
    """Processes of Dask on slots of the tests' cluster."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as command, \
                    open(f"/proc/{pid}/environ", "rb") as environ:
                directory = f"PCLUSTER_DIR={os.environ['PCLUSTER_DIR']}".encode()
                words = command.read().split(b"\0")
                if (len(words) > 2 and words[1] == b"-c" and b"dask_node" in words[2]
                        and directory in environ.read().split(b"\0")):
                    found.append(int(pid))
        except OSError:
            pass
    return found


@pytest.fixture(scope="module")
def client(cluster):
    with pcluster.dask.Cluster(2, cluster=cluster) as dask_cluster, \
            dd.Client(dask_cluster) as connected:
        yield connected
        connected.close()
    assert until(lambda: not nodes(), 5)


def test_it_computes(client):
    assert client.gather(client.map(lambda x: x * x, range(200))) == [x * x for x in range(200)]
    assert names(client) == [0, 1]
    assert client.cluster.requested == client.cluster.plan == {0, 1}


def test_a_worker_is_its_slot(client):
    for got in client.run(about).values():
        own = got["environ"]
        assert got["threads"] == 1 and own["OMP_NUM_THREADS"] == "1"
        assert got["memory"] == int(own["PCLUSTER_MEM_MB"]) << 20
        assert got["local"].startswith(own["PCLUSTER_LOCAL_DIR"])
        assert got["directory"] == os.getcwd()
        # Dask has added its scheduler's directory to that of this process since.
        assert {p for p in sys.path if p and "dask-scratch-space" not in p} <= set(got["path"])


def test_the_dashboard_answers(client):
    with urllib.request.urlopen(client.cluster.dashboard_link, timeout=10) as page:
        assert b"Dask" in page.read()


def test_who_has_no_certificate_stays_out(client):
    address = client.cluster.scheduler_address
    assert address.startswith("tls://")
    for way in (address.replace("tls://", "tcp://"), address):
        with pytest.raises(Exception):  # OSError, TypeError for want of a certificate
            dd.Client(way, timeout=1)
    key = client.security.tls_client_key.splitlines()[1]
    for got in client.run(about).values():
        assert "PCLUSTER_CHANNEL" not in got["environ"]
        assert key not in str(got["environ"]) and key not in got["command"]


def test_who_dies_comes_back_under_its_name(client):
    before = client.run(os.getpid)
    late = client.map(lambda _: (time.sleep(0.5), os.getpid())[1], range(4), pure=False)
    victim = next(iter(before.values()))
    time.sleep(0.2)
    os.kill(victim, signal.SIGKILL)
    assert victim not in client.gather(late)
    until(lambda: names(client) == [0, 1] and victim not in client.run(os.getpid).values())


def test_restart_ends_a_function_that_hangs(client):
    before = set(client.run(os.getpid).values())
    stuck = client.submit(time.sleep, 600)
    until(lambda: any(client.processing().values()))
    client.restart(timeout=25)
    assert stuck.status == "cancelled"
    assert names(client) == [0, 1] and not before & set(client.run(os.getpid).values())


def test_fewer_more_and_as_many_as_are_needed(client):
    cluster = client.cluster
    cluster.scale(1)
    until(lambda: len(names(client)) == 1 and len(nodes()) == 1)
    cluster.scale(2)
    until(lambda: len(names(client)) == 2)
    cluster.adapt(minimum=0, maximum=2, interval="50ms", wait_count=2)
    until(lambda: not names(client) and not nodes())
    assert client.submit(lambda: 42).result(timeout=20) == 42
    cluster.adapt(minimum=2, maximum=2, interval="50ms")
    until(lambda: len(names(client)) == 2)


def test_who_holds_the_dict_of_workers_sees_them(client):
    held = client.cluster.scheduler_info["workers"]
    client.wait_for_workers(2, timeout=10)
    assert held is client.cluster.scheduler_info["workers"] and len(held) == 2


def test_slots_are_taken(client, cluster):
    with pytest.raises(StartTimeout, match="no slot was free"):
        pcluster.dask.Cluster(1, cluster=cluster, timeout=0.5)
    assert client.submit(lambda: 1, pure=False).result(timeout=10) == 1


def other(text):
    """Another Python with a cluster; the tests' own must be closed."""
    return subprocess.Popen([sys.executable, "-c", f"""
import os, time
import dask.distributed as dd
import pcluster.dask
{text}"""], stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def free(client, cluster):
    """The slots, without the client's workers: from here on."""
    client.cluster.adapt(minimum=0, maximum=0, interval="50ms")
    until(lambda: not nodes())
    return cluster


def test_a_client_that_is_killed_leaves_nothing(free):
    process = other("c = pcluster.dask.Cluster()\nprint(len(c.workers), flush=True)\n"
                    "time.sleep(600)")
    assert process.stdout.readline() == "2\n" and len(nodes()) == 2
    process.kill()
    process.wait()
    until(lambda: not nodes(), 8)


def test_close_does_not_wait_for_functions(free):
    dask_cluster = pcluster.dask.Cluster(1, cluster=free)
    with dd.Client(dask_cluster) as client:
        where = next(iter(client.run(about).values()))["local"]
        stuck = client.submit(time.sleep, 600)
        until(lambda: any(client.processing().values()))
        assert not stuck.done()
    began = time.monotonic()
    dask_cluster.close()
    assert time.monotonic() - began < 8
    assert not nodes() and not os.path.exists(where)


def test_the_scheduler_on_a_worker(free):
    with pcluster.dask.Cluster(2, cluster=free, scheduler="worker") as dask_cluster:
        with dd.Client(dask_cluster) as client:
            assert client.submit(lambda: 42).result(timeout=20) == 42
            pids = client.run(os.getpid).values()
            assert client.run_on_scheduler(os.getpid) in set(nodes()) - set(pids)
    assert until(lambda: not nodes(), 5)


def test_without_certificates_when_said(free):
    with pcluster.dask.Cluster(1, cluster=free, security=False) as dask_cluster:
        assert dask_cluster.scheduler_address.startswith("tcp://")
        with dd.Client(dask_cluster) as client:
            assert client.submit(lambda: 42).result(timeout=20) == 42


def test_in_an_event_loop(free):
    async def run():
        async with pcluster.dask.Cluster(1, cluster=free, asynchronous=True) as ours:
            async with dd.Client(ours, asynchronous=True) as client:
                return await client.submit(lambda: 42)
    assert asyncio.run(run()) == 42


def test_workers_that_never_work(free):
    with pytest.raises(PclusterError, match="5 times in a row"):
        pcluster.dask.Cluster(1, cluster=free, worker_args=["--no-such-option"])
    assert until(lambda: not nodes(), 5)


def test_wrong_words(free):
    with pytest.raises(PclusterError, match="none of auto, local and worker"):
        pcluster.dask.Cluster(1, cluster=free, scheduler="here")
    with pytest.raises(PclusterError, match="no worker has 64 cores"):
        pcluster.dask.Cluster(cluster=free, threads=64)


def test_a_lost_node(free):
    """Its worker comes back on another under its name; what it had to do is done there."""
    def call(verb, *words):
        return subprocess.run(["pcluster", verb, "--cluster", "lost", *words], check=True,
                              capture_output=True, text=True, timeout=60).stdout
    call("submit", "--site", "local", "--jobs", "2", "--cores", "1")
    try:
        with pcluster.dask.Cluster(1, cluster="lost") as dask_cluster, \
                dd.Client(dask_cluster) as client:
            pid, where = client.submit(lambda: (os.getpid(), os.environ["PCLUSTER_WORKER"]),
                                       pure=False).result(timeout=20)
            late = client.submit(lambda: (time.sleep(1), os.environ["PCLUSTER_WORKER"])[1])
            until(lambda: any(client.processing().values()))
            (row,) = (w for w in json.loads(call("status", "workers", "--json"))["items"]
                      if w["id"] == where)
            os.kill(int(row["job"].partition(".")[0]), signal.SIGKILL)
            assert late.result(timeout=40) != where
            assert names(client) == [0]
            until(lambda: pid not in nodes())
    finally:
        call("stop")
