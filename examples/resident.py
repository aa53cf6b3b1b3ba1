"""A resident in Python: one process works on trial after trial (docs/resident.md).

    pcluster map --resident --trials 0-99 -- python examples/resident.py
"""
# SPDX-License-Identifier: MIT
from pcluster_resident import serve


def work(trial):
    x = float(trial.trial)
    print(f"trial {x:g}")
    return {"square": x * x}


serve(work)
