-- The key pair of a person. Its seed is kept under what the person alone brings: the key that the password gives, and
-- the code on paper. A new pair takes the place of one whose seed nobody can open any more.
CREATE TABLE person_keys (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    person_id TEXT NOT NULL REFERENCES people (id),
    pair BIGINT NOT NULL CHECK (pair > 0),
    public_key BYTEA NOT NULL CHECK (length(public_key) = 1216),
    by_password BYTEA NOT NULL,
    by_recovery_code BYTEA NULL,
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
    public_key BYTEA NOT NULL CHECK (length(public_key) = 1216),
    kept BYTEA NULL,
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
    seed BYTEA NOT NULL,
    UNIQUE (room_id, person_id, epoch)
);
CREATE INDEX room_keys_person ON room_keys (person_id);
-- The seed of whoever logged in, under the secrets that only the client has.
ALTER TABLE sign_ins ADD COLUMN pair BIGINT NULL;
ALTER TABLE sign_ins ADD COLUMN seed_by_unlock BYTEA NULL;
ALTER TABLE sign_ins ADD COLUMN seed_by_refresh BYTEA NULL;
-- And while a passkey is asked for, under a secret that the browser is given with the question.
ALTER TABLE passkey_ceremonies ADD COLUMN seed BYTEA NULL;
ALTER TABLE passkey_ceremonies ADD COLUMN pair BIGINT NULL;
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON person_keys FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON room_epochs FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON room_keys FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
