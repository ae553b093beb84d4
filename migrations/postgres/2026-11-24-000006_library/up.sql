CREATE TABLE publications (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    code TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('strategy', 'guidelines', 'factsheet', 'expert_paper')),
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    adopted_on TEXT NULL,
    published_on TEXT NULL,
    adopted_at_meeting_id TEXT NULL REFERENCES meetings (id),
    recorded_us BIGINT NOT NULL
);
CREATE INDEX publications_meeting ON publications (adopted_at_meeting_id);
CREATE INDEX publications_title ON publications (title, id);
