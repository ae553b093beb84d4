-- A passkey stands in for the authenticator's code. What is kept of it is public: it opens nothing by itself.
CREATE TABLE passkeys (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    person_id TEXT NOT NULL REFERENCES people (id),
    credential_id BYTEA NOT NULL UNIQUE,
    passkey TEXT NOT NULL,
    name TEXT NOT NULL,
    made_us BIGINT NOT NULL,
    used_us BIGINT NULL,
    ended_us BIGINT NULL
);
CREATE INDEX passkeys_person ON passkeys (person_id);
-- What was asked of a browser, until it answers: never in its own hands, and good for one answer.
CREATE TABLE passkey_ceremonies (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    person_id TEXT NOT NULL REFERENCES people (id),
    kind TEXT NOT NULL CHECK (kind IN ('registration', 'log_in')),
    state TEXT NOT NULL,
    means_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL
);
CREATE INDEX passkey_ceremonies_person ON passkey_ceremonies (person_id);
CREATE INDEX passkey_ceremonies_expires ON passkey_ceremonies (expires_us);
