-- The number of the state that rows are in: another whenever rows were touched and that was told of, or codes were
-- written; by whomever. What a server has found in one state holds until there is another (decision 22).
CREATE TABLE audit_state (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    number BIGINT NOT NULL
);
INSERT INTO audit_state (id, number) VALUES (1, 0);
CREATE FUNCTION audit_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE audit_state SET number = number + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER state AFTER DELETE OR TRUNCATE ON audit_touched FOR EACH STATEMENT EXECUTE FUNCTION audit_state();
CREATE TRIGGER state AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON row_codes FOR EACH STATEMENT EXECUTE FUNCTION audit_state();
-- When the next act or visit begins or ends.
CREATE INDEX acts_effective ON acts (effective_us);
CREATE INDEX acts_until ON acts (until_us);
CREATE INDEX acts_recorded ON acts (recorded_us);
CREATE INDEX visits_opened ON visits (opened_us);
CREATE INDEX visits_expires ON visits (expires_us);
CREATE INDEX visits_ended ON visits (ended_us);
