# The launcher's CPU per task that does nothing: with the journal, the results table, all threads.
# SPDX-License-Identifier: MIT
"""Once with real workers that run `true`, and once with a worker that runs nothing and answers
every assignment at once (empty_worker_bench): there the tasks' own noise is gone, and the launcher
is as busy as it can be."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import measure  # noqa: E402


def settled(pid):
    """CPU of the launcher once it rests: what a run leaves to be done is its cost too."""
    last = measure.cpu_of(pid)
    for _ in range(40):
        time.sleep(0.05)
        now = measure.cpu_of(pid)
        if now - last < 0.0005:
            return now
        last = now
    return last


def per_task(cluster, tasks):
    """Microseconds of the launcher, and tasks per second."""
    pid = cluster.launcher()
    before, began = settled(pid), time.perf_counter()
    cluster.pcluster("map", "--quiet", "--trials", f"0-{tasks - 1}", "--", "true")
    seconds = time.perf_counter() - began
    return (settled(pid) - before) / tasks * 1e6, tasks / seconds


def real(arguments, tasks):
    with measure.Cluster(arguments, "--jobs", "1", "--cores", "2", "--slots-per-worker",
                         "2") as cluster:
        return [per_task(cluster, tasks) for _ in range(arguments.rounds)]


def empty(arguments, tasks, slots):
    cluster = measure.Cluster(arguments)
    state = cluster.directory / "state/default"
    worker = os.path.abspath(f"{arguments.tools}/empty_worker_bench")
    cluster.options = ("--jobs", "1", "--cores", "2", "--setup",
                       f"exec {worker} {state} default {slots}")
    with cluster:
        per_task(cluster, tasks // 10)
        return [per_task(cluster, tasks) for _ in range(arguments.rounds)]


def main():
    arguments = measure.arguments(__doc__)
    short = arguments.short
    tasks = 3_000 if short else 50_000
    us = [cost for cost, _ in real(arguments, tasks)]
    measure.row("launcher's CPU per empty task, us", us, unit="us", limit=300 if short else 5,
                note=f"{tasks:,} `true` on 2 slots; all threads, journal and results table")
    for slots in (64,) if short else (2, 64):
        tasks = 20_000 if short else 200_000
        results = empty(arguments, tasks, slots)
        note = f"{tasks:,} tasks that no process runs, on {slots} slots of one worker"
        measure.row(f"launcher's CPU per task, no process, {slots} slots, us",
                    [cost for cost, _ in results], unit="us", limit=50 if short else 3, note=note)
        if not short:
            measure.row(f"launcher: tasks/s, no process, {slots} slots",
                        [rate for _, rate in results], unit="1/s", sense=">=", note=note)


if __name__ == "__main__":
    main()
