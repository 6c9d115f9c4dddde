-- Revision 0002, PostgreSQL: which files a document has had.
-- A statement ends at a semicolon before an empty line.

CREATE TABLE document_files (
    sequence BIGSERIAL NOT NULL,
    number VARCHAR(12) NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    size INTEGER NOT NULL,
    level VARCHAR(8) NOT NULL,
    judgeable_until TIMESTAMP WITH TIME ZONE NOT NULL,
    algorithms VARCHAR(128) NOT NULL,
    renews VARCHAR(64),
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_document_files PRIMARY KEY (sequence),
    CONSTRAINT uq_document_files_number_sha256 UNIQUE (number, sha256),
    CONSTRAINT uq_document_files_number_renews UNIQUE (number, renews)
);

CREATE INDEX ix_document_files_judgeable_until ON document_files (judgeable_until);

CREATE FUNCTION document_files_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE integrity_constraint_violation USING MESSAGE = 'what files a document had is never changed'; END $$;

CREATE TRIGGER document_files_frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON document_files
    FOR EACH STATEMENT EXECUTE FUNCTION document_files_frozen();
