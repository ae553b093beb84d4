-- A file came with one version of a note, and belongs to it from that version on. details: sealed, its name, size and
-- key. digest: the SHA-256 of its pieces as they rest, one after the other.
CREATE TABLE files (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    note_id TEXT NOT NULL REFERENCES notes (id),
    version BIGINT NOT NULL CHECK (version > 0),
    details BLOB NOT NULL,
    pieces BIGINT NOT NULL CHECK (pieces > 0),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    author_id TEXT NOT NULL REFERENCES people (id),
    added_us BIGINT NOT NULL,
    UNIQUE (note_id, version)
);
CREATE INDEX files_author ON files (author_id);
-- How many belong to a note as of this version; nothing where there are none.
ALTER TABLE note_versions ADD COLUMN files BIGINT NULL;
-- What files hold, sealed piece by piece. They come before the row of their file, which binds them by its digest.
CREATE TABLE file_pieces (
    file_id TEXT NOT NULL CHECK (length(file_id) = 36),
    number BIGINT NOT NULL CHECK (number >= 0),
    sealed BLOB NOT NULL,
    PRIMARY KEY (file_id, number)
);
-- The files that are coming, and when a piece of them last came. One that broke off is found by it.
CREATE TABLE file_uploads (
    file_id TEXT PRIMARY KEY NOT NULL CHECK (length(file_id) = 36),
    person_id TEXT NOT NULL REFERENCES people (id),
    touched_us BIGINT NOT NULL
);
CREATE INDEX file_uploads_person ON file_uploads (person_id);
CREATE INDEX file_uploads_touched ON file_uploads (touched_us);
CREATE TRIGGER touch_files_insert AFTER INSERT ON files BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('files', NEW.id, ''); END;
CREATE TRIGGER touch_files_update AFTER UPDATE ON files BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('files', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('files', NEW.id, ''); END;
CREATE TRIGGER touch_files_delete AFTER DELETE ON files BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('files', OLD.id, ''); END;
