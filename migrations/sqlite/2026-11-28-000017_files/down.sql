DROP TABLE file_uploads;
DROP TABLE file_pieces;
ALTER TABLE note_versions DROP COLUMN files;
DROP TABLE files;
