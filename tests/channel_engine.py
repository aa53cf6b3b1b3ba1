# What the tests put on channels: python3 channel_engine.py echo|deaf|ranks
# SPDX-License-Identifier: MIT
import os
import signal
import sys
import time


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]


def worker_pid():
    """Of our worker: the first `pcluster worker` above us."""
    pid = os.getpid()
    while True:
        with open(f"/proc/{pid}/stat") as file:
            pid = int(file.read().rsplit(")", 1)[1].split()[1])
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            if b"worker" in file.read().split(b"\0")[1:2]:
                return pid


def echo():
    read, write = map(int, os.environ["PCLUSTER_CHANNEL"].split(","))
    print(f"hello from {os.environ['PCLUSTER_INDEX']}", flush=True)
    while (data := os.read(read, 1 << 16)):
        if data == b"die\n":
            os._exit(3)
        write_all(write, str(worker_pid()).encode() if data == b"worker\n" else data)


def deaf():
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    time.sleep(60)


def ranks():
    rank = int(os.environ["OMPI_COMM_WORLD_RANK"])
    assert ("PCLUSTER_CHANNEL" in os.environ) == (rank == 0), rank
    print(f"rank {rank}", flush=True)
    if rank == 0:
        echo()


{"echo": echo, "deaf": deaf, "ranks": ranks}[sys.argv[1]]()
