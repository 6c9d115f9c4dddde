"""Triggers that hold the ledger's rules in the database itself, for SQLite and PostgreSQL.

1. No row of the ledger is ever changed or deleted.
2. A transfer's header is accepted only when at least two entries wait for it,
   they sum to zero, and all their accounts are of its currency.
3. No entry is accepted once the header is there.

SQLite's `INSERT OR REPLACE` deletes without firing DELETE triggers; rule 2 and 3
therefore also refuse an insert whose key exists. Imported for its effect by
`transfers.py`: `metadata.create_all` then makes the triggers with the tables;
a migration executes `statements(dialect)`.
"""

from sqlalchemy import DDL, event

from issuance.ledger.models import ledger_accounts, ledger_entries, ledger_transfers

TABLES = (ledger_accounts, ledger_transfers, ledger_entries)

_SQLITE_FROZEN = """
CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, 'ledger: rows are never changed'); END
"""

_SQLITE_HEADER = """
CREATE TRIGGER ledger_transfers_balanced BEFORE INSERT ON ledger_transfers
BEGIN
  SELECT RAISE(ABORT, 'ledger: a transfer is written once')
    WHERE EXISTS (SELECT 1 FROM ledger_transfers WHERE id = NEW.id OR refers_to = NEW.refers_to);
  SELECT RAISE(ABORT, 'ledger: fewer than two entries')
    WHERE (SELECT count(*) FROM ledger_entries WHERE transfer_id = NEW.id) < 2;
  SELECT RAISE(ABORT, 'ledger: entries do not sum to zero')
    WHERE (SELECT sum(minor) FROM ledger_entries WHERE transfer_id = NEW.id) <> 0;
  SELECT RAISE(ABORT, 'ledger: an account of another currency')
    WHERE EXISTS (
      SELECT 1 FROM ledger_entries JOIN ledger_accounts ON ledger_accounts.id = ledger_entries.account_id
      WHERE ledger_entries.transfer_id = NEW.id AND ledger_accounts.currency <> NEW.currency);
END
"""

_SQLITE_ENTRY = """
CREATE TRIGGER ledger_entries_closed BEFORE INSERT ON ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ledger: the transfer is closed')
    WHERE EXISTS (SELECT 1 FROM ledger_transfers WHERE id = NEW.transfer_id)
    OR EXISTS (SELECT 1 FROM ledger_entries WHERE transfer_id = NEW.transfer_id AND position = NEW.position);
END
"""

_SQLITE_ACCOUNT = """
CREATE TRIGGER ledger_accounts_once BEFORE INSERT ON ledger_accounts
BEGIN
  SELECT RAISE(ABORT, 'ledger: an account is opened once')
    WHERE EXISTS (SELECT 1 FROM ledger_accounts WHERE id = NEW.id);
END
"""

_POSTGRESQL_FUNCTIONS = """
CREATE FUNCTION ledger_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE integrity_constraint_violation USING MESSAGE = 'ledger: rows are never changed'; END $$;
CREATE FUNCTION ledger_entry_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Of two transactions that write the same transfer, the second waits, and finds it closed.
  PERFORM pg_advisory_xact_lock(hashtextextended('transfer ' || NEW.transfer_id, 0));
  IF EXISTS (SELECT 1 FROM ledger_transfers WHERE id = NEW.transfer_id) THEN
    RAISE integrity_constraint_violation USING MESSAGE = 'ledger: the transfer is closed';
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION ledger_header_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT count(*) FROM ledger_entries WHERE transfer_id = NEW.id) < 2 THEN
    RAISE integrity_constraint_violation USING MESSAGE = 'ledger: fewer than two entries';
  END IF;
  IF (SELECT sum(minor) FROM ledger_entries WHERE transfer_id = NEW.id) <> 0 THEN
    RAISE integrity_constraint_violation USING MESSAGE = 'ledger: entries do not sum to zero';
  END IF;
  IF EXISTS (
      SELECT 1 FROM ledger_entries JOIN ledger_accounts ON ledger_accounts.id = ledger_entries.account_id
      WHERE ledger_entries.transfer_id = NEW.id AND ledger_accounts.currency <> NEW.currency) THEN
    RAISE integrity_constraint_violation USING MESSAGE = 'ledger: an account of another currency';
  END IF;
  RETURN NEW;
END $$
"""

_POSTGRESQL_FROZEN = """
CREATE TRIGGER {table}_frozen BEFORE UPDATE OR DELETE ON {table}
  FOR EACH ROW EXECUTE FUNCTION ledger_frozen();
CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_frozen()
"""

_POSTGRESQL_GUARDS = """
CREATE TRIGGER ledger_transfers_balanced BEFORE INSERT ON ledger_transfers
  FOR EACH ROW EXECUTE FUNCTION ledger_header_balanced();
CREATE TRIGGER ledger_entries_closed BEFORE INSERT ON ledger_entries
  FOR EACH ROW EXECUTE FUNCTION ledger_entry_closed()
"""


def statements(dialect: str) -> tuple[str, ...]:
    """The statements that make every trigger, for `sqlite` or `postgresql`, in order."""
    if dialect == "sqlite":
        frozen = (
            _SQLITE_FROZEN.format(table=table.name, verb=verb)
            for table in TABLES
            for verb in ("UPDATE", "DELETE")
        )
        return (*frozen, _SQLITE_HEADER, _SQLITE_ENTRY, _SQLITE_ACCOUNT)
    frozen = (_POSTGRESQL_FROZEN.format(table=table.name) for table in TABLES)
    return (_POSTGRESQL_FUNCTIONS, *frozen, _POSTGRESQL_GUARDS)


# The entries are the last of the three to be created (they refer to the other two).
for _dialect in ("sqlite", "postgresql"):
    for _statement in statements(_dialect):
        _trigger: DDL = DDL(_statement)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it unannotated
        event.listen(ledger_entries, "after_create", _trigger.execute_if(dialect=_dialect))
