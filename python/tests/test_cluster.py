# Cluster on this machine: started, attached to, looked at, programs run on it, stopped.
# SPDX-License-Identifier: MIT
import re
import signal
import subprocess
import sys
import time

import pytest
from places import own_place

import pcluster
from pcluster.cluster import Cluster, current


@pytest.fixture(scope="module")
def place():
    with own_place() as directory:
        yield directory


@pytest.fixture(scope="module")
def ours(place):
    with Cluster(site="local", n_jobs=2, cores=1) as cluster:
        assert cluster.started
        yield cluster


def test_it_says_where_it_is(ours):
    assert re.fullmatch(r"<Cluster 'tcp://[\d.:\[\]a-f]+:\d+' workers=2 slots=2 memory=[\d.]+ GiB>",
                        repr(ours))
    assert [worker.id for worker in ours.workers] == ["w0", "w1"]
    assert {(worker.cores, worker.slots, worker.state) for worker in ours.workers} == {
        (1, 1, "idle")}
    assert ours.workers[0].memory > 1 << 20
    assert ours.slots == 2


def test_the_card_is_escaped(ours, monkeypatch):
    assert "<td>w0</td>" in ours._repr_html_() and ours.address in ours._repr_html_()
    evil = type(ours.workers[0])("w0", "<script>", "idle", 1, 1, 1, 0, "7&8")
    monkeypatch.setattr(Cluster, "workers", property(lambda self: [evil] * 30))
    card = ours._repr_html_()
    assert "&lt;script&gt;" in card and "<script>" not in card and "7&amp;8" in card
    assert "and 10 more" in card


def test_one_that_runs_is_attached_to(ours, capfd):
    other = Cluster()
    assert not other.started and other.address == ours.address
    assert "attached to cluster default on " in capfd.readouterr().err
    with Cluster(n_jobs=2):  # has them, and does not stop them
        pass
    assert len(ours.workers) == 2
    assert current(ours) is ours and current("default").address == ours.address
    assert current().address == ours.address
    with pytest.raises(pcluster.PclusterError, match='no launcher runs for cluster "other"'):
        current("other")


def test_programs_run(ours):
    done = ours.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert isinstance(done, subprocess.CompletedProcess)
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")
    assert ours.run(["cat"], input="abc").stdout == "abc"
    assert ours.run(["cat"], input=b"\xff\0", text=False).stdout == b"\xff\0"
    assert ours.run(["sh", "-c", "echo $SEED $PWD"], env={"SEED": 7}, chdir="/").stdout == "7 /\n"
    # Its own line that looks like an error of ours is its own.
    assert ours.run(["echo", '{"error": {"message": "m", "code": 3}}']).returncode == 0
    with pytest.raises(subprocess.CalledProcessError) as caught:
        ours.run(["false"], check=True)
    assert caught.value.returncode == 1


def test_programs_of_ranks_run(ours):
    done = ours.run(["sh", "-c", "echo $OMPI_COMM_WORLD_RANK/$OMPI_COMM_WORLD_SIZE"], ranks=2)
    assert sorted(done.stdout.split()) == ["0/2", "1/2"]
    with pytest.raises(pcluster.PclusterError, match="needs 99 cores") as caught:
        ours.run(["true"], ranks=99)
    assert "pcluster scale" in caught.value.hint
    with pytest.raises(TypeError, match="list of words"):
        ours.run("hostname")


def test_a_program_that_takes_too_long_is_ended(ours):
    begun = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        ours.run(["sh", "-c", "echo begun; sleep 60"], timeout=0.5)
    assert time.monotonic() - begun < 10
    assert ours.run(["true"], ranks=2, timeout=30).returncode == 0  # its slot is free


def test_one_that_runs_is_topped_up(ours, capfd):
    other = Cluster(n_jobs=3)
    said = capfd.readouterr().err
    assert "2 jobs; topping up to 3" in said and "3/3 workers available" in said
    assert len(other.workers) == 3
    other.scale(2)
    end = time.monotonic() + 10
    while len(other.workers) > 2 and time.monotonic() < end:
        time.sleep(0.05)
    assert len(other.workers) == 2


def test_errors_say_what_to_do(place, capfd):
    with pytest.raises(pcluster.PclusterError, match='did you mean "esi"'):
        Cluster(site="essi", name="none")
    with pytest.raises(pcluster.PclusterError, match="more than the 1 workers"):
        Cluster(site="local", name="none", n_jobs=1, min_workers=2)
    with pytest.raises(pcluster.PclusterError) as caught:
        current("none")
    assert "pcluster submit --cluster none" in caught.value.hint
    assert caught.value.code == 3


def test_what_is_said_appears_where_stderr_is(place):
    """In a notebook sys.stderr is no file; the lines must come there, and as they are said."""
    code = """if True:
        import io, sys, pcluster
        sys.stderr = io.StringIO()
        with pcluster.Cluster(site="local", name="note", n_jobs=1) as cluster:
            said = sys.stderr.getvalue()
        print(said, repr(cluster))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          timeout=60, check=True)
    assert "1/1 workers available" in done.stdout and done.stderr == ""
    assert "<Cluster 'note' stopped>" in done.stdout


def test_nobody_comes_in_time(place, monkeypatch):
    monkeypatch.setenv("PCLUSTER_PROLOGUE", "sleep 60")
    with pytest.raises(TimeoutError, match="0/1 workers available") as caught:
        Cluster(site="local", name="late", n_jobs=1, timeout=0.5)
    assert isinstance(caught.value, pcluster.StartTimeout)
    with pytest.raises(pcluster.PclusterError):  # nothing of it is left
        current("late")


def test_ctrl_c_while_it_waits(place, monkeypatch):
    monkeypatch.setenv("PCLUSTER_PROLOGUE", "sleep 60")
    code = "import pcluster; pcluster.Cluster(site='local', name='cut', n_jobs=1)"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    while "waiting.." not in (line := process.stderr.readline()):
        assert line, "it ended before it waited"
    process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate(timeout=30)[1]
    with pytest.raises(pcluster.PclusterError):  # nothing of it is left
        current("cut")


def test_keep(place):
    with Cluster(site="local", name="kept", n_jobs=1, keep=True):
        pass
    with Cluster(name="kept", keep=False) as cluster:
        assert len(cluster.workers) == 1 and not cluster.started
    assert repr(cluster) == "<Cluster 'kept' stopped>"
    assert "has been stopped" in cluster._repr_html_()
