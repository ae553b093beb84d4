DROP TABLE recovery_requests;
DROP TABLE recovery_wraps;
DROP TABLE room_recoveries;
DROP TABLE recovery_keys;
