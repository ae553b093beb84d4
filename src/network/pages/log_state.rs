//! The state of the log as a page: what was signed last and by whom, the log's key, and how the log grew.

use actix_web::http::Method;
use askama::Template;

use super::growth::Growth;
use crate::access::Action;
use crate::audit::service::{self, LogState, WitnessesBody};
use crate::error::AppError;
use crate::server::page::{Shell, show};
use crate::server::{Access, Answer, Call, Gives, Logs, Route, Takes, handler};

/// The state of the log.
#[derive(Template)]
#[template(path = "audit/state.html")]
pub(super) struct StatePage {
    shell: Shell,
    state: LogState,
    asked: WitnessesBody,
    growth: Option<Growth>,
}

impl StatePage {
    fn new(shell: Shell, (state, asked): (LogState, WitnessesBody)) -> Self {
        let growth = Growth::of(&shell, &state.growth);
        Self { shell, state, asked, growth }
    }

    /// A fingerprint in groups of four, to be read out.
    fn groups(fingerprint: &str) -> String {
        let digits: Vec<char> = fingerprint.chars().collect();
        digits.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
    }

    /// The drawing in words.
    fn growth_words(&self) -> String {
        let (first, last) = (self.state.growth.first(), self.state.growth.last());
        let (Some(first), Some(last)) = (first, last) else { return String::new() };
        let (from, until) = (self.shell.moment(&first.at), self.shell.moment(&last.at));
        let args = [("entries", last.entries.into()), ("from", from.into()), ("until", until.into())];
        self.shell.say().with("growth-words", &args)
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route {
        method: Method::GET,
        path: "/audit/state",
        name: "page_get_log_state",
        summary: "The log's newest checkpoint, who cosigned it, its key, and a drawing of its growth.",
        access: Access::May(Action::CheckLog),
        logs: Logs::Nothing,
        takes: Takes::Nothing,
        gives: Gives::Page,
        also: &[],
        handler: handler(get),
    }]
}

async fn get(call: Call) -> Result<Answer, AppError> {
    let key = call.log_key().map(ToOwned::to_owned);
    let seen = call
        .see(move |work, asker| Ok((service::state(work, asker, key.as_deref())?, service::witnesses(work, asker)?)));
    let (shell, state) = seen.await?;
    show(&shell.clone(), &StatePage::new(shell, state))
}

#[cfg(test)]
pub(super) fn sample_checkpoint() -> service::CheckpointBody {
    use super::made;
    use crate::audit::service::{CheckpointBody, CosignatureBody};
    let cosigned = |name: &str, at| CosignatureBody { name: name.into(), key_id: "6ef93ec0".into(), at };
    CheckpointBody {
        origin: "incamera.example/api/v1/audit".into(),
        size: 1_234_567,
        root: "3q2+7w==".into(),
        given_out_at: made::day("2026-02-02"),
        key_id: Some("530d903a".into()),
        cosignatures: vec![cosigned("ministry.example/<w>", Some(made::day("2026-02-02"))), cosigned("other", None)],
    }
}

#[cfg(test)]
impl StatePage {
    pub(super) fn samples(shell: &Shell) -> Vec<Self> {
        use super::made;
        use crate::audit::model::witnessing::{Quorum, WitnessFault};
        use crate::audit::service::{GrowthPoint, KeyBody, WitnessBody};
        let point = |day, entries| GrowthPoint { at: made::day(day), entries };
        let none = LogState { log: None, checkpoint: None, growth: Vec::new() };
        let log = Some(KeyBody { key: "incamera.example+530d903a+AekyeRrm".into(), fingerprint: "0f".repeat(32) });
        let growth = vec![point("2026-01-01", 1), point("2026-01-07", 400_000), point("2026-02-02", 1_234_567)];
        let full = LogState { log, checkpoint: Some(sample_checkpoint()), growth };
        let nobody = WitnessesBody { quorum: Quorum::None, witnesses: Vec::new() };
        let witness =
            |name: &str, size, fault| WitnessBody { name: name.into(), size, at: Some(made::day("2026-02-02")), fault };
        let witnesses = vec![
            witness("ministry-<w>", 1_234_567, None),
            WitnessBody { at: None, ..witness("other", 0, Some(WitnessFault::OtherHistory)) },
        ];
        let asked = |quorum| WitnessesBody { quorum, witnesses: witnesses.clone() };
        vec![
            Self::new(shell.clone(), (none, nobody)),
            Self::new(shell.clone(), (full, asked(Quorum::Reached))),
            Self::new(
                shell.clone(),
                (LogState { log: None, checkpoint: None, growth: Vec::new() }, asked(Quorum::Missing)),
            ),
        ]
    }
}
