# One task: from the start of the client process until its result is printed.
# SPDX-License-Identifier: MIT
"""The limit is 4 ms and two fdatasyncs of the cluster's directory, measured in the same run: a task
is durable before it is accepted, and its result before it is told.  HyperQueue's time ends with its
client, and begins with a fork of Python (2 to 5 ms).
"""
import contextlib
import os
import resource
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import hyperqueue  # noqa: E402
import measure  # noqa: E402

BOUND = "4 ms + 2 x fdatasync"
PEER = "one task: HyperQueue, client start to end"


def until(words, environment, line, descriptor):
    """Milliseconds from the start of WORDS until they have written LINE."""
    read, write = os.pipe()
    begin = time.perf_counter()
    process = os.posix_spawn(words[0], words, environment,
                             file_actions=[(os.POSIX_SPAWN_DUP2, write, descriptor)])
    os.close(write)
    said = b""
    while line not in said:
        piece = os.read(read, 4096)
        if not piece:
            break
        said += piece
    printed = time.perf_counter()
    _, status = os.waitpid(process, 0)
    os.close(read)
    if status != 0 or line not in said:
        sys.exit(f"{words}: status {status}, said {said[-300:]}")
    return 1000 * (printed - begin)


def until_end(action):
    begin = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - begin)


def client_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (used.ru_utime + used.ru_stime)


def runs_of(cluster, peer):
    program, environment, cpu = cluster.program, cluster.environment, []

    def run():
        before = client_cpu()
        taken = until([program, "run", "--", "echo", "hi"], environment, b"hi\n", 1)
        cpu.append(client_cpu() - before)
        return taken

    runs = {"run": run,
            "map": lambda: until([program, "map", "--trials", "0", "--", "echo", "hi"],
                                 environment, b"1 done\n", 2),
            "sync": lambda: 1000 * measure.fdatasync_p50(cluster.directory, count=10)}
    if peer:
        runs["hq"] = lambda: until_end(lambda: peer.hq(
            "submit", "--wait", "--stdout", "none", "--stderr", "none", "echo", "hi"))
    return runs, cpu


def main():
    arguments = measure.arguments(__doc__)
    repeats = 10 if arguments.short else max(30, 5 * arguments.rounds)
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(measure.Cluster(arguments))
        with_peer = hyperqueue.program() and not arguments.short
        peer = stack.enter_context(hyperqueue.HyperQueue(2)) if with_peer else None
        runs, cpu = runs_of(cluster, peer)
        for one in runs.values():  # the first of all brings files and pages in
            one()
        results = measure.interleaved(repeats, runs)
    sync = statistics.median(results["sync"])
    limit = 40 + 20 * sync if arguments.short else 4 + 2 * sync
    note = (f"{repeats} repeats; fdatasync p50 {sync:.2g} ms; the client's CPU "
            f"{min(cpu):.2g} ms at least, {statistics.median(cpu):.2g} ms")
    for name, what in (("run", "`run -- echo hi`"), ("map", "`map` of one trial")):
        measure.row(f"one task: {what}, start to result printed", results[name], unit="ms",
                    limit=round(limit, 2), against=BOUND, note=note)
    if peer:
        measure.row(PEER, results["hq"], unit="ms", against="HyperQueue " + hyperqueue.version(),
                    note=f"{repeats} repeats")
    elif not arguments.short:
        measure.missing(PEER, unit="ms")


if __name__ == "__main__":
    main()
