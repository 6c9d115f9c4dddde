"""Steps that bring the authority's books from one version to the next.

Written as SQL and frozen: they make what the tables were at their version, whatever
`ca.tables` says later. A test compares a book brought here with a new one. All steps run in
the transaction of the caller, so a book is brought to this version wholly or not at all.
"""

import hashlib
from collections.abc import Callable, Sequence

from asn1crypto.x509 import TbsCertificate
from sqlalchemy import Connection

BOOKS_VERSION = 2
"""Raised with every change of `ca.tables`, together with a step below."""


def find_version(connection: Connection) -> int:
    """The version of the tables that are there; 0 where there are none."""
    marked = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if marked:
        return int(marked)
    columns = {row.name for row in connection.exec_driver_sql("PRAGMA table_info(ca_certificates)")}
    if not columns:
        return 0
    # The first books were not marked.
    return BOOKS_VERSION if "key_digest" in columns else 1


_TO_2 = (
    "ALTER TABLE ca_certificates ADD COLUMN invalidity_date DATETIME",
    "ALTER TABLE ca_certificates ADD COLUMN key_digest VARCHAR(64)",
    "CREATE INDEX ix_ca_certificates_key ON ca_certificates (key_digest)",
    """CREATE TABLE ca_status_changes (
        number INTEGER NOT NULL PRIMARY KEY,
        serial_number VARCHAR(40) NOT NULL REFERENCES ca_certificates (serial_number),
        change VARCHAR(8) NOT NULL,
        changed_at DATETIME NOT NULL,
        reason VARCHAR(24),
        invalidity_date DATETIME,
        changed_by VARCHAR(120) NOT NULL)""",
    "CREATE INDEX ix_ca_status_changes_serial_number ON ca_status_changes (serial_number)",
    """INSERT INTO ca_status_changes (serial_number, change, changed_at, reason, changed_by)
        SELECT serial_number, 'revoked', revoked_at, reason, 'unknown'
        FROM ca_certificates WHERE revoked_at IS NOT NULL ORDER BY revoked_at, serial_number""",
    """CREATE TABLE ca_crl_numbers (
        issuer VARCHAR(64) NOT NULL,
        number INTEGER NOT NULL,
        this_update DATETIME NOT NULL,
        PRIMARY KEY (issuer, number))""",
    "INSERT INTO ca_crl_numbers SELECT issuer, number, this_update FROM ca_crls",
    """CREATE TABLE ca_intents (
        kind VARCHAR(16) NOT NULL,
        subject VARCHAR(160) NOT NULL,
        key_id VARCHAR(64) NOT NULL,
        to_be_signed BLOB NOT NULL,
        state VARCHAR(8) NOT NULL,
        intended_at DATETIME NOT NULL,
        PRIMARY KEY (kind, subject))""",
    """CREATE TABLE ca_ocsp_answers (
        serial_number VARCHAR(40) NOT NULL REFERENCES ca_certificates (serial_number),
        hash_name VARCHAR(8) NOT NULL,
        number INTEGER NOT NULL,
        responder VARCHAR(40) NOT NULL,
        this_update DATETIME NOT NULL,
        next_update DATETIME NOT NULL,
        revoked_at DATETIME,
        reason VARCHAR(24),
        invalidity_date DATETIME,
        der BLOB NOT NULL,
        PRIMARY KEY (serial_number, hash_name))""",
    "CREATE INDEX ix_ca_ocsp_answers_number ON ca_ocsp_answers (number)",
)
_INTENDED_IN_2 = "serial_number, issuer, name, profile, key_id, not_before, not_after, to_be_signed"
# Name, event, condition, what is said to whoever tries.
_TRIGGERS_OF_2 = (
    ("ca_serials_kept", "UPDATE ON ca_serials", "", "a serial number that was reserved stays reserved"),
    (
        "ca_serials_not_deleted",
        "DELETE ON ca_serials",
        "",
        "a serial number that was reserved stays reserved",
    ),
    ("ca_crl_numbers_kept", "UPDATE ON ca_crl_numbers", "", "a CRL number that was reserved stays reserved"),
    (
        "ca_crl_numbers_not_deleted",
        "DELETE ON ca_crl_numbers",
        "",
        "a CRL number that was reserved stays reserved",
    ),
    ("ca_crls_kept", "UPDATE ON ca_crls", "", "a revocation list that was signed stays as it is"),
    ("ca_crls_not_deleted", "DELETE ON ca_crls", "", "a revocation list that was signed stays as it is"),
    (
        "ca_status_changes_kept",
        "UPDATE ON ca_status_changes",
        "",
        "what happened to a certificate stays written",
    ),
    (
        "ca_status_changes_not_deleted",
        "DELETE ON ca_status_changes",
        "",
        "what happened to a certificate stays written",
    ),
    (
        "ca_ocsp_answers_only_newer",
        "UPDATE ON ca_ocsp_answers",
        " WHEN NEW.this_update < OLD.this_update",
        "an answer is followed by a newer one",
    ),
    ("ca_certificates_not_deleted", "DELETE ON ca_certificates", "", "no certificate is forgotten"),
    (
        "ca_certificates_as_intended",
        f"UPDATE OF {_INTENDED_IN_2} ON ca_certificates",
        "",
        "what was to be signed stays as it was checked",
    ),
    (
        "ca_certificates_as_signed",
        "UPDATE OF der, state ON ca_certificates",
        " WHEN OLD.der IS NOT NULL",
        "a certificate that was signed stays as it is",
    ),
    (
        "ca_certificates_revoked_for_good",
        "UPDATE OF revoked_at, reason, invalidity_date ON ca_certificates",
        " WHEN OLD.reason IS NOT NULL AND OLD.reason <> 'certificateHold'",
        "revocation is for good",
    ),
    (
        "ca_certificates_onwards",
        "UPDATE OF state ON ca_certificates",
        " WHEN (OLD.state, NEW.state) NOT IN (VALUES ('intended', 'signing'), ('signing', 'issued'))",
        "signing begins once and never goes back",
    ),
    (
        "ca_intents_as_intended",
        "UPDATE OF kind, subject, key_id, to_be_signed ON ca_intents",
        "",
        "what was to be signed stays as it was checked",
    ),
    (
        "ca_intents_onwards",
        "UPDATE OF state ON ca_intents",
        " WHEN (OLD.state, NEW.state) NOT IN (VALUES ('intended', 'signing'), ('signing', 'signed'))",
        "signing begins once and never goes back",
    ),
    (
        "ca_intents_not_forgotten",
        "DELETE ON ca_intents",
        " WHEN OLD.state <> 'signed'",
        "an intent whose signature may exist stays written",
    ),
)


def _to_2(connection: Connection) -> None:
    """Suspension and its history, reserved CRL numbers, intents, whose key a certificate is."""
    for statement in _TO_2:
        connection.exec_driver_sql(statement)
    rows = connection.exec_driver_sql("SELECT serial_number, to_be_signed FROM ca_certificates").all()
    for serial, to_be_signed in rows:
        info: bytes = TbsCertificate.load(to_be_signed)["subject_public_key_info"].dump()
        connection.exec_driver_sql(
            "UPDATE ca_certificates SET key_digest = ? WHERE serial_number = ?",
            (hashlib.sha256(info).hexdigest(), serial),
        )
    for name, event, condition, sentence in _TRIGGERS_OF_2:
        connection.exec_driver_sql(
            f"CREATE TRIGGER {name} BEFORE {event}{condition} BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
        )


STEPS: Sequence[Callable[[Connection], None]] = (_to_2,)
"""The first brings version 1 to 2, and so on."""
