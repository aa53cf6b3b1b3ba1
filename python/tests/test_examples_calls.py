# The examples of joblib, hnn-core's JoblibBackend, LOFAR's clusters and CaImAn: run, and compared.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(name, *words, tmp_path=None):
    done = subprocess.run([sys.executable, str(EXAMPLES / name), *words], text=True, timeout=100,
                          capture_output=True, stdin=subprocess.DEVNULL, check=False,
                          env={**os.environ, "IPYTHONDIR": str(tmp_path)})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["joblib_trials.py", "hnn_joblib.py", "lofar_ipython.py",
                                  "caiman_motion.py"])
def test_three_lines_are_changed_at_most(name):
    lines = (EXAMPLES / name).read_text().splitlines()
    assert 1 <= sum(line.endswith("# pcluster") for line in lines) <= 3


def test_joblib_trials(cluster):
    assert run("joblib_trials.py") == "trials: 40 mean distance: 189.225\n"


def test_hnn_joblib(cluster, tmp_path):
    said = run("hnn_joblib.py", "40", "3", tmp_path=tmp_path)
    plain = (EXAMPLES / "hnn_joblib.py").read_text()
    plain = plain.replace("import pcluster.joblib", "").replace('parallel_config("pcluster"), ', "")
    (tmp_path / "plain.py").write_text(plain.replace("n_jobs=2", "n_jobs=1"))
    alone = subprocess.run([sys.executable, tmp_path / "plain.py", "40", "3"], text=True,
                           timeout=100, capture_output=True, check=True).stdout

    def trials(text):
        return [line for line in text.splitlines() if line.startswith("trial ")]
    assert len(trials(said)) == 2 and trials(said) == trials(alone)


def test_lofar_ipython(cluster, tmp_path):
    said = run("lofar_ipython.py", tmp_path=tmp_path)
    assert said == "engines: 2 processes: 2\nsubbands: 24 flagged: 2.29 %\n"


@pytest.mark.skipif(importlib.util.find_spec("caiman") is None,
                    reason="CaImAn is not on the package index; test_caiman.py has its calls")
def test_caiman_motion(cluster, tmp_path):
    alone = run("caiman_motion.py", "single", tmp_path=tmp_path)
    assert run("caiman_motion.py", "multiprocessing", tmp_path=tmp_path)[:60] == alone[:60]
