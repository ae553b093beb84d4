//! `incamera import`: the public record of a network, from a TOML file of ours.

use std::collections::HashSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{CliError, progress, say};
use crate::audit::{Entry, Event};
use crate::context::Moment;
use crate::db::{Db, Work};
use crate::error::{AppError, Fault, FieldProblem};
use crate::ids::{MeetingId, PartyId};
use crate::library::import::ensure_publication;
use crate::library::model::{PublicationKind, PublicationRequest};
use crate::meetings::import::{
    RecordedMeeting, ensure_conclusions_published_elsewhere, ensure_meeting, meeting_numbered,
};
use crate::meetings::model::{MeetingKind, Way};
use crate::network::import::{ensure_party, ensure_standing, party_coded};
use crate::network::model::{PartyKind, Standing};

/// Which server, which file.
#[derive(clap::Args)]
#[command(after_help = "\
All of the file is recorded, or nothing of it. What is on the server already is left as it is, so the same
file, or a longer version of it, can be loaded again at any time, also while the server runs. Parties and
meetings that the file refers to may stand in it or be on the server.")]
pub(super) struct Args {
    /// The settings file.
    #[arg(long, default_value = "incamera.toml")]
    config: PathBuf,
    /// The record; `config/public-record.toml` shows its form.
    file: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let text = std::fs::read_to_string(&args.file)
        .map_err(|error| CliError::Other(format!("{}: {error}", args.file.display())))?;
    let record = Record::parse(&text, &args.file)?;
    let words = record.words();
    let app = super::open(&args.config)?;
    record.load_alone(&app.state.db)?;
    say(format!("On record: {words}."))
}

/// A name without a beginning is the oldest known: it counts from the first moment there is here, so that
/// no other name can ever be older.
const OLDEST: Moment = Moment(0);
/// Where the file stands for what has no source of its own in it.
const SOURCE: &str = "Public record of the network, as loaded by the operator";

/// A network's public record.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    /// Of the file, so that the log says which was loaded.
    #[serde(skip)]
    sha256: String,
    #[serde(default)]
    party: Vec<PartyOnRecord>,
    #[serde(default)]
    meeting: Vec<NumberedMeeting>,
    #[serde(default)]
    ad_hoc_meeting: Vec<AdHocMeeting>,
    #[serde(default)]
    standing: Vec<StandingOnRecord>,
    #[serde(default)]
    publication: Vec<PublicationOnRecord>,
    #[serde(default)]
    decision: Vec<Decision>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartyOnRecord {
    key: String,
    kind: PartyKind,
    names: Vec<Name>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    name: String,
    from: Option<Moment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NumberedMeeting {
    number: i64,
    first_day: String,
    last_day: String,
    way: Way,
    presidency: Option<String>,
    conclusions: Conclusions,
    topics: Vec<String>,
    /// For readers of the file.
    #[serde(rename = "notes")]
    _notes: Option<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Conclusions {
    Published,
    Unavailable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdHocMeeting {
    first_day: String,
    last_day: String,
    way: Way,
    presidency: Option<String>,
    topics: Vec<String>,
    /// For readers of the file.
    #[serde(rename = "adjacent_to")]
    _adjacent_to: Option<i64>,
    /// For readers of the file.
    #[serde(rename = "notes")]
    _notes: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StandingOnRecord {
    party: String,
    standing: Standing,
    from: Moment,
    until: Option<Moment>,
    meeting: Option<i64>,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicationOnRecord {
    key: String,
    title: String,
    kind: PublicationKind,
    summary: String,
    adopted: Option<String>,
    published: Option<String>,
    published_month: Option<String>,
    adopted_at_meeting: Option<i64>,
}

/// Gives nobody a right and changes no document, so the server has no act for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    meeting: i64,
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(rename = "text")]
    _text: String,
}

impl Record {
    /// Reads the text of a record; `file` is for error texts.
    pub(super) fn parse(text: &str, file: &Path) -> Result<Self, CliError> {
        let wrong = |problem: &dyn Display| CliError::Other(format!("{}: {problem}", file.display()));
        let mut record: Self = toml::from_str(text).map_err(|error| wrong(&error))?;
        record.sha256 = data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes()));
        // Of two that are the same to the server the second would be taken for one that is there already.
        let keys = (record.party.iter().map(|one| format!("party {}", one.key)))
            .chain(record.meeting.iter().map(|one| format!("meeting {}", one.number)))
            .chain(record.ad_hoc_meeting.iter().map(|one| format!("ad hoc meeting of {}", one.first_day)))
            .chain(record.publication.iter().map(|one| format!("publication {}", one.key)));
        let mut seen = HashSet::new();
        for key in keys {
            if let Some(twice) = seen.replace(key) {
                return Err(wrong(&format!("{twice}: given twice")));
            }
        }
        Ok(record)
    }

    /// How many things it holds.
    pub(super) fn len(&self) -> usize {
        self.party.len() + self.meeting.len() + self.ad_hoc_meeting.len() + self.standing.len() + self.publication.len()
    }

    /// The same in words.
    pub(super) fn words(&self) -> String {
        format!(
            "{} parties, {} standings, {} meetings and {} ad hoc, {} publications. {} other decisions stay in the file: they give nobody a right",
            self.party.len(),
            self.standing.len(),
            self.meeting.len(),
            self.ad_hoc_meeting.len(),
            self.publication.len(),
            self.decision.len()
        )
    }

    fn load_alone(self, db: &Db) -> Result<(), CliError> {
        let bar = progress(self.len(), "Recording");
        let moving = bar.clone();
        let loaded = db.write_blocking(move |work| self.record(work, &moving));
        bar.finish_and_clear();
        Ok(loaded?)
    }

    /// Records what is not on record yet.
    pub(super) fn record(&self, work: &mut Work<'_>, bar: &ProgressBar) -> Result<(), AppError> {
        for party in &self.party {
            let names: Vec<_> = party.names.iter().map(|one| (one.name.as_str(), one.from.unwrap_or(OLDEST))).collect();
            ensure_party(work, party.kind, &party.key, &names)
                .map_err(|error| within(error, format!("party {}", party.key)))?;
            bar.inc(1);
        }
        for meeting in &self.meeting {
            meeting.record(work).map_err(|error| within(error, format!("meeting {}", meeting.number)))?;
            bar.inc(1);
        }
        for meeting in &self.ad_hoc_meeting {
            meeting.record(work).map_err(|error| within(error, format!("ad hoc meeting of {}", meeting.first_day)))?;
            bar.inc(1);
        }
        for standing in &self.standing {
            standing.record(work).map_err(|error| {
                let from = standing.from.rfc3339();
                within(error, format!("standing of {} from {}", standing.party, from.get(..10).unwrap_or(&from)))
            })?;
            bar.inc(1);
        }
        for publication in &self.publication {
            publication.record(work).map_err(|error| within(error, format!("publication {}", publication.key)))?;
            bar.inc(1);
        }
        for decision in &self.decision {
            meeting_of(work, "meeting", Some(decision.meeting)).map_err(|error| within(error, "decision"))?;
        }
        work.log(Entry::new(Event::OperatorActed).on("public_record", &self.sha256).count(self.len()));
        Ok(())
    }
}

impl NumberedMeeting {
    fn record(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let presidency = presidency_of(work, self.presidency.as_deref())?;
        let id = ensure_meeting(
            work,
            &RecordedMeeting {
                kind: MeetingKind::Ordinary,
                number: Some(self.number),
                first_day: &self.first_day,
                last_day: &self.last_day,
                way: self.way,
                place: None,
                presidency: presidency.as_ref(),
                requested_by: None,
                topics: &self.topics,
                source: SOURCE,
            },
        )?;
        match self.conclusions {
            Conclusions::Published => ensure_conclusions_published_elsewhere(work, &id, SOURCE),
            Conclusions::Unavailable => Ok(()),
        }
    }
}

impl AdHocMeeting {
    fn record(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let presidency = presidency_of(work, self.presidency.as_deref())?;
        ensure_meeting(
            work,
            &RecordedMeeting {
                kind: MeetingKind::AdHoc,
                number: None,
                first_day: &self.first_day,
                last_day: &self.last_day,
                way: self.way,
                place: None,
                presidency: presidency.as_ref(),
                requested_by: None,
                topics: &self.topics,
                source: SOURCE,
            },
        )
        .map(drop)
    }
}

impl StandingOnRecord {
    fn record(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let party = party_of(work, "party", &self.party)?;
        let meeting = meeting_of(work, "meeting", self.meeting)?;
        ensure_standing(work, &party, self.standing, self.from, self.until, meeting.as_ref(), &self.source).map(drop)
    }
}

impl PublicationOnRecord {
    fn record(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        if self.published.is_some() && self.published_month.is_some() {
            return Err(AppError::field("published_month", "given beside the day"));
        }
        let adopted_at_meeting = meeting_of(work, "adopted_at_meeting", self.adopted_at_meeting)?;
        ensure_publication(
            work,
            PublicationRequest {
                code: self.key.clone(),
                kind: self.kind,
                title: self.title.clone(),
                summary: self.summary.clone(),
                adopted_on: self.adopted.clone(),
                published_on: self.published.clone().or_else(|| self.published_month.clone()),
                adopted_at_meeting,
            },
        )
        .map(drop)
    }
}

fn party_of(work: &mut Work<'_>, field: &str, code: &str) -> Result<PartyId, AppError> {
    party_coded(work, code)?.map(|(id, _)| id).ok_or_else(|| AppError::field(field, "no such party"))
}

fn presidency_of(work: &mut Work<'_>, code: Option<&str>) -> Result<Option<PartyId>, AppError> {
    code.map(|code| party_of(work, "presidency", code)).transpose()
}

fn meeting_of(work: &mut Work<'_>, field: &str, number: Option<i64>) -> Result<Option<MeetingId>, AppError> {
    let Some(number) = number else { return Ok(None) };
    meeting_numbered(work, number)?.map(Some).ok_or_else(|| AppError::field(field, "no such meeting"))
}

/// The error, saying in which entry of the file it is.
fn within(error: AppError, entry: impl Display) -> AppError {
    match error.fault {
        Fault::Invalid(problems) => Fault::Invalid(
            problems
                .into_iter()
                .map(|one| FieldProblem { field: format!("{entry}: {}", one.field), problem: one.problem })
                .collect(),
        )
        .into(),
        Fault::Conflict(what) => AppError::field(entry.to_string(), what),
        _ => error,
    }
}
