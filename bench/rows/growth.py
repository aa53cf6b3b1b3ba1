# Whether a task costs more where there are more of them: the launcher's CPU per task, 10^3 to 10^6.
# SPDX-License-Identifier: MIT
"""The worker runs nothing (empty_worker_bench), so that the launcher is measured alone: core,
journal and results table, all threads.  Small sizes are repeated until they come to a tenth of the
largest.  The row is the dearest size over the cheapest, each by its least run: what else runs on
the machine only adds to each.
"""
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import measure  # noqa: E402

NAME = "growth: launcher's CPU per task, 10^3 to 10^6 tasks, dearest / cheapest"
FINISHED = "finished workloads: launcher's memory, {} more"


def cluster_of(arguments):
    tool = os.path.join(os.path.abspath(arguments.tools), "empty_worker_bench")
    if not os.access(tool, os.X_OK):
        return None
    cluster = measure.Cluster(arguments)
    state = cluster.directory / "state" / "default"
    cluster.options = ("--jobs", "1", "--setup", f"exec {tool} {state} default 8")
    return cluster


def run(cluster, tasks, repeat):
    """The launcher's CPU per task, us."""
    pid = cluster.launcher()
    before = settled(pid)
    for _ in range(repeat):
        cluster.pcluster("map", "--quiet", "--trials", f"0-{tasks - 1}", "--", "true")
    return (settled(pid) - before) / (tasks * repeat) * 1e6


def settled(pid):
    last = measure.cpu_of(pid)
    while True:
        time.sleep(0.05)
        now = measure.cpu_of(pid)
        if now - last < 0.001:
            return now
        last = now


def rss(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return int(re.search(r"^Rss:\s+(\d+)", file.read(), re.M).group(1)) * 1024


def memory(arguments, cluster):
    """Of what has finished nothing but a small record stays: MB more than before."""
    few = 20 if arguments.short else 1000
    large = 10_000 if arguments.short else 1_000_000
    pid = cluster.launcher()

    def small():
        for _ in range(few):
            cluster.pcluster("map", "--quiet", "--detach", "--trials", "0-9", "--", "true")
        settled(pid)
        return rss(pid)
    first = small()
    then = small()
    measure.row(FINISHED.format(f"{few:,} after {few:,}"), [(then - first) / 1e6], unit="MB",
                limit=2, note="of 10 tasks each; the newest 1,000 are whole in memory")
    cluster.pcluster("map", "--quiet", "--trials", f"0-{large - 1}", "--", "true")
    settled(pid)  # now all that a busy launcher needs is there: queues, buffers
    then = rss(pid)
    rounds = 2 if arguments.short else 10
    for _ in range(rounds):
        cluster.pcluster("map", "--quiet", "--trials", f"0-{large - 1}", "--", "true")
    settled(pid)
    measure.row(FINISHED.format(f"{rounds} of {large:,} tasks after one"),
                [(rss(pid) - then) / 1e6], unit="MB", limit=8)


def main():
    arguments = measure.arguments(__doc__)
    sizes = [1000, 10_000] if arguments.short else [1000, 10_000, 100_000, 1_000_000]
    cluster = cluster_of(arguments)
    if cluster is None:
        return measure.missing(NAME, limit=1.25, note="no empty_worker_bench")
    with cluster:
        rounds = min(arguments.rounds, 3)
        costs = measure.interleaved(rounds, {
            size: lambda size=size: run(cluster, size, max(1, sizes[-1] // 10 // size))
            for size in sizes})
        least = {size: min(costs[size]) for size in sizes}
        measure.row(NAME, [max(least.values()) / min(least.values())],
                    limit=10 if arguments.short else 1.25,
                    note=", ".join(f"{size:,}: {cost:.1f} us" for size, cost in least.items()))
        if arguments.short or arguments.full:
            memory(arguments, cluster)
    return None


if __name__ == "__main__":
    main()
