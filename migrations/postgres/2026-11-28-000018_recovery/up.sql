-- The keys by which officers recover rooms: the public halves. Only shares of the seeds exist, and none of them here. The
-- id is a digest of the key. A new one retires those before it.
CREATE TABLE recovery_keys (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    public_key BYTEA NOT NULL CHECK (length(public_key) = 1216),
    verifying_key BYTEA NOT NULL CHECK (length(verifying_key) = 32),
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
    seed BYTEA NOT NULL,
    UNIQUE (room_id, epoch, key_id)
);
CREATE INDEX recovery_wraps_key ON recovery_wraps (key_id);
-- What officers were asked for, as a digest of the file that they got: an answer is good once, and to this alone.
CREATE TABLE recovery_requests (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    room_id TEXT NOT NULL REFERENCES rooms (id),
    person_id TEXT NOT NULL REFERENCES people (id),
    key_id TEXT NOT NULL REFERENCES recovery_keys (id),
    digest BYTEA NOT NULL CHECK (length(digest) = 32),
    asked_us BIGINT NOT NULL,
    answered_us BIGINT NULL
);
CREATE INDEX recovery_requests_room ON recovery_requests (room_id);
CREATE INDEX recovery_requests_person ON recovery_requests (person_id);
CREATE INDEX recovery_requests_key ON recovery_requests (key_id);
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON recovery_keys FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON room_recoveries FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON recovery_wraps FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON recovery_requests FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
