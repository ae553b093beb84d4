//! Rooms as pages. Every one of them shows who is admitted, and looks like nothing that is open.

mod notes;
mod room;

use crate::access::Asker;
use crate::db::Work;
use crate::error::AppError;
use crate::ids::RoomId;
use crate::network::names::Names;
use crate::rooms::model::{Member, RoomBody};
use crate::rooms::service::rooms;
use crate::server::Route;

/// The routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    [room::routes(), notes::routes()].concat()
}

/// Every kind of these pages, made up.
#[cfg(test)]
pub(crate) fn samples(shell: &crate::server::page::Shell) -> Vec<crate::server::page::Sample> {
    [room::samples::samples(shell), notes::samples::samples(shell)].into_iter().flatten().collect()
}

/// A room, with the names to show it by.
#[derive(Clone)]
struct Inside {
    room: RoomBody,
    names: Names,
}

impl Inside {
    fn look(work: &mut Work<'_>, asker: &Asker, id: &RoomId) -> Result<Self, AppError> {
        let mut room = rooms::get(work, asker, id)?;
        // Somebody admitted by several acts is in once.
        room.members.dedup_by(|next, one| next.person == one.person);
        let names = Names::of(work, [], room.members.iter().map(|member| &member.party))?;
        Ok(Self { room, names })
    }

    /// Whether what the room holds is lost with the memory of one person; told to those who are in it.
    fn hangs_on_few(&self) -> bool {
        self.room.members.iter().all(|member| member.keyed.is_some())
            && self.room.members.iter().filter(|member| member.keyed == Some(true)).count() < 2
    }

    /// The members as they are shown: name and party.
    fn members(&self) -> impl Iterator<Item = (&Member, &str)> {
        self.room.members.iter().map(|member| (member, self.names.code(&member.party)))
    }
}
