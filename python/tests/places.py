# A state directory of its own for the tests of a file, where nothing may be left running.
# SPDX-License-Identifier: MIT
import contextlib
import os
import shutil
import subprocess
import tempfile
import time

import conftest


@contextlib.contextmanager
def own_place(**variables):
    """$PCLUSTER_DIR is a new directory; `variables` are set, too.  Nothing of it runs after."""
    directory = tempfile.mkdtemp(prefix="pcl.py.", dir="/tmp")  # short: sockets are in it
    new = {"PCLUSTER_DIR": directory, "PCLUSTER_CLUSTER": None, **variables}
    before = {name: os.environ.get(name) for name in new}
    _set(new)
    try:
        yield directory
    finally:
        for name in os.listdir(directory):
            subprocess.run(["pcluster", "stop", "--quiet", "--cluster", name], check=False,
                           stdin=subprocess.DEVNULL, timeout=60)
        end = time.monotonic() + 10
        while (left := conftest._of(directory)) and time.monotonic() < end:
            time.sleep(0.05)
        _set(before)
        assert not left, "these still run"
        shutil.rmtree(directory, ignore_errors=True)


def _set(variables):
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
