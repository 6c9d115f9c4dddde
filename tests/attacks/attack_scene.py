"""The stage for attacks: one office with genuine files, made once, and fresh ones to bend."""

from datetime import timedelta
from functools import cached_property

from sealing_forgery import taken_apart
from sealing_office import Office

from signing.formats.pades_level import Level


class Scene:
    """Genuine files, and who made them. What is cached is not to be bent."""

    @cached_property
    def office(self) -> Office:
        """Whose documents are attacked."""
        return Office()

    @cached_property
    def sealed(self) -> bytes:
        """B-LT: rendered, sealed, store."""
        return self.office.document()

    @cached_property
    def bare(self) -> bytes:
        """The rendered and the sealing revision alone, the end of the seal's byte range being the file's."""
        return taken_apart(self.sealed)[0]

    @cached_property
    def archived(self) -> bytes:
        """B-LTA, renewed once."""
        first = self.office.document(level=Level.B_LTA)
        return self.office.renewed(first, self.office.now + timedelta(hours=1))

    def fresh(self) -> Office:
        """An office of its own, for the attack to bend."""
        return Office()
