-- Revision 0001, PostgreSQL: every table, index and trigger of the first release.
-- A statement ends at a semicolon before an empty line.

CREATE TABLE audit_entries (
    sequence BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
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

CREATE FUNCTION audit_entries_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE integrity_constraint_violation USING MESSAGE = 'the audit trail is append-only'; END $$;

CREATE TRIGGER audit_entries_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
       FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_refuse();

CREATE FUNCTION audit_entries_continue() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE last record;
        BEGIN
          SELECT sequence, hash INTO last FROM audit_entries ORDER BY sequence DESC LIMIT 1;
          IF NEW.sequence <> coalesce(last.sequence, 0) + 1
             OR NEW.previous <> coalesce(last.hash, '0000000000000000000000000000000000000000000000000000000000000000') THEN
            RAISE integrity_constraint_violation USING MESSAGE = 'an audit entry continues the chain';
          END IF;
          RETURN NEW;
        END $$;

CREATE TRIGGER audit_entries_chained BEFORE INSERT ON audit_entries
       FOR EACH ROW EXECUTE FUNCTION audit_entries_continue();

CREATE TABLE documents (
    number VARCHAR(12) NOT NULL,
    kind VARCHAR(64) NOT NULL,
    agency VARCHAR(64) NOT NULL,
    request_number VARCHAR(16) NOT NULL,
    state VARCHAR(16) NOT NULL,
    record BYTEA NOT NULL,
    check_code VARCHAR(12) NOT NULL,
    status_list INTEGER NOT NULL,
    status_index INTEGER NOT NULL,
    template_digest VARCHAR(64) NOT NULL,
    intended_at TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_until DATE NOT NULL,
    seal_text VARCHAR(2048),
    sha256 VARCHAR(64),
    size INTEGER,
    timings TEXT,
    sealed_at TIMESTAMP WITH TIME ZONE,
    released_at TIMESTAMP WITH TIME ZONE,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
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
    sequence BIGSERIAL NOT NULL,
    status_list INTEGER NOT NULL,
    status_index INTEGER NOT NULL,
    status INTEGER NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_status_changes PRIMARY KEY (sequence)
);

CREATE TABLE idempotent_answers (
    actor VARCHAR(96) NOT NULL,
    route VARCHAR(200) NOT NULL,
    key VARCHAR(128) NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    claimed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    status INTEGER,
    headers TEXT,
    body BYTEA,
    CONSTRAINT pk_idempotent_answers PRIMARY KEY (actor, route, key)
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
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_accounts PRIMARY KEY (id),
    CONSTRAINT uq_accounts_login UNIQUE (login)
);

CREATE TABLE citizens (
    id VARCHAR(32) NOT NULL,
    national_number VARCHAR(11) NOT NULL,
    phone VARCHAR(16) NOT NULL,
    enrolled_by VARCHAR(64) NOT NULL,
    enrolled_at TIMESTAMP WITH TIME ZONE NOT NULL,
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
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_clients PRIMARY KEY (id)
);

CREATE TABLE tokens (
    hash VARCHAR(64) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    holder VARCHAR(64) NOT NULL,
    scopes TEXT,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
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
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_ledger_accounts PRIMARY KEY (id)
);

CREATE INDEX ix_ledger_accounts_kind_party ON ledger_accounts (kind, party);

CREATE TABLE ledger_transfers (
    id VARCHAR(160) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    currency VARCHAR(8) NOT NULL,
    reason VARCHAR(48) NOT NULL,
    request_number VARCHAR(32),
    refers_to VARCHAR(160),
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    CONSTRAINT pk_ledger_transfers PRIMARY KEY (id),
    CONSTRAINT uq_ledger_transfers_refers_to UNIQUE (refers_to),
    CONSTRAINT fk_ledger_transfers_refers_to FOREIGN KEY(refers_to) REFERENCES ledger_transfers (id)
);

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
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    paid_at TIMESTAMP WITH TIME ZONE,
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
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    handled_at TIMESTAMP WITH TIME ZONE,
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
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_cash_receipts PRIMARY KEY (office, year, serial),
    CONSTRAINT ck_cash_receipts_minor_positive CHECK (minor > 0),
    CONSTRAINT uq_cash_receipts_our_reference UNIQUE (our_reference)
);

CREATE INDEX ix_cash_receipts_at ON cash_receipts (at);

CREATE FUNCTION cash_receipts_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE integrity_constraint_violation USING MESSAGE = 'cash receipts are never changed'; END $$;

CREATE TRIGGER cash_receipts_frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON cash_receipts FOR EACH STATEMENT EXECUTE FUNCTION cash_receipts_frozen();

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
    record_as_of TIMESTAMP WITH TIME ZONE,
    refusal TEXT,
    due_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_requests PRIMARY KEY (number)
);

CREATE INDEX ix_requests_applicant_number ON requests (applicant, number);

CREATE INDEX ix_requests_agency_state_number ON requests (agency, state, number);

CREATE INDEX ix_requests_state_due_at ON requests (state, due_at);

CREATE TABLE delivery_links (
    token_sha256 VARCHAR(64) NOT NULL,
    document_number VARCHAR(12) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
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
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
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
);

CREATE INDEX ix_ledger_entries_account_id ON ledger_entries (account_id);

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
END $$;

CREATE TRIGGER ledger_accounts_frozen BEFORE UPDATE OR DELETE ON ledger_accounts
  FOR EACH ROW EXECUTE FUNCTION ledger_frozen();

CREATE TRIGGER ledger_accounts_kept BEFORE TRUNCATE ON ledger_accounts
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_frozen();

CREATE TRIGGER ledger_transfers_frozen BEFORE UPDATE OR DELETE ON ledger_transfers
  FOR EACH ROW EXECUTE FUNCTION ledger_frozen();

CREATE TRIGGER ledger_transfers_kept BEFORE TRUNCATE ON ledger_transfers
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_frozen();

CREATE TRIGGER ledger_entries_frozen BEFORE UPDATE OR DELETE ON ledger_entries
  FOR EACH ROW EXECUTE FUNCTION ledger_frozen();

CREATE TRIGGER ledger_entries_kept BEFORE TRUNCATE ON ledger_entries
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_frozen();

CREATE TRIGGER ledger_transfers_balanced BEFORE INSERT ON ledger_transfers
  FOR EACH ROW EXECUTE FUNCTION ledger_header_balanced();

CREATE TRIGGER ledger_entries_closed BEFORE INSERT ON ledger_entries
  FOR EACH ROW EXECUTE FUNCTION ledger_entry_closed();

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
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_payment_refunds PRIMARY KEY (id),
    CONSTRAINT ck_payment_refunds_minor_positive CHECK (minor > 0),
    CONSTRAINT uq_payment_refunds_payment_id_attempt UNIQUE (payment_id, attempt),
    CONSTRAINT fk_payment_refunds_payment_id FOREIGN KEY(payment_id) REFERENCES payments (id)
);

CREATE UNIQUE INDEX uq_payment_refunds_standing ON payment_refunds (payment_id) WHERE state <> 'failed';

CREATE INDEX ix_payment_refunds_state ON payment_refunds (state);

CREATE TABLE request_events (
    id BIGSERIAL NOT NULL,
    request_number VARCHAR(16) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
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
    added_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_request_attachments PRIMARY KEY (request_number, document),
    CONSTRAINT fk_request_attachments_request_number FOREIGN KEY(request_number) REFERENCES requests (number)
);
