# A function per task: pcluster.Executor against the pools of Python, by bench/clients/exec.py.
# SPDX-License-Identifier: MIT
"""The Python is that of build/python (./dev python), else the one that runs this."""
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import measure  # noqa: E402

TOP = pathlib.Path(__file__).resolve().parents[2]
PEERS = {"ProcessPoolExecutor": "ProcessPoolExecutor", "multiprocessing.Pool": "Pool",
         "distributed": "Dask", "ipyparallel": "ipyparallel"}
WHAT = {"submit": "futures", "map": "map, one by one"}


def python():
    own = TOP / "build/python/bin/python"
    path = str(own) if own.exists() else sys.executable
    found = subprocess.run([path, "-c", "import cloudpickle"], stderr=subprocess.DEVNULL,
                           check=False)
    return path if found.returncode == 0 else None


def main():
    arguments = measure.arguments(__doc__)
    if arguments.short:
        return
    interpreter, found = python(), {}
    if interpreter:
        found = compare(arguments, interpreter)
    for peer, name in PEERS.items():
        for key, what in WHAT.items():
            row = f"function per task, {what}: rate / {name}"
            if peer not in found:
                measure.missing(row, sense=">=")
                continue
            ratios = [ours[key] / theirs[key]
                      for ours, theirs in zip(found["pcluster.Executor"], found[peer])]
            measure.row(row, ratios, sense=">=", against=peer,
                        note="2 processes, a function that does nothing")
    for key, what in WHAT.items() if found else ():
        measure.row(f"function per task, {what}: rate",
                    [ours[key] for ours in found["pcluster.Executor"]], unit="1/s", sense=">=")


def compare(arguments, interpreter):
    with measure.Cluster(arguments, "--jobs", "2", "--cores", "1") as cluster:
        path = os.pathsep.join([str(TOP / "python/src"), os.environ.get("PYTHONPATH", "")])
        environment = dict(cluster.environment, PCLUSTER_PROGRAM=cluster.program,
                           PYTHONPATH=path.strip(os.pathsep))
        return json.loads(subprocess.check_output(
            [interpreter, "-P", "-W", "ignore", str(TOP / "bench/clients/exec.py"), "--json",
             "--repeat", str(arguments.rounds), "--calls", "10000"],
            env=environment, cwd=cluster.directory, timeout=1200))


if __name__ == "__main__":
    main()
