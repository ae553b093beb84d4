ALTER TABLE passkey_ceremonies DROP COLUMN pair;
ALTER TABLE passkey_ceremonies DROP COLUMN seed;
ALTER TABLE sign_ins DROP COLUMN seed_by_refresh;
ALTER TABLE sign_ins DROP COLUMN seed_by_unlock;
ALTER TABLE sign_ins DROP COLUMN pair;
DROP TABLE room_keys;
DROP TABLE room_epochs;
DROP TABLE person_keys;
