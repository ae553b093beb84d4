-- Which rows a change has touched: filled by triggers, emptied by the writer before it commits, which binds each
-- row to the change's entry. What it finds there when it begins was done by somebody else.
CREATE TABLE audit_touched (
    tbl TEXT NOT NULL,
    key TEXT NOT NULL,
    part TEXT NOT NULL,
    PRIMARY KEY (tbl, key, part)
);
-- The digest of each row as an entry's change left it. The entry commits to all of its own.
CREATE TABLE audit_bindings (
    seq BIGINT NOT NULL,
    tbl TEXT NOT NULL,
    key TEXT NOT NULL,
    part TEXT NOT NULL,
    digest BYTEA NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (seq, tbl, key, part)
);
CREATE INDEX audit_bindings_row ON audit_bindings (tbl, key, part, seq);
CREATE FUNCTION audit_touch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE to_jsonb(OLD) END;
    after jsonb := CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE to_jsonb(NEW) END;
BEGIN
    -- Bytes come as \x and digits.
    IF before IS NOT NULL THEN
        INSERT INTO audit_touched VALUES (TG_TABLE_NAME, ltrim(before ->> TG_ARGV[0], '\x'), CASE WHEN TG_NARGS > 1 THEN before ->> TG_ARGV[1] ELSE '' END)
            ON CONFLICT DO NOTHING;
    END IF;
    IF after IS NOT NULL THEN
        INSERT INTO audit_touched VALUES (TG_TABLE_NAME, ltrim(after ->> TG_ARGV[0], '\x'), CASE WHEN TG_NARGS > 1 THEN after ->> TG_ARGV[1] ELSE '' END)
            ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON accounts FOR EACH ROW EXECUTE FUNCTION audit_touch('person_id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON act_meetings FOR EACH ROW EXECUTE FUNCTION audit_touch('act_id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON acts FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON admissions FOR EACH ROW EXECUTE FUNCTION audit_touch('act_id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON agenda_items FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON case_meetings FOR EACH ROW EXECUTE FUNCTION audit_touch('case_id', 'meeting_id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON case_versions FOR EACH ROW EXECUTE FUNCTION audit_touch('case_id', 'version');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON cases FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON conclusion_acts FOR EACH ROW EXECUTE FUNCTION audit_touch('act_id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON conclusion_versions FOR EACH ROW EXECUTE FUNCTION audit_touch('meeting_id', 'version');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON convenings FOR EACH ROW EXECUTE FUNCTION audit_touch('act_id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON designations FOR EACH ROW EXECUTE FUNCTION audit_touch('act_id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON elections FOR EACH ROW EXECUTE FUNCTION audit_touch('act_id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON enrolments FOR EACH ROW EXECUTE FUNCTION audit_touch('act_id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON invitations FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON materials FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON meeting_topics FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON meetings FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON note_versions FOR EACH ROW EXECUTE FUNCTION audit_touch('note_id', 'version');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON notes FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON participations FOR EACH ROW EXECUTE FUNCTION audit_touch('act_id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON parties FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON party_names FOR EACH ROW EXECUTE FUNCTION audit_touch('act_id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON passkeys FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON people FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON proposals FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON publications FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON recovery_codes FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON releases FOR EACH ROW EXECUTE FUNCTION audit_touch('act_id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON rooms FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON sign_ins FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON spent_refreshes FOR EACH ROW EXECUTE FUNCTION audit_touch('digest');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON standings FOR EACH ROW EXECUTE FUNCTION audit_touch('act_id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON suspensions FOR EACH ROW EXECUTE FUNCTION audit_touch('act_id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON visits FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
