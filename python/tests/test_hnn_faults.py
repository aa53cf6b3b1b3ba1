# pcluster.hnn: what goes wrong in a rank reaches who has called, and nothing is left behind.
# SPDX-License-Identifier: MIT
import os
import signal

import hnn_core
import hnn_help as help
import pytest
from hnn_core import network_builder, simulate_dipole
from pcluster import CallCrashed, PclusterError, StartTimeout
from pcluster.hnn import MPIBackend, Terminated

pytestmark = [pytest.mark.usefixtures("cluster"),
              pytest.mark.filterwarnings("ignore:(?s).*jones_2009_model", "ignore:The postproc")]
AT_RANK_1 = "from mpi4py import MPI\nimport os\nif MPI.COMM_WORLD.rank == 1: "


def test_an_exception_of_a_rank_is_raised_here_with_its_traceback():
    net = help.network()
    net.connectivity[0]["loc"] = "nowhere"
    with MPIBackend(n_procs=2):
        with pytest.raises(KeyError, match="nowhere") as told:
            simulate_dipole(net, tstop=10, n_trials=1, verbose=False)
        assert "network_builder.py" in str(told.value.__cause__)
        help.simulate(trials=1)  # new ranks serve the next
    assert not help.ranks()


@pytest.mark.parametrize("code, said", [
    ("raise ValueError('a rank without a channel')", "a rank without a channel"),
    ("os.kill(os.getpid(), 11)", "trial 1")])
def test_a_rank_that_ends_is_told_of(code, said):
    net = help.network()
    net.mine = help.Mine(AT_RANK_1 + code)
    with MPIBackend(n_procs=2), pytest.raises(CallCrashed, match=said):
        simulate_dipole(net, tstop=10, n_trials=1, verbose=False)
    assert help.ranks_end()


def test_ctrl_c_and_terminate_end_the_ranks():
    with MPIBackend(n_procs=2) as backend:
        with pytest.warns(UserWarning, match="No currently running"):
            backend.terminate()
        help.soon(lambda: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            help.simulate(tstop=100000, trials=1)
        assert help.ranks_end()
        help.soon(backend.terminate)
        with pytest.raises(Terminated):
            help.simulate(tstop=100000, trials=1)
        assert help.ranks_end()


def test_a_python_without_hnn_core_is_named(tmp_path):
    wrapper = tmp_path / "python"
    wrapper.write_text("#!/bin/sh\nexec /usr/bin/python3 -S \"$@\"\n")
    wrapper.chmod(0o755)
    with MPIBackend(n_procs=1, python=str(wrapper)):
        with pytest.raises(ModuleNotFoundError, match="neuron|hnn_core"):
            help.simulate(trials=1)
    assert help.ranks_end()


def test_ranks_that_find_no_slots_are_not_awaited_for_ever():
    with MPIBackend(n_procs=3, timeout=2), pytest.raises((StartTimeout, PclusterError)):
        help.simulate(trials=1)


def test_more_ranks_than_cells_are_refused():
    with MPIBackend(n_procs=25), pytest.raises(ValueError, match="24 cells.*n_procs=24"):
        help.simulate(trials=1)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="n_procs"):
        MPIBackend(n_procs=0)
    with pytest.raises(TypeError, match="n_porcs"):
        MPIBackend(n_porcs=2)
    with pytest.warns(UserWarning, match="mpi_cmd has no effect"):
        MPIBackend(n_procs=2, mpi_cmd="mpiexec")


def test_versions_of_hnn_core_are_checked(monkeypatch):
    with monkeypatch.context() as patch, pytest.warns(UserWarning, match="0.6.1, not with 0.9"):
        patch.setattr(hnn_core, "__version__", "0.9")
        MPIBackend(n_procs=2)
    monkeypatch.setattr(network_builder, "_simulate_single_trial", lambda net: None)
    with pytest.raises(PclusterError, match="_simulate_single_trial.*run with hnn-core 0.6.1"):
        MPIBackend(n_procs=2)
