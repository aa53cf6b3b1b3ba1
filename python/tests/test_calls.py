# What travels between an Executor and its engines: bytes, functions, exceptions.
# SPDX-License-Identifier: MIT
import os
import random
import sys
import threading
import types

from pcluster import calls, wire
from pcluster.functions import Functions
from pcluster.pipe import Pipe


def joined(kind, body, buffers=()):
    return b"".join(map(bytes, wire.pack(kind, body, [memoryview(each) for each in buffers])))


def test_messages_in_any_pieces():
    chance = random.Random(5)
    sent = [(kind, os.urandom(chance.choice([0, 1, 15, 300, 3000])),
             [os.urandom(chance.choice([0, 5, 900])) for _ in range(chance.randrange(4))])
            for kind in range(40)]
    stream = b"".join(joined(*each) for each in sent)
    for most in (1, 17, 4096, 1 << 30):
        parser, found, at = wire.Parser(), [], 0
        while at < len(stream):
            size = most if most != 17 else chance.randrange(1, 40)
            found += parser.feed(stream[at:at + size])
            at += size
        assert found == sent


def test_errors_keep_type_cause_and_traceback():
    try:
        {}["nothing"]
    except KeyError as error:
        back = calls.load_error(calls.dump_error(error))
    assert isinstance(back, KeyError) and back.args == ("nothing",)
    assert "test_calls.py" in str(back.__cause__)


def main_function(source, **values):
    """As if it were defined in a script."""
    space = {"__name__": "__main__", **values}
    exec(source, space)
    return space["f"], space


def test_functions_are_pickled_once():
    functions = Functions()
    assert functions.of(os.getpid) is functions.of(os.getpid)
    f, _ = main_function("def f(x):\n    return x")
    assert functions.of(f) is functions.of(f) is not functions.of(os.getpid)


def test_functions_see_what_changed():
    functions = Functions()
    f, space = main_function("def g():\n    return n\ndef f():\n    return g()", n=1)
    first = functions.of(f)
    assert functions.of(f) is first
    space["n"] = 2
    second = functions.of(f)
    assert second is not first and calls.loads(second.data)() == 2
    space["g"] = types.FunctionType(compile("5", "", "eval"), space)
    assert calls.loads(functions.of(f).data)() == 5
    f, space = main_function("def f():\n    return n[0]", n=[1])
    first = functions.of(f)
    assert functions.of(f) is first  # the same bytes
    space["n"][0] = 3
    assert calls.loads(functions.of(f).data)() == 3
    f, space = main_function("def f(x=1):\n    return x")
    first = functions.of(f)
    f.__defaults__ = (2,)
    assert calls.loads(functions.of(f).data)() == 2


def test_modules_by_value(tmp_path, monkeypatch):
    import cloudpickle
    (tmp_path / "its_module.py").write_text("def f():\n    return 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import its_module
    by_name, _ = calls.dumps(its_module.f)
    cloudpickle.register_pickle_by_value(its_module)
    try:
        by_value, _ = calls.dumps(its_module.f)
    finally:
        cloudpickle.unregister_pickle_by_value(its_module)
    monkeypatch.delitem(sys.modules, "its_module")
    (tmp_path / "its_module.py").write_text("def f():\n    return 2\n")
    assert len(by_name) < 50 < len(by_value)
    assert calls.loads(by_value)() == 1


def test_a_pipe_never_waits_but_to_write_all():
    reads, writes = os.pipe()
    pipe = Pipe(open(writes, "wb", 0))
    data = os.urandom(5_000_000)
    for at in range(0, len(data), 100_000):
        pipe.put([data[at:at + 70_000], memoryview(data)[at + 70_000:at + 100_000]])
    pipe.close()
    pipe.put([b"dropped"])
    with open(reads, "rb") as source:
        assert source.read() == data


def test_a_pipe_that_nobody_reads():
    reads, writes = os.pipe()
    pipe = Pipe(open(writes, "wb", 0))
    pipe.put([bytes(5_000_000)])
    waiter = threading.Thread(target=pipe.wait)
    waiter.start()
    os.close(reads)
    waiter.join(5)
    assert not waiter.is_alive()
    pipe.put([b"more"])
    pipe.close()
