# A million tasks in the queue: how soon they are accepted, and what they cost the launcher.
# SPDX-License-Identifier: MIT
"""They wait behind tasks that sleep.  "accepted" counts from the client's start to its end,
which comes when the launcher has said that the journal is durable; the limit is 20 ms and twice the
directory's median fdatasync, measured in the same run.  Memory is the launcher's RSS (smaps_rollup)
above that of an idle one.
"""
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import measure  # noqa: E402

MB = 1e6
ACCEPTED_MS = 20
LINE = "subject-{:07}/session-1/run.mat\n"


class Queue:
    """A cluster whose slots are busy: what is added waits."""

    def __init__(self, arguments, tasks):
        self.cluster = measure.Cluster(arguments)
        self.tasks = tasks
        self.idle = 0
        self.path = self.cluster.directory / "trials.txt"

    def __enter__(self):
        self.cluster.__enter__()
        self.add("--trials", "0-1", command=("sleep", "1000"))
        self.settle()
        self.idle = self.memory()
        return self

    def __exit__(self, *_):
        self.cluster.__exit__()

    def add(self, *trials, command=("true",)):
        """Milliseconds from the client's start to its end."""
        begin = time.perf_counter()
        self.cluster.pcluster("map", "--quiet", "--detach", *trials, "--", *command)
        return (time.perf_counter() - begin) * 1e3

    def memory(self):
        pid = self.cluster.launcher()
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return int(re.search(r"^Rss:\s+(\d+)", file.read(), re.M).group(1)) * 1024

    def settle(self):
        """Until its memory has not changed for half a second."""
        until = time.monotonic() + 10
        last, since = self.memory(), time.monotonic()
        while time.monotonic() < until and time.monotonic() - since < 0.5:
            time.sleep(0.05)
            now = self.memory()
            if now != last:
                last, since = now, time.monotonic()

    def above_idle(self):
        self.settle()
        return (self.memory() - self.idle) / MB

    def lines(self):
        self.path.write_text("".join(LINE.format(i) for i in range(self.tasks)))
        return self.path


def accepted(arguments, tasks):
    """Rounds of: the time of one acceptance, and the disk's own time beside it."""
    times, syncs = [], []
    with Queue(arguments, tasks) as queue:
        for _ in range(arguments.rounds):
            syncs.append(measure.fdatasync_p50(queue.cluster.directory, 50) * 1e3)
            times.append(queue.add("--trials", f"0-{tasks - 1}"))
        memory = queue.above_idle()
    return times, syncs, memory


def main():
    arguments = measure.arguments(__doc__)
    tasks = 100_000 if arguments.short else 1_000_000
    rounds = f"{arguments.rounds} workloads of {tasks:,} tasks"
    times, syncs, all_ranges = accepted(arguments, tasks)
    wide = 10 if arguments.short else 1
    measure.row("a million tasks (a range): accepted and durable, less 2 x fdatasync p50",
                [max(0.0, a - 2 * b) for a, b in zip(times, syncs)], unit="ms",
                limit=ACCEPTED_MS * wide, note=f"{rounds}; fdatasync p50 {min(syncs):.2f} ms")
    measure.row("a million tasks (a range): client start to accepted", times, unit="ms",
                note=rounds)
    measure.row("a million tasks (a range): launcher's memory above idle",
                [all_ranges / arguments.rounds], unit="MB", limit=1 * wide,
                note=f"of one; {arguments.rounds} wait")
    memory, took = [], []
    for _ in range(1 if arguments.short else min(arguments.rounds, 3)):
        with Queue(arguments, tasks) as queue:
            took.append(queue.add("-a", queue.lines()))
            memory.append(queue.above_idle())
    note = f"{tasks:,} lines of {len(LINE.format(0))} bytes"
    measure.row("a million tasks (distinct lines): launcher's memory above idle", memory, unit="MB",
                limit=64, note=note)
    measure.row("a million tasks (distinct lines): client start to accepted", took, unit="ms",
                note=note)


if __name__ == "__main__":
    main()
