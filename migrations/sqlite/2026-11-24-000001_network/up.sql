-- Ids are UUIDs as text, made by the server. Times are microseconds since 1970-01-01T00:00Z.
-- An act is never updated: its end, where it was not fixed in advance, is another act (ends_act_id).
CREATE TABLE parties (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    kind TEXT NOT NULL CHECK (kind IN ('state', 'organisation', 'civil_society', 'secretariat')),
    code TEXT NOT NULL UNIQUE,
    recorded_us BIGINT NOT NULL
);
CREATE TABLE people (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    party_id TEXT NOT NULL REFERENCES parties (id),
    name TEXT NOT NULL,
    recorded_us BIGINT NOT NULL
);
CREATE INDEX people_party ON people (party_id);
CREATE TABLE acts (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    kind TEXT NOT NULL CHECK (kind IN (
        'naming', 'standing', 'designation', 'election', 'enrolment', 'suspension',
        'convening', 'participation', 'adoption', 'publication', 'admission', 'release', 'ending')),
    ends_act_id TEXT NULL REFERENCES acts (id),
    effective_us BIGINT NOT NULL,
    until_us BIGINT NULL CHECK (until_us IS NULL OR until_us > effective_us),
    recorded_us BIGINT NOT NULL,
    recorded_by TEXT NULL REFERENCES people (id),
    source TEXT NOT NULL,
    CHECK ((kind = 'ending') = (ends_act_id IS NOT NULL))
);
CREATE INDEX acts_ends ON acts (ends_act_id);
CREATE INDEX acts_recorded_by ON acts (recorded_by);
CREATE TABLE party_names (
    act_id TEXT PRIMARY KEY NOT NULL REFERENCES acts (id),
    party_id TEXT NOT NULL REFERENCES parties (id),
    name TEXT NOT NULL
);
CREATE INDEX party_names_party ON party_names (party_id);
CREATE TABLE standings (
    act_id TEXT PRIMARY KEY NOT NULL REFERENCES acts (id),
    party_id TEXT NOT NULL REFERENCES parties (id),
    standing TEXT NOT NULL CHECK (standing IN ('member', 'observer', 'associate', 'invited'))
);
CREATE INDEX standings_party ON standings (party_id);
CREATE TABLE designations (
    act_id TEXT PRIMARY KEY NOT NULL REFERENCES acts (id),
    party_id TEXT NOT NULL REFERENCES parties (id),
    person_id TEXT NOT NULL REFERENCES people (id),
    role TEXT NOT NULL CHECK (role IN ('contact_point', 'counterpart', 'representative', 'secretariat_officer', 'auditor')),
    function TEXT NULL CHECK (function IN ('prosecutor', 'investigator', 'mla_officer', 'immigration_officer', 'analyst', 'legal_adviser', 'administrator')),
    stand_in_for TEXT NULL REFERENCES people (id)
);
CREATE INDEX designations_party ON designations (party_id);
CREATE INDEX designations_person ON designations (person_id);
CREATE INDEX designations_stand_in ON designations (stand_in_for);
CREATE TABLE elections (
    act_id TEXT PRIMARY KEY NOT NULL REFERENCES acts (id),
    person_id TEXT NOT NULL REFERENCES people (id),
    body TEXT NOT NULL CHECK (body IN ('steering_board'))
);
CREATE INDEX elections_person ON elections (person_id);
CREATE TABLE proposals (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    party_id TEXT NOT NULL REFERENCES parties (id),
    proposed_by TEXT NOT NULL REFERENCES people (id),
    proposed_us BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('designation', 'ending')),
    person_id TEXT NULL REFERENCES people (id),
    person_name TEXT NULL,
    role TEXT NULL CHECK (role IN ('contact_point', 'counterpart')),
    function TEXT NULL CHECK (function IN ('prosecutor', 'investigator', 'mla_officer', 'immigration_officer', 'analyst', 'legal_adviser', 'administrator')),
    source TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'accepted', 'declined')),
    decided_by TEXT NULL REFERENCES people (id),
    decided_us BIGINT NULL,
    act_id TEXT NULL REFERENCES acts (id),
    CHECK ((state = 'waiting') = (decided_us IS NULL)),
    CHECK (person_id IS NOT NULL OR person_name IS NOT NULL)
);
CREATE INDEX proposals_party ON proposals (party_id);
CREATE INDEX proposals_proposed_by ON proposals (proposed_by);
CREATE INDEX proposals_person ON proposals (person_id);
CREATE INDEX proposals_decided_by ON proposals (decided_by);
CREATE INDEX proposals_act ON proposals (act_id);
