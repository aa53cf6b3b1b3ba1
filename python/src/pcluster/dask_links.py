# How Dask's processes reach one another: addresses that nodes reach, and certificates.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import shutil
import socket
import subprocess
from typing import Any, Sequence

from distributed.security import Security

from . import program
from .errors import PclusterError

_ROLES = ("client", "scheduler", "worker")


def own_address(towards: str) -> str:
    """This machine's address on the way to `towards` (an address or a name); no packet is sent."""
    family, kind, _, _, target = socket.getaddrinfo(towards, 9, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as probe:
        probe.connect(target)
        return str(probe.getsockname()[0])


def is_own(address: str) -> bool:
    """Whether `address` is one of this machine's."""
    try:
        family, kind, _, _, target = socket.getaddrinfo(address, 0, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as probe:
            probe.bind(target)
    except OSError:
        return False
    return True


class Ways:
    """By which address each worker of a cluster came home: that reaches this host, too."""

    def __init__(self, cluster: str):
        self._cluster = cluster
        self.workers: list[dict[str, Any]] = []
        self.refresh()

    def refresh(self) -> None:
        told = program.call("status", "workers", cluster=self._cluster)
        self.workers = [w for w in told.get("items", []) if w["state"] not in ("gone", "leaving")]

    def launcher(self, worker: str | None = None) -> str | None:
        """The launcher's address as `worker`, or any of them, calls it; None: by no direct way.

        Of what workers of one host called it by, an IPv4 address first: they race.
        """
        hosts = {row["host"] for row in self.workers if row["id"] == worker}
        ways = [str(row["route"]).rpartition(":")[0].strip("[]") for row in self.workers
                if (worker is None or row["host"] in hosts) and " " not in row["route"]]
        return min(filter(None, ways), key=lambda way: ":" in way, default=None)

    def here(self, worker: str | None = None) -> str | None:
        """This host's address for `worker`, or for any of them; None: unknown."""
        address = self.launcher(worker)
        if address is None and worker and all(w["id"] != worker for w in self.workers):
            self.refresh()
            address = self.launcher(worker)
        address = address or self.launcher()
        if address is None or is_own(address):
            return address
        try:  # the launcher is elsewhere: what we call it by, it and its nodes call us by
            return own_address(address)
        except OSError:
            return None

    def direct(self) -> bool:
        """Whether all workers reach the launcher's host directly."""
        return all(self.launcher(w["id"]) for w in self.workers)

    def slots(self, cores: int | None) -> int:
        """How many programs of so many cores (None: one slot) the workers can hold."""
        rows = self.workers
        return sum(w["cores"] // cores if cores else w["slots"] for w in rows)

    def memory(self, cores: int | None) -> int:
        """Bytes that the smallest slot has; 0: unknown."""
        shares = [w["memory"] * (cores or 1) // max(w["cores"] if cores else w["slots"], 1)
                  for w in self.workers]
        return min(shares, default=0)


def credentials(wanted: Security | bool | None) -> Security:
    """Certificates for this cluster alone, or what the user has; False: none, anybody may come."""
    if isinstance(wanted, Security):
        return wanted
    if wanted is False:
        return Security(require_encryption=False)
    try:
        return Security.temporary()
    except ImportError:  # no package cryptography
        return _by_openssl()


def _by_openssl() -> Security:
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "365",
             "-subj", "/CN=dask-internal", "-keyout", "-", "-out", "-"]
    if not shutil.which(words[0]):
        raise PclusterError(
            "no certificates for Dask: neither the package cryptography nor openssl is here",
            "pip install cryptography; or security=False, and everybody on the network can run "
            "code as you", 2)
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    end = "-----END PRIVATE KEY-----\n"
    key, found, certificate = done.stdout.partition(end)
    if done.returncode or not found:
        raise PclusterError(f"openssl made no certificate: {done.stderr.strip()[-300:]}",
                            "pip install cryptography")
    roles = {f"tls_{role}_key": key + end for role in _ROLES}
    roles |= {f"tls_{role}_cert": certificate for role in _ROLES}
    return Security(require_encryption=True, tls_ca_file=certificate, **roles)


def settings(security: Security) -> dict[str, Any]:
    """The same as Dask's configuration, for a process on a node."""
    out = {f"distributed.comm.tls.{role}.{part}": getattr(security, f"tls_{role}_{part}")
           for role in _ROLES for part in ("key", "cert")}
    out["distributed.comm.tls.ca-file"] = security.tls_ca_file
    out["distributed.comm.tls.ciphers"] = security.tls_ciphers
    out["distributed.comm.require-encryption"] = bool(security.require_encryption)
    return out


def protocol(security: Security) -> str:
    return "tls" if security.require_encryption else "tcp"


def names_host(worker_args: Sequence[str]) -> bool:
    """Whether the user says where Dask's workers listen."""
    names = ("--host", "--interface", "--listen-address", "--contact-address")
    return any(word.split("=")[0] in names for word in worker_args)
