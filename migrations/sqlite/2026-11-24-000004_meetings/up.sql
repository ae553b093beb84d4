CREATE TABLE meetings (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    kind TEXT NOT NULL CHECK (kind IN ('ordinary', 'ad_hoc')),
    number BIGINT NULL UNIQUE CHECK (number > 0),
    first_day TEXT NOT NULL CHECK (length(first_day) = 10),
    last_day TEXT NOT NULL CHECK (length(last_day) = 10),
    way TEXT NOT NULL CHECK (way IN ('in_person', 'video', 'hybrid')),
    place TEXT NULL,
    presidency_party_id TEXT NULL REFERENCES parties (id),
    requested_by_party_id TEXT NULL REFERENCES parties (id),
    recorded_us BIGINT NOT NULL,
    CHECK (first_day <= last_day),
    CHECK ((kind = 'ordinary') = (number IS NOT NULL))
);
CREATE INDEX meetings_first_day ON meetings (first_day, id);
CREATE INDEX meetings_presidency ON meetings (presidency_party_id);
CREATE INDEX meetings_requested_by ON meetings (requested_by_party_id);
CREATE TABLE convenings (
    act_id TEXT PRIMARY KEY NOT NULL REFERENCES acts (id),
    meeting_id TEXT NOT NULL REFERENCES meetings (id)
);
CREATE INDEX convenings_meeting ON convenings (meeting_id);
CREATE TABLE meeting_topics (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    meeting_id TEXT NOT NULL REFERENCES meetings (id),
    position BIGINT NOT NULL,
    words TEXT NOT NULL
);
CREATE INDEX meeting_topics_meeting ON meeting_topics (meeting_id, position);
-- An act decided at a meeting names it here.
CREATE TABLE act_meetings (
    act_id TEXT PRIMARY KEY NOT NULL REFERENCES acts (id),
    meeting_id TEXT NOT NULL REFERENCES meetings (id)
);
CREATE INDEX act_meetings_meeting ON act_meetings (meeting_id);
-- A closed audience with sealed contents; a session, a case file or a request owns it.
CREATE TABLE rooms (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    kind TEXT NOT NULL CHECK (kind IN ('session', 'case_file', 'request')),
    title BLOB NOT NULL,
    opened_by TEXT NULL REFERENCES people (id),
    opened_us BIGINT NOT NULL
);
CREATE INDEX rooms_opened_by ON rooms (opened_by);
CREATE TABLE sessions (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    meeting_id TEXT NOT NULL REFERENCES meetings (id),
    kind TEXT NOT NULL CHECK (kind IN ('open', 'closed', 'breakout')),
    position BIGINT NOT NULL,
    title TEXT NULL,
    room_id TEXT NULL UNIQUE REFERENCES rooms (id),
    recorded_us BIGINT NOT NULL,
    CHECK ((kind = 'closed') = (room_id IS NOT NULL)),
    CHECK ((kind = 'closed') = (title IS NULL))
);
CREATE INDEX sessions_meeting ON sessions (meeting_id, position);
-- A closed session's items are sealed in its room; the others are plain.
CREATE TABLE agenda_items (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    session_id TEXT NOT NULL REFERENCES sessions (id),
    position BIGINT NOT NULL,
    words BLOB NOT NULL
);
CREATE INDEX agenda_items_session ON agenda_items (session_id, position);
CREATE TABLE participations (
    act_id TEXT PRIMARY KEY NOT NULL REFERENCES acts (id),
    session_id TEXT NOT NULL REFERENCES sessions (id),
    party_id TEXT NOT NULL REFERENCES parties (id),
    person_id TEXT NULL REFERENCES people (id)
);
CREATE INDEX participations_session ON participations (session_id);
CREATE INDEX participations_party ON participations (party_id);
CREATE INDEX participations_person ON participations (person_id);
CREATE TABLE materials (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    session_id TEXT NOT NULL REFERENCES sessions (id),
    title TEXT NOT NULL,
    file_name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    content BLOB NOT NULL,
    added_by TEXT NULL REFERENCES people (id),
    added_us BIGINT NOT NULL
);
CREATE INDEX materials_session ON materials (session_id, added_us);
CREATE INDEX materials_added_by ON materials (added_by);
CREATE TABLE conclusion_versions (
    meeting_id TEXT NOT NULL REFERENCES meetings (id),
    version BIGINT NOT NULL CHECK (version > 0),
    words TEXT NOT NULL,
    written_by TEXT NULL REFERENCES people (id),
    written_us BIGINT NOT NULL,
    PRIMARY KEY (meeting_id, version)
);
CREATE INDEX conclusion_versions_written_by ON conclusion_versions (written_by);
-- Adoption and publication of a version; version is null for conclusions published before this server was.
CREATE TABLE conclusion_acts (
    act_id TEXT PRIMARY KEY NOT NULL REFERENCES acts (id),
    meeting_id TEXT NOT NULL REFERENCES meetings (id),
    version BIGINT NULL
);
CREATE INDEX conclusion_acts_meeting ON conclusion_acts (meeting_id);
