# A cluster in one line, and as a small card for Jupyter.
# SPDX-License-Identifier: MIT
from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from .errors import PclusterError

if TYPE_CHECKING:
    from .cluster import Cluster, Worker

_MOST = 20  # rows of workers; the rest is counted


def gib(memory: int) -> str:
    """"92.40 GiB", as Dask has it."""
    return f"{memory / 2**30:.2f} GiB"


def _look(cluster: Cluster) -> tuple[str, list[Worker]] | PclusterError:
    try:
        return cluster.address, cluster.workers
    except PclusterError as error:
        return error


def line(cluster: Cluster) -> str:
    """<Cluster 'tcp://10.100.32.3:42673' workers=3 slots=3 memory=92.40 GiB>"""
    seen = _look(cluster)
    if isinstance(seen, PclusterError):
        stopped = "stopped" if seen.code == 3 else f"unreachable: {seen.message}"
        return f"<Cluster {cluster.name!r} {stopped}>"
    address, workers = seen
    return (f"<Cluster {address!r} workers={len(workers)} slots={sum(w.slots for w in workers)} "
            f"memory={gib(sum(w.memory for w in workers))}>")


def html(cluster: Cluster) -> str:
    """Its name, where it is, and a row per worker."""
    seen = _look(cluster)
    name = escape(cluster.name)
    if isinstance(seen, PclusterError):
        return f"<div><b>Cluster {name}</b>: {escape(str(seen)).replace(chr(10), '<br>')}</div>"
    address, workers = seen
    head = "".join(f"<th>{text}</th>" for text in ("worker", "host", "state", "slots", "busy",
                                                   "cores", "memory", "job"))
    rows = "".join(_row(worker) for worker in workers[:_MOST])
    if len(workers) > _MOST:
        rows += f'<tr><td colspan="8">and {len(workers) - _MOST} more</td></tr>'
    total = (f"{len(workers)} workers, {sum(w.busy for w in workers)} of "
             f"{sum(w.slots for w in workers)} slots busy, {gib(sum(w.memory for w in workers))}")
    return (f"<div><b>Cluster {name}</b> <code>{escape(address)}</code><br>{total}"
            f"<details><summary>Workers</summary><table><tr>{head}</tr>{rows}</table></details>"
            "</div>")


def _row(worker: Worker) -> str:
    cells = (worker.id, worker.host, worker.state, worker.slots, worker.busy, worker.cores,
             gib(worker.memory), worker.job)
    return "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"
