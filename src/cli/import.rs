//! `incamera import`: the public record of a network, from a TOML file of ours.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{CliError, say};
use crate::context::Moment;
use crate::db::{Db, Work};
use crate::error::AppError;
use crate::ids::MeetingId;
use crate::library::model::PublicationKind;
use crate::meetings::model::{MeetingKind, Way};
use crate::network::model::{PartyKind, StandingKind};
use crate::{library, meetings, network};

/// Which server, which file.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The settings file.
    #[arg(long, default_value = "incamera.toml")]
    config: PathBuf,
    /// The record; `config/public-record.toml` shows its form.
    file: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let record = Record::parse(&std::fs::read_to_string(&args.file)?, &args.file)?;
    let app = super::open(&args.config)?;
    let counts = record.load(&app.state.db)?;
    say(format!("The record stands: {counts}."))
}

/// The record that comes with the program.
pub(super) const PUBLIC_RECORD: &str = include_str!("../../config/public-record.toml");

/// A network's public record.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    #[serde(default)]
    party: Vec<Party>,
    #[serde(default)]
    standing: Vec<Standing>,
    #[serde(default)]
    meeting: Vec<Meeting>,
    #[serde(default)]
    ad_hoc_meeting: Vec<AdHocMeeting>,
    #[serde(default)]
    publication: Vec<Publication>,
    #[serde(default)]
    decision: Vec<Decision>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Party {
    key: String,
    kind: PartyKind,
    names: Vec<Name>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Name {
    name: String,
    from: Option<Moment>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Standing {
    party: String,
    standing: StandingKind,
    from: Moment,
    until: Option<Moment>,
    meeting: Option<i64>,
    source: String,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Meeting {
    number: i64,
    first_day: String,
    last_day: String,
    way: Way,
    presidency: Option<String>,
    conclusions: ConclusionsState,
    topics: Vec<String>,
    #[serde(default, rename = "notes")]
    _notes: Option<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum ConclusionsState {
    Published,
    Unavailable,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct AdHocMeeting {
    first_day: String,
    last_day: String,
    way: Way,
    presidency: Option<String>,
    topics: Vec<String>,
    #[serde(default, rename = "adjacent_to")]
    _adjacent_to: Option<i64>,
    #[serde(default, rename = "notes")]
    _notes: Option<String>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Publication {
    key: String,
    title: String,
    kind: PublicationKind,
    summary: String,
    adopted: Option<String>,
    published: Option<String>,
    published_month: Option<String>,
    adopted_at_meeting: Option<i64>,
}

/// Kept in the file for people; what of it the server models is in the other tables.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Decision {
    #[serde(rename = "meeting")]
    _meeting: i64,
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(rename = "text")]
    _text: String,
}

const SOURCE: &str = "Public page of the network";

impl Record {
    /// Reads the text of a record.
    pub(super) fn parse(text: &str, file: &Path) -> Result<Self, CliError> {
        toml::from_str(text).map_err(|error| CliError::Other(format!("{}: {error}", file.display())))
    }

    /// Records what is not recorded yet, all or nothing; answers what there is, in words.
    pub(super) fn load(&self, db: &Db) -> Result<String, CliError> {
        let record = self.clone();
        Ok(db.write_blocking(move |work| record.load_into(work))?)
    }

    fn load_into(&self, work: &mut Work<'_>) -> Result<String, AppError> {
        for party in &self.party {
            let names: Vec<(&str, Option<Moment>)> = party.names.iter().map(|name| (name.name.as_str(), name.from)).collect();
            network::import::ensure_party(work, party.kind, &party.key, &names, SOURCE)?;
        }
        let mut held: Vec<(i64, MeetingId)> = Vec::new();
        for meeting in &self.meeting {
            let presidency = party_of(work, meeting.presidency.as_deref())?;
            let day = meetings::import::Days { first: &meeting.first_day, last: &meeting.last_day };
            let id = meetings::import::ensure_meeting(work, MeetingKind::Ordinary, Some(meeting.number), day, meeting.way, presidency.as_ref(), &meeting.topics, SOURCE)?;
            if meeting.conclusions == ConclusionsState::Published {
                meetings::import::ensure_conclusions_published_elsewhere(work, &id, SOURCE)?;
            }
            held.push((meeting.number, id));
        }
        for meeting in &self.ad_hoc_meeting {
            let presidency = party_of(work, meeting.presidency.as_deref())?;
            let day = meetings::import::Days { first: &meeting.first_day, last: &meeting.last_day };
            meetings::import::ensure_meeting(work, MeetingKind::AdHoc, None, day, meeting.way, presidency.as_ref(), &meeting.topics, SOURCE)?;
        }
        let meeting_of = |number: Option<i64>| number.and_then(|number| held.iter().find(|(one, _)| *one == number)).map(|(_, id)| id);
        for standing in &self.standing {
            let party = party_of(work, Some(&standing.party))?.ok_or_else(|| AppError::field(standing.party.as_str(), "no such party in the record"))?;
            network::import::ensure_standing(work, &party, standing.standing, standing.from, standing.until, meeting_of(standing.meeting), &standing.source)?;
        }
        for publication in &self.publication {
            let published = publication.published.clone().or_else(|| publication.published_month.clone());
            library::import::ensure_publication(
                work,
                &library::import::Record {
                    code: &publication.key,
                    kind: publication.kind,
                    title: &publication.title,
                    summary: &publication.summary,
                    adopted_on: publication.adopted.as_deref(),
                    published_on: published.as_deref(),
                    adopted_at: meeting_of(publication.adopted_at_meeting),
                },
            )?;
        }
        Ok(format!(
            "{} parties, {} standings, {} meetings, {} publications, {} other decisions noted",
            self.party.len(),
            self.standing.len(),
            self.meeting.len() + self.ad_hoc_meeting.len(),
            self.publication.len(),
            self.decision.len()
        ))
    }
}

fn party_of(work: &mut Work<'_>, code: Option<&str>) -> Result<Option<crate::ids::PartyId>, AppError> {
    code.map(|code| network::import::party_by_code(work, code)?.ok_or_else(|| AppError::field(code, "no such party in the record"))).transpose()
}
