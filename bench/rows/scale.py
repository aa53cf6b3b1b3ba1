# Many workers and uneven tasks in simulated time: the real core, agents and codec (scale_bench).
# SPDX-License-Identifier: MIT
"""Utilisation, messages and tails are counted on simulated links and slots: they are the same on
each machine and in each round.  The core's CPU is measured, with all its data in memory.
"""
import json
import os
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import measure  # noqa: E402

SECOND = 1_000_000


def simulate(arguments, workers, slots, rounds, wall, shape, seed=1):
    words = [os.path.join(arguments.tools, "scale_bench"),
             *(str(word) for word in (workers, slots, rounds, wall, shape, seed))]
    out = subprocess.run(words, stdout=subprocess.PIPE, check=False, text=True, timeout=900)
    if out.returncode != 0:
        sys.exit(f"{words}: {out.stdout}")
    return json.loads(out.stdout)


def many(arguments):
    workers, rounds = (256, 20) if arguments.short else (4096, 20)
    runs = [simulate(arguments, workers, 16, rounds, SECOND, 2)
            for _ in range(1 if arguments.short else min(arguments.rounds, 3))]
    name = f"simulated {workers:,} workers x 16 slots, tasks of 1 s"
    note = f"{runs[0]['tasks']:,} tasks, each 0.98-1.02 s"
    wide = arguments.short
    measure.row(f"{name}: utilisation after ramp-up", [runs[0]["utilisation"]], sense=">=",
                limit=0.9 if wide else 0.97, note=f"{note}; until the last has begun")
    measure.row(f"{name}: utilisation with both ends", [runs[0]["utilisation_whole"]], sense=">=",
                note=f"{note}; from the request to the last end")
    measure.row(f"{name}: messages per task", [runs[0]["messages_per_task"]], unit="messages",
                limit=1 if wide else 0.15, note=f"{note}; both directions, all kinds")
    measure.row(f"{name}: CPU of the core per task", [run["core_us_per_task"] for run in runs],
                unit="us", limit=50 if wide else None, note=f"{note}; no codec, no links, no disk")
    if wide:
        return
    ends = simulate(arguments, workers, 16, 10, SECOND, 2)
    measure.row(f"{name}, half as many: messages per task", [ends["messages_per_task"]],
                unit="messages", note=f"{ends['tasks']:,} tasks: the ends weigh twice as much")
    few = [simulate(arguments, 16, 16, 400, SECOND, 2) for _ in runs]
    measure.row("simulated: CPU of the core per task, 4,096 workers / 16 workers",
                [a["core_us_per_task"] / b["core_us_per_task"] for a, b in zip(runs, few)],
                against="the same core with 16 workers")


def short_tasks(arguments):
    for wall, text, rounds in ((1000, "1 ms", 2000), (10_000, "10 ms", 1000),
                               (100_000, "100 ms", 400), (SECOND, "1 s", 100)):
        rounds = rounds // 10 if arguments.short else rounds
        run = simulate(arguments, 16, 16, rounds, wall, 2)
        measure.row(f"simulated 16 workers x 16 slots, tasks of {text}: messages per task",
                    [run["messages_per_task"]], unit="messages",
                    limit=1 if arguments.short else None,
                    note=f"{run['tasks']:,} tasks; slots busy {run['utilisation']:.1%}")


def tails(arguments):
    seeds = 2 if arguments.short else 20
    for sigma, per_slot, limit in ((0.5, 100, 1.05), (1.0, 100, None), (1.0, 400, 1.05)):
        if arguments.short and per_slot > 100:
            continue
        runs = [simulate(arguments, 16, 16, per_slot, SECOND, f"sigma={sigma}", seed)
                for seed in range(1, seeds + 1)]
        best = statistics.mean(run["tail_best"] for run in runs)
        mean = statistics.mean(run["tail"] for run in runs)
        name = f"simulated 256 slots, {per_slot} log-normal tasks per slot, sigma {sigma}: makespan"
        measure.row(f"{name} / lower bound", [mean],
                    limit=limit and (1.3 if arguments.short else limit),
                    note=f"mean of {seeds} seeds; a queue without messages has {best:.3f}")
        measure.row(f"{name} / that of a queue without messages",
                    [run["tail"] / run["tail_best"] for run in runs],
                    limit=1.2 if arguments.short else 1.02, against="the best without lengths",
                    note=f"{seeds} seeds")


def main():
    arguments = measure.arguments(__doc__)
    many(arguments)
    short_tasks(arguments)
    tails(arguments)


if __name__ == "__main__":
    main()
