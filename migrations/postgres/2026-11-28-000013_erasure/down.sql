DROP TRIGGER touch ON audit_holds;
DROP TABLE audit_holds;
ALTER TABLE audit_entries DROP COLUMN erased_by;
