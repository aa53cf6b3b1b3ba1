# joblib's Parallel through parallel_config("pcluster").
# SPDX-License-Identifier: MIT
from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import joblib
import pytest
from joblib import Parallel, delayed, parallel_config

import pcluster.joblib


def square(number):
    return number * number


def fails_at(number, bad):
    if number == bad:
        raise KeyError(f"trial {number} has no data")
    return number


def leave_mark(directory, number, seconds):
    time.sleep(seconds)
    (directory / str(number)).touch()


def nested(number):
    inner = Parallel(n_jobs=2)(delayed(square)(i) for i in range(number))
    return sum(inner), os.getpid()


@pytest.fixture(scope="module", autouse=True)
def slots_for_the_next_file():
    yield
    pcluster.joblib.release()


@pytest.fixture(autouse=True)
def backend(cluster):
    with parallel_config("pcluster", n_jobs=2):
        yield


def test_results_in_order_from_other_processes():
    found = Parallel()(delayed(square)(i) for i in range(1000))
    assert found == [i * i for i in range(1000)]
    pids = set(Parallel()(delayed(os.getpid)() for _ in range(20)))
    assert os.getpid() not in pids and 1 <= len(pids) <= 2


def test_processes_stay_for_the_next_call():
    def both():
        return set(Parallel(batch_size=1)(
            delayed(lambda: time.sleep(0.2) or os.getpid())() for _ in range(4)))
    first = both()
    assert len(first) == 2
    assert both() == first
    with Parallel() as parallel:
        assert set(parallel(delayed(os.getpid)() for _ in range(2))) <= first


def test_all_slots():
    with parallel_config("pcluster", n_jobs=-1):
        assert joblib.effective_n_jobs() == 2
        assert joblib.effective_n_jobs(-2) == 1
    with ThreadPoolExecutor(1) as elsewhere:  # where no parallel_config says a number
        assert elsewhere.submit(lambda: Parallel(backend="pcluster").n_jobs).result() == -1
    with pytest.raises(ValueError, match="no meaning"):
        Parallel(n_jobs=0)(delayed(square)(i) for i in range(2))


def test_short_calls_go_in_batches():
    sizes = []

    class Counts(pcluster.joblib.PclusterBackend):
        def submit(self, func, callback=None):
            sizes.append(len(func))
            return super().submit(func, callback)

    with parallel_config(Counts(), n_jobs=2):
        assert sum(Parallel()(delayed(square)(1) for _ in range(3000))) == 3000
    assert sum(sizes) == 3000 and len(sizes) < 1500
    sizes.clear()
    with parallel_config(Counts(), n_jobs=2):
        Parallel(batch_size=10)(delayed(square)(i) for i in range(100))
    assert sum(sizes) == 100 and max(sizes) == 10


def test_error_ends_the_rest(tmp_path):
    began = time.monotonic()
    with pytest.raises(KeyError, match="trial 0 has no data"):
        Parallel(batch_size=1, pre_dispatch="all")(
            [delayed(fails_at)(0, 0), *(delayed(leave_mark)(tmp_path, i, 3) for i in range(6))])
    assert time.monotonic() - began < 3
    assert Parallel()(delayed(fails_at)(i, -1) for i in range(4)) == [0, 1, 2, 3]
    time.sleep(max(0, began + 4 - time.monotonic()))
    assert list(tmp_path.iterdir()) == []


def test_timeout():
    began = time.monotonic()
    with pytest.raises(multiprocessing.TimeoutError):
        Parallel(timeout=0.5)(delayed(time.sleep)(600) for _ in range(2))
    assert time.monotonic() - began < 10
    assert Parallel(timeout=30)(delayed(square)(i) for i in (1, 2)) == [1, 4]


def test_generators():
    found = Parallel(return_as="generator")(delayed(square)(i) for i in range(50))
    assert next(found) == 0 and list(found) == [i * i for i in range(1, 50)]
    found = Parallel(return_as="generator_unordered")(delayed(square)(i) for i in range(50))
    assert sorted(found) == [i * i for i in range(50)]


def test_nested_calls_run_in_threads_of_the_process():
    sums, pids = zip(*Parallel()(delayed(nested)(i) for i in (3, 4)))
    assert sums == (5, 14) and os.getpid() not in pids


def test_two_threads_at_a_time():
    found = {}

    def call(name):
        with parallel_config("pcluster", n_jobs=2):
            found[name] = Parallel()(delayed(square)(name) for _ in range(50))
    threads = [threading.Thread(target=call, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == {i: [i * i] * 50 for i in range(3)}


def test_threads_of_libraries_are_limited():
    with parallel_config("pcluster", n_jobs=2, inner_max_num_threads=3):
        assert Parallel()(delayed(os.getenv)("OMP_NUM_THREADS") for _ in range(2)) == ["3"] * 2


def test_idle_processes_leave():
    with parallel_config("pcluster", n_jobs=2, idle_worker_timeout=0.2, tag="idle"):
        first = set(Parallel()(delayed(os.getpid)() for _ in range(4)))
        time.sleep(1)
        assert not first & set(Parallel()(delayed(os.getpid)() for _ in range(4)))


def test_known_to_joblib_once_pcluster_is_imported():
    said = "import joblib, pcluster; print(joblib.Parallel(backend='pcluster', n_jobs=2)._backend)"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True,
                          timeout=60, check=True)
    assert "PclusterBackend" in done.stdout
    said = "import sys, pcluster; print('joblib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True,
                          timeout=60, check=True)
    assert done.stdout == "False\n"
