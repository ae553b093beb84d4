DROP TABLE audit_published;
DROP TABLE audit_tiles;
ALTER TABLE audit_head DROP COLUMN frontier;
