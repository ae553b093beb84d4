-- reach: 'whole' opens what was written before the admission too, 'onward' only what comes after.
CREATE TABLE admissions (
    act_id TEXT PRIMARY KEY NOT NULL REFERENCES acts (id),
    room_id TEXT NOT NULL REFERENCES rooms (id),
    person_id TEXT NOT NULL REFERENCES people (id),
    reach TEXT NOT NULL CHECK (reach IN ('whole', 'onward'))
);
CREATE INDEX admissions_room ON admissions (room_id, person_id);
CREATE INDEX admissions_person ON admissions (person_id);
CREATE TABLE visits (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    room_id TEXT NOT NULL REFERENCES rooms (id),
    person_id TEXT NOT NULL REFERENCES people (id),
    sign_in_id TEXT NOT NULL REFERENCES sign_ins (id),
    opened_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    ended_us BIGINT NULL
);
CREATE INDEX visits_room ON visits (room_id);
CREATE INDEX visits_person ON visits (person_id);
CREATE INDEX visits_sign_in ON visits (sign_in_id);
CREATE TABLE notes (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    room_id TEXT NOT NULL REFERENCES rooms (id),
    author_id TEXT NOT NULL REFERENCES people (id),
    party_id TEXT NOT NULL REFERENCES parties (id),
    written_us BIGINT NOT NULL
);
CREATE INDEX notes_room ON notes (room_id, written_us, id);
CREATE INDEX notes_author ON notes (author_id);
CREATE INDEX notes_party ON notes (party_id);
CREATE TABLE note_versions (
    note_id TEXT NOT NULL REFERENCES notes (id),
    version BIGINT NOT NULL CHECK (version > 0),
    title BYTEA NOT NULL,
    words BYTEA NOT NULL,
    handling TEXT NOT NULL,
    handling_words BYTEA NULL,
    author_id TEXT NOT NULL REFERENCES people (id),
    written_us BIGINT NOT NULL,
    PRIMARY KEY (note_id, version)
);
CREATE INDEX note_versions_author ON note_versions (author_id);
CREATE TABLE cases (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    room_id TEXT NOT NULL UNIQUE REFERENCES rooms (id),
    party_id TEXT NOT NULL REFERENCES parties (id),
    opened_us BIGINT NOT NULL
);
CREATE INDEX cases_party ON cases (party_id);
CREATE INDEX cases_opened ON cases (opened_us, id);
-- fiche: the sealed register entry (authority, situation, crimes, stage, legal issues …).
CREATE TABLE case_versions (
    case_id TEXT NOT NULL REFERENCES cases (id),
    version BIGINT NOT NULL CHECK (version > 0),
    fiche BYTEA NOT NULL,
    contact_id TEXT NOT NULL REFERENCES people (id),
    author_id TEXT NOT NULL REFERENCES people (id),
    written_us BIGINT NOT NULL,
    PRIMARY KEY (case_id, version)
);
CREATE INDEX case_versions_contact ON case_versions (contact_id);
CREATE INDEX case_versions_author ON case_versions (author_id);
-- The originator's act that widens an audience: of one version of a note to a State, of a fiche to a State or,
-- with no party named, to all contact points.
CREATE TABLE releases (
    act_id TEXT PRIMARY KEY NOT NULL REFERENCES acts (id),
    note_id TEXT NULL REFERENCES notes (id),
    note_version BIGINT NULL,
    case_id TEXT NULL REFERENCES cases (id),
    party_id TEXT NULL REFERENCES parties (id),
    CHECK ((note_id IS NULL) <> (case_id IS NULL)),
    CHECK ((note_id IS NULL) = (note_version IS NULL)),
    CHECK (party_id IS NOT NULL OR case_id IS NOT NULL)
);
CREATE INDEX releases_note ON releases (note_id);
CREATE INDEX releases_case ON releases (case_id);
CREATE INDEX releases_party ON releases (party_id);
CREATE TABLE case_meetings (
    case_id TEXT NOT NULL REFERENCES cases (id),
    meeting_id TEXT NOT NULL REFERENCES meetings (id),
    linked_by TEXT NOT NULL REFERENCES people (id),
    linked_us BIGINT NOT NULL,
    PRIMARY KEY (case_id, meeting_id)
);
CREATE INDEX case_meetings_meeting ON case_meetings (meeting_id);
CREATE INDEX case_meetings_linked_by ON case_meetings (linked_by);
