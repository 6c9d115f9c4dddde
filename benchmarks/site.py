"""A temporary installation to measure on; every measurement gets a fresh copy of it."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from issuance.app import Service
from issuance.installation import initialise, open_installation
from issuance.settings import Layout, Settings

Advance = Callable[[int, int], None]
"""Told how many of how many steps are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the measurements take place, how large they are, and who watches."""

    directory: Path
    documents: int
    step: Callable[[str], Advance]  # a line of progress for what is named

    @property
    def _original(self) -> Layout:
        return Layout(root=self.directory / "original")

    def install(self) -> None:
        """Make the installation that the copies are made from."""
        self._original.root.mkdir()
        service = initialise(
            self._original,
            Settings(),
            passphrase_in_file=True,
            progress=self.step("inventing 20,000 persons"),
        )
        # A database is copied whole only when nobody holds it open.
        service.parts.engine.dispose()
        service.trust_services.engine.dispose()

    def copy(self, name: str) -> Layout:
        """A fresh installation of its own."""
        layout = Layout(root=self.directory / name)
        shutil.copytree(self._original.root, layout.root)
        return layout


def opened(layout: Layout) -> Service:
    """The parts of one process, its published files up to date."""
    service = open_installation(layout)
    service.publish()
    return service
