# Motion correction and CNMF of a small movie with CaImAn.  Changed lines end in "# pcluster".
# SPDX-License-Identifier: MIT
import os
import sys
import tempfile

import caiman as cm
import numpy as np
import tifffile
from caiman.motion_correction import MotionCorrect
from caiman.source_extraction.cnmf import cnmf, params

import pcluster  # pcluster


def movie_of(cells, frames=300, side=64):
    """Cells that flash on a background which shakes."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:side, :side]
    movie = rng.normal(10, .05, (frames, side, side))
    for _ in range(cells):
        at_y, at_x = rng.uniform(10, side - 10, 2)
        spikes = (rng.random(frames) < .03).astype(float)
        trace = np.convolve(spikes, np.exp(-np.arange(40) / 10.))[:frames]
        movie += 3 * trace[:, None, None] * np.exp(-((y - at_y) ** 2 + (x - at_x) ** 2) / 18)
    return np.stack([np.roll(frame, rng.integers(-2, 3, 2), (0, 1)) for frame in movie])


def main():
    backend = sys.argv[1] if len(sys.argv) > 1 else "multiprocessing"
    os.environ["CAIMAN_TEMP"] = directory = tempfile.mkdtemp()
    name = os.path.join(directory, "movie.tif")
    tifffile.imwrite(name, movie_of(6).astype(np.float32))
    c, dview, n_processes = pcluster.setup_cluster(  # pcluster
        backend=backend, n_processes=2, single_thread=False)
    corrected = MotionCorrect(name, dview=dview, max_shifts=(6, 6), splits_rig=4,
                              num_frames_split=40, pw_rigid=False, border_nan="copy")
    corrected.motion_correct(save_movie=True)
    mapped = cm.save_memmap(corrected.mmap_file, base_name="mm_", order="C", dview=dview)
    pixels, dims, frames = cm.load_memmap(mapped, mode="r+")
    images = np.reshape(pixels.T, [frames, *dims], order="F")
    options = params.CNMFParams(params_dict={
        "fnames": [name], "fr": 10, "decay_time": 1., "K": 6, "gSig": [3, 3], "p": 1,
        "merge_thr": .8, "rf": None, "nb": 1, "n_processes": n_processes,
        "method_init": "greedy_roi"})
    model = cnmf.CNMF(n_processes, params=options, dview=dview)
    model.fit(images)
    print("shifts:", [tuple(float(v) for v in pair) for pair in corrected.shifts_rig[:3]],
          "components:", model.estimates.C.shape[0], f"sum: {model.estimates.C.sum():.6f}")
    pcluster.stop_server(dview=dview)  # pcluster


if __name__ == "__main__":
    main()
