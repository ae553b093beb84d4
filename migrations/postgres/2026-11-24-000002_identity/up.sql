-- The right to log in is an act (enrolment), as is its suspension; the account row holds only the means.
CREATE TABLE enrolments (
    act_id TEXT PRIMARY KEY NOT NULL REFERENCES acts (id),
    person_id TEXT NOT NULL REFERENCES people (id)
);
CREATE INDEX enrolments_person ON enrolments (person_id);
CREATE TABLE suspensions (
    act_id TEXT PRIMARY KEY NOT NULL REFERENCES acts (id),
    person_id TEXT NOT NULL REFERENCES people (id)
);
CREATE INDEX suspensions_person ON suspensions (person_id);
CREATE TABLE invitations (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    person_id TEXT NOT NULL REFERENCES people (id),
    email TEXT NOT NULL,
    digest BYTEA NOT NULL UNIQUE,
    made_by TEXT NULL REFERENCES people (id),
    made_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    closed_us BIGINT NULL
);
CREATE INDEX invitations_person ON invitations (person_id);
CREATE INDEX invitations_made_by ON invitations (made_by);
CREATE TABLE accounts (
    person_id TEXT PRIMARY KEY NOT NULL REFERENCES people (id),
    email TEXT NOT NULL UNIQUE,
    hashing TEXT NOT NULL,
    salt BYTEA NOT NULL,
    verifier BYTEA NOT NULL,
    totp_seed BYTEA NULL,
    totp_confirmed BOOLEAN NOT NULL,
    totp_last_step BIGINT NOT NULL,
    changed_us BIGINT NOT NULL
);
CREATE TABLE recovery_codes (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    person_id TEXT NOT NULL REFERENCES people (id),
    digest BYTEA NOT NULL,
    used_us BIGINT NULL
);
CREATE INDEX recovery_codes_person ON recovery_codes (person_id);
-- One log-in of one person. ("session" is a part of a meeting.)
CREATE TABLE sign_ins (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    person_id TEXT NOT NULL REFERENCES people (id),
    opened_us BIGINT NOT NULL,
    refreshed_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    second_factor BOOLEAN NOT NULL,
    refresh_digest BYTEA NOT NULL UNIQUE,
    unlock_digest BYTEA NOT NULL,
    ended_us BIGINT NULL,
    ended_why TEXT NULL CHECK (ended_why IN ('signed_out', 'ended_by_person', 'refresh_reused', 'off_boarded', 'suspended', 'superseded', 'credentials_changed'))
);
CREATE INDEX sign_ins_person ON sign_ins (person_id);
-- Refresh tokens already spent: presenting one again ends the sign-in.
CREATE TABLE spent_refreshes (
    digest BYTEA PRIMARY KEY NOT NULL,
    sign_in_id TEXT NOT NULL REFERENCES sign_ins (id)
);
CREATE INDEX spent_refreshes_sign_in ON spent_refreshes (sign_in_id);
-- Failed log-ins that name no account, counted per source and minute until they become one log entry.
CREATE TABLE stranger_noise (
    minute BIGINT NOT NULL,
    source TEXT NOT NULL,
    failures BIGINT NOT NULL,
    PRIMARY KEY (minute, source)
);
