-- What one State asks of others or tells them. Its text is the first note of its room. In the plain: who asked whom, when,
-- by when; sealed: all that is said.
CREATE TABLE requests (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    room_id TEXT NOT NULL UNIQUE REFERENCES rooms (id),
    party_id TEXT NOT NULL REFERENCES parties (id),
    author_id TEXT NOT NULL REFERENCES people (id),
    kind TEXT NOT NULL CHECK (kind IN ('request', 'spontaneous', 'presence')),
    due_day TEXT NULL CHECK (length(due_day) = 10),
    note_id TEXT NOT NULL REFERENCES notes (id),
    sent_us BIGINT NOT NULL,
    CHECK (due_day IS NULL OR kind = 'request')
);
CREATE INDEX requests_party ON requests (party_id);
CREATE INDEX requests_author ON requests (author_id);
CREATE INDEX requests_note ON requests (note_id);
CREATE INDEX requests_sent ON requests (sent_us, id);
CREATE TABLE request_addressees (
    request_id TEXT NOT NULL REFERENCES requests (id),
    party_id TEXT NOT NULL REFERENCES parties (id),
    PRIMARY KEY (request_id, party_id)
);
CREATE INDEX request_addressees_party ON request_addressees (party_id);
-- What a State addressed did: at most one receipt, and at most one answer or refusal. The ground is sealed.
CREATE TABLE request_replies (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    request_id TEXT NOT NULL REFERENCES requests (id),
    party_id TEXT NOT NULL REFERENCES parties (id),
    kind TEXT NOT NULL CHECK (kind IN ('receipt', 'answer', 'refusal')),
    ground BLOB NULL,
    note_id TEXT NULL REFERENCES notes (id),
    person_id TEXT NOT NULL REFERENCES people (id),
    given_us BIGINT NOT NULL,
    CHECK ((kind = 'refusal') = (ground IS NOT NULL)),
    CHECK ((kind = 'receipt') = (note_id IS NULL))
);
CREATE UNIQUE INDEX request_replies_receipt ON request_replies (request_id, party_id) WHERE kind = 'receipt';
CREATE UNIQUE INDEX request_replies_reply ON request_replies (request_id, party_id) WHERE kind <> 'receipt';
CREATE INDEX request_replies_request ON request_replies (request_id);
CREATE INDEX request_replies_party ON request_replies (party_id);
CREATE INDEX request_replies_note ON request_replies (note_id);
CREATE INDEX request_replies_person ON request_replies (person_id);
CREATE TRIGGER touch_requests_insert AFTER INSERT ON requests BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('requests', NEW.id, ''); END;
CREATE TRIGGER touch_requests_update AFTER UPDATE ON requests BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('requests', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('requests', NEW.id, ''); END;
CREATE TRIGGER touch_requests_delete AFTER DELETE ON requests BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('requests', OLD.id, ''); END;
CREATE TRIGGER touch_request_addressees_insert AFTER INSERT ON request_addressees BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('request_addressees', NEW.request_id, NEW.party_id); END;
CREATE TRIGGER touch_request_addressees_update AFTER UPDATE ON request_addressees BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('request_addressees', OLD.request_id, OLD.party_id); INSERT OR IGNORE INTO audit_touched VALUES ('request_addressees', NEW.request_id, NEW.party_id); END;
CREATE TRIGGER touch_request_addressees_delete AFTER DELETE ON request_addressees BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('request_addressees', OLD.request_id, OLD.party_id); END;
CREATE TRIGGER touch_request_replies_insert AFTER INSERT ON request_replies BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('request_replies', NEW.id, ''); END;
CREATE TRIGGER touch_request_replies_update AFTER UPDATE ON request_replies BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('request_replies', OLD.id, ''); INSERT OR IGNORE INTO audit_touched VALUES ('request_replies', NEW.id, ''); END;
CREATE TRIGGER touch_request_replies_delete AFTER DELETE ON request_replies BEGIN INSERT OR IGNORE INTO audit_touched VALUES ('request_replies', OLD.id, ''); END;
