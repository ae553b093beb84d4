-- The Merkle tree over the entries: what appending to it takes (the roots of its perfect subtrees, largest
-- first), and its tiles, kept once they are full. All else of the tree follows from audit_entries.
ALTER TABLE audit_head ADD COLUMN frontier BYTEA NULL CHECK (length(frontier) % 32 = 0);
CREATE TABLE audit_tiles (
    level BIGINT NOT NULL CHECK (level BETWEEN 0 AND 7),
    place BIGINT NOT NULL CHECK (place >= 0),
    hashes BYTEA NOT NULL CHECK (length(hashes) = 8192),
    root BYTEA NOT NULL CHECK (length(root) = 32),
    PRIMARY KEY (level, place)
);
-- One row at most: the newest checkpoint, as its readers are given it.
CREATE TABLE audit_published (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    size BIGINT NOT NULL CHECK (size >= 0),
    note TEXT NOT NULL,
    published_us BIGINT NOT NULL
);
