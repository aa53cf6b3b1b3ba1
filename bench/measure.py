# What the rows of ./dev bench share: a cluster, CPU of all that a run starts, interleaved runs.
# SPDX-License-Identifier: MIT
"""A row is a script bench/rows/NAME.py.  It is run as

    python3 bench/rows/NAME.py --program PCLUSTER --tools DIR --rounds N [--short | --full]

and prints one JSON object a line, by row() or missing(), for each row of the table.  --short takes
seconds and states limits that only a tenfold loss exceeds; --full may take minutes, and a row that
is only for it prints nothing without.

    arguments = measure.arguments(__doc__)
    with measure.Cluster(arguments, "--cores", "2") as cluster:
        costs = measure.interleaved(arguments.rounds, {
            "ours": lambda: cluster.map(4000, "true"), "bare": lambda: measure.bare(...)})
    measure.row("process per task: CPU / bare loop", measure.ratios(costs, "ours", "bare", "cpu"),
                sense="<=", limit=1.10, against="bare posix_spawn loop")
"""
import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time


def arguments(text, add=None):
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("--program", required=True, help="pcluster")
    parser.add_argument("--tools", required=True, help="directory of the programs of bench/")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--full", action="store_true")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that clusters are stopped
    if add:
        add(parser)
    return parser.parse_args()


# ------------------------------------------------------------------ rows of the table

def row(name, samples, unit="ratio", sense="<=", limit=None, against="", note=""):
    """Samples are numbers, one per round; limit None: for the table alone."""
    samples = [float(f"{sample:.5g}") for sample in samples]
    print(json.dumps({"row": name, "unit": unit, "sense": sense, "limit": limit,
                      "median": float(f"{statistics.median(samples):.5g}"),
                      "minimum": min(samples), "samples": samples,
                      "against": against, "note": note}), flush=True)


def missing(name, unit="ratio", sense="<=", limit=None, against="", note="not installed"):
    print(json.dumps({"row": name, "unit": unit, "sense": sense, "limit": limit, "median": None,
                      "minimum": None, "samples": [], "against": against, "note": note}),
          flush=True)


# ------------------------------------------------------------------ what a run costs

@dataclasses.dataclass
class Cost:
    tasks: int
    seconds: float
    cpu: float  # seconds, user and system, of all that took part

    @property
    def rate(self):
        return self.tasks / self.seconds

    @property
    def cpu_us(self):
        return self.cpu / self.tasks * 1e6


def interleaved(rounds, runs):
    """{name: [Cost or number per round]} of {name: function}; who is first, is so by turns."""
    names, results = list(runs), {name: [] for name in runs}
    for turn in range(rounds):
        at = turn % len(names)
        for name in names[at:] + names[:at]:
            results[name].append(runs[name]())
    return results


def ratios(results, ours, theirs, what="cpu_us"):
    """Per round, WHAT (cpu_us, rate, seconds) of ours over theirs'."""
    def value(cost):
        return getattr(cost, what) if isinstance(cost, Cost) else cost
    return [value(a) / value(b) for a, b in zip(results[ours], results[theirs])]


class CpuGroup:
    """CPU of processes started here and of all that they start: by a control group, else by rusage.

    Without a control group a process counts that carries our mark in its environment, with those
    that it waited for; its figures are then multiples of 10 ms.
    """

    def __init__(self):
        self.mark = f"PCLUSTER_BENCH_GROUP={os.getpid()}.{id(self)}"
        self.directory = None
        with contextlib.suppress(OSError):
            directory = _control_group() / f"pcluster-bench.{os.getpid()}.{id(self)}"
            directory.mkdir()
            self.directory = directory

    def popen(self, words, env=None, **options):
        name, value = self.mark.split("=")
        return subprocess.Popen(words, preexec_fn=self._enter,
                                env=dict(os.environ if env is None else env, **{name: value}),
                                **options)

    def _enter(self):
        if self.directory:
            (self.directory / "cgroup.procs").write_text("0")

    def run(self, words, **options):
        """Its output; SystemExit with what it said when it fails or hangs."""
        limit = options.pop("timeout", 300)
        process = self.popen(words, stdin=options.pop("stdin", subprocess.DEVNULL),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        try:
            out, err = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            process.kill()
            sys.exit(f"{words}: not within {limit} s")
        if process.returncode != 0:
            sys.exit(f"{words}: exit code {process.returncode}\n{out[-2000:]}{err[-2000:]}")
        return out

    def seconds(self):
        if not self.directory:
            return _cpu_of_marked(self.mark.encode())
        with contextlib.suppress(OSError):
            return int((self.directory / "cpuacct.usage").read_text()) / 1e9
        stat = dict(line.split() for line in (self.directory / "cpu.stat").open())
        return int(stat["usage_usec"]) / 1e6

    def settled(self):
        """seconds(), once it has stopped growing: what a run leaves to be done is its cost too."""
        last, until = self.seconds(), time.monotonic() + 1
        while time.monotonic() < until:
            time.sleep(0.03)
            now = self.seconds()
            if now - last < 0.0003:
                return now
            last = now
        return last

    def cost(self, tasks, function):
        before, begin = self.settled(), time.perf_counter()
        function()
        seconds = time.perf_counter() - begin
        return Cost(tasks, seconds, self.settled() - before)

    def close(self):
        for _ in range(100 if self.directory else 0):
            with contextlib.suppress(OSError):
                self.directory.rmdir()
                return
            time.sleep(0.02)


def _control_group():
    v1 = pathlib.Path("/sys/fs/cgroup/cpuacct")
    if v1.is_dir():
        return v1
    own = pathlib.Path("/proc/self/cgroup").read_text().split("::", 1)[1].split("\n")[0]
    return pathlib.Path("/sys/fs/cgroup" + own)


def _cpu_of_marked(mark):
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks = 0
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (process / "environ").read_bytes():
                ticks += sum(map(int, (process / "stat").read_text().rsplit(")", 1)[1]
                                 .split()[11:15]))
    return used.ru_utime + used.ru_stime + ticks / os.sysconf("SC_CLK_TCK")


def apart(tasks, words, **options):
    """The cost of a program that does TASKS tasks, in a group of its own."""
    with contextlib.closing(CpuGroup()) as group:
        return group.cost(tasks, lambda: group.run(words, **options))


def bare(arguments, tasks, at_a_time=2, call="posix", program="/bin/true"):
    """A bare loop of posix_spawn (or vfork): its own clock, and the CPU of its group."""
    words = [f"{arguments.tools}/raw_spawn", call, "none", str(tasks), str(at_a_time), program]
    said = []
    with contextlib.closing(CpuGroup()) as group:
        cost = group.cost(tasks, lambda: said.extend(group.run(words).split()))
    return dataclasses.replace(cost, seconds=float(said[1]))


# ------------------------------------------------------------------ a cluster

class Cluster:
    """A local cluster of a temporary PCLUSTER_DIR; options are those of submit."""

    def __init__(self, arguments, *options):
        self.program = os.path.abspath(arguments.program)
        self.directory = pathlib.Path(
            tempfile.mkdtemp(prefix="pcl.bench.", dir=os.environ.get("TMPDIR", "/var/tmp")))
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith("PCLUSTER_") and not name.startswith("SLURM_")}
        self.environment = dict(kept, PCLUSTER_DIR=str(self.directory / "state"),
                                PCLUSTER_SITE="local")
        self.options = options or ("--jobs", "1", "--cores", "2", "--slots-per-worker", "2")
        self.group = CpuGroup()

    def __enter__(self):
        try:
            self.pcluster("submit", *self.options)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run(["timeout", "60", self.program, "stop"], env=self.environment,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        self.group.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def pcluster(self, *words, **options):
        """Its standard output; the client's CPU counts as the cluster's."""
        return self.group.run([self.program, *map(str, words)], env=self.environment, **options)

    def launcher(self):
        """The pid of the launcher."""
        state = self.directory / "state" / "default" / "launcher.json"
        return json.loads(state.read_text())["pid"]

    def map(self, tasks, *command, options=()):
        """The Cost of `pcluster map` of a range, in the foreground."""
        return self.group.cost(tasks, lambda: self.pcluster(
            "map", "--quiet", "--trials", f"0-{tasks - 1}", *options, "--", *command))


def cpu_of(pid):
    """CPU of a process, in seconds, by its scheduler's account (ns); of all its threads."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def memory_of(pid, what="VmRSS"):
    """Bytes: VmRSS, VmHWM, RssAnon of /proc/PID/status."""
    for line in pathlib.Path(f"/proc/{pid}/status").open():
        if line.startswith(what + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(what)


def fdatasync_p50(directory, count=200, size=512):
    """Seconds of fdatasync after an append of SIZE bytes to a file there: the median."""
    times = []
    with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
        for _ in range(count):
            file.write(b"x" * size)
            begin = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - begin)
    return statistics.median(times)
