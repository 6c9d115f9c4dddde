-- Revision 0003, PostgreSQL: statuses of four bits, quotas of machines.
-- A statement ends at a semicolon before an empty line.

-- Until now 1 was revoked and 2 superseded; now 1 is revoked without saying why, 2 suspended, 12 superseded, and 11, 13, 14
-- and 15 say why. The list is the last change of each entry, so a row that says it anew is enough.
INSERT INTO status_changes (status_list, status_index, status, at)
    SELECT status_list, status_index,
        CASE
            WHEN state = 'superseded' THEN 12
            WHEN withdrawal_reason = 'record-corrected' THEN 11
            WHEN withdrawal_reason = 'issued-in-error' THEN 13
            WHEN withdrawal_reason = 'fraud' THEN 14
            WHEN withdrawal_reason = 'court-order' THEN 15
            ELSE 1
        END,
        withdrawn_at
    FROM documents WHERE state IN ('revoked', 'superseded') ORDER BY withdrawn_at, number;

CREATE TABLE verification_quotas (
    client_id VARCHAR(64) NOT NULL,
    a_day INTEGER NOT NULL,
    CONSTRAINT pk_verification_quotas PRIMARY KEY (client_id),
    CONSTRAINT fk_verification_quotas_client_id FOREIGN KEY(client_id) REFERENCES clients (id)
);
