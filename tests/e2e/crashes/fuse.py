"""Breaks one durable write of a service, in both ways a write can break.

Failed: the process dies instead of writing. Failed but persisted: it dies right after, so
that nobody hears of the success. Dead is dead: until it is calmed, nothing more is written,
no handler and no `finally` of the dying process reaches the disk.

A durable write is a commit, a flush, a renaming, a message, a call to the provider.
"""

import os
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from issuance.app import Service
from issuance.identity.senders import OutboxFile


class Died(BaseException):
    """The process is gone."""


@dataclass
class Fuse:
    """Blows at the first write that it has not been told to spare."""

    persisted: bool = False
    armed: bool = False
    dead: bool = False
    spared: frozenset[str] = frozenset()
    seen: Counter[str] = field(default_factory=Counter)
    blown: str = ""

    def arm(self, spared: Collection[str], *, persisted: bool) -> None:
        """Be ready; `spared` names writes as `blown` does: `commit to service 2` is the second one."""
        self.persisted, self.armed, self.dead = persisted, True, False
        self.spared, self.blown = frozenset(spared), ""
        self.seen.clear()

    def calm(self) -> None:
        """Let everything pass."""
        self.armed = self.dead = False

    def guard(self, name: str, write: Callable[..., Any], *, durable: bool = True) -> Callable[..., Any]:
        """`write`, which may be the last thing this process does."""

        def guarded(*given: Any, **more: Any) -> Any:
            if self.dead:
                raise Died(self.blown)
            if not (self.armed and durable):
                return write(*given, **more)
            self.seen[name] += 1
            key = f"{name} {self.seen[name]}"
            if key in self.spared:
                return write(*given, **more)
            if self.persisted:
                write(*given, **more)
            self.dead, self.blown = True, key
            raise Died(key)

        return guarded

    def watch(self, service: Service) -> None:
        """Guard the commits of a service's databases."""
        for name, engine in (("service", service.parts.engine), ("authority", service.trust_services.engine)):
            self._watch_commits(f"commit to {name}", engine)

    def watch_files(self, patch: pytest.MonkeyPatch) -> None:
        """Guard what reaches the disk beside the databases; for as long as `patch` lasts."""
        patch.setattr(os, "fsync", self.guard("flush", os.fsync))
        patch.setattr(os, "replace", self.guard("renaming", os.replace))
        patch.setattr(os, "unlink", self.guard("removing", os.unlink, durable=False))
        patch.setattr(OutboxFile, "send", self.guard("message", OutboxFile.send))

    def wire(self, inner: httpx.BaseTransport) -> httpx.BaseTransport:
        """Guard the calls to the provider: it may hear us without our hearing it."""
        return _Wire(self, inner)

    def _watch_commits(self, name: str, engine: Engine) -> None:
        dialect = engine.dialect
        dialect.do_commit = self.guard(name, dialect.do_commit)  # type: ignore[method-assign]


class _Wire(httpx.BaseTransport):
    def __init__(self, fuse: Fuse, inner: httpx.BaseTransport) -> None:
        self.handle_request = fuse.guard("call to the provider", inner.handle_request)  # type: ignore[method-assign]
