DROP TABLE case_meetings;
DROP TABLE releases;
DROP TABLE case_versions;
DROP TABLE cases;
DROP TABLE note_versions;
DROP TABLE notes;
DROP TABLE visits;
DROP TABLE admissions;
