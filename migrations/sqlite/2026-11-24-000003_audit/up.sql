-- commitment = SHA-256(domain ‖ 0 ‖ salt ‖ payload). Erasing an entry nulls payload, salt and the
-- columns copied from it; seq, minute and commitment stay, so every proof over them stays valid.
-- No foreign keys: an entry must outlive whatever it names.
CREATE TABLE audit_entries (
    seq BIGINT PRIMARY KEY NOT NULL,
    id TEXT NOT NULL UNIQUE CHECK (length(id) = 36),
    minute BIGINT NOT NULL,
    commitment BLOB NOT NULL CHECK (length(commitment) = 32),
    payload TEXT NULL CHECK (length(payload) <= 4096),
    salt BLOB NULL CHECK (length(salt) = 32),
    at_us BIGINT NULL,
    event TEXT NULL,
    area TEXT NULL CHECK (area IN ('identity', 'administration', 'open', 'rooms', 'audit')),
    actor_id TEXT NULL,
    owner_party TEXT NULL,
    room_id TEXT NULL,
    thing_id TEXT NULL,
    CHECK ((payload IS NULL) = (salt IS NULL))
);
CREATE INDEX audit_entries_actor ON audit_entries (actor_id, seq);
CREATE INDEX audit_entries_owner ON audit_entries (owner_party, seq);
CREATE INDEX audit_entries_area ON audit_entries (area, seq);
CREATE INDEX audit_entries_thing ON audit_entries (thing_id, seq);
CREATE INDEX audit_entries_room ON audit_entries (room_id, seq);
-- One row. Its lock is the lock of every change, on every node: see src/db/writer.rs.
CREATE TABLE audit_head (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    size BIGINT NOT NULL
);
INSERT INTO audit_head (id, size) VALUES (1, 0);
