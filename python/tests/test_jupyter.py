# In a notebook's kernel: what is said comes below the cell, the card, and the question.
# SPDX-License-Identifier: MIT
import contextlib

import pytest
from jupyter_client.manager import KernelManager
from places import own_place


class Cell:
    """What a cell put below itself."""

    def __init__(self, kernel, code, answer=None):
        self.err = self.out = self.html = self.text = self.asked = ""
        self._kernel, self._answer = kernel, answer
        done = kernel.execute_interactive(
            code, output_hook=self._shown, stdin_hook=self._asked, allow_stdin=True, timeout=60)
        assert done["content"]["status"] == "ok", done["content"]

    def _shown(self, message):
        content = message["content"]
        if message["msg_type"] == "stream":
            if content["name"] == "stderr":
                self.err += content["text"]
            else:
                self.out += content["text"]
        elif message["msg_type"] == "execute_result":
            self.html = content["data"].get("text/html", "")
            self.text = content["data"]["text/plain"]

    def _asked(self, message):
        self.asked += message["content"]["prompt"]
        self._kernel.input(self._answer)


@pytest.fixture(scope="module")
def kernel():
    with own_place(), contextlib.ExitStack() as after:
        manager = KernelManager()  # of this Python
        manager.start_kernel()
        after.callback(manager.shutdown_kernel, now=True)
        client = manager.client()
        client.start_channels()
        after.callback(client.stop_channels)
        client.wait_for_ready(60)
        yield client


def test_a_cluster(kernel):
    begun = Cell(kernel, "import pcluster\nc = pcluster.Cluster(site='local', n_jobs=1, cores=1)")
    assert "0/1 workers available, waiting.. 0s\n1/1 workers available" in begun.err
    shown = Cell(kernel, "c")
    assert shown.text.startswith("<Cluster 'tcp://") and "<td>w0</td>" in shown.html
    mapped = Cell(kernel, "c.map(abs, range(3))")
    assert mapped.text == "[0, 1, 2]"
    assert "3" in mapped.err and "Warning" not in mapped.err  # a bar
    assert Cell(kernel, "c.stop()\nc").text == "<Cluster 'default' stopped>"


def test_the_question(kernel, tmp_path):
    asked = Cell(kernel, f"""if True:
        import os
        os.environ["PCLUSTER_PROLOGUE"] = "mkdir {tmp_path}/first || sleep 60"
        c = pcluster.slurm_cluster_setup(site="local", n_jobs=2, cores_per_worker=1, timeout=1,
                                         start_client=False)
        print(len(c.workers))
        pcluster.cluster_cleanup(c)""", answer="c")
    assert "[k]eep waiting for 60s, [a]bort or [c]ontinue with 1 workers? [c]" in asked.asked
    assert asked.out == "1\n"
    assert "shut down cluster default with 1 worker" in asked.err
