"""The table of the trail, and the database's own refusal to change it.

Triggers forbid UPDATE and DELETE, and an INSERT that does not continue the chain
(which also stops `INSERT OR REPLACE`). Whoever can edit the file beneath the database
passes the triggers; the chain, and the heads exported from it, are for them.
"""

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, String, Table, Text, event

from issuance.database import UtcDateTime, metadata

GENESIS = "0" * 64
"""What the first entry names as its predecessor."""

audit_entries = Table(
    "audit_entries",
    metadata,
    Column(
        "sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    ),  # 1, 2, 3 … without a gap
    Column("at", UtcDateTime, nullable=False),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_id", String(64), nullable=False),
    Column("action", String(64), nullable=False),
    Column("object_kind", String(32), nullable=False),
    Column("object_id", String(128), nullable=False),
    Column("facts", Text, nullable=False),  # canonical JSON, as hashed
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Index("ix_audit_entries_object", "object_kind", "object_id"),
    Index("ix_audit_entries_actor", "actor_kind", "actor_id"),
)

_SQLITE = (
    """CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries
       BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END""",
    """CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
       BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END""",
    f"""CREATE TRIGGER audit_entries_chained BEFORE INSERT ON audit_entries
        WHEN NEW.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM audit_entries)
          OR NEW.previous IS NOT coalesce(
               (SELECT hash FROM audit_entries ORDER BY sequence DESC LIMIT 1), '{GENESIS}')
        BEGIN SELECT RAISE(ABORT, 'an audit entry continues the chain'); END""",  # noqa: S608  (a constant)
)
_POSTGRESQL = (
    """CREATE FUNCTION audit_entries_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE integrity_constraint_violation USING MESSAGE = 'the audit trail is append-only'; END $$""",
    """CREATE TRIGGER audit_entries_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
       FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_refuse()""",
    f"""CREATE FUNCTION audit_entries_continue() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE last record;
        BEGIN
          SELECT sequence, hash INTO last FROM audit_entries ORDER BY sequence DESC LIMIT 1;
          IF NEW.sequence <> coalesce(last.sequence, 0) + 1
             OR NEW.previous <> coalesce(last.hash, '{GENESIS}') THEN
            RAISE integrity_constraint_violation USING MESSAGE = 'an audit entry continues the chain';
          END IF;
          RETURN NEW;
        END $$""",  # noqa: S608  (a constant)
    """CREATE TRIGGER audit_entries_chained BEFORE INSERT ON audit_entries
       FOR EACH ROW EXECUTE FUNCTION audit_entries_continue()""",
)


@event.listens_for(audit_entries, "after_create")
def _forbid_changes(target: Table, connection: Connection, **_: object) -> None:
    del target
    for statement in {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}[connection.dialect.name]:
        connection.exec_driver_sql(statement)
