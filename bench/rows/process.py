# A process per task: pcluster's map of `true` against a bare posix_spawn loop, and the peers.
# SPDX-License-Identifier: MIT
"""Ours keeps each result, captures output and writes the journal; the loop keeps nothing.

CPU is that of launcher, worker, tasks and client.  "least" is our least over the loop's least: what
else runs on the machine only adds to each.
"""
import contextlib
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import measure  # noqa: E402

LOOP = "bare posix_spawn loop"


def add(parser):
    parser.add_argument("--tasks", type=int, help="per run of ours and of the loop")


def numbers(tasks):
    return "".join(f"{i}\n" for i in range(tasks))


def by_words(tasks, *words):
    """A command that reads a task a line."""
    read, write = os.pipe()
    if os.fork() == 0:  # more than a pipe holds
        os.close(read)
        with contextlib.suppress(BrokenPipeError), os.fdopen(write, "w") as lines:
            lines.write(numbers(tasks))
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as lines:
        cost = measure.apart(tasks, words, stdin=lines)
    os.wait()
    return cost


FEW = 600  # for GNU parallel, which is slow; five times as many for xargs


def peers():
    """{name: run}, None for what is not here."""
    return {
        "xargs": by(shutil.which("xargs"), FEW * 5, "-P2", "-n1", "true"),
        "GNU parallel": by(gnu_parallel(), FEW, "--will-cite", "-j2", "true", "#"),
    }


def by(path, tasks, *words):
    return path and (lambda: by_words(tasks, path, *words))


def gnu_parallel():
    """Its path; another program of this name is in moreutils."""
    path = shutil.which("parallel")
    said = path and subprocess.run([path, "--version"], stdin=subprocess.DEVNULL, check=False,
                                   capture_output=True, text=True).stdout
    return path if said and "GNU parallel" in said else None


def main():
    arguments = measure.arguments(__doc__, add)
    tasks = arguments.tasks or (1000 if arguments.short else 10000)
    others = {} if arguments.short else peers()
    with measure.Cluster(arguments) as cluster:
        runs = {"ours": lambda: cluster.map(tasks, "true"),
                LOOP: lambda: measure.bare(arguments, tasks)}
        if not arguments.short:
            runs["bare vfork loop"] = lambda: measure.bare(arguments, tasks, call="vfork")
        runs.update((name, run) for name, run in others.items() if run)
        results = measure.interleaved(arguments.rounds, runs)
    report(arguments, results, tasks)
    for name, run in others.items():
        if not run:
            measure.missing(f"process per task: CPU of {name} / bare loop", against=LOOP)
            measure.missing(f"process per task: rate of {name} / bare loop", sense=">=",
                            against=LOOP)


def report(arguments, results, tasks):
    note = f"{arguments.rounds} rounds of {tasks:,} `true`"
    wide = arguments.short
    ours, loop = results["ours"], results[LOOP]
    measure.row("process per task: CPU / bare loop", measure.ratios(results, "ours", LOOP),
                limit=5 if wide else 1.10, against=LOOP, note=note)
    measure.row("process per task: least CPU / bare loop's least",
                [min(cost.cpu_us for cost in ours) / min(cost.cpu_us for cost in loop)],
                against=LOOP, note=note)
    measure.row("process per task: rate / bare loop",
                measure.ratios(results, "ours", LOOP, "rate"), sense=">=",
                limit=None if wide else 0.90, against=LOOP, note=note)
    if wide:
        return
    for name, costs in results.items():
        note = f"{arguments.rounds} rounds of {costs[0].tasks:,} `true`"
        measure.row(f"process per task: CPU of {name}", [cost.cpu_us for cost in costs],
                    unit="us", note=note)
        if name in ("ours", LOOP):
            continue
        measure.row(f"process per task: CPU of {name} / bare loop",
                    measure.ratios(results, name, LOOP), against=LOOP, note=note)
        measure.row(f"process per task: rate of {name} / bare loop",
                    measure.ratios(results, name, LOOP, "rate"), sense=">=", against=LOOP,
                    note=note)


if __name__ == "__main__":
    main()
