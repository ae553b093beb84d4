-- The number of the state that rows are in: another whenever rows were touched and that was told of, or codes were
-- written; by whomever. What a server has found in one state holds until there is another (decision 22).
CREATE TABLE audit_state (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    number BIGINT NOT NULL
);
INSERT INTO audit_state (id, number) VALUES (1, 0);
CREATE TRIGGER state_touched AFTER DELETE ON audit_touched BEGIN UPDATE audit_state SET number = number + 1; END;
CREATE TRIGGER state_codes_insert AFTER INSERT ON row_codes BEGIN UPDATE audit_state SET number = number + 1; END;
CREATE TRIGGER state_codes_update AFTER UPDATE ON row_codes BEGIN UPDATE audit_state SET number = number + 1; END;
CREATE TRIGGER state_codes_delete AFTER DELETE ON row_codes BEGIN UPDATE audit_state SET number = number + 1; END;
-- When the next act or visit begins or ends.
CREATE INDEX acts_effective ON acts (effective_us);
CREATE INDEX acts_until ON acts (until_us);
CREATE INDEX acts_recorded ON acts (recorded_us);
CREATE INDEX visits_opened ON visits (opened_us);
CREATE INDEX visits_expires ON visits (expires_us);
CREATE INDEX visits_ended ON visits (ended_us);
