# Programs that stay on slots: started again when they die, each ended by itself.
# SPDX-License-Identifier: MIT
import os
import signal
import threading
import time

import pytest

from pcluster.errors import PclusterError
from pcluster.services import Services

# Says its pid, then what it reads, until it meets the end.
ECHO = ["bash", "-c", 'r=${PCLUSTER_CHANNEL%,*} w=${PCLUSTER_CHANNEL#*,}; '
        'echo "pid $$" >&$w; exec cat <&$r >&$w']


class Heard:
    """What callbacks said, and a way to wait for it."""

    def __init__(self):
        self.said, self.closed = {}, []
        self.news = threading.Condition()

    def data(self, service, data):
        with self.news:
            self.said[service] = self.said.get(service, b"") + data
            self.news.notify_all()

    def ends(self, service, closed):
        with self.news:
            self.closed.append((service, closed))
            self.news.notify_all()

    def until(self, what, seconds=20):
        with self.news:
            assert self.news.wait_for(what, seconds), (self.said, self.closed)


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def echo(cluster, heard):
    services = Services(ECHO, cluster=cluster, on_data=heard.data, on_closed=heard.ends,
                        greeting=lambda s: b"to %d.%d\n" % (s.owner, s.opened.attempt))
    yield services
    assert services.close()


def test_each_is_greeted_and_stopped_by_itself(echo, heard):
    one, two = echo.start(owners=[1, 2])
    heard.until(lambda: all(b"to %d.1\n" % s.owner in heard.said.get(s, b"") for s in (one, two)))
    assert {one.opened.worker, two.opened.worker} == {"w0", "w1"}
    one.stop()
    assert one.wait(5)
    heard.until(lambda: heard.closed)
    assert [(s, c.state) for s, c in heard.closed] == [(one, "done")]
    assert echo.services == [two] and two.opened
    # Its slot is free again.
    (three,) = echo.start(owners=[3])
    heard.until(lambda: b"to 3.1\n" in heard.said.get(three, b""))


def test_who_dies_is_started_again(echo, heard):
    (one,) = echo.start(owners=[1])
    heard.until(lambda: b"to 1.1\n" in heard.said.get(one, b""))
    os.kill(int(heard.said[one].split()[1]), signal.SIGKILL)
    heard.until(lambda: b"to 1.2\n" in heard.said[one])
    assert [(c.state, c.signal, c.again) for _, c in heard.closed] == [("failed", 9, True)]
    assert not one.ended


def test_who_waits_can_be_stopped(echo, heard):
    running = echo.start(owners=[1, 2])
    heard.until(lambda: all(s.opened for s in running))
    (late,) = echo.start(owners=[3])
    late.stop()
    assert late.wait(5)
    assert late not in heard.said and all(s.opened for s in running)


def test_who_never_works_is_given_up(cluster, heard):
    services = Services(["sh", "-c", "exit 7"], cluster=cluster, on_closed=heard.ends)
    (one,) = services.start()
    assert one.wait(20)
    assert "5 times in a row" in str(one.error) and "exit code 7" in str(one.error)
    assert services.close()


def test_without_a_launcher_it_is_an_error(cluster):
    services = Services(["true"], cluster="no-such-cluster")
    (one,) = services.start()
    assert one.wait(20)
    assert isinstance(one.error, PclusterError)
    assert services.close()


def test_a_stubborn_one_is_killed(cluster, heard):
    services = Services(["bash", "-c", "trap '' TERM; while :; do sleep 0.1; done"],
                        cluster=cluster)
    (one,) = services.start()
    while not one.opened:
        time.sleep(0.01)
    time.sleep(0.2)
    one.kill()
    assert one.wait(10)
    assert services.close()


def test_none_starts_after_the_end(cluster):
    services = Services(ECHO, cluster=cluster)
    assert services.close()
    with pytest.raises(PclusterError, match="closed"):
        services.start()
