//! The tables of rooms: who is in them, what they hold, and by which keys it opens.

diesel::table! {
    admissions (act_id) {
        act_id -> Text,
        room_id -> Text,
        person_id -> Text,
        reach -> Text,
    }
}

diesel::table! {
    file_pieces (file_id, number) {
        file_id -> Text,
        number -> BigInt,
        sealed -> Binary,
    }
}

diesel::table! {
    file_uploads (file_id) {
        file_id -> Text,
        person_id -> Text,
        touched_us -> BigInt,
    }
}

diesel::table! {
    files (id) {
        id -> Text,
        note_id -> Text,
        version -> BigInt,
        details -> Binary,
        pieces -> BigInt,
        digest -> Binary,
        author_id -> Text,
        added_us -> BigInt,
    }
}

diesel::table! {
    note_versions (note_id, version) {
        note_id -> Text,
        version -> BigInt,
        title -> Binary,
        words -> Binary,
        handling -> Text,
        handling_words -> Nullable<Binary>,
        author_id -> Text,
        written_us -> BigInt,
        files -> Nullable<BigInt>,
    }
}

diesel::table! {
    notes (id) {
        id -> Text,
        room_id -> Text,
        author_id -> Text,
        party_id -> Text,
        written_us -> BigInt,
    }
}

diesel::table! {
    recovery_keys (id) {
        id -> Text,
        public_key -> Binary,
        verifying_key -> Binary,
        needed -> BigInt,
        shares -> BigInt,
        entered_us -> BigInt,
        retired_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    recovery_requests (id) {
        id -> Text,
        room_id -> Text,
        person_id -> Text,
        key_id -> Text,
        digest -> Binary,
        asked_us -> BigInt,
        answered_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    recovery_wraps (id) {
        id -> Text,
        room_id -> Text,
        epoch -> BigInt,
        key_id -> Text,
        seed -> Binary,
    }
}

diesel::table! {
    releases (act_id) {
        act_id -> Text,
        note_id -> Nullable<Text>,
        note_version -> Nullable<BigInt>,
        case_id -> Nullable<Text>,
        party_id -> Nullable<Text>,
    }
}

diesel::table! {
    request_addressees (request_id, party_id) {
        request_id -> Text,
        party_id -> Text,
    }
}

diesel::table! {
    request_replies (id) {
        id -> Text,
        request_id -> Text,
        party_id -> Text,
        kind -> Text,
        ground -> Nullable<Binary>,
        note_id -> Nullable<Text>,
        person_id -> Text,
        given_us -> BigInt,
    }
}

diesel::table! {
    requests (id) {
        id -> Text,
        room_id -> Text,
        party_id -> Text,
        author_id -> Text,
        kind -> Text,
        due_day -> Nullable<Text>,
        note_id -> Text,
        sent_us -> BigInt,
    }
}

diesel::table! {
    room_epochs (id) {
        id -> Text,
        room_id -> Text,
        epoch -> BigInt,
        public_key -> Binary,
        kept -> Nullable<Binary>,
        began_us -> BigInt,
        closed_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    room_keys (id) {
        id -> Text,
        room_id -> Text,
        epoch -> BigInt,
        person_id -> Text,
        pair -> BigInt,
        seed -> Binary,
    }
}

diesel::table! {
    room_recoveries (id) {
        id -> Text,
        room_id -> Text,
        key_id -> Text,
        chosen_by -> Text,
        chosen_us -> BigInt,
        ended_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    rooms (id) {
        id -> Text,
        kind -> Text,
        title -> Binary,
        opened_by -> Nullable<Text>,
        opened_us -> BigInt,
    }
}

diesel::table! {
    visits (id) {
        id -> Text,
        room_id -> Text,
        person_id -> Text,
        sign_in_id -> Text,
        opened_us -> BigInt,
        expires_us -> BigInt,
        ended_us -> Nullable<BigInt>,
    }
}
