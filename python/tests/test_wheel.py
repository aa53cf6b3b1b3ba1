# The package installs without the network, and the wheel that carries the program needs nothing.
# SPDX-License-Identifier: MIT
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from places import own_place

import pcluster
from pcluster import program

TOP = Path(os.environ.get("PCLUSTER_SOURCE") or Path(__file__).resolve().parents[2])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Of the program on PATH, as ./dev wheel packs one of a release build."""
    if not (TOP / "dev").exists():
        pytest.skip("these tests are not in the sources, and $PCLUSTER_SOURCE does not say where")
    there = Path(os.path.realpath(shutil.which("pcluster"))).parent.parent
    installed = tmp_path_factory.mktemp("installed")
    for part in ("bin/pcluster", "lib", "share"):
        if (there / part).is_dir() and part != "bin/pcluster":
            shutil.copytree(there / part, installed / part)
    (installed / "bin").mkdir()
    shutil.copy(there / "bin" / "pcluster", installed / "bin")
    to = tmp_path_factory.mktemp("wheel")
    done = subprocess.run([TOP / "dev", "wheel", to], capture_output=True, text=True, check=False,
                          timeout=100, env={**os.environ, "PCLUSTER_INSTALLED": str(installed)})
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = to.iterdir()
    return made


def test_it_is_for_this_platform(wheel):
    machine = os.uname().machine
    assert wheel.name == f"pcluster-{pcluster.__version__}-py3-none-linux_{machine}.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        held = archive.getinfo("pcluster/program/bin/pcluster")
        assert held.external_attr >> 16 & 0o111  # may be run
        (points,) = (name for name in names if name.endswith("entry_points.txt"))
        assert "pcluster = pcluster.program:main" in archive.read(points).decode()
    assert any(name.startswith("pcluster/program/share/") for name in names)
    assert not any("tests/" in name for name in names)


def test_a_venv_of_it_alone_has_a_cluster(wheel, tmp_path):
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True, timeout=60)
    subprocess.run([venv / "bin/python", "-m", "pip", "install", "--quiet", "--no-index",
                    "--no-deps", "--disable-pip-version-check", wheel], check=True, timeout=60)
    code = ("import pcluster\n"
            "from pcluster import program\n"
            "print(program.find())\n"
            "with pcluster.Cluster(site='local', n_jobs=1, cores=1) as cluster:\n"
            "    print(cluster.run(['echo', 'ran']).stdout, len(cluster.workers))\n")
    clean = {name: value for name, value in os.environ.items()
             if name not in ("PYTHONPATH", "PCLUSTER_PROGRAM")}
    with own_place() as place:
        clean.update(PCLUSTER_DIR=place, PATH="/usr/bin:/bin")
        said = subprocess.run([venv / "bin/pcluster", "--version"], env=clean, check=True,
                              capture_output=True, text=True, timeout=30).stdout
        assert said.strip().endswith(pcluster.__version__)
        done = subprocess.run([venv / "bin/python", "-c", code], env=clean, check=True, text=True,
                              capture_output=True, timeout=60).stdout
    assert str(venv) in done.splitlines()[0] and "ran\n 1" in done


def test_where_the_program_is(monkeypatch, tmp_path):
    on_path = shutil.which("pcluster")
    monkeypatch.setattr(program, "_BUNDLED", tmp_path / "none")
    monkeypatch.delenv("PCLUSTER_PROGRAM", raising=False)
    assert program.find() == on_path
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pcluster.PclusterError, match="not on PATH"):
        program.find()
    monkeypatch.setattr(program, "_BUNDLED", Path(on_path))
    assert program.find() == on_path
    monkeypatch.setenv("PCLUSTER_PROGRAM", "/bin/true")
    assert program.find() == "/bin/true"
    monkeypatch.setenv("PCLUSTER_PROGRAM", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(pcluster.PclusterError, match="PCLUSTER_PROGRAM"):
        program.find()
