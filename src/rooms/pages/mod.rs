//! Rooms as pages. Every one of them shows who is admitted, and looks like nothing that is open.

mod files;
mod notes;
mod recovery;
mod room;
mod search;

use crate::access::Asker;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::RoomId;
use crate::network::names::Names;
use crate::rooms::model::{Member, RoomBody};
use crate::rooms::service::rooms;
use crate::server::Route;
use crate::server::page::{Shell, or_none};

/// The routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    [room::routes(), recovery::routes(), notes::routes(), files::routes(), search::routes()].concat()
}

#[cfg(test)]
pub(in crate::rooms) use self::room::samples::inside as made_up_inside;

/// Every kind of these pages, made up.
#[cfg(test)]
pub(crate) fn samples(shell: &Shell) -> Vec<crate::server::page::Sample> {
    [room::samples::samples(shell), notes::samples::samples(shell), search::samples::samples(shell)]
        .into_iter()
        .flatten()
        .collect()
}

/// A room, with the names to show it by.
#[derive(Clone)]
pub(in crate::rooms) struct Inside {
    pub(in crate::rooms) room: RoomBody,
    names: Names,
}

impl Inside {
    pub(in crate::rooms) fn look(work: &mut Work<'_>, asker: &Asker, id: &RoomId) -> Result<Self, AppError> {
        let mut room = rooms::get(work, asker, id)?;
        // Somebody admitted by several acts is in once.
        room.members.dedup_by(|next, one| next.person == one.person);
        let names = Names::of(work, [], room.members.iter().map(|member| &member.party))?;
        Ok(Self { room, names })
    }

    /// Whether what the room holds is lost with the memory of one person; told to those who are in it.
    pub(in crate::rooms) fn hangs_on_few(&self) -> bool {
        self.room.members.iter().all(|member| member.keyed.is_some())
            && self.room.members.iter().filter(|member| member.keyed == Some(true)).count() < 2
    }

    /// The parties to choose from whose notes a search is to look at.
    fn originators(&self, shell: &Shell) -> Vec<(String, String)> {
        let mut parties: Vec<(String, String)> = self
            .room
            .members
            .iter()
            .map(|member| (member.party.to_string(), self.names.party(&member.party).to_owned()))
            .collect();
        parties.sort_by(|a, b| a.1.cmp(&b.1));
        parties.dedup();
        or_none(shell.t("filter-all"), parties)
    }

    /// The people to choose from likewise.
    fn authors(&self, shell: &Shell) -> Vec<(String, String)> {
        let people =
            self.members().map(|(member, code)| (member.person.to_string(), format!("{} · {code}", member.name)));
        or_none(shell.t("filter-all"), people.collect())
    }

    /// The members as they are shown: name and party.
    pub(in crate::rooms) fn members(&self) -> impl Iterator<Item = (&Member, &str)> {
        self.room.members.iter().map(|member| (member, self.names.code(&member.party)))
    }
}
