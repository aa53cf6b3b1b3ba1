# pcluster.setup_cluster and stop_server, against what CaImAn's modules do with a dview.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import inspect
import multiprocessing

import numpy
import pytest

import pcluster
from pcluster.caiman import setup_cluster, stop_server

FOREVER = 4294967  # s: what CaImAn says to get()


def correct_tile(args):
    """As its tile_and_correct_wrapper: reads a memory map by name, writes a part of another."""
    name, out, shape, begin, end, shift = args
    movie = numpy.memmap(name, dtype=numpy.float32, mode="r", shape=shape)
    tile = numpy.roll(movie[begin:end], shift, axis=1)
    written = numpy.memmap(out, dtype=numpy.float32, mode="r+", shape=shape)
    written[begin:end] = tile
    written.flush()
    return shift, tile.mean(axis=0)


def fold(args):
    number, vector = args
    return number * vector.sum()


def analyse(dview, directory):
    """CaImAn's ways of calling: map_async().get(), map, imap in chunks; or a DirectView's."""
    shape = (40, 16)
    name, out = str(directory / "movie.mmap"), str(directory / "out.mmap")
    movie = numpy.memmap(name, dtype=numpy.float32, mode="w+", shape=shape)
    movie[:] = numpy.random.default_rng(1).normal(size=shape)
    movie.flush()
    numpy.memmap(out, dtype=numpy.float32, mode="w+", shape=shape).flush()
    tiles = [(name, out, shape, i, i + 10, i // 10) for i in range(0, 40, 10)]
    pairs = [(i, movie[i]) for i in range(40)]
    if dview is None:
        corrected = list(map(correct_tile, tiles))
        folded = list(map(fold, iter(pairs)))
        streamed = list(map(fold, iter(pairs)))
    elif "multiprocessing" in str(type(dview)):
        corrected = dview.map_async(correct_tile, tiles).get(FOREVER)
        folded = list(dview.map(fold, zip(*zip(*pairs)), chunksize=16))
        streamed = list(dview.imap(fold, zip(*zip(*pairs)), chunksize=256))
    else:
        assert dview.client.profile == "default"
        corrected = dview.map_sync(correct_tile, tiles)
        dview.results.clear()
        folded = dview.map_sync(fold, pairs)
        streamed = list(dview.map_async(fold, pairs).get())
        dview.results.clear()
    written = numpy.memmap(out, dtype=numpy.float32, mode="r", shape=shape)
    return [numpy.concatenate([mean for _, mean in corrected]), [shift for shift, _ in corrected],
            folded, streamed, numpy.array(written)]


def same(found, expected):
    return all(numpy.array_equal(one, other) for one, other in zip(found, expected))


def test_every_backend_gives_the_same(cluster, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    c, dview, n_processes = setup_cluster(backend="single", n_processes=7)
    assert (c, dview, n_processes) == (None, None, 1)
    expected = analyse(dview, tmp_path)
    with multiprocessing.get_context("fork").Pool(2) as theirs:
        assert same(analyse(theirs, tmp_path), expected)
    for backend in ("multiprocessing", "pcluster"):
        c, dview, n_processes = setup_cluster(backend=backend, n_processes=2, single_thread=False)
        assert c is None and n_processes == 2 and "multiprocessing" in str(type(dview))
        assert same(analyse(dview, tmp_path), expected)
        stop_server(dview=dview)
    c, dview, n_processes = setup_cluster(backend="ipyparallel", n_processes=2)
    assert n_processes == 2 == len(c) and type(dview).__name__ == "DirectView"
    assert same(analyse(dview, tmp_path), expected)
    stop_server(dview=dview)
    assert c.cluster.controller is None and not c.cluster.engines


def test_all_slots_when_no_number_is_given(cluster):
    c, dview, n_processes = pcluster.setup_cluster()
    try:
        assert n_processes == 2 and dview.map(abs, [-1, -2]) == [1, 2]
    finally:
        pcluster.stop_server(dview=dview)


def test_a_second_pool_is_refused_as_caiman_does(cluster, caplog):
    _, first, _ = setup_cluster(n_processes=1, maxtasksperchild=5)
    with pytest.raises(Exception, match="A cluster is already running"):
        setup_cluster(n_processes=1)
    _, second, _ = setup_cluster(backend="local", n_processes=1, ignore_preexisting=True)
    assert "old name" in caplog.text
    first.terminate()
    stop_server(dview=second)
    _, third, _ = setup_cluster(n_processes=1)
    stop_server("ipcluster", dview=third)


def test_words_are_caimans():
    assert list(inspect.signature(setup_cluster).parameters)[:5] == [
        "backend", "n_processes", "single_thread", "ignore_preexisting", "maxtasksperchild"]
    assert list(inspect.signature(stop_server).parameters) == [
        "ipcluster", "pdir", "profile", "dview"]
    with pytest.raises(Exception, match="Unknown Backend"):
        setup_cluster(backend="dask")
    stop_server()  # nothing runs
