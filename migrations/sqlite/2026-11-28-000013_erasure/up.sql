-- Which entry tells that this one was erased: its number. Whoever nulls an entry by hand can name none that does.
ALTER TABLE audit_entries ADD COLUMN erased_by BIGINT NULL CHECK (erased_by > seq);
-- What is not to be erased until it is lifted, as for criminal proceedings. An entry is kept when it fits all that the
-- hold names. No foreign keys, as in audit_entries.
CREATE TABLE audit_holds (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    room_id TEXT NULL,
    party_id TEXT NULL,
    person_id TEXT NULL,
    from_us BIGINT NULL,
    until_us BIGINT NULL,
    reason TEXT NOT NULL CHECK (length(reason) > 0),
    placed_us BIGINT NOT NULL,
    lifted_us BIGINT NULL,
    CHECK (room_id IS NOT NULL OR party_id IS NOT NULL OR person_id IS NOT NULL OR from_us IS NOT NULL OR until_us IS NOT NULL)
);
CREATE TRIGGER touch_audit_holds_insert AFTER INSERT ON audit_holds BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('audit_holds', NEW.id, ''); END;
CREATE TRIGGER touch_audit_holds_update AFTER UPDATE ON audit_holds BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('audit_holds', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('audit_holds', NEW.id, ''); END;
CREATE TRIGGER touch_audit_holds_delete AFTER DELETE ON audit_holds BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('audit_holds', OLD.id, ''); END;
