"""The tables of identity. Whatever opens a door is stored as a hash."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, String, Table, Text

from issuance.database import UtcDateTime, metadata

accounts = Table(
    "accounts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("login", String(64), nullable=False, unique=True),  # folded: NFKC, lower case
    Column("full_name", String(200), nullable=False),
    Column("password_hash", Text, nullable=False),  # argon2id, PHC string
    Column("agency", String(64)),
    Column("office", String(64)),
    Column("national_number", String(11)),  # so that nobody handles their own or their kin's records
    Column("disabled", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

account_roles = Table(
    "account_roles",
    metadata,
    Column("account_id", ForeignKey(accounts.c.id), primary_key=True),
    Column("role", String(32), primary_key=True),
)

# A telephone belongs to a person because a clerk saw the person's identity document.
citizens = Table(
    "citizens",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("national_number", String(11), nullable=False, unique=True),
    Column("phone", String(16), nullable=False),  # E.164
    Column("enrolled_by", String(64), nullable=False),
    Column("enrolled_at", UtcDateTime, nullable=False),
)

one_time_codes = Table(
    "one_time_codes",
    metadata,
    Column("challenge", String(32), primary_key=True),
    Column("citizen_id", ForeignKey(citizens.c.id)),  # null: nobody matched, no code will ever fit
    Column("code_mac", String(64), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("used", Boolean, nullable=False),
)

clients = Table(
    "clients",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("agency", String(64), nullable=False),
    Column("secret_hash", String(64), nullable=False),  # SHA-256 of 256 random bits needs no stretching
    Column("scopes", Text, nullable=False),  # space-separated permissions
    Column("disabled", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("hash", String(64), primary_key=True),  # SHA-256 of 256 random bits
    Column("kind", String(16), nullable=False),
    Column("holder", String(64), nullable=False, index=True),  # id of the citizen, account or client
    Column("scopes", Text),  # machines: what this token was asked for
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("revoked_at", UtcDateTime),
)

# How often something was tried within a window; what is named is kept as a hash.
attempt_counts = Table(
    "attempt_counts",
    metadata,
    Column("subject", String(64), primary_key=True),
    Column("window_start", BigInteger, primary_key=True, autoincrement=False),  # seconds since 1970, UTC
    Column("hits", Integer, nullable=False),
    Column("window_end", BigInteger, nullable=False, index=True),
)
