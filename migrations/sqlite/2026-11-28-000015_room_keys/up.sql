-- The key pair of a person. Its seed is kept under what the person alone brings: the key that the password gives, and
-- the code on paper. A new pair takes the place of one whose seed nobody can open any more.
CREATE TABLE person_keys (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    person_id TEXT NOT NULL REFERENCES people (id),
    pair BIGINT NOT NULL CHECK (pair > 0),
    public_key BLOB NOT NULL CHECK (length(public_key) = 1216),
    by_password BLOB NOT NULL,
    by_recovery_code BLOB NULL,
    made_us BIGINT NOT NULL,
    ended_us BIGINT NULL,
    UNIQUE (person_id, pair)
);
-- The key pair of a room for as long as nobody leaves. While nobody admitted has a key, the server keeps the seed, under
-- a key that is not in the database.
CREATE TABLE room_epochs (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    room_id TEXT NOT NULL REFERENCES rooms (id),
    epoch BIGINT NOT NULL CHECK (epoch > 0),
    public_key BLOB NOT NULL CHECK (length(public_key) = 1216),
    kept BLOB NULL,
    began_us BIGINT NOT NULL,
    closed_us BIGINT NULL,
    UNIQUE (room_id, epoch)
);
-- The seed of an epoch, for one person who is admitted: sealed to the public key or, once opened, under the seed.
CREATE TABLE room_keys (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    room_id TEXT NOT NULL REFERENCES rooms (id),
    epoch BIGINT NOT NULL,
    person_id TEXT NOT NULL REFERENCES people (id),
    pair BIGINT NOT NULL,
    seed BLOB NOT NULL,
    UNIQUE (room_id, person_id, epoch)
);
CREATE INDEX room_keys_person ON room_keys (person_id);
-- The seed of whoever logged in, under the secrets that only the client has.
ALTER TABLE sign_ins ADD COLUMN pair BIGINT NULL;
ALTER TABLE sign_ins ADD COLUMN seed_by_unlock BLOB NULL;
ALTER TABLE sign_ins ADD COLUMN seed_by_refresh BLOB NULL;
-- And while a passkey is asked for, under a secret that the browser is given with the question.
ALTER TABLE passkey_ceremonies ADD COLUMN seed BLOB NULL;
ALTER TABLE passkey_ceremonies ADD COLUMN pair BIGINT NULL;
CREATE TRIGGER touch_person_keys_insert AFTER INSERT ON person_keys BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('person_keys', NEW.id, ''); END;
CREATE TRIGGER touch_person_keys_update AFTER UPDATE ON person_keys BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('person_keys', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('person_keys', NEW.id, ''); END;
CREATE TRIGGER touch_person_keys_delete AFTER DELETE ON person_keys BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('person_keys', OLD.id, ''); END;
CREATE TRIGGER touch_room_epochs_insert AFTER INSERT ON room_epochs BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('room_epochs', NEW.id, ''); END;
CREATE TRIGGER touch_room_epochs_update AFTER UPDATE ON room_epochs BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('room_epochs', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('room_epochs', NEW.id, ''); END;
CREATE TRIGGER touch_room_epochs_delete AFTER DELETE ON room_epochs BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('room_epochs', OLD.id, ''); END;
CREATE TRIGGER touch_room_keys_insert AFTER INSERT ON room_keys BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('room_keys', NEW.id, ''); END;
CREATE TRIGGER touch_room_keys_update AFTER UPDATE ON room_keys BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('room_keys', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('room_keys', NEW.id, ''); END;
CREATE TRIGGER touch_room_keys_delete AFTER DELETE ON room_keys BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('room_keys', OLD.id, ''); END;
