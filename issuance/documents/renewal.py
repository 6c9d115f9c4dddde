"""Archive renewal: a new time-stamp over a document's file before the proof in it weakens.

    file and book agree? → our own verifier passes it → validation data + time-stamp → it passes again
    → draft on the disk → in one transaction: row, audit entry, the file takes its place

A renewed file begins with the one before it, octet by octet, so a run may be killed anywhere. What it
leaves is a draft, which housekeeping sweeps; or, between the last two steps, a file that is newer than
the book says: the next run finds that it begins with the file in the book, judges it and notes it.
Nothing that a verifier does not pass is renewed: a time-stamp makes no damaged file whole.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from issuance.audit import trail
from issuance.clock import Clock
from issuance.database import reading
from issuance.documents.files import FileStore, StorageFull
from issuance.documents.history import (
    FileEntry,
    MadeFile,
    Selection,
    add_file,
    count_files,
    files_of,
    find_files,
)
from issuance.documents.press import AgencySeal, NoSeal, Validate, made_file
from issuance.errors import Conflict, IssuanceError
from issuance.identity.actors import system_actor
from signing.formats.pades_level import Level
from signing.pades.errors import SealingError
from verify.files.structure import sealed_octets
from verify.signatures.algorithms import RSA_PKCS1, Algorithms

_BATCH = 200


class FileDiffers(Conflict):
    """What lies in the store is not what was put there, nor a renewal of it."""

    code: ClassVar[str] = "stored-file-differs"
    ar: ClassVar[str] = (
        "ملف الوثيقة {number} المحفوظ ليس الملف المسجّل في الدفتر. استعده من النسخة الاحتياطية."
    )
    en: ClassVar[str] = "The stored file of {number} is not the one in the book. Restore it from the backup."


class Outcome(StrEnum):
    """What became of one document."""

    RENEWED = "renewed"
    NOTED = "noted"  # renewed by an earlier run, which did not live to say so
    NOTHING_GAINED = "nothing-gained"  # today's time-stamp would prove no longer than the one there is
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """One document of a run, and why it failed, if it did."""

    number: str
    outcome: Outcome
    error: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewer:
    """Renews the files of one installation; several may run at once.

    Args:
        engine: the service's database.
        files: where the files lie.
        seals: who time-stamps, by agency.
        validate: our own verifier, with the trust that the public has.
        clock: the service's.
        algorithms: the dated list of what weakens.
    """

    engine: Engine
    files: FileStore
    seals: Mapping[str, AgencySeal]
    validate: Validate
    clock: Clock
    algorithms: Algorithms = field(default_factory=Algorithms)

    def select(self, *, before: datetime, unarchived: bool = False) -> Selection:
        """The files whose proof weakens before an instant, also by an algorithm on today's dated list.

        Args:
            before: the instant.
            unarchived: and all that have no document time-stamp yet.
        """
        ends = self.algorithms.ends.items()
        weak = frozenset(name for name, end in ends if end is not None and end < before)
        if RSA_PKCS1 in weak:
            # Rows of before 0.3.0 name the key alone; seals and certificates of ours with RSA are all such.
            weak |= {"rsa-3072"}
        return Selection(before=before, weak=weak, unarchived=unarchived)

    def count(self, selection: Selection) -> int:
        """How many documents `renew` will look at."""
        with reading(self.engine) as connection:
            return count_files(connection, selection)

    def renew(self, selection: Selection) -> Iterator[Renewal]:
        """Renew what is selected, in the order of document numbers.

        Lazy: each is renewed when it is asked for. Whatever concerns one document is told in its
        `Renewal`, and the others go on.

        Raises:
            StorageFull, NoSeal, KeyCustodyError, CaError: it concerns more; run again once it is mended.
        """
        after = ""
        while True:
            with reading(self.engine) as connection:
                found = find_files(connection, selection, after=after, limit=_BATCH)
            for entry in found:
                yield self._renewed(entry)
            if len(found) < _BATCH:
                return
            after = found[-1].number

    def _renewed(self, entry: FileEntry) -> Renewal:
        try:
            return Renewal(number=entry.number, outcome=self._renew(entry))
        except (StorageFull, NoSeal):
            raise
        except IntegrityError:
            if self._is_newest(entry):
                raise
            # Another run has renewed it meanwhile; that was what was wanted.
            return Renewal(number=entry.number, outcome=Outcome.NOTHING_GAINED)
        except (IssuanceError, SealingError) as error:
            return Renewal(number=entry.number, outcome=Outcome.FAILED, error=error)

    def _renew(self, entry: FileEntry) -> Outcome:
        at, name = self.clock(), f"{entry.number}.pdf"
        pdf = self.files.read(name)
        found = self._judged(entry, pdf, at)
        if found.sha256 != entry.file.sha256:
            self._note_what_was_left(entry, pdf, found, at)
            return Outcome.NOTED
        agency = self.seals.get(entry.agency)
        if agency is None:
            raise NoSeal(agency=entry.agency)
        renewed = agency.files.renew(pdf, sealed_octets=sealed_octets(pdf), at=at)
        made = self._judged(entry, renewed, at)
        if found.level is Level.B_LTA and made.judgeable_until <= found.judgeable_until:
            return Outcome.NOTHING_GAINED
        with self.files.draft(name, renewed) as draft, self.engine.begin() as connection:
            self._note(connection, entry, made, at)
            draft.place()
        return Outcome.RENEWED

    def _judged(self, entry: FileEntry, pdf: bytes, at: datetime) -> MadeFile:
        report = self.validate(pdf, at)
        if report.document.number not in {None, entry.number}:
            raise FileDiffers(number=entry.number)
        return made_file(report, size=len(pdf))

    def _note_what_was_left(self, entry: FileEntry, pdf: bytes, found: MadeFile, at: datetime) -> None:
        begins_with = hashlib.sha256(memoryview(pdf)[: entry.file.size]).hexdigest()
        if begins_with != entry.file.sha256 or found.level is not Level.B_LTA:
            raise FileDiffers(number=entry.number)
        with self.engine.begin() as connection:
            self._note(connection, entry, found, at)

    @staticmethod
    def _note(connection: Connection, entry: FileEntry, made: MadeFile, at: datetime) -> None:
        add_file(connection, entry.number, made, renews=entry.file.sha256, at=at)
        about = trail.AuditObject(kind="document", id=entry.number)
        facts: trail.Facts = {"sha256": made.sha256, "renews": entry.file.sha256}
        trail.record(connection, system_actor("archive"), "document.renew", about, at=at, facts=facts)

    def _is_newest(self, entry: FileEntry) -> bool:
        with reading(self.engine) as connection:
            return files_of(connection, entry.number)[-1] == entry
