# pcluster.hnn: bit by bit what hnn-core's own backends give, on ranks that stay.
# SPDX-License-Identifier: MIT
import runpy
import shutil
import subprocess
from pathlib import Path

import hnn_help as help
import hnn_core.parallel_backends as theirs
import pytest
from hnn_core import jones_2009_model, simulate_dipole
from pcluster import hnn
from pcluster.hnn import MPIBackend

pytestmark = [pytest.mark.usefixtures("cluster"),
              pytest.mark.filterwarnings("ignore:(?s).*jones_2009_model", "ignore:The postproc")]
EXAMPLE = Path(__file__).parents[2] / "examples" / "hnn_mpi.py"
RECORDED = {"record_vsec": "all", "record_isec": "soma", "record_ca": "soma"}


@pytest.fixture
def bystander(tmp_path):
    """A program named nrniv that is none of ours."""
    shutil.copy(shutil.which("sleep"), tmp_path / "nrniv")
    process = subprocess.Popen([tmp_path / "nrniv", "300"])
    yield process
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def own_170():
    """What hnn-core gives for the example."""
    net = jones_2009_model(add_drives_from_params=True)
    with pytest.MonkeyPatch.context() as patch, help.their_backend(patch):
        return help.results(net, simulate_dipole(net, tstop=170, n_trials=1, verbose=False))


def test_the_example_gives_hnn_cores_dipole_and_leaves_other_nrniv_alone(
        own_170, bystander, capsys):
    ran = runpy.run_path(str(EXAMPLE), run_name="example")
    assert bystander.poll() is None
    assert not help.ranks()
    assert "Trial 1: 160.0 ms..." in capsys.readouterr().out
    spikes = ran["net"].cell_response.spike_times[0]
    assert len(spikes) > 1000  # drives have fired, cells as well
    assert help.results(ran["net"], ran["dpls"]) == own_170


def test_all_that_is_recorded_is_hnn_cores_in_each_call(monkeypatch):
    with help.their_backend(monkeypatch):
        with_electrodes = help.simulate(electrodes=True, **RECORDED)
        without = help.simulate(dt=0.05)
    assert all(len(spikes) > 10 for spikes in without[1])
    with MPIBackend(n_procs=2):
        assert help.simulate(electrodes=True, **RECORDED) == with_electrodes
        stayed = help.ranks()
        assert len(stayed) == 2
        assert help.simulate(dt=0.05) == without
        assert help.simulate(electrodes=True, **RECORDED) == with_electrodes
        assert help.ranks() == stayed
    assert not help.ranks()
    assert theirs._BACKEND is None


def test_trials_run_side_by_side_where_there_is_room(capsys):
    own = help.simulate(trials=3)
    own_short = help.simulate(tstop=10)
    own_smooth = help.simulate(trials=1, postproc=True)
    capsys.readouterr()
    with MPIBackend(n_procs=1):
        assert help.simulate(trials=3, verbose=True) == own
        assert "2 at a time" in capsys.readouterr().out
        assert len(help.ranks()) == 2
        assert help.simulate(trials=1, postproc=True) == own_smooth
    with MPIBackend(n_procs=1, n_parallel=1):
        assert help.simulate(tstop=10, verbose=True) == own_short
        assert len(help.ranks()) == 1
        lines = capsys.readouterr().out.splitlines()
    trials = [line.split(":")[0] for line in lines if line.startswith("Trial ")]
    assert trials == sorted(trials) and set(trials) == {"Trial 1", "Trial 2"}


def test_keep_leaves_the_ranks_to_the_next_block():
    net = help.network()
    net.found = help.Found()
    with MPIBackend(n_procs=2, keep=True):
        first = help.results(net, simulate_dipole(net, tstop=30, n_trials=1, verbose=False))
    kept = help.ranks()
    assert len(kept) == 2
    with MPIBackend(n_procs=2, keep=True):
        assert help.simulate(trials=1) == first
        assert help.ranks() == kept
    hnn.close()
    assert not help.ranks()


def test_as_many_ranks_as_the_cluster_has_slots():
    assert MPIBackend().n_procs == 2
