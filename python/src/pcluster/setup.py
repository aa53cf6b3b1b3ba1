# ACME's set-up functions: workers in a queue or here, and a Dask client of them.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import difflib
import inspect
import os
import re
from typing import Any, Callable, Mapping, Sequence

from . import bring_up, program
from .bring_up import Order

# As ACME called them before 2023.
_EARLIER = {"n_jobs": "n_workers", "mem_per_job": "mem_per_worker",
            "n_jobs_startup": "n_workers_startup", "workers_per_job": "processes_per_worker",
            "n_cores": "cores_per_worker"}


def esi_cluster_setup(partition: str | None = "auto", n_workers: int = 2,
                      mem_per_worker: str | None = "auto", cores_per_worker: int | None = None,
                      n_workers_startup: int | None = None, timeout: float = 360,
                      interactive: bool = True, interactive_wait: float = 120,
                      start_client: bool = True, job_extra: Sequence[str] = (),
                      mem_cushion: int | None = None, processes_per_worker: int = 1,
                      worker_extra_args: Sequence[str] = (),
                      scheduler_options: Mapping[str, Any] | None = None, *,
                      site: str | None = "esi", name: str | None = None, **others: Any) -> Any:
    """Workers at ESI, and a Dask client of them: esi_cluster_setup(partition="16GBXL", n_jobs=10).

    partition          a partition; "auto": the smallest that fits mem_per_worker and
                       cores_per_worker, else the site's default
    n_workers          worker jobs; n_jobs is the same
    mem_per_worker     "8GB" (of 1000 MB, as in ACME), "12000MB"; "auto": the partition's
    cores_per_worker   None: the site's rule
    processes_per_worker   slots of each worker, which share its memory and cores
    n_workers_startup  so many are waited for (None: all); the others come when they come
    timeout            seconds to wait for these.  When they are not home by then:
    interactive        at a terminal: asks whether to keep waiting, abort or continue;
                       else it goes on with those that came, TimeoutError when there is none
    interactive_wait   seconds for the answer (in Jupyter: for ever); then it continues
    start_client       True: returns a distributed.Client; False: a pcluster.Cluster
    job_extra          more directives of the job script: ["--constraint=haswell"]
    worker_extra_args  more words for `dask worker`; scheduler_options: of Dask's Scheduler
    mem_cushion        is the site profile's `memory_cushion`; another value is refused
    site, name         of the profile and of the cluster ($PCLUSTER_CLUSTER, else "default")

    A cluster of that name that runs already is topped up, a Dask client that this Python has
    already is returned.  Without a scheduler the workers are local.  What this started ends with
    cluster_cleanup() or with this Python.  None: aborted, and nothing is left in the queue.
    """
    return _set_up(esi_cluster_setup, locals())


def slurm_cluster_setup(partition: str | None = "auto", cores_per_worker: int | None = None,
                        n_workers: int = 1, processes_per_worker: int = 1,
                        mem_per_worker: str | None = "auto", n_workers_startup: int | None = None,
                        timeout: float = 360, interactive: bool = True,
                        interactive_wait: float = 10, start_client: bool = True,
                        job_extra: Sequence[str] = (), worker_extra_args: Sequence[str] = (),
                        scheduler_options: Mapping[str, Any] | None = None,
                        avail_partitions: Sequence[str] = (),
                        invalid_partitions: Sequence[str] = (),
                        mem_cushion: int | None = None, *, site: str | None = None,
                        name: str | None = None, **others: Any) -> Any:
    """As esi_cluster_setup(), at any site: `site`, else the one found by the host's name.

    n_cores is cores_per_worker; partition must be in avail_partitions, where there are some, and
    not in invalid_partitions.
    """
    if avail_partitions and partition not in avail_partitions:
        raise ValueError(f"partition {partition!r} is not in avail_partitions: "
                         + ", ".join(avail_partitions))
    if partition in invalid_partitions:
        raise ValueError(f"partition {partition!r} is one of invalid_partitions")
    if invalid_partitions and partition in (None, "auto"):
        raise ValueError('invalid_partitions with partition="auto": write `exclude:` in a profile '
                         "of the site (docs/sites.md)")
    return _set_up(slurm_cluster_setup, locals())


def local_cluster_setup(n_workers: int | None = None, mem_per_worker: str | None = None,
                        interactive: bool = True, start_client: bool = True, *,
                        name: str | None = None, **others: Any) -> Any:
    """Workers of one core each on this machine (None: as many as cores), and a Dask client.

    Whether your script has an `if __name__ == "__main__":` is not asked, interactive or not:
    these workers do not run it.
    """
    given = locals()
    if n_workers is None and "n_jobs" not in others:
        given["n_workers"] = len(os.sched_getaffinity(0))
    given.update(site="local", cores_per_worker=1, interactive=False)
    return _set_up(local_cluster_setup, given)


def cluster_cleanup(client: Any = None) -> None:
    """Ends a Dask client, or a pcluster.Cluster, and the workers that *_cluster_setup() started.

    None: this Python's Dask client, else what was set up last.  A cluster that had been there
    before stays.
    """
    bring_up.clean_up(client)


def _set_up(function: Callable[..., Any], given: dict[str, Any]) -> Any:
    """What the public functions have in common: `given` are their arguments."""
    signature = inspect.signature(function).parameters
    given = {key: given[key] for key in given if key in signature or key in _FORCED}
    others = given.pop("others")
    for key, value in others.items():
        actual = _EARLIER.get(key, key)
        if actual not in signature:
            raise _no_keyword(function, key)
        if given[actual] not in (signature[actual].default, value):
            raise TypeError(f"{function.__name__}() got {key}={value!r} and "
                            f"{actual}={given[actual]!r}, which are the same keyword")
        given[actual] = value
    order = _order(given)
    return bring_up.bring_up(order)


_FORCED = ("site", "cores_per_worker")  # local_cluster_setup() has no such keywords


def _no_keyword(function: Callable[..., Any], key: str) -> TypeError:
    known = [name for name in inspect.signature(function).parameters if name != "others"]
    known += [old for old, new in _EARLIER.items() if new in known]
    near = difflib.get_close_matches(key, known, 1)
    return TypeError(f"{function.__name__}() has no keyword {key!r}" + (
        f" (did you mean {near[0]!r}?)" if near else f"; it has {', '.join(known)}"))


def _order(given: dict[str, Any]) -> Order:
    n = _count("n_workers", given["n_workers"], 1)
    startup = given.get("n_workers_startup")
    startup = n if startup is None else _count("n_workers_startup", startup, 0)
    if startup > n:
        raise ValueError(f"n_workers_startup={startup} is more than n_workers={n}")
    slots = _count("processes_per_worker", given.get("processes_per_worker", 1), 1)
    cores = given["cores_per_worker"]
    words = [] if cores is None else ["--cores", str(_count("cores_per_worker", cores, 1))]
    memory = _memory(given["mem_per_worker"])
    words += [*(["--memory", memory] if memory else []), "--slots-per-worker", str(slots)]
    for text in _texts("job_extra", given.get("job_extra")):
        if not text.startswith("-"):
            raise ValueError(f"job_extra: {text!r} is no directive: they begin with - or --")
        words += ["--directive", text]
    partition = given.get("partition")
    order = Order(
        n=n, startup=startup, words=words, slots=slots, site=given["site"],
        partition=None if partition in (None, "auto") else str(partition),
        name=given["name"] or os.environ.get("PCLUSTER_CLUSTER") or "default",
        timeout=_time("timeout", given.get("timeout", 360)),
        interactive=_flag("interactive", given["interactive"]),
        interactive_wait=_time("interactive_wait", given.get("interactive_wait", 10)),
        start_client=_flag("start_client", given["start_client"]),
        worker_args=_texts("worker_extra_args", given.get("worker_extra_args")),
        scheduler_options=dict(given.get("scheduler_options") or {}))
    if not order.start_client and (order.worker_args or order.scheduler_options):
        raise ValueError("worker_extra_args and scheduler_options are Dask's: with "
                         "start_client=False there is none")
    _check_cushion(given.get("mem_cushion"), order.site)
    return order


def _check_cushion(cushion: int | None, site: str | None) -> None:
    if cushion is None:
        return
    rows = program.call("sites", "show", site)["items"] if site else []
    has = next((row["value"] for row in rows if row["key"] == "memory_cushion"), None)
    if has is None or not re.fullmatch(rf"{cushion}( ?MB?)?", str(has)):
        raise ValueError(
            f"mem_cushion={cushion!r} cannot be set here: the site profile has it"
            + (f" ({site}: {has})" if site else "")
            + "; write `memory_cushion:` in a profile of your own (docs/sites.md), or leave it out")


def _memory(said: Any) -> str | None:
    """"8GB" are 8000 MB, as ACME, and the partitions of ESI, count."""
    if said is None or said == "auto":
        return None
    found = re.fullmatch(r"\s*([0-9.]+)\s*([MG])B\s*", said) if isinstance(said, str) else None
    if not found or float(found[1]) <= 0:
        raise ValueError(f"mem_per_worker={said!r}: write '8GB', '12000MB' or 'auto'")
    return f"{round(float(found[1]) * (1000 if found[2] == 'G' else 1))}M"


def _count(key: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{key}={value!r}: wants a whole number of at least {least}")
    return value


def _time(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise ValueError(f"{key}={value!r}: wants a number of seconds")
    return float(value)


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{key}={value!r}: wants True or False")
    return value


def _texts(key: str, value: Any) -> list[str]:
    if isinstance(value, str) or not all(isinstance(text, str) for text in value or ()):
        raise TypeError(f"{key}={value!r}: wants a list of texts")
    return list(value or ())
