//! The tables whose rows the log binds: all that decide or hold anything. `tests/it/schema.rs` holds this list
//! against the databases, and says which tables are left out and why.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::value::RawValue;

/// The text that a value in JSON is.
pub(super) fn text(value: &str) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { serde_json::from_str(value).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

/// A table whose rows are bound.
#[derive(Debug)]
pub struct Bound {
    /// Its name.
    pub table: &'static str,
    /// Its primary key, of one or two columns.
    pub keys: &'static [&'static str],
    /// All its columns.
    pub columns: &'static [(&'static str, Column)],
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Text.
    Text,
    /// A whole number.
    Number,
    /// Yes or no.
    Yes,
    /// Bytes.
    Bytes,
}

impl Bound {
    /// The SQL of a row, in the table's alias `x`, as one text that no other row has: each column that is not null
    /// with its name, its length and its value. A column that comes later and is null changes nothing. `hex` writes
    /// bytes as digits.
    #[must_use]
    pub fn canonical(&self, hex: &dyn Fn(&str) -> String) -> String {
        self.canonical_in("x", hex)
    }

    /// As [`Bound::canonical`], of the table or alias `x`.
    #[must_use]
    pub fn canonical_in(&self, x: &str, hex: &dyn Fn(&str) -> String) -> String {
        let columns = self.columns.iter().map(|(name, column)| {
            let value = match column {
                Column::Text => format!("{x}.{name}"),
                Column::Number => format!("CAST({x}.{name} AS TEXT)"),
                Column::Yes => format!("CASE WHEN {x}.{name} THEN '1' WHEN NOT {x}.{name} THEN '0' END"),
                Column::Bytes => hex(&format!("{x}.{name}")),
            };
            format!("COALESCE('{name}:' || length({value}) || ':' || {value} || ';', '')")
        });
        columns.collect::<Vec<_>>().join(" || ")
    }

    /// The SQL of its columns' values in the table or alias `x`, each for an array in JSON, of which
    /// [`Bound::canonical_of`] makes the text that [`Bound::canonical_in`] makes in the database: so many small
    /// expressions cost more there than all else that a request asks.
    #[must_use]
    pub fn values_in(&self, x: &str, hex: &dyn Fn(&str) -> String) -> Vec<String> {
        let value = |(name, column): &(&str, Column)| {
            let value = format!("{x}.{name}");
            if *column == Column::Bytes { hex(&value) } else { value }
        };
        self.columns.iter().map(value).collect()
    }

    /// Appends the canonical text of the row with these values to `out`. `None` if they are not what such columns
    /// hold: SQLite keeps anything in any column for whoever writes past the server.
    #[must_use]
    pub fn canonical_of<'a>(&self, values: &mut impl Iterator<Item = &'a RawValue>, out: &mut String) -> Option<()> {
        for (name, column) in self.columns {
            let value = values.next()?.get();
            if value == "null" {
                continue;
            }
            let value = match column {
                Column::Text | Column::Bytes => text(value)?,
                Column::Number => Cow::Borrowed(value.parse::<i64>().is_ok().then_some(value)?),
                Column::Yes => Cow::Borrowed(match value {
                    "1" | "true" => "1",
                    "0" | "false" => "0",
                    _ => return None,
                }),
            };
            // As SQLite counts the characters of a text; PostgreSQL has none with this one.
            let length = value.chars().take_while(|one| *one != '\0').count();
            write!(out, "{name}:{length}:{value};").ok()?;
        }
        Some(())
    }

    /// The SQL of its key's columns as two texts; the second is empty where there is one column.
    #[must_use]
    pub fn key(&self, hex: &dyn Fn(&str) -> String) -> [String; 2] {
        let spell = |place: usize| {
            self.keys.get(place).map_or_else(
                || "''".to_owned(),
                |key| match self.columns.iter().find(|(name, _)| name == key).map(|(_, column)| column) {
                    Some(Column::Bytes) => hex(&format!("x.{key}")),
                    Some(Column::Number | Column::Yes) => format!("CAST(x.{key} AS TEXT)"),
                    Some(Column::Text) | None => format!("x.{key}"),
                },
            )
        };
        [spell(0), spell(1)]
    }
}

macro_rules! bound {
    ($($table:ident ($($key:ident),+) { $($column:ident: $kind:ident),+ })+) => {
        /// Every one.
        pub const BOUND: &[Bound] = &[$(Bound {
            table: stringify!($table),
            keys: &[$(stringify!($key)),+],
            columns: &[$((stringify!($column), Column::$kind)),+],
        }),+];
    };
}

bound! {
    accounts (person_id) {
        person_id: Text, email: Text, hashing: Text, salt: Bytes, verifier: Bytes, totp_seed: Bytes,
        totp_confirmed: Yes, totp_last_step: Number, changed_us: Number
    }
    act_meetings (act_id) {
        act_id: Text, meeting_id: Text
    }
    acts (id) {
        id: Text, kind: Text, ends_act_id: Text, effective_us: Number, until_us: Number, recorded_us: Number,
        recorded_by: Text, source: Text
    }
    admissions (act_id) {
        act_id: Text, room_id: Text, person_id: Text, reach: Text
    }
    agenda_items (id) {
        id: Text, session_id: Text, position: Number, words: Bytes
    }
    audit_holds (id) {
        id: Text, room_id: Text, party_id: Text, person_id: Text, from_us: Number, until_us: Number, reason: Text,
        placed_us: Number, lifted_us: Number
    }
    case_meetings (case_id, meeting_id) {
        case_id: Text, meeting_id: Text, linked_by: Text, linked_us: Number
    }
    case_versions (case_id, version) {
        case_id: Text, version: Number, fiche: Bytes, contact_id: Text, author_id: Text, written_us: Number
    }
    cases (id) {
        id: Text, room_id: Text, party_id: Text, opened_us: Number
    }
    conclusion_acts (act_id) {
        act_id: Text, meeting_id: Text, version: Number
    }
    conclusion_versions (meeting_id, version) {
        meeting_id: Text, version: Number, words: Text, written_by: Text, written_us: Number
    }
    convenings (act_id) {
        act_id: Text, meeting_id: Text
    }
    designations (act_id) {
        act_id: Text, party_id: Text, person_id: Text, role: Text, function: Text, stand_in_for: Text
    }
    elections (act_id) {
        act_id: Text, person_id: Text, body: Text
    }
    enrolments (act_id) {
        act_id: Text, person_id: Text
    }
    files (id) {
        id: Text, note_id: Text, version: Number, details: Bytes, pieces: Number, digest: Bytes, author_id: Text,
        added_us: Number
    }
    invitations (id) {
        id: Text, person_id: Text, email: Text, digest: Bytes, made_by: Text, made_us: Number, expires_us: Number,
        closed_us: Number
    }
    materials (id) {
        id: Text, session_id: Text, title: Text, file_name: Text, media_type: Text, size: Number, sha256: Bytes,
        content: Bytes, added_by: Text, added_us: Number
    }
    meeting_topics (id) {
        id: Text, meeting_id: Text, position: Number, words: Text
    }
    meetings (id) {
        id: Text, kind: Text, number: Number, first_day: Text, last_day: Text, way: Text, place: Text,
        presidency_party_id: Text, requested_by_party_id: Text, recorded_us: Number,
        version: Number
    }
    note_versions (note_id, version) {
        note_id: Text, version: Number, title: Bytes, words: Bytes, handling: Text, handling_words: Bytes,
        author_id: Text, written_us: Number, files: Number
    }
    notes (id) {
        id: Text, room_id: Text, author_id: Text, party_id: Text, written_us: Number
    }
    participations (act_id) {
        act_id: Text, session_id: Text, party_id: Text, person_id: Text
    }
    parties (id) {
        id: Text, kind: Text, code: Text, recorded_us: Number
    }
    party_names (act_id) {
        act_id: Text, party_id: Text, name: Text
    }
    passkeys (id) {
        id: Text, person_id: Text, credential_id: Bytes, passkey: Text, name: Text, made_us: Number, used_us: Number,
        ended_us: Number
    }
    people (id) {
        id: Text, party_id: Text, name: Text, recorded_us: Number
    }
    person_keys (id) {
        id: Text, person_id: Text, pair: Number, public_key: Bytes, by_password: Bytes, by_recovery_code: Bytes,
        made_us: Number, ended_us: Number
    }
    proposals (id) {
        id: Text, party_id: Text, proposed_by: Text, proposed_us: Number, kind: Text, person_id: Text,
        person_name: Text, role: Text, function: Text, source: Text, state: Text, decided_by: Text,
        decided_us: Number, act_id: Text
    }
    publications (id) {
        id: Text, code: Text, kind: Text, title: Text, summary: Text, adopted_on: Text, published_on: Text,
        adopted_at_meeting_id: Text, recorded_us: Number
    }
    recovery_codes (id) {
        id: Text, person_id: Text, digest: Bytes, used_us: Number
    }
    recovery_keys (id) {
        id: Text, public_key: Bytes, verifying_key: Bytes, needed: Number, shares: Number, entered_us: Number,
        retired_us: Number
    }
    recovery_requests (id) {
        id: Text, room_id: Text, person_id: Text, key_id: Text, digest: Bytes, asked_us: Number, answered_us: Number
    }
    recovery_wraps (id) {
        id: Text, room_id: Text, epoch: Number, key_id: Text, seed: Bytes
    }
    releases (act_id) {
        act_id: Text, note_id: Text, note_version: Number, case_id: Text, party_id: Text
    }
    request_addressees (request_id, party_id) {
        request_id: Text, party_id: Text
    }
    request_replies (id) {
        id: Text, request_id: Text, party_id: Text, kind: Text, ground: Bytes, note_id: Text, person_id: Text,
        given_us: Number
    }
    requests (id) {
        id: Text, room_id: Text, party_id: Text, author_id: Text, kind: Text, due_day: Text, note_id: Text,
        sent_us: Number
    }
    room_epochs (id) {
        id: Text, room_id: Text, epoch: Number, public_key: Bytes, kept: Bytes, began_us: Number, closed_us: Number
    }
    room_keys (id) {
        id: Text, room_id: Text, epoch: Number, person_id: Text, pair: Number, seed: Bytes
    }
    room_recoveries (id) {
        id: Text, room_id: Text, key_id: Text, chosen_by: Text, chosen_us: Number, ended_us: Number
    }
    rooms (id) {
        id: Text, kind: Text, title: Bytes, opened_by: Text, opened_us: Number
    }
    sessions (id) {
        id: Text, meeting_id: Text, kind: Text, position: Number, title: Text, room_id: Text, recorded_us: Number,
        agenda_version: Number
    }
    sign_ins (id) {
        id: Text, person_id: Text, opened_us: Number, refreshed_us: Number, expires_us: Number, second_factor: Yes,
        refresh_digest: Bytes, unlock_digest: Bytes, ended_us: Number, ended_why: Text, pair: Number,
        seed_by_unlock: Bytes, seed_by_refresh: Bytes
    }
    spent_refreshes (digest) {
        digest: Bytes, sign_in_id: Text, spent_us: Number
    }
    standings (act_id) {
        act_id: Text, party_id: Text, standing: Text
    }
    suspensions (act_id) {
        act_id: Text, person_id: Text
    }
    visits (id) {
        id: Text, room_id: Text, person_id: Text, sign_in_id: Text, opened_us: Number, expires_us: Number,
        ended_us: Number
    }
}
