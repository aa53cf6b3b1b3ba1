"""Residents in Python: serve(function) calls function(trial) for each trial that pcluster sends.

    from pcluster_resident import serve

    serve(lambda trial: {"square": float(trial.trial) ** 2})     # the columns of its result

    pcluster map --resident --trials 0-99 -- python model.py

With MPI ranks every rank calls serve(), and every rank gets each trial; what rank 0's function
returns is the result.  `comm` is a communicator of mpi4py or a ParallelContext of NEURON; without
one, mpi4py is imported, else NEURON, when the program is one of several ranks.

An exception costs its trial an attempt and the program goes on; with several ranks it ends the
program, because the others may wait for this one, and pcluster starts it again.
"""
# SPDX-License-Identifier: MIT
import json
import os
import sys
import traceback


class Trial:
    """One trial: `trial` (its text), `index`, `attempt`, `task` and `values` (by column, text)."""

    def __init__(self, line):
        for name, value in json.loads(line).items():
            setattr(self, name, value)

    def __getitem__(self, column):
        return self.values[column]


class _Alone:
    rank, size = 0, 1

    def share(self, line):
        return line

    def wait(self):
        pass


class _Mpi4py:
    def __init__(self, comm):
        self.comm, self.rank, self.size = comm, comm.Get_rank(), comm.Get_size()

    def share(self, line):
        return self.comm.bcast(line, root=0)

    def wait(self):
        self.comm.barrier()


class _Neuron:
    def __init__(self, pc):
        self.pc, self.rank, self.size = pc, int(pc.id()), int(pc.nhost())

    def share(self, line):
        return self.pc.py_broadcast(line, 0)

    def wait(self):
        self.pc.barrier()


def _ranks(comm):
    if comm is None:
        sizes = (os.environ.get(name, "1") for name in ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE"))
        if max(int(size) for size in sizes) < 2:
            return _Alone()
        try:
            from mpi4py import MPI
            comm = MPI.COMM_WORLD
        except ImportError:
            from neuron import h
            h.nrnmpi_init()
            comm = h.ParallelContext()
    return _Neuron(comm) if hasattr(comm, "py_broadcast") else _Mpi4py(comm)


def _open():
    told = os.environ.get("PCLUSTER_RESIDENT")
    if not told:
        sys.exit("pcluster_resident: start this program with pcluster map --resident")
    trials, answers = (int(number) for number in told.split(","))
    for number in (trials, answers):
        os.set_inheritable(number, False)
    return os.fdopen(trials, encoding="utf-8"), os.fdopen(answers, "w", encoding="utf-8")


def _answer(function, trial, ranks):
    """The line that answers the trial; of rank 0 it counts."""
    try:
        result = function(trial)
        said = {"task": trial.task, "done": True}
        if result is not None:
            said["result"] = result
        # NaN is not JSON; numbers and arrays of NumPy become what they mean.
        line = json.dumps(said, allow_nan=False, default=lambda value: value.tolist())
    except Exception as error:  # the trial failed; what else is raised ends the program
        traceback.print_exc()
        line = json.dumps({"task": trial.task, "failed": f"{type(error).__name__}: {error}"})
        if ranks.size > 1:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(1)  # no farewell to the other ranks: mpiexec ends them
    sys.stdout.flush()
    sys.stderr.flush()
    return line


def serve(function, comm=None):
    """Calls function(trial) for each trial, until there are no more; returns then."""
    ranks = _ranks(comm)
    trials = answers = None
    if ranks.rank == 0:
        trials, answers = _open()

    def write(line):
        if ranks.rank == 0:
            answers.write(line + "\n")
            answers.flush()

    ranks.wait()
    write('{"ready": true}')
    while True:
        line = ranks.share(trials.readline() if ranks.rank == 0 else None)
        if not line:
            return
        said = _answer(function, Trial(line), ranks)
        ranks.wait()  # every rank is through with it
        write(said)
