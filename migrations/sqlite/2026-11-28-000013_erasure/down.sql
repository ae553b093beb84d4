DROP TRIGGER touch_audit_holds_delete;
DROP TRIGGER touch_audit_holds_update;
DROP TRIGGER touch_audit_holds_insert;
DROP TABLE audit_holds;
ALTER TABLE audit_entries DROP COLUMN erased_by;
