# Gangs of pcluster.hnn on channels that are played: workers lost, ranks that end, other versions.
# SPDX-License-Identifier: MIT
import pytest
from pcluster import CallCrashed, PclusterError, StartTimeout, hnn_gangs
from pcluster.channels import Closed, Data, Finished, Note, Opened
from pcluster.hnn_wire import Call, Done, Ready, Said, Trial, Unframer, frame

CALL = Call(b"net", 10.0, 0.025)


class Played:
    """Channels whose gangs are ready at once; `play` says what follows a trial."""
    version = "0.6.1"
    made = []

    def __init__(self, argv, slots, *, on_event, ranks, **options):
        self.argv, self.ranks, self.event, self.got = argv, ranks, on_event, []
        self.killed = self.ended = False
        self._inbox = {}
        Played.made.append(self)
        for channel in range(slots):
            self.open(channel, 1)

    def open(self, channel, attempt):
        self._inbox[channel, attempt] = Unframer()
        self.event(Opened(channel, attempt, "w0", "n1", f"7.{channel}"))
        self.say(channel, attempt, Ready(self.version))

    def say(self, channel, attempt, message):
        whole = frame(message)
        self.event(Data(channel, attempt, whole[:3]))
        self.event(Data(channel, attempt, whole[3:]))

    def close_one(self, channel, attempt, state, again, code=1):
        self.event(Closed(channel, attempt, state, code, 0, "", again))

    def send(self, channel, attempt, *parts):
        for message in self._inbox[channel, attempt].feed(b"".join(parts)):
            self.got.append((channel, attempt, message))
            if isinstance(message, Trial):
                self.play(channel, attempt, message.index)

    def play(self, channel, attempt, trial):
        self.say(channel, attempt, Said(1, f"trial {trial}\n"))
        self.say(channel, attempt, Done(trial, {"of": trial}))

    def end(self, channel=None):
        self.ended = True

    def close(self, timeout=None):
        return True

    def kill(self):
        self.killed = True


@pytest.fixture
def played(monkeypatch):
    class Mine(Played):
        pass
    Played.made = []
    monkeypatch.setattr(hnn_gangs, "Channels", Mine)
    return Mine


def gangs(timeout=5.0):
    return hnn_gangs.Gangs(2, cluster=None, python="python", env={}, version="0.6.1",
                           timeout=timeout)


def test_each_gang_gets_the_network_once_per_call(played):
    mine, said = gangs(), []
    for call in range(2):
        mine.grow(2)
        assert mine.run(CALL, 5, said.append) == [{"of": trial} for trial in range(5)]
    assert [one.text for one in said] == [f"trial {trial}\n" for trial in range(5)] * 2
    channels, = Played.made
    assert channels.ranks == 2 and channels.argv[-1] == "2"
    assert sum(isinstance(message, Call) for _, _, message in channels.got) == 4
    mine.grow(3)
    assert len(Played.made) == 2
    mine.end()
    assert all(each.ended and not each.killed for each in Played.made)


def test_a_trial_that_is_lost_with_its_worker_is_done_again(played):
    def play(self, channel, attempt, trial):
        if attempt == 1 and channel == 0:
            self.close_one(channel, attempt, "lost", again=True)
            self.open(channel, attempt + 1)
        else:
            Played.play(self, channel, attempt, trial)
    played.play = play
    mine = gangs()
    mine.grow(2)
    assert mine.run(CALL, 4, lambda said: None) == [{"of": trial} for trial in range(4)]


def test_ranks_that_end_between_calls_come_again(played):
    mine = gangs()
    mine.grow(1)
    mine.run(CALL, 1, lambda said: None)
    channels, = Played.made
    channels.close_one(0, 1, "failed", again=True)
    channels.open(0, 2)
    assert mine.run(CALL, 1, lambda said: None) == [{"of": 0}]


@pytest.mark.parametrize("state, again", [("failed", True), ("cancelled", False), ("lost", False)])
def test_ranks_that_end_in_a_trial_end_the_call_and_all_ranks(played, state, again):
    played.play = lambda self, channel, attempt, trial: self.close_one(
        channel, attempt, state, again)
    mine = gangs()
    mine.grow(2)
    with pytest.raises(CallCrashed, match=f"in trial 1: {state}, exit code 1"):
        mine.run(CALL, 4, lambda said: None)
    assert Played.made[0].killed
    del played.play
    mine.grow(1)
    assert mine.run(CALL, 1, lambda said: None) == [{"of": 0}]
    assert len(Played.made) == 2


def test_ranks_of_another_hnn_core_are_refused(played):
    played.version = "0.5"
    mine = gangs()
    mine.grow(1)
    with pytest.raises(PclusterError, match="ranks have hnn-core 0.5, this process 0.6.1"):
        mine.run(CALL, 1, lambda said: None)


def test_what_ends_the_channels_is_raised(played):
    error = PclusterError("no launcher", "start one", 3)
    played.play = lambda self, *which: self.event(Finished(error))
    mine = gangs()
    mine.grow(1)
    with pytest.raises(PclusterError, match="no launcher"):
        mine.run(CALL, 1, lambda said: None)


def test_why_no_ranks_are_ready_is_said(played, capsys, monkeypatch):
    monkeypatch.setattr(hnn_gangs, "_NOTE_AFTER", 0.5)
    played.open = lambda self, channel, attempt: self.event(
        Note("7", 1, 0, 1, "waits for 2 slots on one worker"))
    mine = gangs(timeout=1.5)
    mine.grow(1)
    with pytest.raises(StartTimeout, match="no 2 MPI ranks.*waits for 2 slots"):
        mine.run(CALL, 1, lambda said: None)
    assert capsys.readouterr().err == "pcluster: waits for 2 slots on one worker\n"
