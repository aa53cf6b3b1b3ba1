# Where the program is found, and how what it says becomes exceptions.
# SPDX-License-Identifier: MIT
import json
import subprocess
import sys

import pytest

from pcluster import PclusterError, StartTimeout, program


def test_the_named_program_comes_first(monkeypatch, tmp_path):
    own = tmp_path / "pcluster"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("PCLUSTER_PROGRAM", raising=False)
    assert program.find() == str(own)
    monkeypatch.setenv("PCLUSTER_PROGRAM", sys.executable)
    assert program.find() == sys.executable
    monkeypatch.setenv("PCLUSTER_PROGRAM", str(tmp_path / "none"))
    with pytest.raises(PclusterError, match="no program that may be run"):
        program.find()


def test_errors_of_a_verb():
    said = json.dumps({"error": {"code": 4, "message": "no worker yet", "hint": "wait"}})
    assert isinstance(program.error_of(4, "", "talk\n" + said), StartTimeout)
    assert "died" in str(program.error_of(1, "", "pcluster: it died\n"))


def test_the_program_says_its_version():
    done = subprocess.run([program.find(), "--version"], capture_output=True, text=True,
                          timeout=20, check=True)
    assert "pcluster" in done.stdout
