-- What is replaced as a whole has a version, so that no save overwrites one that its writer did not see.
ALTER TABLE meetings ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE sessions ADD COLUMN agenda_version BIGINT NOT NULL DEFAULT 0;
