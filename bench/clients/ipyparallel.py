# ipyparallel's engines, as its own local launcher starts them and on the cluster's slots.
# SPDX-License-Identifier: MIT
#
# The engines are the same program, and its own transport carries the calls: what may differ is how
# long they take to be there and to be gone.
import time

import ipyparallel


def measured(**engines):
    """Seconds to start, of 100 calls on both, of 1000 balanced calls, to stop; and results."""
    times, begun = [], time.perf_counter()

    def lap():
        nonlocal begun
        now = time.perf_counter()
        times.append(now - begun)
        begun = now

    cluster = ipyparallel.Cluster(n=2, log_level=40, **engines)
    client = cluster.start_and_connect_sync()
    lap()
    for _ in range(100):
        both = client[:].apply_sync(int, "7")
    lap()
    squares = client.load_balanced_view().map_sync(abs, range(-1000, 0), chunksize=1)
    lap()
    client.close()
    cluster.stop_cluster_sync()
    lap()
    return times, (both, list(squares))


def main():
    theirs, expected = measured()
    ours, found = measured(engines="pcluster")
    assert found == expected, "other results"
    names = "start 2 engines", "100 calls on both", "1000 balanced calls", "stop"
    for name, mine, own in zip(names, ours, theirs):
        print(f"{'ipyparallel ' + name:<44} {mine:8.2f} s {own:8.2f} s {mine / own:6.2f}",
              flush=True)


if __name__ == "__main__":
    main()
