# By which addresses Dask's processes call one another, and with which certificates.
# SPDX-License-Identifier: MIT
import shutil

import pytest

from pcluster import dask_links as links
from pcluster import program
from pcluster.errors import PclusterError
from pcluster.words import bracketed


def ways(monkeypatch, **routes):
    """Workers by their routes, two cores each; w0 and w1 on one host."""
    rows = [{"id": name, "host": "n0" if name in ("w0", "w1") else name, "route": route,
             "state": "idle", "cores": 2, "slots": 2, "memory": 8 << 30}
            for name, route in routes.items()]
    monkeypatch.setattr(program, "call", lambda *_, **__: {"items": rows})
    return links.Ways("default")


def test_the_address_that_a_worker_has_used(monkeypatch):
    got = ways(monkeypatch, w0="[::1]:4001", w1="127.0.0.1:4001", w2="[::1]:4001")
    assert got.here("w2") == "::1" and got.direct()
    assert got.here("w0") == got.here("w1") == "127.0.0.1"  # of one host: IPv4 first
    assert got.here("w9") == "127.0.0.1"                    # not heard of yet


def test_relays_and_ssh_are_no_way_for_dask(monkeypatch):
    got = ways(monkeypatch, w0="127.0.0.1:4001", w2="through w0 on n0", w3="ssh login1")
    assert not got.direct() and got.launcher("w2") is None
    assert got.here("w2") == "127.0.0.1"  # the best that is known
    assert ways(monkeypatch, w2="ssh login1").here() is None


def test_a_launcher_on_another_host(monkeypatch):
    """This host's own address on the way there, which nodes are taken to reach."""
    monkeypatch.setattr(links, "is_own", lambda address: False)
    got = ways(monkeypatch, w0="127.0.0.7:4001")
    assert got.here("w0") == links.own_address("127.0.0.7") == "127.0.0.1"


def test_slots_and_memory(monkeypatch):
    got = ways(monkeypatch, w0="127.0.0.1:4001", w2="127.0.0.1:4001")
    assert (got.slots(None), got.slots(2), got.slots(3)) == (4, 2, 0)
    assert (got.memory(None), got.memory(2)) == (4 << 30, 8 << 30)


def test_own_addresses():
    assert links.is_own("127.0.0.1") and not links.is_own("192.0.2.77")
    assert links.own_address("127.0.0.1") == "127.0.0.1"
    assert bracketed("::1") == "[::1]" and bracketed("10.0.0.1") == "10.0.0.1"


@pytest.mark.parametrize("make", [lambda: links.credentials(None), links._by_openssl])
def test_certificates(make):
    one, other = make(), make()
    assert links.protocol(one) == "tls" and one.tls_client_key != other.tls_client_key
    for role in ("client", "scheduler", "worker"):
        assert one.get_connection_args(role)["ssl_context"]  # OpenSSL takes them
    told = links.settings(one)
    assert told["distributed.comm.tls.worker.key"] == one.tls_worker_key
    assert told["distributed.comm.require-encryption"] is True


def test_no_certificates(monkeypatch):
    assert links.protocol(links.credentials(False)) == "tcp"
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(PclusterError, match="neither the package cryptography nor openssl"):
        links._by_openssl()


def test_where_the_user_says_the_host():
    assert links.names_host(["--host=10.0.0.1"]) and links.names_host(["--interface", "ib0"])
    assert not links.names_host(["--nthreads", "2"])
