//! The rows of this slice.

mod conclusions;
mod materials;
mod meetings;
mod parties;
mod sessions;

pub use conclusions::Conclusions;
pub(super) use conclusions::{acts_about, drafted, insert_act, insert_version, latest, version};
pub use materials::Material;
pub(super) use materials::{NewMaterialRow, content, insert_material, material_named, page as materials_page};
pub use meetings::Meeting;
pub(super) use meetings::{
    change, find_meeting, insert_meeting, insert_topics, page as meetings_page, replace_topics, topics,
};
pub(super) use parties::{Admissible, admissible, is_person_of, is_state, is_there, people_to_choose};
pub use sessions::Session;
pub(super) use sessions::{
    AgendaRow, admitted, agenda_before, closed_agenda, find_session, insert_participation, insert_session,
    next_position, participants, participates, plain_agenda, replace_agenda, replace_closed_agenda, replace_words,
    room_titles, session_of, sessions_of,
};
