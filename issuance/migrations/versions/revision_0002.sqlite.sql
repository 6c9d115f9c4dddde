-- Revision 0002, SQLite: which files a document has had.
-- A statement ends at a semicolon before an empty line.

CREATE TABLE document_files (
    sequence INTEGER NOT NULL,
    number VARCHAR(12) NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    size INTEGER NOT NULL,
    level VARCHAR(8) NOT NULL,
    judgeable_until DATETIME NOT NULL,
    algorithms VARCHAR(128) NOT NULL,
    renews VARCHAR(64),
    made_at DATETIME NOT NULL,
    CONSTRAINT pk_document_files PRIMARY KEY (sequence),
    CONSTRAINT uq_document_files_number_sha256 UNIQUE (number, sha256),
    CONSTRAINT uq_document_files_number_renews UNIQUE (number, renews)
);

CREATE INDEX ix_document_files_judgeable_until ON document_files (judgeable_until);

CREATE TRIGGER document_files_no_UPDATE BEFORE UPDATE ON document_files
    BEGIN SELECT RAISE(ABORT, 'what files a document had is never changed'); END;

CREATE TRIGGER document_files_no_DELETE BEFORE DELETE ON document_files
    BEGIN SELECT RAISE(ABORT, 'what files a document had is never changed'); END;

CREATE TRIGGER document_files_once BEFORE INSERT ON document_files
    BEGIN SELECT RAISE(ABORT, 'a file of a document is written once') WHERE EXISTS
    (SELECT 1 FROM document_files WHERE sequence = NEW.sequence
    OR (number = NEW.number AND (sha256 = NEW.sha256 OR renews = NEW.renews))); END;
