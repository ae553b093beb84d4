//! Which tables a query may join, and by what.

use super::{
    accounts, act_meetings, acts, admissions, agenda_items, case_meetings, case_versions, cases, conclusion_acts,
    designations, elections, enrolments, meetings, note_versions, notes, participations, parties, party_names, people,
    person_keys, releases, request_addressees, request_replies, requests, room_epochs, room_keys, rooms, sessions,
    sign_ins, standings, suspensions,
};

diesel::joinable!(designations -> parties (party_id));
diesel::joinable!(designations -> acts (act_id));
diesel::joinable!(designations -> people (person_id));
diesel::joinable!(standings -> acts (act_id));
diesel::joinable!(party_names -> acts (act_id));
diesel::joinable!(sign_ins -> accounts (person_id));
diesel::joinable!(people -> parties (party_id));
diesel::joinable!(admissions -> people (person_id));
diesel::joinable!(admissions -> acts (act_id));
diesel::joinable!(note_versions -> notes (note_id));
diesel::joinable!(notes -> rooms (room_id));
diesel::joinable!(case_versions -> cases (case_id));
diesel::joinable!(participations -> acts (act_id));
diesel::joinable!(conclusion_acts -> acts (act_id));
diesel::joinable!(releases -> acts (act_id));
diesel::joinable!(sessions -> meetings (meeting_id));
diesel::joinable!(elections -> acts (act_id));
diesel::joinable!(enrolments -> acts (act_id));
diesel::joinable!(suspensions -> acts (act_id));

diesel::allow_tables_to_appear_in_same_query!(
    accounts,
    act_meetings,
    acts,
    admissions,
    agenda_items,
    case_meetings,
    case_versions,
    cases,
    conclusion_acts,
    designations,
    elections,
    enrolments,
    meetings,
    note_versions,
    notes,
    participations,
    parties,
    party_names,
    people,
    person_keys,
    releases,
    request_addressees,
    request_replies,
    requests,
    room_epochs,
    room_keys,
    rooms,
    sessions,
    sign_ins,
    standings,
    suspensions,
);
