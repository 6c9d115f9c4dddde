-- Revision 0001, SQLite: every table, index and trigger of the first release.
-- A statement ends at a semicolon before an empty line.

CREATE TABLE audit_entries (
    sequence INTEGER NOT NULL,
    at DATETIME NOT NULL,
    actor_kind VARCHAR(16) NOT NULL,
    actor_id VARCHAR(64) NOT NULL,
    action VARCHAR(64) NOT NULL,
    object_kind VARCHAR(32) NOT NULL,
    object_id VARCHAR(128) NOT NULL,
    facts TEXT NOT NULL,
    previous VARCHAR(64) NOT NULL,
    hash VARCHAR(64) NOT NULL,
    CONSTRAINT pk_audit_entries PRIMARY KEY (sequence),
    CONSTRAINT uq_audit_entries_hash UNIQUE (hash)
);

CREATE INDEX ix_audit_entries_actor ON audit_entries (actor_kind, actor_id);

CREATE INDEX ix_audit_entries_object ON audit_entries (object_kind, object_id);

CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries
       BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
       BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

CREATE TRIGGER audit_entries_chained BEFORE INSERT ON audit_entries
        WHEN NEW.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM audit_entries)
          OR NEW.previous IS NOT coalesce(
               (SELECT hash FROM audit_entries ORDER BY sequence DESC LIMIT 1), '0000000000000000000000000000000000000000000000000000000000000000')
        BEGIN SELECT RAISE(ABORT, 'an audit entry continues the chain'); END;

CREATE TABLE documents (
    number VARCHAR(12) NOT NULL,
    kind VARCHAR(64) NOT NULL,
    agency VARCHAR(64) NOT NULL,
    request_number VARCHAR(16) NOT NULL,
    state VARCHAR(16) NOT NULL,
    record BLOB NOT NULL,
    check_code VARCHAR(12) NOT NULL,
    status_list INTEGER NOT NULL,
    status_index INTEGER NOT NULL,
    template_digest VARCHAR(64) NOT NULL,
    intended_at DATETIME NOT NULL,
    valid_until DATE NOT NULL,
    seal_text VARCHAR(2048),
    sha256 VARCHAR(64),
    size INTEGER,
    timings TEXT,
    sealed_at DATETIME,
    released_at DATETIME,
    withdrawn_at DATETIME,
    withdrawal_reason VARCHAR(32),
    superseded_by VARCHAR(12),
    CONSTRAINT pk_documents PRIMARY KEY (number),
    CONSTRAINT uq_documents_request_number_kind UNIQUE (request_number, kind),
    CONSTRAINT uq_documents_status_list_status_index UNIQUE (status_list, status_index)
);

CREATE INDEX ix_documents_agency_released_at ON documents (agency, released_at);

CREATE TABLE document_sequences (
    year INTEGER NOT NULL,
    last INTEGER NOT NULL,
    CONSTRAINT pk_document_sequences PRIMARY KEY (year)
);

CREATE TABLE status_changes (
    sequence INTEGER NOT NULL,
    status_list INTEGER NOT NULL,
    status_index INTEGER NOT NULL,
    status INTEGER NOT NULL,
    at DATETIME NOT NULL,
    CONSTRAINT pk_status_changes PRIMARY KEY (sequence)
);

CREATE TABLE idempotent_answers (
    actor VARCHAR(96) NOT NULL,
    route VARCHAR(200) NOT NULL,
    "key" VARCHAR(128) NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    claimed_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL,
    status INTEGER,
    headers TEXT,
    body BLOB,
    CONSTRAINT pk_idempotent_answers PRIMARY KEY (actor, route, "key")
);

CREATE INDEX ix_idempotent_answers_expires_at ON idempotent_answers (expires_at);

CREATE TABLE accounts (
    id VARCHAR(32) NOT NULL,
    login VARCHAR(64) NOT NULL,
    full_name VARCHAR(200) NOT NULL,
    password_hash TEXT NOT NULL,
    agency VARCHAR(64),
    office VARCHAR(64),
    national_number VARCHAR(11),
    disabled BOOLEAN NOT NULL,
    created_at DATETIME NOT NULL,
    CONSTRAINT pk_accounts PRIMARY KEY (id),
    CONSTRAINT uq_accounts_login UNIQUE (login)
);

CREATE TABLE citizens (
    id VARCHAR(32) NOT NULL,
    national_number VARCHAR(11) NOT NULL,
    phone VARCHAR(16) NOT NULL,
    enrolled_by VARCHAR(64) NOT NULL,
    enrolled_at DATETIME NOT NULL,
    CONSTRAINT pk_citizens PRIMARY KEY (id),
    CONSTRAINT uq_citizens_national_number UNIQUE (national_number)
);

CREATE TABLE clients (
    id VARCHAR(64) NOT NULL,
    name VARCHAR(200) NOT NULL,
    agency VARCHAR(64) NOT NULL,
    secret_hash VARCHAR(64) NOT NULL,
    scopes TEXT NOT NULL,
    disabled BOOLEAN NOT NULL,
    created_at DATETIME NOT NULL,
    CONSTRAINT pk_clients PRIMARY KEY (id)
);

CREATE TABLE tokens (
    hash VARCHAR(64) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    holder VARCHAR(64) NOT NULL,
    scopes TEXT,
    issued_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL,
    revoked_at DATETIME,
    CONSTRAINT pk_tokens PRIMARY KEY (hash)
);

CREATE INDEX ix_tokens_holder ON tokens (holder);

CREATE INDEX ix_tokens_expires_at ON tokens (expires_at);

CREATE TABLE attempt_counts (
    subject VARCHAR(64) NOT NULL,
    window_start BIGINT NOT NULL,
    hits INTEGER NOT NULL,
    window_end BIGINT NOT NULL,
    CONSTRAINT pk_attempt_counts PRIMARY KEY (subject, window_start)
);

CREATE INDEX ix_attempt_counts_window_end ON attempt_counts (window_end);

CREATE TABLE ledger_accounts (
    id VARCHAR(160) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    party VARCHAR(64) NOT NULL,
    component VARCHAR(64) NOT NULL,
    currency VARCHAR(8) NOT NULL,
    opened_at DATETIME NOT NULL,
    CONSTRAINT pk_ledger_accounts PRIMARY KEY (id)
)
 WITHOUT ROWID;

CREATE INDEX ix_ledger_accounts_kind_party ON ledger_accounts (kind, party);

CREATE TABLE ledger_transfers (
    id VARCHAR(160) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    currency VARCHAR(8) NOT NULL,
    reason VARCHAR(48) NOT NULL,
    request_number VARCHAR(32),
    refers_to VARCHAR(160),
    at DATETIME NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    CONSTRAINT pk_ledger_transfers PRIMARY KEY (id),
    CONSTRAINT uq_ledger_transfers_refers_to UNIQUE (refers_to),
    CONSTRAINT fk_ledger_transfers_refers_to FOREIGN KEY(refers_to) REFERENCES ledger_transfers (id)
)
 WITHOUT ROWID;

CREATE INDEX ix_ledger_transfers_request_number ON ledger_transfers (request_number);

CREATE INDEX ix_ledger_transfers_at ON ledger_transfers (at);

CREATE TABLE payments (
    id VARCHAR(40) NOT NULL,
    request_number VARCHAR(32) NOT NULL,
    attempt INTEGER NOT NULL,
    provider VARCHAR(64) NOT NULL,
    at_desk BOOLEAN NOT NULL,
    state VARCHAR(16) NOT NULL,
    minor BIGINT NOT NULL,
    currency VARCHAR(8) NOT NULL,
    provider_reference VARCHAR(120),
    pay_url TEXT,
    dispute VARCHAR(24),
    seen_minor BIGINT,
    seen_currency VARCHAR(16),
    created_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL,
    paid_at DATETIME,
    CONSTRAINT pk_payments PRIMARY KEY (id),
    CONSTRAINT ck_payments_minor_positive CHECK (minor > 0),
    CONSTRAINT uq_payments_request_number_attempt UNIQUE (request_number, attempt)
);

CREATE INDEX ix_payments_state ON payments (state);

CREATE UNIQUE INDEX uq_payments_standing ON payments (request_number) WHERE state IN ('created', 'pending', 'unknown', 'paid');

CREATE TABLE payment_webhooks (
    provider VARCHAR(64) NOT NULL,
    webhook_id VARCHAR(128) NOT NULL,
    our_reference VARCHAR(120) NOT NULL,
    received_at DATETIME NOT NULL,
    handled_at DATETIME,
    CONSTRAINT pk_payment_webhooks PRIMARY KEY (provider, webhook_id)
);

CREATE TABLE cash_receipts (
    office VARCHAR(64) NOT NULL,
    year INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    kind VARCHAR(16) NOT NULL,
    our_reference VARCHAR(40) NOT NULL,
    minor BIGINT NOT NULL,
    currency VARCHAR(8) NOT NULL,
    actor VARCHAR(64) NOT NULL,
    at DATETIME NOT NULL,
    CONSTRAINT pk_cash_receipts PRIMARY KEY (office, year, serial),
    CONSTRAINT ck_cash_receipts_minor_positive CHECK (minor > 0),
    CONSTRAINT uq_cash_receipts_our_reference UNIQUE (our_reference)
)
 WITHOUT ROWID;

CREATE INDEX ix_cash_receipts_at ON cash_receipts (at);

CREATE TRIGGER cash_receipts_no_UPDATE BEFORE UPDATE ON cash_receipts BEGIN SELECT RAISE(ABORT, 'cash receipts are never changed'); END;

CREATE TRIGGER cash_receipts_no_DELETE BEFORE DELETE ON cash_receipts BEGIN SELECT RAISE(ABORT, 'cash receipts are never changed'); END;

CREATE TRIGGER cash_receipts_once BEFORE INSERT ON cash_receipts BEGIN SELECT RAISE(ABORT, 'a cash receipt is written once') WHERE EXISTS (SELECT 1 FROM cash_receipts WHERE our_reference = NEW.our_reference OR (office = NEW.office AND year = NEW.year AND serial = NEW.serial)); END;

CREATE TABLE requests (
    number VARCHAR(16) NOT NULL,
    service VARCHAR(64) NOT NULL,
    service_version INTEGER NOT NULL,
    agency VARCHAR(64) NOT NULL,
    channel VARCHAR(16) NOT NULL,
    delivery VARCHAR(24) NOT NULL,
    state VARCHAR(24) NOT NULL,
    held_from VARCHAR(24),
    attempt INTEGER NOT NULL,
    applicant VARCHAR(11) NOT NULL,
    subject VARCHAR(11) NOT NULL,
    event_registration VARCHAR(32),
    purpose TEXT,
    contact VARCHAR(64),
    desk_office VARCHAR(64),
    created_by VARCHAR(96) NOT NULL,
    relation TEXT,
    fees TEXT NOT NULL,
    question TEXT,
    record TEXT,
    record_as_of DATETIME,
    refusal TEXT,
    due_at DATETIME,
    created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL,
    CONSTRAINT pk_requests PRIMARY KEY (number)
);

CREATE INDEX ix_requests_applicant_number ON requests (applicant, number);

CREATE INDEX ix_requests_agency_state_number ON requests (agency, state, number);

CREATE INDEX ix_requests_state_due_at ON requests (state, due_at);

CREATE TABLE delivery_links (
    token_sha256 VARCHAR(64) NOT NULL,
    document_number VARCHAR(12) NOT NULL,
    created_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL,
    downloads INTEGER NOT NULL,
    CONSTRAINT pk_delivery_links PRIMARY KEY (token_sha256),
    CONSTRAINT fk_delivery_links_document_number FOREIGN KEY(document_number) REFERENCES documents (number)
);

CREATE INDEX ix_delivery_links_document_number ON delivery_links (document_number);

CREATE TABLE account_roles (
    account_id VARCHAR(32) NOT NULL,
    role VARCHAR(32) NOT NULL,
    CONSTRAINT pk_account_roles PRIMARY KEY (account_id, role),
    CONSTRAINT fk_account_roles_account_id FOREIGN KEY(account_id) REFERENCES accounts (id)
);

CREATE TABLE one_time_codes (
    challenge VARCHAR(32) NOT NULL,
    citizen_id VARCHAR(32),
    code_mac VARCHAR(64) NOT NULL,
    expires_at DATETIME NOT NULL,
    attempts INTEGER NOT NULL,
    used BOOLEAN NOT NULL,
    CONSTRAINT pk_one_time_codes PRIMARY KEY (challenge),
    CONSTRAINT fk_one_time_codes_citizen_id FOREIGN KEY(citizen_id) REFERENCES citizens (id)
);

CREATE INDEX ix_one_time_codes_expires_at ON one_time_codes (expires_at);

CREATE TABLE ledger_entries (
    transfer_id VARCHAR(160) NOT NULL,
    position INTEGER NOT NULL,
    account_id VARCHAR(160) NOT NULL,
    minor BIGINT NOT NULL,
    CONSTRAINT pk_ledger_entries PRIMARY KEY (transfer_id, position),
    CONSTRAINT ck_ledger_entries_minor_in_range CHECK (minor <> 0 AND minor BETWEEN -1000000000000000 AND 1000000000000000),
    CONSTRAINT fk_ledger_entries_transfer_id FOREIGN KEY(transfer_id) REFERENCES ledger_transfers (id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT fk_ledger_entries_account_id FOREIGN KEY(account_id) REFERENCES ledger_accounts (id)
)
 WITHOUT ROWID;

CREATE INDEX ix_ledger_entries_account_id ON ledger_entries (account_id);

CREATE TRIGGER ledger_accounts_no_UPDATE BEFORE UPDATE ON ledger_accounts
BEGIN SELECT RAISE(ABORT, 'ledger: rows are never changed'); END;

CREATE TRIGGER ledger_accounts_no_DELETE BEFORE DELETE ON ledger_accounts
BEGIN SELECT RAISE(ABORT, 'ledger: rows are never changed'); END;

CREATE TRIGGER ledger_transfers_no_UPDATE BEFORE UPDATE ON ledger_transfers
BEGIN SELECT RAISE(ABORT, 'ledger: rows are never changed'); END;

CREATE TRIGGER ledger_transfers_no_DELETE BEFORE DELETE ON ledger_transfers
BEGIN SELECT RAISE(ABORT, 'ledger: rows are never changed'); END;

CREATE TRIGGER ledger_entries_no_UPDATE BEFORE UPDATE ON ledger_entries
BEGIN SELECT RAISE(ABORT, 'ledger: rows are never changed'); END;

CREATE TRIGGER ledger_entries_no_DELETE BEFORE DELETE ON ledger_entries
BEGIN SELECT RAISE(ABORT, 'ledger: rows are never changed'); END;

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
END;

CREATE TRIGGER ledger_entries_closed BEFORE INSERT ON ledger_entries
BEGIN
  SELECT RAISE(ABORT, 'ledger: the transfer is closed')
    WHERE EXISTS (SELECT 1 FROM ledger_transfers WHERE id = NEW.transfer_id)
    OR EXISTS (SELECT 1 FROM ledger_entries WHERE transfer_id = NEW.transfer_id AND position = NEW.position);
END;

CREATE TRIGGER ledger_accounts_once BEFORE INSERT ON ledger_accounts
BEGIN
  SELECT RAISE(ABORT, 'ledger: an account is opened once')
    WHERE EXISTS (SELECT 1 FROM ledger_accounts WHERE id = NEW.id);
END;

CREATE TABLE payment_fees (
    payment_id VARCHAR(40) NOT NULL,
    position INTEGER NOT NULL,
    component VARCHAR(64) NOT NULL,
    beneficiary VARCHAR(64) NOT NULL,
    minor BIGINT NOT NULL,
    refundable BOOLEAN NOT NULL,
    CONSTRAINT pk_payment_fees PRIMARY KEY (payment_id, position),
    CONSTRAINT ck_payment_fees_minor_positive CHECK (minor > 0),
    CONSTRAINT uq_payment_fees_payment_id_component_beneficiary UNIQUE (payment_id, component, beneficiary),
    CONSTRAINT fk_payment_fees_payment_id FOREIGN KEY(payment_id) REFERENCES payments (id)
);

CREATE TABLE payment_refunds (
    id VARCHAR(40) NOT NULL,
    payment_id VARCHAR(40) NOT NULL,
    attempt INTEGER NOT NULL,
    state VARCHAR(16) NOT NULL,
    minor BIGINT NOT NULL,
    currency VARCHAR(8) NOT NULL,
    components TEXT NOT NULL,
    reason VARCHAR(64) NOT NULL,
    created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL,
    finished_at DATETIME,
    CONSTRAINT pk_payment_refunds PRIMARY KEY (id),
    CONSTRAINT ck_payment_refunds_minor_positive CHECK (minor > 0),
    CONSTRAINT uq_payment_refunds_payment_id_attempt UNIQUE (payment_id, attempt),
    CONSTRAINT fk_payment_refunds_payment_id FOREIGN KEY(payment_id) REFERENCES payments (id)
);

CREATE UNIQUE INDEX uq_payment_refunds_standing ON payment_refunds (payment_id) WHERE state <> 'failed';

CREATE INDEX ix_payment_refunds_state ON payment_refunds (state);

CREATE TABLE request_events (
    id INTEGER NOT NULL,
    request_number VARCHAR(16) NOT NULL,
    at DATETIME NOT NULL,
    event VARCHAR(24) NOT NULL,
    source VARCHAR(24) NOT NULL,
    target VARCHAR(24) NOT NULL,
    actor VARCHAR(96) NOT NULL,
    facts TEXT NOT NULL,
    CONSTRAINT pk_request_events PRIMARY KEY (id),
    CONSTRAINT fk_request_events_request_number FOREIGN KEY(request_number) REFERENCES requests (number)
);

CREATE INDEX ix_request_events_request_number ON request_events (request_number);

CREATE TABLE request_attachments (
    request_number VARCHAR(16) NOT NULL,
    document VARCHAR(64) NOT NULL,
    media_type VARCHAR(64) NOT NULL,
    size INTEGER NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    file_name TEXT NOT NULL,
    added_at DATETIME NOT NULL,
    CONSTRAINT pk_request_attachments PRIMARY KEY (request_number, document),
    CONSTRAINT fk_request_attachments_request_number FOREIGN KEY(request_number) REFERENCES requests (number)
);
