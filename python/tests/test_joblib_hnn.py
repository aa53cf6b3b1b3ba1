# hnn-core's JoblibBackend through parallel_config("pcluster"): the same dipoles, bit for bit.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import numpy
import pytest
from hnn_core import JoblibBackend, jones_2009_model, simulate_dipole
from joblib import parallel_config

import pcluster.joblib


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the seed's name of the model
def test_trials_equal_serial_ones(cluster, monkeypatch):
    batches = []
    submit = pcluster.joblib.PclusterBackend.submit
    monkeypatch.setattr(pcluster.joblib.PclusterBackend, "submit",
                        lambda *given, **more: batches.append(given) or submit(*given, **more))
    network = jones_2009_model(add_drives_from_params=True, mesh_shape=(3, 3))

    def trials(n_jobs):
        with JoblibBackend(n_jobs=n_jobs):
            dipoles = simulate_dipole(network, tstop=60, n_trials=2, verbose=False)
        return [dipole.data["agg"] for dipole in dipoles], network.cell_response.spike_times

    serial, spikes = trials(1)
    assert not batches
    with parallel_config("pcluster", n_jobs=2):
        found, same_spikes = trials(2)
    assert len(batches) == 2
    for one, other in zip(serial, found):
        assert numpy.array_equal(one, other)
    assert all(numpy.array_equal(one, other) for one, other in zip(spikes, same_spikes))
    assert not numpy.array_equal(*serial)  # the drives differ from trial to trial:
    assert min(len(times) for times in spikes) > 10  # they were met
    pcluster.joblib.release()
