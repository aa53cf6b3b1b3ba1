# CaImAn's way to use a Pool, on pcluster's and on multiprocessing's, on two processes each.
# SPDX-License-Identifier: MIT
#
# As in caiman.motion_correction and caiman.cluster: the movie is a file, each call maps its part of
# it, and the caller waits with map_async(...).get(4294967).
import multiprocessing
import os
import statistics
import tempfile
import time

import numpy

import pcluster.multiprocessing

FRAMES, SIDE = 1200, 128  # of float32: 79 MB
TIMES = 5


def shifts_of(job):
    """What motion correction costs: a Fourier transform of each frame of a part."""
    path, first, last = job
    movie = numpy.memmap(path, dtype=numpy.float32, mode="r", shape=(FRAMES, SIDE, SIDE))
    template = numpy.conj(numpy.fft.fft2(movie[0]))
    return [int(numpy.abs(numpy.fft.ifft2(numpy.fft.fft2(frame) * template)).argmax())
            for frame in movie[first:last]]


def seconds(make, jobs):
    """Of making it, the median of a map once it is there, and the results."""
    begun = time.perf_counter()
    dview = make()
    dview.map_async(shifts_of, jobs[:2]).get(4294967)
    start, taken = time.perf_counter() - begun, []
    for _ in range(TIMES):
        begun = time.perf_counter()
        found = dview.map_async(shifts_of, jobs).get(4294967)
        taken.append(time.perf_counter() - begun)
    dview.terminate()
    dview.join()
    return start, statistics.median(taken), found


def main():
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "movie.mmap")
        movie = numpy.memmap(path, dtype=numpy.float32, mode="w+", shape=(FRAMES, SIDE, SIDE))
        movie[:] = numpy.random.default_rng(0).random(movie.shape, dtype=numpy.float32)
        movie.flush()
        jobs = [(path, first, first + 50) for first in range(0, FRAMES, 50)]
        own = seconds(lambda: multiprocessing.get_context("spawn").Pool(2), jobs)
        ours = seconds(lambda: pcluster.multiprocessing.Pool(2), jobs)
    assert ours[2] == own[2], "other shifts"
    for name, mine, theirs in (("Pool(2), to its first result (spawn)", ours[0], own[0]),
                               ("Pool(2), 24 parts of a movie", ours[1], own[1])):
        print(f"{name:<44} {mine:8.2f} s {theirs:8.2f} s {mine / theirs:6.2f}", flush=True)


if __name__ == "__main__":
    main()
