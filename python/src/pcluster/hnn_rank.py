# A rank of MPIBackend: it loads NEURON and hnn-core once, then simulates trial after trial.
# SPDX-License-Identifier: MIT
#
# python hnn_rank.py RANKS, RANKS times by mpiexec (without it when RANKS is 1).  Rank 0 has the
# channel; what it reads it tells the others by mpi4py.  The network is built anew for each trial,
# as hnn-core does it: a network that is kept differs from it in the last bits.
from __future__ import annotations

import importlib.util
import io
import os
import pickle
import sys
import time
import traceback

_HERE = os.path.dirname(os.path.abspath(__file__))
if sys.path[0] == _HERE:
    # It holds modules that are named as others' packages are: joblib, dask.  And what lies beside
    # this package may be another Python's: the package alone is taken from there.
    del sys.path[0]
    _spec = importlib.util.spec_from_file_location("pcluster", os.path.join(_HERE, "__init__.py"))
    assert _spec and _spec.loader
    sys.modules["pcluster"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["pcluster"])

from pcluster.hnn_wire import (  # noqa: E402
    Call, Done, Failed, Ready, Said, Trial, read_frame, write_frame)

_LONGEST_NAP = 0.01  # s


class _Alone:
    """One rank, without MPI."""
    rank, size = 0, 1

    def share(self, message: bytes) -> bytes:
        return message


class _Mpi:
    """All ranks, by mpi4py."""

    def __init__(self) -> None:
        import mpi4py
        mpi4py.rc.threads = False
        os.environ.pop("NEURON_INIT_MPI", None)  # 0 would keep NEURON from it
        from mpi4py import MPI  # before NEURON, which then takes this MPI for its own
        self._world = MPI.COMM_WORLD.Dup()
        self.rank, self.size = self._world.Get_rank(), self._world.Get_size()

    def share(self, message: bytes) -> bytes:
        """What rank 0 says.  The others sleep until then: a broadcast would spin on their cores."""
        if self.rank == 0:
            for rank in range(1, self.size):
                self._world.send(None, rank)
        else:
            nap = 0.0001
            while not self._world.iprobe(source=0):
                time.sleep(nap)
                nap = min(2 * nap, _LONGEST_NAP)
            self._world.recv(source=0)
        return self._world.bcast(message, root=0)


class _Print(io.TextIOBase):
    """Standard output or error of rank 0: its lines go to who has called simulate_dipole."""

    def __init__(self, descriptor: int, channel: int):
        self._descriptor, self._channel, self._line = descriptor, channel, ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._line += text
        if "\n" in text:
            self.flush()
        return len(text)

    def flush(self) -> None:
        text, self._line = self._line, ""
        if text:
            write_frame(self._channel, Said(self._descriptor, text))


def _channel() -> tuple[int, int]:
    """The two descriptors of rank 0, which no program that NEURON starts inherits."""
    told = os.environ.get("PCLUSTER_CHANNEL")
    if not told:
        sys.exit("hnn_rank.py: pcluster.hnn.MPIBackend starts this program, on a channel")
    read, write = (int(number) for number in told.split(","))
    os.set_inheritable(read, False)
    os.set_inheritable(write, False)
    return read, write


def _check(ranks: int, mpi: _Alone | _Mpi) -> None:
    """Do mpiexec, mpi4py and NEURON speak of the same ranks?"""
    from neuron import h
    context = h.ParallelContext()
    if mpi.size > 1 and int(context.nhost()) == 1:
        h.nrnmpi_init()
        context = h.ParallelContext()
    for name, size in (("mpi4py", mpi.size), ("NEURON", int(context.nhost()))):
        if size != ranks:
            raise RuntimeError(
                f"{name} sees {size} MPI ranks where mpiexec has started {ranks}: "
                f"it uses another MPI; `ldd` and MPI_LIB_NRN_PATH tell which")


def _serve(ranks: int, mpi: _Alone | _Mpi, read: int, write: int) -> None:
    """Until there is no more to read: loads, then simulates what rank 0 is told to."""
    _check(ranks, mpi)
    import hnn_core
    from hnn_core.network_builder import _simulate_single_trial
    if mpi.rank == 0:
        write_frame(write, Ready(hnn_core.__version__))
    call = Call(b"", 0.0, 0.0)
    while pickled := mpi.share(read_frame(read) if mpi.rank == 0 else b""):
        message = pickle.loads(pickled)
        if isinstance(message, Call):
            call = message
        elif isinstance(message, Trial):
            net = pickle.loads(call.network)
            data = _simulate_single_trial(net, call.tstop, call.dt, message.index)
            sys.stdout.flush()
            sys.stderr.flush()
            if mpi.rank == 0:
                write_frame(write, Done(message.index, data))


def _fail(error: BaseException, write: int) -> None:
    """Ends this rank, and mpiexec the others: they may wait for this one in NEURON."""
    told = traceback.format_exc()
    os.write(2, told.encode())  # pcluster logs has it
    if write >= 0:
        _report(error, told, write)
    else:
        time.sleep(1)  # rank 0 likely fails of the same, and has the channel to say so
    os._exit(1)


def _report(error: BaseException, told: str, write: int) -> None:
    try:
        kept = pickle.dumps(error)
        pickle.loads(kept)
    except Exception:
        kept = b""
    try:
        write_frame(write, Failed(kept, told))
    except OSError:  # who has called is gone
        pass


def main(ranks: int) -> None:
    read = write = -1
    try:
        if ranks == 1 or "PCLUSTER_CHANNEL" in os.environ:
            read, write = _channel()
            sys.stdout, sys.stderr = _Print(1, write), _Print(2, write)
        _serve(ranks, _Alone() if ranks == 1 else _Mpi(), read, write)
    except BaseException as error:
        _fail(error, write)


if __name__ == "__main__":
    main(int(sys.argv[1]))
