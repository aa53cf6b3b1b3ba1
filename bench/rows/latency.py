# One task: from the start of the client process until its result is printed.
# SPDX-License-Identifier: MIT
"""The limit is 4 ms and two fdatasyncs of the cluster's directory, measured in the same run: the
task is durable before it is accepted, and its result before it is told.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import measure  # noqa: E402

PEER = "HyperQueue, submit --wait"


def until(words, environment, line, descriptor=1):
    """Milliseconds from the start of WORDS until LINE is read from it; None: until it has ended."""
    read, write = os.pipe()
    actions = [(os.POSIX_SPAWN_DUP2, write, descriptor)]
    began = time.perf_counter()
    process = os.posix_spawn(words[0], words, environment, file_actions=actions)
    os.close(write)
    said = b""
    while line is None or line not in said:
        piece = os.read(read, 4096)
        if not piece:
            break
        said += piece
    printed = time.perf_counter()
    _, status = os.waitpid(process, 0)
    ended = time.perf_counter()
    os.close(read)
    if status != 0 or (line is not None and line not in said):
        sys.exit(f"{words}: status {status}, said {said[-300:]}")
    return 1e3 * ((ended if line is None else printed) - began)


class HyperQueue:
    """A server and a worker of the peer; nothing when it is not installed."""

    def __init__(self):
        self.program = os.environ.get("HQ") or shutil.which("hq")
        self.processes, self.directory = [], None

    def __enter__(self):
        if self.program:
            self.directory = tempfile.mkdtemp(prefix="hq.bench.", dir="/var/tmp")
            self.start("server", "start", "--host", "127.0.0.1")
            self.wait_for("server", "info")
            self.start("worker", "start", "--cpus", "2")
            self.submit()
        return self

    def words(self, *words):
        return [self.program, "--server-dir", self.directory, *words]

    def start(self, *words):
        self.processes.append(subprocess.Popen(self.words(*words), cwd=self.directory,
                                               stdout=subprocess.DEVNULL,
                                               stderr=subprocess.DEVNULL))

    def wait_for(self, *words):
        for _ in range(100):
            if subprocess.run(self.words(*words), stdout=subprocess.DEVNULL, check=False,
                              stderr=subprocess.DEVNULL).returncode == 0:
                return
            time.sleep(0.05)
        sys.exit(f"{self.program}: its server does not start")

    def submit(self):
        os.chdir(self.directory)
        words = self.words("submit", "--wait", "--stdout=none", "--stderr=none", "--", "/bin/echo",
                           "hi")
        return until(words, dict(os.environ), None)

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
            process.wait()
        if self.directory:
            os.chdir("/")
            shutil.rmtree(self.directory, ignore_errors=True)


def main():
    arguments = measure.arguments(__doc__)
    repeats = 10 if arguments.short else max(30, 5 * arguments.rounds)
    syncs, cpu = [], []
    with measure.Cluster(arguments) as cluster, HyperQueue() as peer:
        pcluster = os.path.abspath(arguments.program)
        environment = cluster.environment

        def run():
            return until([pcluster, "run", "--", "echo", "hi"], environment, b"hi\n")

        def map_one():
            return until([pcluster, "map", "--trials", "0", "--", "echo", "hi"], environment,
                         b"1 done\n", descriptor=2)

        def sync():
            syncs.append(1e3 * measure.fdatasync_p50(cluster.directory, count=10))
            return syncs[-1]

        runs = {"run": run, "map": map_one, "sync": sync}
        if peer.program:
            runs["hq"] = peer.submit
        for one in runs.values():  # files and pages that the first of all brings in
            one()
        began = measure.resource.getrusage(measure.resource.RUSAGE_CHILDREN)
        results = measure.interleaved(repeats, runs)
        ended = measure.resource.getrusage(measure.resource.RUSAGE_CHILDREN)
        cpu = (ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime) / repeats / 2
    report(arguments, results, statistics.median(syncs), cpu, bool(peer.program))


def report(arguments, results, sync, cpu, has_peer):
    limit = (40 + 20 * sync) if arguments.short else (4 + 2 * sync)
    note = f"fdatasync p50 {sync:.3g} ms; {len(results['run'])} repeats"
    if not has_peer:
        note += f"; the client's CPU {1e3 * cpu:.2g} ms"
    for name, words in (("run", "`run -- echo hi`"), ("map", "`map` of one trial")):
        measure.row(f"one task, client start to result printed: {words}", results[name], unit="ms",
                    limit=round(limit, 3), against="4 ms + 2 x fdatasync p50", note=note)
    if arguments.short:
        return
    name = "one task, client start to end: HyperQueue"
    if has_peer:
        measure.row(name, results["hq"], unit="ms", against=PEER, note=f"{len(results['hq'])} runs")
    else:
        measure.missing(name, unit="ms", against=PEER)


if __name__ == "__main__":
    main()
