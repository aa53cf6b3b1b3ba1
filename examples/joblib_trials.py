# Trials of a simulation with joblib, on the cluster's slots.  Changed lines end in "# pcluster".
# SPDX-License-Identifier: MIT
import random

from joblib import Parallel, delayed, parallel_config

import pcluster.joblib  # pcluster


def trial(seed, steps=20000):
    """The largest distance of a random walk from its origin."""
    walk, at, far = random.Random(seed), 0, 0
    for _ in range(steps):
        at += walk.choice((-1, 1))
        far = max(far, abs(at))
    return far


with parallel_config("pcluster", n_jobs=-1):  # pcluster
    distances = Parallel()(delayed(trial)(seed) for seed in range(40))
print("trials:", len(distances), "mean distance:", sum(distances) / len(distances))
