-- A file came with one version of a note, and belongs to it from that version on. details: sealed, its name, size and
-- key. digest: the SHA-256 of its pieces as they rest, one after the other.
CREATE TABLE files (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    note_id TEXT NOT NULL REFERENCES notes (id),
    version BIGINT NOT NULL CHECK (version > 0),
    details BYTEA NOT NULL,
    pieces BIGINT NOT NULL CHECK (pieces > 0),
    digest BYTEA NOT NULL CHECK (length(digest) = 32),
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
    sealed BYTEA NOT NULL,
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
-- What is sealed cannot be compressed.
ALTER TABLE file_pieces ALTER COLUMN sealed SET STORAGE EXTERNAL;
CREATE TRIGGER touch AFTER INSERT OR UPDATE OR DELETE ON files FOR EACH ROW EXECUTE FUNCTION audit_touch('id');
