# Resident lines: trials answered by a small C program that stays alive, per second and in CPU.
# SPDX-License-Identifier: MIT
"""`pcluster map --resident` of a range: results durable, journal on, two residents on two slots.

CPU is that of launcher, worker, residents and client.  A first, short workload is not counted: it
warms what a first one does.  "start" is not taken out: a run's first trials are one at a time.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import measure  # noqa: E402

def add(parser):
    parser.add_argument("--tasks", type=int, help="per run")


def main():
    arguments = measure.arguments(__doc__, add)
    tasks = arguments.tasks or (20000 if arguments.short else 300000)
    line = os.path.abspath(f"{arguments.tools}/resident_line")
    kinds = {"ahead": [line, "256"], "result": [line, "256", "result"], "one": [line]}
    if arguments.short:
        kinds = {"ahead": kinds["ahead"]}

    def run(cluster, name):
        few = tasks // 10 if name == "one" else tasks
        return lambda: cluster.map(few, *kinds[name], options=("--resident",))

    with measure.Cluster(arguments) as cluster:
        cluster.map(1000, line, "256", options=("--resident",))
        results = measure.interleaved(arguments.rounds,
                                      {name: run(cluster, name) for name in kinds})
    report(arguments, results, tasks)


def report(arguments, results, tasks):
    note = f"{arguments.rounds} runs of {tasks:,} trials, 256 in advance, {{\"done\":true}}"
    ahead, wide = results["ahead"], arguments.short
    # A tenfold loss of CPU is seen on any machine; of the rate only on one with nothing else to do.
    measure.row("resident lines (C): trials per second", [cost.rate for cost in ahead], unit="1/s",
                sense=">=", limit=None if wide else 100000, note=note)
    measure.row("resident lines (C): CPU per trial", [cost.cpu_us for cost in ahead], unit="us",
                limit=200 if wide else None, note=note)
    if wide:
        return
    for name, what in (("result", "with a result of 8 bytes"), ("one", "one at a time")):
        measure.row(f"resident lines (C), {what}: trials per second",
                    [cost.rate for cost in results[name]], unit="1/s", sense=">=")
        measure.row(f"resident lines (C), {what}: CPU per trial",
                    [cost.cpu_us for cost in results[name]], unit="us")


if __name__ == "__main__":
    main()
