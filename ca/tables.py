"""The tables of the authority's books, and what their database itself refuses.

A reserved number is never given back, a history is never rewritten, and a signed object
never changes: triggers say so to whoever comes with SQL. `ca.upgrades` brings older files here.
"""

from datetime import UTC, datetime
from typing import cast

from sqlalchemy import (
    DDL,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    event,
)
from sqlalchemy.schema import ExecutableDDLElement

metadata = MetaData()


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored in UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC without its zone (SQLite has none)."""
        del dialect
        if value is not None and value.tzinfo is None:
            msg = "a naive datetime cannot be stored"
            raise ValueError(msg)
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


serials = Table(
    "ca_serials",
    metadata,
    Column("serial_number", String(40), primary_key=True),
    Column("issuer", String(64), nullable=False),
    Column("reserved_at", Instant, nullable=False),
)
certificates = Table(
    "ca_certificates",
    metadata,
    Column("serial_number", String(40), ForeignKey("ca_serials.serial_number"), primary_key=True),
    Column("issuer", String(64), nullable=False),
    Column("name", String(80), nullable=False),
    Column("profile", String(16), nullable=False),
    Column("key_id", String(64), nullable=False),
    Column("not_before", Instant, nullable=False),
    Column("not_after", Instant, nullable=False),
    Column("to_be_signed", LargeBinary, nullable=False),
    Column("state", String(8), nullable=False),
    Column("der", LargeBinary),
    # The present status; `ca_status_changes` says how it came about.
    Column("revoked_at", Instant),
    Column("reason", String(24)),
    Column("invalidity_date", Instant),
    # SHA-256 of the SubjectPublicKeyInfo: one key is certified in one line only.
    Column("key_digest", String(64)),
    Index("ix_ca_certificates_name", "name", "not_before"),
    Index("ix_ca_certificates_revoked", "issuer", "revoked_at"),
    Index("ix_ca_certificates_key", "key_digest"),
)
status_changes = Table(
    "ca_status_changes",
    metadata,
    Column("number", Integer, primary_key=True),
    Column(
        "serial_number", String(40), ForeignKey("ca_certificates.serial_number"), nullable=False, index=True
    ),
    Column("change", String(8), nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("reason", String(24)),
    Column("invalidity_date", Instant),
    Column("changed_by", String(120), nullable=False),
)
crl_numbers = Table(
    "ca_crl_numbers",
    metadata,
    Column("issuer", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("this_update", Instant, nullable=False),
)
crls = Table(
    "ca_crls",
    metadata,
    Column("issuer", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("this_update", Instant, nullable=False),
    Column("next_update", Instant, nullable=False),
    Column("der", LargeBinary, nullable=False),
)
intents = Table(
    "ca_intents",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("subject", String(160), primary_key=True),
    Column("key_id", String(64), nullable=False),
    Column("to_be_signed", LargeBinary, nullable=False),
    Column("state", String(8), nullable=False),
    Column("intended_at", Instant, nullable=False),
)
# The newest answer about each certificate; intents say what may have been signed besides.
ocsp_answers = Table(
    "ca_ocsp_answers",
    metadata,
    Column("serial_number", String(40), ForeignKey("ca_certificates.serial_number"), primary_key=True),
    Column("hash_name", String(8), primary_key=True),
    Column("number", Integer, nullable=False, index=True),  # rises with every answer that is stored
    Column("responder", String(40), nullable=False),  # serial number of the certificate that signed it
    Column("this_update", Instant, nullable=False),
    Column("next_update", Instant, nullable=False),
    # What it says; where the books say otherwise by now, it is not given out.
    Column("revoked_at", Instant),
    Column("reason", String(24)),
    Column("invalidity_date", Instant),
    Column("der", LargeBinary, nullable=False),
)


def _on_sqlite(statement: str) -> ExecutableDDLElement:
    return cast("ExecutableDDLElement", DDL(statement).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]  # DDL's own


def _refuse(name: str, event_: str, table: Table, sentence: str, *, when: str = "") -> None:
    condition = f" WHEN {when}" if when else ""
    statement = (
        f"CREATE TRIGGER {name} BEFORE {event_} ON {table.name}{condition} "
        f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
    )
    event.listen(table, "after_create", _on_sqlite(statement))


for _table, _sentence in (
    (serials, "a serial number that was reserved stays reserved"),
    (crl_numbers, "a CRL number that was reserved stays reserved"),
    (crls, "a revocation list that was signed stays as it is"),
    (status_changes, "what happened to a certificate stays written"),
):
    _refuse(f"{_table.name}_kept", "UPDATE", _table, _sentence)
    _refuse(f"{_table.name}_not_deleted", "DELETE", _table, _sentence)
_refuse(
    "ca_ocsp_answers_only_newer",
    "UPDATE",
    ocsp_answers,
    "an answer is followed by a newer one",
    when="NEW.this_update < OLD.this_update",
)
_refuse("ca_certificates_not_deleted", "DELETE", certificates, "no certificate is forgotten")
_refuse(
    "ca_certificates_as_intended",
    "UPDATE OF serial_number, issuer, name, profile, key_id, not_before, not_after, to_be_signed",
    certificates,
    "what was to be signed stays as it was checked",
)
_refuse(
    "ca_certificates_as_signed",
    "UPDATE OF der, state",
    certificates,
    "a certificate that was signed stays as it is",
    when="OLD.der IS NOT NULL",
)
_refuse(
    "ca_certificates_revoked_for_good",
    "UPDATE OF revoked_at, reason, invalidity_date",
    certificates,
    "revocation is for good",
    when="OLD.reason IS NOT NULL AND OLD.reason <> 'certificateHold'",
)
_refuse(
    "ca_intents_as_intended",
    "UPDATE OF kind, subject, key_id, to_be_signed",
    intents,
    "what was to be signed stays as it was checked",
)
for _table, _last in ((certificates, "issued"), (intents, "signed")):
    _refuse(
        f"{_table.name}_onwards",
        "UPDATE OF state",
        _table,
        "signing begins once and never goes back",
        when=(f"(OLD.state, NEW.state) NOT IN (VALUES ('intended', 'signing'), ('signing', '{_last}'))"),
    )
_refuse(
    "ca_intents_not_forgotten",
    "DELETE",
    intents,
    "an intent whose signature may exist stays written",
    when="OLD.state <> 'signed'",
)
