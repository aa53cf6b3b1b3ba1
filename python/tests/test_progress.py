# The bar of map(): tqdm's where there is tqdm, else the command line's, and none for nobody.
# SPDX-License-Identifier: MIT
import sys

import pytest

from pcluster import progress


@pytest.fixture
def plain(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    monkeypatch.setitem(sys.modules, "tqdm", None)


def test_nobody_looks(capsys):
    assert list(progress.bar(range(3), 3, None)) == [0, 1, 2]
    assert capsys.readouterr().err == ""


def test_a_log_gets_lines(plain, capsys):
    assert list(progress.bar(range(3), 3, True)) == [0, 1, 2]
    said = capsys.readouterr().err.splitlines()
    assert said[-1].startswith("3 of 3 done, ") and len(said) == 2


def test_a_terminal_gets_a_bar(plain, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    list(progress.bar(range(4), 4, None))
    said = capsys.readouterr().err
    assert said.startswith("\r[") and "] | 100% Completed | " in said and said.endswith("\n")


def test_an_error_ends_the_bar(plain, capsys):
    def results():
        yield 1
        raise KeyError("two")

    with pytest.raises(KeyError):
        list(progress.bar(results(), 2, True))
    assert capsys.readouterr().err.splitlines()[-1].startswith("1 of 2 done")


def test_tqdm_where_it_is(capsys, monkeypatch):
    seen = []

    class Tqdm:
        auto = None

        def __new__(cls, results, total):
            seen.append(total)
            return results

    import types
    module = types.ModuleType("tqdm.auto")
    module.tqdm = Tqdm
    monkeypatch.setitem(sys.modules, "tqdm", types.ModuleType("tqdm"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", module)
    assert list(progress.bar([1, 2], 2, True)) == [1, 2] and seen == [2]
