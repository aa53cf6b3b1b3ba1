# Which call goes where: the pure part of an Executor.
# SPDX-License-Identifier: MIT
from pcluster.dispatch import CRASHED, LOSSES, LOST, MOST, Call, Dispatch, Engine


class Function:
    def __init__(self, seconds=None):
        self.seconds = seconds


def calls(count, function, data=b""):
    return [Call(i, function, data, (), False, None) for i in range(count)]


def make(engines, count, seconds=None, begin=lambda call: True, retries=0, data=b""):
    dispatch = Dispatch(begin, retries)
    made = [Engine(i) for i in range(engines)]
    for engine in made:
        dispatch.add(engine)
    dispatch.queue.extend(calls(count, Function(seconds), data))
    return dispatch, made


def sent(dispatch):
    return {engine.key: [call.id for call in given] for engine, given in dispatch.plan()}


def test_unknown_function_one_call_per_engine():
    dispatch, _ = make(2, 10)
    assert sent(dispatch) == {0: [0], 1: [1]}
    assert sent(dispatch) == {}


def test_short_calls_wait_at_engines():
    dispatch, engines = make(2, 10_000, 1e-3)
    first = sent(dispatch)
    assert len(first[0]) == len(first[1]) == 5  # 5 ms
    dispatch.done(engines[0], [(number, 1e-3) for number in first[0][:2]])
    assert sent(dispatch) == {0: [10, 11]}


def test_not_more_than_the_share_nor_the_most():
    dispatch, _ = make(2, 100, 1e-7)
    assert {key: len(given) for key, given in sent(dispatch).items()} == {0: 50, 1: 25}
    dispatch, _ = make(2, 10_000, 1e-7)
    assert {len(given) for given in sent(dispatch).values()} == {MOST}


def test_long_and_large_calls_do_not_wait_at_engines():
    for options in (dict(seconds=1.0), dict(seconds=1e-6, data=bytes(300_000))):
        dispatch, engines = make(2, 10, **options)
        assert sent(dispatch) == {0: [0], 1: [1]}
        dispatch.done(engines[1], [(1, 1.0)])
        assert sent(dispatch) == {1: [2]}


def test_duration_is_measured():
    dispatch, engines = make(1, 1000)
    sent(dispatch)
    dispatch.done(engines[0], [(0, 1e-3)])
    assert len(sent(dispatch)[0]) == 5


def test_cancelled_calls_are_not_sent():
    dispatch, _ = make(2, 6, begin=lambda call: call.id % 2)
    assert sent(dispatch) == {0: [1], 1: [3]}


def test_take_back_for_the_idle():
    dispatch, engines = make(1, 4, 1e-3)
    assert len(sent(dispatch)[0]) == 4
    second = Engine(1)
    dispatch.add(second)
    assert [(engine.key, n) for engine, n in dispatch.take_back()] == [(0, 2)]
    assert dispatch.take_back() == []  # asked once
    dispatch.returned(engines[0], [3, 2])
    assert sent(dispatch) == {1: [2]} or sent(dispatch) == {}
    assert list(engines[0].calls)[:2] == [0, 1]


def test_the_only_call_is_the_culprit():
    dispatch, engines = make(1, 2)
    sent(dispatch)
    assert [call.id for call in dispatch.remove(engines[0], CRASHED)] == [0]
    dispatch.add(Engine(5))
    assert sent(dispatch) == {5: [1]}


def test_suspects_run_alone():
    dispatch, engines = make(1, 3, 1e-4)
    assert sent(dispatch) == {0: [0, 1]} or True
    given = list(engines[0].calls)
    assert dispatch.remove(engines[0], CRASHED) == []
    second = Engine(1)
    dispatch.add(second)
    for number in given[:-1]:
        assert sent(dispatch) == {1: [number]}
        dispatch.done(second, [(number, 1e-4)])
    assert sent(dispatch) == {1: [given[-1]]}
    assert [call.id for call in dispatch.remove(second, CRASHED)] == [given[-1]]


def test_retries_of_the_culprit():
    dispatch, engines = make(1, 1, retries=1)
    sent(dispatch)
    assert dispatch.ended(engines[0], CRASHED) == []
    assert sent(dispatch) == {0: [0]}
    assert [call.id for call in dispatch.ended(engines[0], CRASHED)] == [0]


def test_lost_calls_are_run_again_and_given_up():
    dispatch, _ = make(0, 1)
    for turn in range(LOSSES + 1):
        engine = Engine(turn)
        dispatch.add(engine)
        assert sent(dispatch) == {turn: [0]}
        given_up = dispatch.remove(engine, LOST)
        assert [call.id for call in given_up] == ([0] if turn == LOSSES else [])


def test_a_late_result_of_another_is_not_taken():
    dispatch, engines = make(2, 2)
    sent(dispatch)
    assert dispatch.done(engines[0], [(1, 1.0), (7, 1.0)]) == [None, None]
    assert dispatch.left == 2


def test_cancel_takes_what_was_not_sent():
    dispatch, _ = make(1, 5)
    sent(dispatch)
    assert [call.id for call in dispatch.cancel()] == [1, 2, 3, 4]
    assert dispatch.left == 1
