"""python same.py A.npz B.npz [TRIAL]: are dipoles and spikes equal bit by bit?

With TRIAL, B holds that one trial of A.  Ends with 1 if they differ.
"""
# SPDX-License-Identifier: MIT
import sys

import numpy as np

one, other = np.load(sys.argv[1]), np.load(sys.argv[2])
trials = [int(sys.argv[3])] if len(sys.argv) > 3 else range(sum("dipole" in n for n in one.files))
code = 0
for trial in trials:
    there = 0 if len(sys.argv) > 3 else trial
    same = all(
        one[f"{name}{trial}"].tobytes() == other[f"{name}{there}"].tobytes()
        for name in ("dipole", "times", "gids")
    )
    code |= not same
    print(
        f"trial {trial}: {one[f'dipole{trial}'].size} samples, {one[f'times{trial}'].size} spikes, "
        f"{int(one[f'cells{trial}'])} of them of cells: {'the same' if same else 'DIFFERENT'}"
    )
sys.exit(code)
