-- The keys by which officers recover rooms: the public halves. Only shares of the seeds exist, and none of them here. The
-- id is a digest of the key. A new one retires those before it.
CREATE TABLE recovery_keys (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    public_key BLOB NOT NULL CHECK (length(public_key) = 1216),
    verifying_key BLOB NOT NULL CHECK (length(verifying_key) = 32),
    needed BIGINT NOT NULL CHECK (needed > 1),
    shares BIGINT NOT NULL,
    entered_us BIGINT NOT NULL,
    retired_us BIGINT NULL
);
-- Which rooms can be recovered, and with which of these keys: whoever is inside chooses.
CREATE TABLE room_recoveries (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    room_id TEXT NOT NULL REFERENCES rooms (id),
    key_id TEXT NOT NULL REFERENCES recovery_keys (id),
    chosen_by TEXT NOT NULL REFERENCES people (id),
    chosen_us BIGINT NOT NULL,
    ended_us BIGINT NULL
);
CREATE INDEX room_recoveries_room ON room_recoveries (room_id);
CREATE INDEX room_recoveries_key ON room_recoveries (key_id);
CREATE INDEX room_recoveries_person ON room_recoveries (chosen_by);
-- The seed of an epoch of such a room, sealed to that key.
CREATE TABLE recovery_wraps (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    room_id TEXT NOT NULL REFERENCES rooms (id),
    epoch BIGINT NOT NULL,
    key_id TEXT NOT NULL REFERENCES recovery_keys (id),
    seed BLOB NOT NULL,
    UNIQUE (room_id, epoch, key_id)
);
CREATE INDEX recovery_wraps_key ON recovery_wraps (key_id);
-- What officers were asked for, as a digest of the file that they got: an answer is good once, and to this alone.
CREATE TABLE recovery_requests (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    room_id TEXT NOT NULL REFERENCES rooms (id),
    person_id TEXT NOT NULL REFERENCES people (id),
    key_id TEXT NOT NULL REFERENCES recovery_keys (id),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    asked_us BIGINT NOT NULL,
    answered_us BIGINT NULL
);
CREATE INDEX recovery_requests_room ON recovery_requests (room_id);
CREATE INDEX recovery_requests_person ON recovery_requests (person_id);
CREATE INDEX recovery_requests_key ON recovery_requests (key_id);
CREATE TRIGGER touch_recovery_keys_insert AFTER INSERT ON recovery_keys BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('recovery_keys', NEW.id, ''); END;
CREATE TRIGGER touch_recovery_keys_update AFTER UPDATE ON recovery_keys BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('recovery_keys', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('recovery_keys', NEW.id, ''); END;
CREATE TRIGGER touch_recovery_keys_delete AFTER DELETE ON recovery_keys BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('recovery_keys', OLD.id, ''); END;
CREATE TRIGGER touch_room_recoveries_insert AFTER INSERT ON room_recoveries BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('room_recoveries', NEW.id, ''); END;
CREATE TRIGGER touch_room_recoveries_update AFTER UPDATE ON room_recoveries BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('room_recoveries', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('room_recoveries', NEW.id, ''); END;
CREATE TRIGGER touch_room_recoveries_delete AFTER DELETE ON room_recoveries BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('room_recoveries', OLD.id, ''); END;
CREATE TRIGGER touch_recovery_wraps_insert AFTER INSERT ON recovery_wraps BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('recovery_wraps', NEW.id, ''); END;
CREATE TRIGGER touch_recovery_wraps_update AFTER UPDATE ON recovery_wraps BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('recovery_wraps', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('recovery_wraps', NEW.id, ''); END;
CREATE TRIGGER touch_recovery_wraps_delete AFTER DELETE ON recovery_wraps BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('recovery_wraps', OLD.id, ''); END;
CREATE TRIGGER touch_recovery_requests_insert AFTER INSERT ON recovery_requests BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('recovery_requests', NEW.id, ''); END;
CREATE TRIGGER touch_recovery_requests_update AFTER UPDATE ON recovery_requests BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('recovery_requests', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('recovery_requests', NEW.id, ''); END;
CREATE TRIGGER touch_recovery_requests_delete AFTER DELETE ON recovery_requests BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('recovery_requests', OLD.id, ''); END;
