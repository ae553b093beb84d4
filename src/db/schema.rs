//! The tables, as both databases hold them. `tests/it/schema.rs` holds this file, and those below it, to the migrations.

#![expect(missing_docs, reason = "the migrations document the columns")]

mod closed;
mod relations;

pub use closed::{
    admissions, file_pieces, file_uploads, files, note_versions, notes, recovery_keys, recovery_requests,
    recovery_wraps, releases, request_addressees, request_replies, requests, room_epochs, room_keys, room_recoveries,
    rooms, visits,
};

diesel::table! {
    accounts (person_id) {
        person_id -> Text,
        email -> Text,
        hashing -> Text,
        salt -> Binary,
        verifier -> Binary,
        totp_seed -> Nullable<Binary>,
        totp_confirmed -> Bool,
        totp_last_step -> BigInt,
        changed_us -> BigInt,
    }
}

diesel::table! {
    act_meetings (act_id) {
        act_id -> Text,
        meeting_id -> Text,
    }
}

diesel::table! {
    acts (id) {
        id -> Text,
        kind -> Text,
        ends_act_id -> Nullable<Text>,
        effective_us -> BigInt,
        until_us -> Nullable<BigInt>,
        recorded_us -> BigInt,
        recorded_by -> Nullable<Text>,
        source -> Text,
    }
}

diesel::table! {
    agenda_items (id) {
        id -> Text,
        session_id -> Text,
        position -> BigInt,
        words -> Binary,
    }
}

diesel::table! {
    audit_bindings (seq, tbl, key, part) {
        seq -> BigInt,
        tbl -> Text,
        key -> Text,
        part -> Text,
        digest -> Binary,
    }
}

diesel::table! {
    audit_entries (seq) {
        seq -> BigInt,
        id -> Text,
        minute -> BigInt,
        commitment -> Binary,
        payload -> Nullable<Text>,
        salt -> Nullable<Binary>,
        at_us -> Nullable<BigInt>,
        event -> Nullable<Text>,
        area -> Nullable<Text>,
        actor_id -> Nullable<Text>,
        owner_party -> Nullable<Text>,
        room_id -> Nullable<Text>,
        thing_id -> Nullable<Text>,
        erased_by -> Nullable<BigInt>,
    }
}

diesel::table! {
    audit_holds (id) {
        id -> Text,
        room_id -> Nullable<Text>,
        party_id -> Nullable<Text>,
        person_id -> Nullable<Text>,
        from_us -> Nullable<BigInt>,
        until_us -> Nullable<BigInt>,
        reason -> Text,
        placed_us -> BigInt,
        lifted_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    audit_head (id) {
        id -> BigInt,
        size -> BigInt,
        frontier -> Nullable<Binary>,
    }
}

diesel::table! {
    audit_published (id) {
        id -> BigInt,
        size -> BigInt,
        note -> Text,
        published_us -> BigInt,
    }
}

diesel::table! {
    audit_state (id) {
        id -> BigInt,
        number -> BigInt,
    }
}

diesel::table! {
    audit_tiles (level, place) {
        level -> BigInt,
        place -> BigInt,
        hashes -> Binary,
        root -> Binary,
    }
}

diesel::table! {
    audit_touched (tbl, key, part) {
        tbl -> Text,
        key -> Text,
        part -> Text,
    }
}

diesel::table! {
    audit_witnesses (name) {
        name -> Text,
        asked -> BigInt,
        size -> BigInt,
        cosigned_us -> Nullable<BigInt>,
        fault -> Nullable<Text>,
    }
}

diesel::table! {
    case_meetings (case_id, meeting_id) {
        case_id -> Text,
        meeting_id -> Text,
        linked_by -> Text,
        linked_us -> BigInt,
    }
}

diesel::table! {
    case_versions (case_id, version) {
        case_id -> Text,
        version -> BigInt,
        fiche -> Binary,
        contact_id -> Text,
        author_id -> Text,
        written_us -> BigInt,
    }
}

diesel::table! {
    cases (id) {
        id -> Text,
        room_id -> Text,
        party_id -> Text,
        opened_us -> BigInt,
    }
}

diesel::table! {
    conclusion_acts (act_id) {
        act_id -> Text,
        meeting_id -> Text,
        version -> Nullable<BigInt>,
    }
}

diesel::table! {
    conclusion_versions (meeting_id, version) {
        meeting_id -> Text,
        version -> BigInt,
        words -> Text,
        written_by -> Nullable<Text>,
        written_us -> BigInt,
    }
}

diesel::table! {
    convenings (act_id) {
        act_id -> Text,
        meeting_id -> Text,
    }
}

diesel::table! {
    designations (act_id) {
        act_id -> Text,
        party_id -> Text,
        person_id -> Text,
        role -> Text,
        function -> Nullable<Text>,
        stand_in_for -> Nullable<Text>,
    }
}

diesel::table! {
    elections (act_id) {
        act_id -> Text,
        person_id -> Text,
        body -> Text,
    }
}

diesel::table! {
    enrolments (act_id) {
        act_id -> Text,
        person_id -> Text,
    }
}

diesel::table! {
    invitations (id) {
        id -> Text,
        person_id -> Text,
        email -> Text,
        digest -> Binary,
        made_by -> Nullable<Text>,
        made_us -> BigInt,
        expires_us -> BigInt,
        closed_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    materials (id) {
        id -> Text,
        session_id -> Text,
        title -> Text,
        file_name -> Text,
        media_type -> Text,
        size -> BigInt,
        sha256 -> Binary,
        content -> Binary,
        added_by -> Nullable<Text>,
        added_us -> BigInt,
    }
}

diesel::table! {
    meeting_topics (id) {
        id -> Text,
        meeting_id -> Text,
        position -> BigInt,
        words -> Text,
    }
}

diesel::table! {
    meetings (id) {
        id -> Text,
        kind -> Text,
        number -> Nullable<BigInt>,
        first_day -> Text,
        last_day -> Text,
        way -> Text,
        place -> Nullable<Text>,
        presidency_party_id -> Nullable<Text>,
        requested_by_party_id -> Nullable<Text>,
        recorded_us -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    participations (act_id) {
        act_id -> Text,
        session_id -> Text,
        party_id -> Text,
        person_id -> Nullable<Text>,
    }
}

diesel::table! {
    parties (id) {
        id -> Text,
        kind -> Text,
        code -> Text,
        recorded_us -> BigInt,
    }
}

diesel::table! {
    party_names (act_id) {
        act_id -> Text,
        party_id -> Text,
        name -> Text,
    }
}

diesel::table! {
    passkey_ceremonies (id) {
        id -> Text,
        person_id -> Text,
        kind -> Text,
        state -> Text,
        means_us -> BigInt,
        expires_us -> BigInt,
        seed -> Nullable<Binary>,
        pair -> Nullable<BigInt>,
    }
}

diesel::table! {
    passkeys (id) {
        id -> Text,
        person_id -> Text,
        credential_id -> Binary,
        passkey -> Text,
        name -> Text,
        made_us -> BigInt,
        used_us -> Nullable<BigInt>,
        ended_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    people (id) {
        id -> Text,
        party_id -> Text,
        name -> Text,
        recorded_us -> BigInt,
    }
}

diesel::table! {
    person_keys (id) {
        id -> Text,
        person_id -> Text,
        pair -> BigInt,
        public_key -> Binary,
        by_password -> Binary,
        by_recovery_code -> Nullable<Binary>,
        made_us -> BigInt,
        ended_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    proposals (id) {
        id -> Text,
        party_id -> Text,
        proposed_by -> Text,
        proposed_us -> BigInt,
        kind -> Text,
        person_id -> Nullable<Text>,
        person_name -> Nullable<Text>,
        role -> Nullable<Text>,
        function -> Nullable<Text>,
        source -> Text,
        state -> Text,
        decided_by -> Nullable<Text>,
        decided_us -> Nullable<BigInt>,
        act_id -> Nullable<Text>,
    }
}

diesel::table! {
    publications (id) {
        id -> Text,
        code -> Text,
        kind -> Text,
        title -> Text,
        summary -> Text,
        adopted_on -> Nullable<Text>,
        published_on -> Nullable<Text>,
        adopted_at_meeting_id -> Nullable<Text>,
        recorded_us -> BigInt,
    }
}

diesel::table! {
    recovery_codes (id) {
        id -> Text,
        person_id -> Text,
        digest -> Binary,
        used_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    row_codes (tbl, key, part) {
        tbl -> Text,
        key -> Text,
        part -> Text,
        kid -> Text,
        code -> Text,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        meeting_id -> Text,
        kind -> Text,
        position -> BigInt,
        title -> Nullable<Text>,
        room_id -> Nullable<Text>,
        recorded_us -> BigInt,
        agenda_version -> BigInt,
    }
}

diesel::table! {
    sign_ins (id) {
        id -> Text,
        person_id -> Text,
        opened_us -> BigInt,
        refreshed_us -> BigInt,
        expires_us -> BigInt,
        second_factor -> Bool,
        refresh_digest -> Binary,
        unlock_digest -> Binary,
        ended_us -> Nullable<BigInt>,
        ended_why -> Nullable<Text>,
        pair -> Nullable<BigInt>,
        seed_by_unlock -> Nullable<Binary>,
        seed_by_refresh -> Nullable<Binary>,
    }
}

diesel::table! {
    spent_refreshes (digest) {
        digest -> Binary,
        sign_in_id -> Text,
        spent_us -> BigInt,
    }
}

diesel::table! {
    standings (act_id) {
        act_id -> Text,
        party_id -> Text,
        standing -> Text,
    }
}

diesel::table! {
    stranger_noise (minute, source) {
        minute -> BigInt,
        source -> Text,
        failures -> BigInt,
    }
}

diesel::table! {
    suspensions (act_id) {
        act_id -> Text,
        person_id -> Text,
    }
}
