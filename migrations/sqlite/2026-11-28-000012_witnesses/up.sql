-- What each witness did when it was asked last, for those who check the log: nothing here decides anything.
CREATE TABLE audit_witnesses (
    name TEXT PRIMARY KEY NOT NULL,
    asked BIGINT NOT NULL CHECK (asked >= 0),
    size BIGINT NOT NULL CHECK (size >= 0),
    cosigned_us BIGINT NULL,
    fault TEXT NULL CHECK (fault IN ('unreachable', 'late', 'ahead', 'other_history', 'refused', 'wrong_answer'))
);
