# HyperQueue beside us: short tasks, and with --full the race over declared cpus.
# SPDX-License-Identifier: MIT
"""Both have one worker; HyperQueue keeps no journal and, where it says "no output", no output.
latency.py has one task alone."""
import contextlib
import os
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import hyperqueue  # noqa: E402
import measure  # noqa: E402

LOOP = "bare posix_spawn loop"
CPUS = (2, 16, 64, 256)
# What a task runs, and how many of them: per declared cpu, at most.
LENGTHS = {"0": (("true",), 1000, 4000), "10 ms": (("sleep", "0.01"), 200, 4000),
           "1 s": (("sleep", "1"), 2, 512)}


def ours_of(arguments, cpus):
    return measure.Cluster(arguments, "--jobs", "1", "--cores", str(cpus),
                           "--slots-per-worker", str(cpus))


def race_names():
    for cpus in CPUS:
        for length in LENGTHS:
            yield cpus, length, f"tasks of {length} at {cpus} cpus: rate / HyperQueue's"


def race(arguments, version):
    for cpus in CPUS:
        with ours_of(arguments, cpus) as ours, hyperqueue.HyperQueue(cpus) as peer:
            for width, length, name in race_names():
                if width != cpus:
                    continue
                command, each, most = LENGTHS[length]
                tasks = min(each * cpus, most)
                results = measure.interleaved(arguments.rounds, {
                    "ours": lambda: ours.map(tasks, *command),
                    "theirs": lambda: peer.map(tasks, *command)})
                rate = {who: statistics.median(cost.rate for cost in costs)
                        for who, costs in results.items()}
                cpu = {who: statistics.median(cost.cpu_us for cost in costs)
                       for who, costs in results.items()}
                measure.row(name, measure.ratios(results, "ours", "theirs", "rate"), sense=">=",
                            against=version,
                            note=f"{tasks:,} tasks: {rate['ours']:,.0f}/s and {rate['theirs']:,.0f}"
                                 f"/s, CPU {cpu['ours']:,.0f} and {cpu['theirs']:,.0f} us")


def short_tasks(arguments, ours, peer, version):
    tasks, note = 2000, "2,000 `true`"
    results = measure.interleaved(arguments.rounds, {
        LOOP: lambda: measure.bare(arguments, tasks),
        "ours": lambda: ours.map(tasks, "true"),
        "no output": lambda: peer.map(tasks, "true"),
        "output kept": lambda: peer.map(tasks, "true", output=True)})
    for what in ("no output", "output kept"):
        measure.row(f"process per task: CPU of HyperQueue ({what}) / bare loop",
                    measure.ratios(results, what, LOOP), against=LOOP, note=note)
        measure.row(f"process per task: rate of HyperQueue ({what}) / bare loop",
                    measure.ratios(results, what, LOOP, "rate"), sense=">=", against=LOOP,
                    note=note)
        measure.row(f"process per task: CPU / HyperQueue's ({what})",
                    measure.ratios(results, "ours", what), against=version, note=note)
        measure.row(f"process per task: rate / HyperQueue's ({what})",
                    measure.ratios(results, "ours", what, "rate"), sense=">=", against=version,
                    note=note)


def not_here(full):
    for what in ("no output", "output kept"):
        measure.missing(f"process per task: CPU of HyperQueue ({what}) / bare loop")
        measure.missing(f"process per task: rate of HyperQueue ({what}) / bare loop", sense=">=")
        measure.missing(f"process per task: CPU / HyperQueue's ({what})")
        measure.missing(f"process per task: rate / HyperQueue's ({what})", sense=">=")
    for _, _, name in race_names() if full else ():
        measure.missing(name, sense=">=")


def main():
    arguments = measure.arguments(__doc__)
    if arguments.short:
        return
    if not hyperqueue.program():
        not_here(arguments.full)
        return
    version = "HyperQueue " + hyperqueue.version()
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(measure.Cluster(arguments))
        peer = stack.enter_context(hyperqueue.HyperQueue(2))
        short_tasks(arguments, ours, peer, version)
    if arguments.full:
        race(arguments, version)


if __name__ == "__main__":
    main()
