# Workers that join one launcher at once, over TLS: until all are home, memory of each link, rest.
# SPDX-License-Identifier: MIT
"""One process (join_bench) is all the workers: the worker's own mind, codec, key and TLS, a link
each.  They do each task at once, so that the launcher's share of a task is what is measured."""
import json
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import measure  # noqa: E402

# Its job comes up and never calls home: all workers are the bench's.
OPTIONS = ("--jobs", "1", "--cores", "1", "--no-wait", "--quiet", "--setup", "exec sleep 3600")
TIMES = {1000: 2, 4000: 6}  # seconds until so many are home


def bench(arguments, cluster, **options):
    """What join_bench says of one storm on this cluster."""
    state = cluster.directory / "state" / "default"
    token = next((state / "jobs").glob("*.sh")).stem
    words = [f"{arguments.tools}/join_bench", state, token]
    words += [f"{name}={value}" for name, value in options.items()]
    return json.loads(subprocess.check_output(list(map(str, words)), timeout=600))


def storm(arguments, **options):
    """The same on a launcher of its own."""
    with measure.Cluster(arguments, *OPTIONS) as cluster:
        return bench(arguments, cluster, **options)


def joins(arguments, links, rounds, limit, idle=0):
    found = [storm(arguments, links=links, idle=idle if turn == 0 else 0)
             for turn in range(rounds)]
    cpu = statistics.median(one["cpu_s"] for one in found) / links * 1e6
    measure.row(f"{links:,} TLS workers join at once: all home",
                [one["home_s"] for one in found], unit="s", limit=limit,
                note=f"launcher's CPU {cpu:.0f} us each, `status` asked every 50 ms included")
    measure.row(f"{links:,} TLS workers join at once: slowest status meanwhile",
                [one["status_ms"] for one in found], unit="ms", limit=1000)
    measure.row(f"launcher's memory per link of {links:,}", [one["kb_per_link"] for one in found],
                unit="kB", limit=60, note="resident, idle links")
    if idle:
        measure.row(f"idle launcher with {links:,} workers: CPU a minute",
                    [found[0]["idle_cpu_s_per_minute"]], unit="s",
                    note=f"{idle} s measured, a heartbeat each 3 s from every worker")


def growth(arguments, counts, tasks, rounds, limit):
    """The most that its CPU per task grows from one of these numbers to a larger."""
    cpu = {count: [] for count in counts}
    for turn in range(rounds):
        at = turn % len(counts)
        for count in counts[at:] + counts[:at]:
            cpu[count].append(storm(arguments, links=count, tasks=tasks)["cpu_us_per_task"][0])
    ratios = [max(more / few for at, few in enumerate(one) for more in one[at + 1:])
              for one in zip(*cpu.values())]
    medians = ", ".join(f"{statistics.median(cpu[count]):.1f}" for count in counts)
    measure.row(f"growth of the launcher's CPU per task, {counts[0]} to {counts[-1]:,} workers",
                ratios, limit=limit, against="fewer workers",
                note=f"{medians} us with {', '.join(map(str, counts))} workers of 1 slot; "
                     f"{tasks:,} tasks")


def strangers(arguments, links, rounds, limit):
    """As many with another key, and half as many who say nothing, among the workers."""
    ratios = []
    for _ in range(rounds):
        alone = storm(arguments, links=links)
        among = storm(arguments, links=links, strangers=links, silent=links // 2)
        ratios.append(among["cpu_s"] / alone["cpu_s"])
    measure.row("a stranger for each worker that joins: launcher's CPU / without them", ratios,
                limit=limit, against="workers alone", note=f"{links} workers")


def main():
    arguments = measure.arguments(__doc__)
    if arguments.short:
        joins(arguments, 200, 1, limit=20)
        growth(arguments, (1, 100), tasks=5000, rounds=1, limit=10)
        return
    rounds = min(arguments.rounds, 5)
    for links, limit in TIMES.items():
        joins(arguments, links, rounds, limit, idle=30 if links == 1000 else 0)
    growth(arguments, (1, 10, 100, 1000), tasks=200_000, rounds=min(rounds, 3), limit=1.25)
    strangers(arguments, 500, min(rounds, 3), limit=2)


if __name__ == "__main__":
    main()
