ALTER TABLE sessions DROP COLUMN agenda_version;
ALTER TABLE meetings DROP COLUMN version;
