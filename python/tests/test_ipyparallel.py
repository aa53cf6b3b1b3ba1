# ipyparallel.Cluster(engines="pcluster"): its engines on the slots of the cluster.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import os
import signal
import socket
import time

import ipyparallel
import pytest
from ipyparallel.cluster.launcher import NotRunning
from traitlets.config import Config

from pcluster.ipyparallel import EngineSetLauncher
from pcluster.relay import Relay, ports_of


@pytest.fixture(scope="module")
def profile(tmp_path_factory):
    return str(tmp_path_factory.mktemp("profile"))


# The controller counts an engine as there at its second heartbeat: of 3 s each, if left alone.
QUICK = {"log_level": 40, "delay": 0, "controller_args": ["--HeartMonitor.period=200"]}


@pytest.fixture(scope="module")
def ipp_cluster(cluster, profile):
    found = ipyparallel.Cluster(engines="pcluster", n=2, profile_dir=profile, **QUICK)
    client = found.start_and_connect_sync()
    yield found, client
    client.close()
    launcher = found.engine_set
    found.stop_cluster_sync()
    assert launcher.poll() == 0 and launcher.state == "after"
    assert not os.path.exists(found.cluster_file)


def until(true, seconds=20):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_relay_where_the_controller_is_on_loopback_only(cluster, profile):
    config = Config({"EngineSetLauncher": {"address": "127.0.0.2"}})
    with ipyparallel.Cluster(engines="pcluster", n=1, profile_dir=profile, config=config,
                             **QUICK) as client:
        client.wait_for_engines(1, timeout=30)
        told = client[0].apply_sync(os.getenv, "IPP_CONNECTION_INFO")
        assert '"tcp://127.0.0.2"' in told
        assert len(client[0].apply_sync(bytes, 3_000_000)) == 3_000_000
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", ports_of(json.loads(told))[0]), 1)


def test_relay_says_when_a_port_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError):
        Relay("127.0.0.1", [taken.getsockname()[1]])
    assert ports_of({"mux": 5, "task": [6, 7], "key": "k", "signed": True}) == [5, 6, 7]


def test_views_of_all_engines(ipp_cluster):
    found, client = ipp_cluster
    assert isinstance(found.engine_set, EngineSetLauncher)
    view = client[:]
    assert len(view) == 2 and len(set(view.apply_sync(os.getpid))) == 2
    assert os.getpid() not in view.apply_sync(os.getpid)
    assert view.map_sync(lambda number: number * number, range(20)) == [i * i for i in range(20)]
    balanced = client.load_balanced_view()
    assert balanced.map_sync(abs, range(-9, 0)) == list(range(9, 0, -1))
    view.push({"offset": 3})
    assert view.execute("result = offset + 1", block=True) and view["result"] == [4, 4]


def test_engines_run_as_tasks(ipp_cluster):
    workers = ipp_cluster[1][:].apply_sync(os.getenv, "PCLUSTER_WORKER")
    assert all(worker.startswith("w") for worker in workers)
    threads = ipp_cluster[1][:].apply_sync(os.getenv, "OMP_NUM_THREADS")
    assert threads == ["1", "1"]


def test_error_of_an_engine_comes_with_its_traceback(ipp_cluster):
    with pytest.raises(ipyparallel.error.CompositeError, match="ZeroDivisionError"):
        ipp_cluster[1][:].apply_sync(lambda: 1 / 0)


def test_interrupt(ipp_cluster):
    found, client = ipp_cluster
    running = client[:].apply_async(time.sleep, 600)
    time.sleep(0.5)
    found.signal_engines_sync(signal.SIGINT)
    with pytest.raises(ipyparallel.error.CompositeError, match="KeyboardInterrupt"):
        running.get(20)
    assert client[:].apply_sync(abs, -1) == [1, 1]


def test_another_process_finds_the_engines(ipp_cluster, profile):
    found, _ = ipp_cluster
    again = ipyparallel.Cluster.from_file(found.cluster_file)
    assert isinstance(again.engine_set, EngineSetLauncher)
    assert again.engine_set.poll() is None and again.engine_set.n == 2
    said = again.engine_set.to_dict()
    with pytest.raises(NotRunning):
        EngineSetLauncher.from_dict({**said, "pid": os.getpid()}, parent=again)  # another's number


def test_engine_that_dies_is_noticed_and_more_can_start(ipp_cluster):
    found, client = ipp_cluster
    lost = client[client.ids[0]].apply_async(os._exit, 3)
    with pytest.raises(ipyparallel.error.RemoteError, match="Engine [0-9]+ died"):
        lost.get(30)
    until(lambda: len(client.ids) == 1)
    until(lambda: found.engine_set._ends)
    assert [end["exit_code"] for end in found.engine_set._ends.values()] == [3]
    assert found.engine_set.poll() is None
    found.start_engines_sync(1)
    until(lambda: len(client.ids) == 2)
    assert client[:].apply_sync(abs, -2) == [2, 2]


def test_stop_and_start_again(ipp_cluster):
    found, client = ipp_cluster
    before, pids = client.ids, client[:].apply_sync(os.getpid)
    for set_id in list(found.engines)[1:]:
        found.stop_engines_sync(set_id)
    found.restart_engines_sync()
    until(lambda: len(client.ids) == 2 and not set(client.ids) & set(before))
    assert not set(client[:].apply_sync(os.getpid)) & set(pids)
