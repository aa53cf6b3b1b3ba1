# HyperQueue as a peer: a server and one worker on this host, and what its tasks cost.
# SPDX-License-Identifier: MIT
"""HyperQueue is $HQ or `hq` on PATH.  As root it gets a network namespace of its own, because its
server listens on all interfaces; encryption and all else is as it comes.
"""
import contextlib
import ctypes
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import measure

CLONE_NEWNET = 0x40000000


def program():
    return shutil.which(os.environ.get("HQ", "hq"))


def version():
    return re.search(r"[\d.]+", subprocess.check_output([program(), "--version"], text=True))[0]


class Group(measure.CpuGroup):
    """Its processes have a loopback of their own, where one can be made."""

    def __init__(self):
        super().__init__()
        self.network = None
        holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "ip link set lo up && echo && cat"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL)
        if holder.stdout.read(1):
            self.network = os.open(f"/proc/{holder.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            self.libc = ctypes.CDLL(None, use_errno=True)
        holder.communicate()

    def _enter(self):
        super()._enter()
        if self.network is not None and self.libc.setns(self.network, CLONE_NEWNET) != 0:
            os._exit(126)


class HyperQueue:
    """One worker that has so many cpus, declared."""

    def __init__(self, cpus):
        self.cpus, self.processes, self.group = cpus, [], Group()
        self.directory = pathlib.Path(
            tempfile.mkdtemp(prefix="pcl.bench.", dir=os.environ.get("TMPDIR", "/var/tmp")))
        self.environment = dict(os.environ, HQ_SERVER_DIR=str(self.directory / "server"))

    def __enter__(self):
        try:
            self.start("server", "start", "--host", "127.0.0.1")
            self.until(lambda: self.try_hq("server", "info"))
            self.start("worker", "start", "--cpus", str(self.cpus), "--detect-resources", "none",
                       "--manager", "none", "--hostname", "127.0.0.1")
            self.until(lambda: self.try_hq("worker", "info", "1"))
            self.hq("submit", "--wait", "--stdout", "none", "--stderr", "none", "true")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.try_hq("server", "stop")
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.group.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self, *words):
        with open(self.directory / f"{words[0]}.log", "w") as log:
            self.processes.append(self.group.popen(
                [program(), *words], env=self.environment, cwd=self.directory,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def until(self, there):
        deadline = time.monotonic() + 20
        while not there():
            logs = [log.read_text()[-1000:] for log in self.directory.glob("*.log")]
            ended = any(process.poll() is not None for process in self.processes)
            if ended or time.monotonic() > deadline:
                raise SystemExit("HyperQueue does not come up:\n" + "\n".join(logs))
            time.sleep(0.05)

    def hq(self, *words):
        return self.group.run([program(), *words], env=self.environment, cwd=self.directory)

    def try_hq(self, *words):
        with contextlib.suppress(SystemExit):
            self.hq(*words)
            return True
        return False

    def map(self, tasks, *command, output=False):
        """Without output its tasks write nowhere; with it, two files per task: its default."""
        quiet = () if output else ("--stdout", "none", "--stderr", "none")
        cost = self.group.cost(tasks, lambda: self.hq(
            "submit", "--wait", "--array", f"1-{tasks}", *quiet, *command))
        for written in self.directory.glob("job-*"):
            shutil.rmtree(written)
        return cost
