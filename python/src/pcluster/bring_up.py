# Brings up what a set-up function was asked for; asks when workers do not come; cleans up.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import atexit
import importlib.util
import sys
from dataclasses import dataclass
from typing import Any

from . import program
from .asking import ask, can_ask
from .cluster import Cluster, attach, launcher_of
from .errors import PclusterError, StartTimeout
from .words import many, option_words, say

_AGAIN = 60.0  # seconds more, when the answer is to keep waiting


@dataclass
class Order:
    """What was asked for, checked."""
    n: int        # worker jobs
    startup: int  # so many are waited for
    slots: int    # of each
    words: list[str]  # their shape, as `pcluster submit` has it
    site: str | None
    partition: str | None
    name: str     # of the cluster
    timeout: float
    interactive: bool
    interactive_wait: float
    start_client: bool
    worker_args: list[str]
    scheduler_options: dict[str, Any]


@dataclass
class _SetUp:
    """What one call brought up, for cluster_cleanup()."""
    cluster: Cluster
    client: Any = None


_set_ups: list[_SetUp] = []


def bring_up(order: Order) -> Any:
    """A Dask client, or the Cluster; None when the answer was to abort."""
    if order.start_client:
        client = _dask_client()
        if client is not None:
            say(f"found existing client {client}: not starting new workers")
            return client
    started = launcher_of(order.name) is None
    before = {} if started else _wanted(order.name)
    cluster = attach(order.name)
    cluster.started = started
    if not started:
        say(f"attached to cluster {order.name}: {many(sum(before.values()), 'job')}")
    try:
        goes_on = _workers(order, cluster)
    except StartTimeout as error:
        _undo(cluster, before)
        raise StartTimeout(error.message, _hint_of(error), error.code) from None
    if not goes_on:
        _undo(cluster, before)
        return None
    done = _SetUp(cluster)
    _set_ups.append(done)
    if started:
        atexit.register(_at_exit, done)
    if not order.start_client:
        return cluster
    try:
        done.client = _client_of(order, cluster)
    except BaseException:
        _set_ups.remove(done)
        _undo(cluster, before)
        raise
    return done.client


def _hint_of(error: StartTimeout) -> str:
    """What it said to do, and what has become of the jobs since."""
    said = [line for line in error.hint.splitlines() if "the jobs stay queued" not in line]
    return "\n".join([*said, "what this call queued is cancelled; timeout= waits longer"])


def _dask_client() -> Any:
    """The client that this Python has, if its workers live; PclusterError where dask is not."""
    if importlib.util.find_spec("distributed") is None:
        raise PclusterError("a Dask client was asked for, and dask is not installed here",
                            "pip install 'pcluster[dask]', or say start_client=False", 2)
    if "distributed" not in sys.modules:
        return None
    from distributed import get_client
    try:
        client = get_client()
    except ValueError:
        return None
    return client if client.scheduler_info()["workers"] else None


def _client_of(order: Order, cluster: Cluster) -> Any:
    from distributed import Client

    from .dask import Cluster as DaskCluster
    dask = DaskCluster(order.n * order.slots, cluster=cluster, worker_args=order.worker_args,
                       scheduler_options=order.scheduler_options)
    try:
        client = Client(dask)
    except BaseException:
        dask.close()
        raise
    say(f"Dask client ready, dashboard at {dask.dashboard_link}")
    return client


# ---------------------------------------------------------------------- workers

def _wanted(name: str) -> dict[str, int]:
    return {pool["id"]: pool["jobs_wanted"]
            for pool in program.call("status", "pools", cluster=name)["items"]}


def _submit(order: Order, *words: str) -> None:
    """At its site; where that has no scheduler here, local workers, and one line says so."""
    where = option_words(site=order.site, partition=order.partition)
    try:
        program.talk("submit", *where, *order.words, *words, cluster=order.name)
    except PclusterError as error:
        lacks = f"site {order.site} needs "
        if order.site is None or error.code != 2 or not error.message.startswith(lacks):
            raise
        wanted = f"jobs in partition {order.partition}" if order.partition else "jobs"
        say(f"no scheduler here ({error.message}): local workers instead of {wanted}")
        order.site, order.partition = "local", None
        _submit(order, *words)


def _workers(order: Order, cluster: Cluster) -> bool:
    """Until enough are home, or those that are suffice.  False: aborted."""
    if order.startup < order.n:
        _submit(order, "--jobs", str(order.n), "--no-wait")
    timeout = order.timeout
    while order.startup > 0:
        try:
            _submit(order, "--jobs", str(order.startup), "--min-workers", str(order.startup),
                    "--timeout", f"{timeout:.3f}s", "--keep-queued")
            break
        except StartTimeout as error:
            if launcher_of(order.name) is None:
                raise  # nothing is left to wait for
            home = len(cluster.workers)
            if not (order.interactive and can_ask()):
                if home == 0:
                    raise
                say(f"{error.message}\ncontinuing with {many(home, 'worker')}; "
                    "more join when their jobs start")
                break
            say(str(error.message))
            answer = _question(home, order.interactive_wait)
            if answer == "c":
                break
            if answer == "a":
                return False
            if answer is None:
                raise  # no answer, and nobody to continue with
            timeout = _AGAIN
    return True


def _question(home: int, wait: float) -> str | None:
    if home == 0:
        return ask(f"no worker is home: [k]eep waiting for {_AGAIN:.0f}s or [a]bort? ", "ka",
                   None, wait)
    return ask(f"[k]eep waiting for {_AGAIN:.0f}s, [a]bort or [c]ontinue with {home} workers? ",
               "kac", "c", wait)


def _undo(cluster: Cluster, before: dict[str, int]) -> None:
    """What was started goes; what was topped up is as it was."""
    if cluster.started:
        cluster.stop()
        return
    cluster.close(cancel=True)
    for pool, now in _wanted(cluster.name).items():
        if now > before.get(pool, 0):
            program.talk("scale", str(before.get(pool, 0)), "--pool", pool, cluster=cluster.name)


# ---------------------------------------------------------------------- the end

def _at_exit(done: _SetUp) -> None:
    if done in _set_ups:
        _end(done)


def _end(done: _SetUp) -> None:
    """Its client, then Dask's cluster, then ours, if we started it."""
    if done in _set_ups:
        _set_ups.remove(done)
    try:
        if done.client is not None:
            _close(done.client)
    finally:
        if done.cluster.started:
            done.cluster.stop()
        else:
            done.cluster.close(cancel=True)


def _close(client: Any) -> None:
    dask = client.cluster
    client.close()
    if dask is not None:
        dask.close()


def clean_up(client: Any) -> None:
    """cluster_cleanup()."""
    if client is None and "distributed" in sys.modules:
        from distributed import get_client
        try:
            client = get_client()
        except ValueError:
            pass
    if client is None:
        if not _set_ups:
            say("no dangling clients or clusters found")
            return
        done = _set_ups[-1]
    elif isinstance(client, Cluster):
        done = next((each for each in _set_ups if each.cluster is client), _SetUp(client))
    elif hasattr(client, "scheduler_info"):
        done = next((each for each in _set_ups if each.client is client), None)
        if done is None:
            _close(client)
            return
    else:
        raise TypeError(f"a Dask client or a pcluster.Cluster is wanted, not {client!r}")
    workers = many(len(done.cluster.workers), "worker")
    name, stays = done.cluster.name, not done.cluster.started
    _end(done)
    say(f"left cluster {name}, which was there before, with {workers}" if stays else
        f"shut down cluster {name} with {workers}")
