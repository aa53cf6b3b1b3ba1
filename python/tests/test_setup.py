# ACME's set-up functions: their keywords, the wait, the question, and what is left afterwards.
# SPDX-License-Identifier: MIT
import os
import pty
import shutil
import subprocess
import sys
import time

import pytest
from places import own_place

import pcluster
from pcluster import asking, bring_up
from pcluster.cluster import launcher_of


@pytest.fixture(scope="module", autouse=True)
def place():
    with own_place(PCLUSTER_SITE=None) as directory:
        yield directory


@pytest.fixture
def gate(tmp_path, monkeypatch):
    """The first job begins, the others when the file `open` is there."""
    monkeypatch.setenv("PCLUSTER_PROLOGUE", f"mkdir {tmp_path}/first 2> /dev/null || "
                                            f"until [ -e {tmp_path}/open ]; do sleep 0.05; done")
    return tmp_path


def small(**keywords):
    return pcluster.slurm_cluster_setup(site="local", cores_per_worker=1, start_client=False,
                                        **keywords)


@pytest.mark.parametrize("keywords, kind, words", [
    ({"n_job": 3}, TypeError, "no keyword 'n_job' .did you mean 'n_jobs'"),
    ({"mem_per_workers": "8GB"}, TypeError, "did you mean 'mem_per_worker'"),
    ({"wibble": 3}, TypeError, "no keyword 'wibble'; it has partition, n_workers"),
    ({"n_jobs": 3, "n_workers": 4}, TypeError, "the same keyword"),
    ({"n_jobs": 0}, ValueError, "n_workers=0: wants a whole number of at least 1"),
    ({"n_workers": 2.5}, ValueError, "n_workers=2.5"),
    ({"n_workers_startup": 3}, ValueError, "n_workers_startup=3 is more than n_workers=2"),
    ({"mem_per_worker": "8"}, ValueError, "write '8GB', '12000MB' or 'auto'"),
    ({"mem_per_worker": 8}, ValueError, "mem_per_worker=8"),
    ({"mem_cushion": 5}, ValueError, "esi: 100M.*memory_cushion"),
    ({"timeout": "1h"}, ValueError, "timeout='1h'"),
    ({"interactive": "no"}, TypeError, "interactive='no'"),
    ({"job_extra": "--x"}, TypeError, "a list of texts"),
    ({"job_extra": ["x"]}, ValueError, "no directive"),
    ({"start_client": False, "scheduler_options": {"port": 1}}, ValueError, "are Dask's"),
    ({"start_client": False, "worker_extra_args": ["--x"]}, ValueError, "are Dask's"),
])
def test_keywords_are_refused_with_the_reason(keywords, kind, words):
    with pytest.raises(kind, match=words):
        pcluster.esi_cluster_setup("16GBXL", **keywords)


def test_partitions_that_are_out():
    with pytest.raises(ValueError, match="not in avail_partitions: A, B"):
        pcluster.slurm_cluster_setup("C", avail_partitions=["A", "B"])
    with pytest.raises(ValueError, match="invalid_partitions"):
        pcluster.slurm_cluster_setup("C", invalid_partitions=["C"])
    with pytest.raises(ValueError, match="exclude:"):
        pcluster.slurm_cluster_setup(invalid_partitions=["C"])


def test_keywords_become_words(monkeypatch):
    orders = []
    monkeypatch.setattr(bring_up, "bring_up", orders.append)
    pcluster.esi_cluster_setup(
        partition="16GBXL", n_jobs=10, mem_per_worker="2.5GB", cores_per_worker=3, timeout=7,
        processes_per_worker=2, n_workers_startup=1, job_extra=["--constraint=haswell"],
        worker_extra_args=["--nthreads=2"], scheduler_options={"port": 1}, mem_cushion=100)
    pcluster.slurm_cluster_setup("L", 2, workers_per_job=3, mem_per_job="1500MB")
    pcluster.esi_cluster_setup()
    esi, slurm, least = orders
    assert esi.words == ["--cores", "3", "--memory", "2500M", "--slots-per-worker", "2",
                         "--directive", "--constraint=haswell"]
    assert (esi.site, esi.partition, esi.n, esi.startup, esi.timeout) == ("esi", "16GBXL", 10, 1, 7)
    assert esi.worker_args == ["--nthreads=2"] and esi.scheduler_options == {"port": 1}
    assert (slurm.site, slurm.partition, slurm.slots) == (None, "L", 3)
    assert slurm.words[:4] == ["--cores", "2", "--memory", "1500M"]
    assert least.partition is None and least.words == ["--slots-per-worker", "1"]
    assert least.start_client and least.startup == least.n == 2


def test_without_dask_it_says_what_to_install(monkeypatch):
    find_spec = bring_up.importlib.util.find_spec
    monkeypatch.setattr(bring_up.importlib.util, "find_spec",
                        lambda name: None if name == "distributed" else find_spec(name))
    with pytest.raises(pcluster.PclusterError, match="dask is not installed") as caught:
        pcluster.esi_cluster_setup(partition="16GBXL", n_jobs=10)
    assert "pip install 'pcluster[dask]'" in caught.value.hint
    assert launcher_of("default") is None  # nothing was begun


def test_without_a_scheduler_workers_are_local(capfd, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", _without_scheduler(tmp_path))
    cluster = pcluster.esi_cluster_setup(partition="16GBXL", n_jobs=2, start_client=False)
    said = capfd.readouterr().err
    assert said.count("no scheduler here") == 1 and "jobs in partition 16GBXL" in said
    assert "2/2 workers available" in said
    assert len(cluster.workers) == 2 and cluster.started
    again = pcluster.esi_cluster_setup(partition="16GBXL", n_jobs=2, start_client=False)
    assert again.address == cluster.address and not again.started
    assert "attached to cluster default: 2 jobs" in capfd.readouterr().err
    pcluster.cluster_cleanup(again)
    assert "which was there before, with 2 workers" in capfd.readouterr().err
    pcluster.cluster_cleanup()
    assert "shut down cluster default with 2 workers" in capfd.readouterr().err
    assert launcher_of("default") is None
    pcluster.cluster_cleanup()
    assert "no dangling clients" in capfd.readouterr().err
    with pytest.raises(TypeError, match="not 3"):
        pcluster.cluster_cleanup(3)


def _without_scheduler(directory):
    """A PATH with pcluster and what the workers need, and no scheduler's commands."""
    for name in ("bash", "sh", "env", "date", "sleep", "mkdir", "cat", "rm", "hostname"):
        os.symlink(shutil.which(name), directory / name)
    os.symlink(shutil.which("pcluster"), directory / "pcluster")
    return str(directory)


def test_an_error_of_another_kind_stays_one():
    with pytest.raises(pcluster.PclusterError, match='unknown site "essi"'):
        pcluster.slurm_cluster_setup("L", site="essi", start_client=False)


def test_some_are_enough_to_begin(gate):
    cluster = small(n_workers=2, n_workers_startup=1)
    assert len(cluster.workers) == 1
    (gate / "open").touch()
    assert len(cluster.wait(2, 20)) == 2
    pcluster.cluster_cleanup(cluster)


def test_nobody_to_ask(gate, capfd):
    cluster = small(n_workers=2, timeout=0.5)
    assert "continuing with 1 worker; more join" in capfd.readouterr().err
    (gate / "open").touch()
    assert len(cluster.wait(2, 20)) == 2
    pcluster.cluster_cleanup(cluster)


def test_nobody_came(gate):
    (gate / "first").mkdir()
    with pytest.raises(TimeoutError, match="0/2 workers available") as caught:
        small(n_workers=2, timeout=0.3)
    assert "what this call queued is cancelled" in caught.value.hint
    assert "stay queued" not in caught.value.hint
    assert launcher_of("default") is None  # neither jobs nor a launcher


def test_what_was_topped_up_is_as_before(gate):
    with pcluster.Cluster(site="local", n_jobs=1, cores=1, nproc=1) as before:
        wanted = before._items("pools")[0]["jobs_wanted"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bring_up, "can_ask", lambda: True)
            patch.setattr(bring_up, "ask", lambda *_: "a")
            assert small(n_workers=3, timeout=0.3, n_workers_startup=2) is None
        assert before._items("pools")[0]["jobs_wanted"] == wanted == 1
        assert len(before.workers) == 1


SCRIPT = """if True:
    import sys, pcluster
    cluster = pcluster.slurm_cluster_setup(
        n_workers=2, cores_per_worker=1, timeout=0.4, start_client=False, site="local",
        interactive_wait=float(sys.argv[1]))
    print("workers", cluster and len(cluster.workers), flush=True)
"""


def at_terminal(wait, *steps):
    """Runs SCRIPT at a terminal of its own; steps: (what it says, what is done then)."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(wait)], stdin=theirs,
                               stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = ""
    steps = list(steps)
    while True:
        if steps and steps[0][0] in said:
            text, act = steps.pop(0)
            said = said[said.index(text) + len(text):]
            act() if callable(act) else os.write(ours, act.encode())
        try:
            got = os.read(ours, 65536)
        except OSError:
            break
        if not got:
            break
        said += got.decode(errors="replace")
    os.close(ours)
    assert process.wait(30) == 0, said
    assert not steps, said
    return said


def test_keep_waiting(gate):
    def opened():
        (gate / "open").touch()
    said = at_terminal(30, ("[c]ontinue with 1 workers? [c] ", "x\n"),
                       ("write one of k, a, c: ", "k\n"), ("1/2 workers available", opened))
    assert "workers 2" in said
    assert launcher_of("default") is None  # ended with its Python


def test_abort(gate):
    assert "workers None" in at_terminal(30, ("[a]bort", "a\n"))
    assert launcher_of("default") is None


def test_continue_after_the_time_for_an_answer(gate):
    begun = time.monotonic()
    assert "workers 1" in at_terminal(0.3)
    assert time.monotonic() - begun < 20


def test_no_answer_and_no_worker(monkeypatch):
    monkeypatch.setattr(asking, "_line", lambda words, wait: None)
    assert asking.ask("?", "ka", None, 0) is None and asking.ask("?", "kac", "c", 0) == "c"
    answers = iter(["", "K\n"])
    monkeypatch.setattr(asking, "_line", lambda words, wait: next(answers))
    assert asking.ask("?", "ka", None, 0) == "k"
