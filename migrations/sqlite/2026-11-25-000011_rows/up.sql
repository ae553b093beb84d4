-- Which rows a change has touched: filled by triggers, emptied by the writer before it commits, which binds each
-- row to the change's entry. What it finds there when it begins was done by somebody else.
CREATE TABLE audit_touched (
    tbl TEXT NOT NULL,
    key TEXT NOT NULL,
    part TEXT NOT NULL,
    PRIMARY KEY (tbl, key, part)
);
-- The digest of each row as an entry's change left it. The entry commits to all of its own.
CREATE TABLE audit_bindings (
    seq BIGINT NOT NULL,
    tbl TEXT NOT NULL,
    key TEXT NOT NULL,
    part TEXT NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (seq, tbl, key, part)
);
CREATE INDEX audit_bindings_row ON audit_bindings (tbl, key, part, seq);
CREATE TRIGGER touch_accounts_insert AFTER INSERT ON accounts BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('accounts', NEW.person_id, ''); END;
CREATE TRIGGER touch_accounts_update AFTER UPDATE ON accounts BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('accounts', OLD.person_id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('accounts', NEW.person_id, ''); END;
CREATE TRIGGER touch_accounts_delete AFTER DELETE ON accounts BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('accounts', OLD.person_id, ''); END;
CREATE TRIGGER touch_act_meetings_insert AFTER INSERT ON act_meetings BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('act_meetings', NEW.act_id, ''); END;
CREATE TRIGGER touch_act_meetings_update AFTER UPDATE ON act_meetings BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('act_meetings', OLD.act_id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('act_meetings', NEW.act_id, ''); END;
CREATE TRIGGER touch_act_meetings_delete AFTER DELETE ON act_meetings BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('act_meetings', OLD.act_id, ''); END;
CREATE TRIGGER touch_acts_insert AFTER INSERT ON acts BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('acts', NEW.id, ''); END;
CREATE TRIGGER touch_acts_update AFTER UPDATE ON acts BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('acts', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('acts', NEW.id, ''); END;
CREATE TRIGGER touch_acts_delete AFTER DELETE ON acts BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('acts', OLD.id, ''); END;
CREATE TRIGGER touch_admissions_insert AFTER INSERT ON admissions BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('admissions', NEW.act_id, ''); END;
CREATE TRIGGER touch_admissions_update AFTER UPDATE ON admissions BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('admissions', OLD.act_id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('admissions', NEW.act_id, ''); END;
CREATE TRIGGER touch_admissions_delete AFTER DELETE ON admissions BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('admissions', OLD.act_id, ''); END;
CREATE TRIGGER touch_agenda_items_insert AFTER INSERT ON agenda_items BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('agenda_items', NEW.id, ''); END;
CREATE TRIGGER touch_agenda_items_update AFTER UPDATE ON agenda_items BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('agenda_items', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('agenda_items', NEW.id, ''); END;
CREATE TRIGGER touch_agenda_items_delete AFTER DELETE ON agenda_items BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('agenda_items', OLD.id, ''); END;
CREATE TRIGGER touch_case_meetings_insert AFTER INSERT ON case_meetings BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('case_meetings', NEW.case_id, NEW.meeting_id); END;
CREATE TRIGGER touch_case_meetings_update AFTER UPDATE ON case_meetings BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('case_meetings', OLD.case_id, OLD.meeting_id); INSERT OR IGNORE INTO audit_touched VALUES ('case_meetings', NEW.case_id, NEW.meeting_id); END;
CREATE TRIGGER touch_case_meetings_delete AFTER DELETE ON case_meetings BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('case_meetings', OLD.case_id, OLD.meeting_id); END;
CREATE TRIGGER touch_case_versions_insert AFTER INSERT ON case_versions BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('case_versions', NEW.case_id, CAST(NEW.version AS TEXT)); END;
CREATE TRIGGER touch_case_versions_update AFTER UPDATE ON case_versions BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('case_versions', OLD.case_id, CAST(OLD.version AS TEXT)); INSERT OR IGNORE INTO audit_touched VALUES ('case_versions', NEW.case_id, CAST(NEW.version AS TEXT)); END;
CREATE TRIGGER touch_case_versions_delete AFTER DELETE ON case_versions BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('case_versions', OLD.case_id, CAST(OLD.version AS TEXT)); END;
CREATE TRIGGER touch_cases_insert AFTER INSERT ON cases BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('cases', NEW.id, ''); END;
CREATE TRIGGER touch_cases_update AFTER UPDATE ON cases BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('cases', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('cases', NEW.id, ''); END;
CREATE TRIGGER touch_cases_delete AFTER DELETE ON cases BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('cases', OLD.id, ''); END;
CREATE TRIGGER touch_conclusion_acts_insert AFTER INSERT ON conclusion_acts BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('conclusion_acts', NEW.act_id, ''); END;
CREATE TRIGGER touch_conclusion_acts_update AFTER UPDATE ON conclusion_acts BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('conclusion_acts', OLD.act_id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('conclusion_acts', NEW.act_id, ''); END;
CREATE TRIGGER touch_conclusion_acts_delete AFTER DELETE ON conclusion_acts BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('conclusion_acts', OLD.act_id, ''); END;
CREATE TRIGGER touch_conclusion_versions_insert AFTER INSERT ON conclusion_versions BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('conclusion_versions', NEW.meeting_id, CAST(NEW.version AS TEXT)); END;
CREATE TRIGGER touch_conclusion_versions_update AFTER UPDATE ON conclusion_versions BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('conclusion_versions', OLD.meeting_id, CAST(OLD.version AS TEXT)); INSERT OR IGNORE INTO audit_touched VALUES ('conclusion_versions', NEW.meeting_id, CAST(NEW.version AS TEXT)); END;
CREATE TRIGGER touch_conclusion_versions_delete AFTER DELETE ON conclusion_versions BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('conclusion_versions', OLD.meeting_id, CAST(OLD.version AS TEXT)); END;
CREATE TRIGGER touch_convenings_insert AFTER INSERT ON convenings BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('convenings', NEW.act_id, ''); END;
CREATE TRIGGER touch_convenings_update AFTER UPDATE ON convenings BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('convenings', OLD.act_id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('convenings', NEW.act_id, ''); END;
CREATE TRIGGER touch_convenings_delete AFTER DELETE ON convenings BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('convenings', OLD.act_id, ''); END;
CREATE TRIGGER touch_designations_insert AFTER INSERT ON designations BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('designations', NEW.act_id, ''); END;
CREATE TRIGGER touch_designations_update AFTER UPDATE ON designations BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('designations', OLD.act_id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('designations', NEW.act_id, ''); END;
CREATE TRIGGER touch_designations_delete AFTER DELETE ON designations BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('designations', OLD.act_id, ''); END;
CREATE TRIGGER touch_elections_insert AFTER INSERT ON elections BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('elections', NEW.act_id, ''); END;
CREATE TRIGGER touch_elections_update AFTER UPDATE ON elections BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('elections', OLD.act_id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('elections', NEW.act_id, ''); END;
CREATE TRIGGER touch_elections_delete AFTER DELETE ON elections BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('elections', OLD.act_id, ''); END;
CREATE TRIGGER touch_enrolments_insert AFTER INSERT ON enrolments BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('enrolments', NEW.act_id, ''); END;
CREATE TRIGGER touch_enrolments_update AFTER UPDATE ON enrolments BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('enrolments', OLD.act_id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('enrolments', NEW.act_id, ''); END;
CREATE TRIGGER touch_enrolments_delete AFTER DELETE ON enrolments BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('enrolments', OLD.act_id, ''); END;
CREATE TRIGGER touch_invitations_insert AFTER INSERT ON invitations BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('invitations', NEW.id, ''); END;
CREATE TRIGGER touch_invitations_update AFTER UPDATE ON invitations BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('invitations', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('invitations', NEW.id, ''); END;
CREATE TRIGGER touch_invitations_delete AFTER DELETE ON invitations BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('invitations', OLD.id, ''); END;
CREATE TRIGGER touch_materials_insert AFTER INSERT ON materials BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('materials', NEW.id, ''); END;
CREATE TRIGGER touch_materials_update AFTER UPDATE ON materials BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('materials', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('materials', NEW.id, ''); END;
CREATE TRIGGER touch_materials_delete AFTER DELETE ON materials BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('materials', OLD.id, ''); END;
CREATE TRIGGER touch_meeting_topics_insert AFTER INSERT ON meeting_topics BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('meeting_topics', NEW.id, ''); END;
CREATE TRIGGER touch_meeting_topics_update AFTER UPDATE ON meeting_topics BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('meeting_topics', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('meeting_topics', NEW.id, ''); END;
CREATE TRIGGER touch_meeting_topics_delete AFTER DELETE ON meeting_topics BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('meeting_topics', OLD.id, ''); END;
CREATE TRIGGER touch_meetings_insert AFTER INSERT ON meetings BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('meetings', NEW.id, ''); END;
CREATE TRIGGER touch_meetings_update AFTER UPDATE ON meetings BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('meetings', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('meetings', NEW.id, ''); END;
CREATE TRIGGER touch_meetings_delete AFTER DELETE ON meetings BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('meetings', OLD.id, ''); END;
CREATE TRIGGER touch_note_versions_insert AFTER INSERT ON note_versions BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('note_versions', NEW.note_id, CAST(NEW.version AS TEXT)); END;
CREATE TRIGGER touch_note_versions_update AFTER UPDATE ON note_versions BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('note_versions', OLD.note_id, CAST(OLD.version AS TEXT)); INSERT OR IGNORE INTO audit_touched VALUES ('note_versions', NEW.note_id, CAST(NEW.version AS TEXT)); END;
CREATE TRIGGER touch_note_versions_delete AFTER DELETE ON note_versions BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('note_versions', OLD.note_id, CAST(OLD.version AS TEXT)); END;
CREATE TRIGGER touch_notes_insert AFTER INSERT ON notes BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('notes', NEW.id, ''); END;
CREATE TRIGGER touch_notes_update AFTER UPDATE ON notes BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('notes', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('notes', NEW.id, ''); END;
CREATE TRIGGER touch_notes_delete AFTER DELETE ON notes BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('notes', OLD.id, ''); END;
CREATE TRIGGER touch_participations_insert AFTER INSERT ON participations BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('participations', NEW.act_id, ''); END;
CREATE TRIGGER touch_participations_update AFTER UPDATE ON participations BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('participations', OLD.act_id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('participations', NEW.act_id, ''); END;
CREATE TRIGGER touch_participations_delete AFTER DELETE ON participations BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('participations', OLD.act_id, ''); END;
CREATE TRIGGER touch_parties_insert AFTER INSERT ON parties BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('parties', NEW.id, ''); END;
CREATE TRIGGER touch_parties_update AFTER UPDATE ON parties BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('parties', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('parties', NEW.id, ''); END;
CREATE TRIGGER touch_parties_delete AFTER DELETE ON parties BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('parties', OLD.id, ''); END;
CREATE TRIGGER touch_party_names_insert AFTER INSERT ON party_names BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('party_names', NEW.act_id, ''); END;
CREATE TRIGGER touch_party_names_update AFTER UPDATE ON party_names BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('party_names', OLD.act_id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('party_names', NEW.act_id, ''); END;
CREATE TRIGGER touch_party_names_delete AFTER DELETE ON party_names BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('party_names', OLD.act_id, ''); END;
CREATE TRIGGER touch_passkeys_insert AFTER INSERT ON passkeys BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('passkeys', NEW.id, ''); END;
CREATE TRIGGER touch_passkeys_update AFTER UPDATE ON passkeys BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('passkeys', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('passkeys', NEW.id, ''); END;
CREATE TRIGGER touch_passkeys_delete AFTER DELETE ON passkeys BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('passkeys', OLD.id, ''); END;
CREATE TRIGGER touch_people_insert AFTER INSERT ON people BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('people', NEW.id, ''); END;
CREATE TRIGGER touch_people_update AFTER UPDATE ON people BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('people', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('people', NEW.id, ''); END;
CREATE TRIGGER touch_people_delete AFTER DELETE ON people BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('people', OLD.id, ''); END;
CREATE TRIGGER touch_proposals_insert AFTER INSERT ON proposals BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('proposals', NEW.id, ''); END;
CREATE TRIGGER touch_proposals_update AFTER UPDATE ON proposals BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('proposals', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('proposals', NEW.id, ''); END;
CREATE TRIGGER touch_proposals_delete AFTER DELETE ON proposals BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('proposals', OLD.id, ''); END;
CREATE TRIGGER touch_publications_insert AFTER INSERT ON publications BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('publications', NEW.id, ''); END;
CREATE TRIGGER touch_publications_update AFTER UPDATE ON publications BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('publications', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('publications', NEW.id, ''); END;
CREATE TRIGGER touch_publications_delete AFTER DELETE ON publications BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('publications', OLD.id, ''); END;
CREATE TRIGGER touch_recovery_codes_insert AFTER INSERT ON recovery_codes BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('recovery_codes', NEW.id, ''); END;
CREATE TRIGGER touch_recovery_codes_update AFTER UPDATE ON recovery_codes BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('recovery_codes', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('recovery_codes', NEW.id, ''); END;
CREATE TRIGGER touch_recovery_codes_delete AFTER DELETE ON recovery_codes BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('recovery_codes', OLD.id, ''); END;
CREATE TRIGGER touch_releases_insert AFTER INSERT ON releases BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('releases', NEW.act_id, ''); END;
CREATE TRIGGER touch_releases_update AFTER UPDATE ON releases BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('releases', OLD.act_id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('releases', NEW.act_id, ''); END;
CREATE TRIGGER touch_releases_delete AFTER DELETE ON releases BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('releases', OLD.act_id, ''); END;
CREATE TRIGGER touch_rooms_insert AFTER INSERT ON rooms BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('rooms', NEW.id, ''); END;
CREATE TRIGGER touch_rooms_update AFTER UPDATE ON rooms BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('rooms', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('rooms', NEW.id, ''); END;
CREATE TRIGGER touch_rooms_delete AFTER DELETE ON rooms BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('rooms', OLD.id, ''); END;
CREATE TRIGGER touch_sessions_insert AFTER INSERT ON sessions BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('sessions', NEW.id, ''); END;
CREATE TRIGGER touch_sessions_update AFTER UPDATE ON sessions BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('sessions', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('sessions', NEW.id, ''); END;
CREATE TRIGGER touch_sessions_delete AFTER DELETE ON sessions BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('sessions', OLD.id, ''); END;
CREATE TRIGGER touch_sign_ins_insert AFTER INSERT ON sign_ins BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('sign_ins', NEW.id, ''); END;
CREATE TRIGGER touch_sign_ins_update AFTER UPDATE ON sign_ins BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('sign_ins', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('sign_ins', NEW.id, ''); END;
CREATE TRIGGER touch_sign_ins_delete AFTER DELETE ON sign_ins BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('sign_ins', OLD.id, ''); END;
CREATE TRIGGER touch_spent_refreshes_insert AFTER INSERT ON spent_refreshes BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('spent_refreshes', lower(hex(NEW.digest)), ''); END;
CREATE TRIGGER touch_spent_refreshes_update AFTER UPDATE ON spent_refreshes BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('spent_refreshes', lower(hex(OLD.digest)), ''); INSERT OR IGNORE INTO audit_touched VALUES ('spent_refreshes', lower(hex(NEW.digest)), ''); END;
CREATE TRIGGER touch_spent_refreshes_delete AFTER DELETE ON spent_refreshes BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('spent_refreshes', lower(hex(OLD.digest)), ''); END;
CREATE TRIGGER touch_standings_insert AFTER INSERT ON standings BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('standings', NEW.act_id, ''); END;
CREATE TRIGGER touch_standings_update AFTER UPDATE ON standings BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('standings', OLD.act_id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('standings', NEW.act_id, ''); END;
CREATE TRIGGER touch_standings_delete AFTER DELETE ON standings BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('standings', OLD.act_id, ''); END;
CREATE TRIGGER touch_suspensions_insert AFTER INSERT ON suspensions BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('suspensions', NEW.act_id, ''); END;
CREATE TRIGGER touch_suspensions_update AFTER UPDATE ON suspensions BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('suspensions', OLD.act_id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('suspensions', NEW.act_id, ''); END;
CREATE TRIGGER touch_suspensions_delete AFTER DELETE ON suspensions BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('suspensions', OLD.act_id, ''); END;
CREATE TRIGGER touch_visits_insert AFTER INSERT ON visits BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('visits', NEW.id, ''); END;
CREATE TRIGGER touch_visits_update AFTER UPDATE ON visits BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('visits', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('visits', NEW.id, ''); END;
CREATE TRIGGER touch_visits_delete AFTER DELETE ON visits BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('visits', OLD.id, ''); END;
