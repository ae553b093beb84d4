//! Which logs are trusted, and how many of which witnesses must have cosigned a checkpoint before it counts
//! (<https://c2sp.org/tlog-policy>). Keys are Ed25519 ones: what else the specification knows is refused, not
//! skipped, so that nobody takes a quorum for met that was never looked at. Lines other than comments are UTF-8.

use std::collections::{BTreeMap, BTreeSet};

use super::note::{Kind, Note, Signed, Verifier};
use super::proof::Unproven;

/// Most logs, witnesses and groups each: as many as the specification wants to be taken at least.
const MOST: usize = 32;

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The logs that are trusted; none where the log is known from elsewhere.
    pub logs: Vec<Verifier>,
    /// The witnesses, in the order of the file.
    pub witnesses: Vec<Witness>,
    /// Each refers only to those before it.
    groups: Vec<Group>,
    /// Nothing where no cosignature is wanted.
    quorum: Option<Member>,
}

/// A witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// What the policy calls it.
    pub name: String,
    /// What it cosigns with.
    pub key: Verifier,
    /// Where it is asked.
    pub url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    least: usize,
    members: Vec<Member>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group(usize),
}

/// Why a text is no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct PolicyError {
    /// Counted from one; the last, where something is missing.
    pub line: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a line of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A control character.
    #[error("holds a control character other than tab")]
    Control,
    /// Not UTF-8.
    #[error("is not UTF-8")]
    Text,
    /// The first word is none of the four.
    #[error("begins with none of log, witness, group, quorum")]
    Keyword,
    /// Too few or too many words.
    #[error(
        "is not of the form: log VKEY [URL] | witness NAME VKEY [URL] | group NAME all|any|NUMBER NAME… | quorum NAME"
    )]
    Form,
    /// Not a log's key.
    #[error("holds no key of a log: name+id+key with Ed25519 (0x01), whose parts belong together")]
    LogKey,
    /// Not a witness's key.
    #[error("holds no key of a witness: name+id+key with timestamped Ed25519 (0x04), whose parts belong together")]
    WitnessKey,
    /// The key stands on an earlier line.
    #[error("holds a key that an earlier line has")]
    KeyTwice,
    /// The name stands on an earlier line.
    #[error("defines a name that is defined already, or is `none`")]
    NameTwice,
    /// The name stands on no earlier line.
    #[error("refers to a name that no earlier line defines")]
    Undefined,
    /// A member of two groups, or twice of one.
    #[error("has a member that is one of a group already")]
    MemberTwice,
    /// Not between one and the number of members.
    #[error("wants none of its members, more than there are, or a number that is none")]
    Threshold,
    /// A second quorum.
    #[error("is a second quorum")]
    QuorumTwice,
    /// No quorum.
    #[error("is the last, and there was no quorum")]
    NoQuorum,
    /// More than [`MOST`].
    #[error("is one more than the 32 that are taken")]
    TooMany,
}

/// What a quorum line says.
enum Wanted {
    Nothing,
    Of(Member),
}

/// What is being read.
#[derive(Default)]
struct Reading {
    quorum: Option<Wanted>,
    logs: Vec<Verifier>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    names: BTreeMap<String, Member>,
    members: BTreeSet<String>,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// The first line that is not as it must be, and why.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        let mut reading = Reading::default();
        let mut last = 1;
        for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            reading.line(line).map_err(|problem| PolicyError { line: number, problem })?;
            last = number;
        }
        let Reading { quorum, logs, witnesses, groups, .. } = reading;
        let quorum = match quorum.ok_or(PolicyError { line: last, problem: Problem::NoQuorum })? {
            Wanted::Nothing => None,
            Wanted::Of(member) => Some(member),
        };
        Ok(Self { logs, witnesses, groups, quorum })
    }

    /// Whether the quorum holds when these witnesses have cosigned.
    pub fn reached(&self, cosigned: impl Fn(&Witness) -> bool) -> bool {
        let witnesses: Vec<bool> = self.witnesses.iter().map(cosigned).collect();
        let mut groups: Vec<bool> = Vec::new();
        for group in &self.groups {
            let count = group.members.iter().filter(|member| has(&witnesses, &groups, **member)).count();
            groups.push(count >= group.least);
        }
        self.quorum.is_none_or(|quorum| has(&witnesses, &groups, quorum))
    }

    /// Checks the cosignatures of a checkpoint.
    ///
    /// # Errors
    /// `Signature` when one by a witness of the policy is not right, `Witnesses` when the quorum does not hold.
    pub fn check(&self, note: &Note) -> Result<(), Unproven> {
        if self.witnesses.iter().any(|witness| note.signed(&witness.key) == Signed::Wrong) {
            return Err(Unproven::Signature);
        }
        if self.reached(|witness| is_dated(note.signed(&witness.key))) { Ok(()) } else { Err(Unproven::Witnesses) }
    }
}

fn has(witnesses: &[bool], groups: &[bool], member: Member) -> bool {
    match member {
        Member::Witness(place) => witnesses.get(place),
        Member::Group(place) => groups.get(place),
    }
    .is_some_and(|reached| *reached)
}

/// Whether it is a cosignature of a whole checkpoint: one without a time says nothing of the newest tree.
#[must_use]
pub const fn is_dated(signed: Signed) -> bool {
    matches!(signed, Signed::At(seconds) if seconds > 0 && seconds <= i64::MAX.unsigned_abs())
}

impl Reading {
    fn line(&mut self, line: &[u8]) -> Result<(), Problem> {
        if line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            return Err(Problem::Control);
        }
        if line.trim_ascii_start().first().is_none_or(|first| *first == b'#') {
            return Ok(());
        }
        let line = std::str::from_utf8(line).map_err(|_bytes| Problem::Text)?;
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match words[..] {
            ["log", key] | ["log", key, _] => self.log(key),
            ["witness", name, key] => self.witness(name, key, None),
            ["witness", name, key, url] => self.witness(name, key, Some(url)),
            ["group", name, least, ref members @ ..] if !members.is_empty() => self.group(name, least, members),
            ["quorum", name] => self.quorum(name),
            ["log" | "witness" | "group" | "quorum", ..] => Err(Problem::Form),
            _ => Err(Problem::Keyword),
        }
    }

    fn log(&mut self, key: &str) -> Result<(), Problem> {
        let key = Verifier::parse(key).filter(|key| key.kind == Kind::Log).ok_or(Problem::LogKey)?;
        if self.logs.iter().any(|log| log.has_key_of(&key)) {
            return Err(Problem::KeyTwice);
        }
        room(self.logs.len())?;
        self.logs.push(key);
        Ok(())
    }

    fn witness(&mut self, name: &str, key: &str, url: Option<&str>) -> Result<(), Problem> {
        let key = Verifier::parse(key).filter(|key| key.kind == Kind::Witness).ok_or(Problem::WitnessKey)?;
        if self.witnesses.iter().any(|witness| witness.key.has_key_of(&key)) {
            return Err(Problem::KeyTwice);
        }
        room(self.witnesses.len())?;
        self.define(name, Member::Witness(self.witnesses.len()))?;
        self.witnesses.push(Witness { name: name.to_owned(), key, url: url.map(ToOwned::to_owned) });
        Ok(())
    }

    fn group(&mut self, name: &str, least: &str, names: &[&str]) -> Result<(), Problem> {
        let mut members = Vec::new();
        for member in names {
            members.push(*self.names.get(*member).ok_or(Problem::Undefined)?);
            if !self.members.insert((*member).to_owned()) {
                return Err(Problem::MemberTwice);
            }
        }
        let least = match least {
            "all" => members.len(),
            "any" => 1,
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_too_large| Problem::Threshold)?
            }
            _ => return Err(Problem::Threshold),
        };
        if !(1..=members.len()).contains(&least) {
            return Err(Problem::Threshold);
        }
        room(self.groups.len())?;
        self.define(name, Member::Group(self.groups.len()))?;
        self.groups.push(Group { least, members });
        Ok(())
    }

    fn quorum(&mut self, name: &str) -> Result<(), Problem> {
        let quorum = match name {
            "none" => Wanted::Nothing,
            name => Wanted::Of(*self.names.get(name).ok_or(Problem::Undefined)?),
        };
        match self.quorum.replace(quorum) {
            None => Ok(()),
            Some(_) => Err(Problem::QuorumTwice),
        }
    }

    fn define(&mut self, name: &str, member: Member) -> Result<(), Problem> {
        match self.names.insert(name.to_owned(), member) {
            None if name != "none" => Ok(()),
            _ => Err(Problem::NameTwice),
        }
    }
}

const fn room(there: usize) -> Result<(), Problem> {
    if there < MOST { Ok(()) } else { Err(Problem::TooMany) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::audit::model::note::{Checkpoint, Signer};
    use crate::context::{Ctx, Moment, SystemEntropy};

    fn signer(name: &str, kind: Kind) -> Signer {
        let ctx = Ctx::new(Moment(0), Arc::new(SystemEntropy));
        Signer::parse(&Signer::generate(name, kind, &ctx).unwrap(), kind).unwrap()
    }

    fn key(name: &str) -> String {
        signer(name, Kind::Witness).verifier().to_string()
    }

    /// The example of the specification, with keys put in.
    fn example() -> String {
        let mut text = format!("# A comment\nlog {}\n\n", signer("example.org/log", Kind::Log).verifier());
        for name in ["X1", "X2", "X3"] {
            text = format!("{text}witness {name} {} https://{name}.example/\n", key(name));
        }
        text += "group X-witnesses 2 X1 X2 X3\n \t\n";
        for name in ["Y1", "Y2", "Y3"] {
            text = format!("{text}\twitness  {name} \t{}\n", key(name));
        }
        text + "group Y-witnesses any Y1 Y2 Y3\n\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
    }

    #[test]
    fn the_example_of_the_specification_means_what_it_says() {
        let policy = Policy::parse(example().as_bytes()).unwrap();
        assert_eq!((policy.logs.len(), policy.witnesses.len()), (1, 6));
        assert_eq!(policy.witnesses[0].url.as_deref(), Some("https://X1.example/"));
        assert_eq!(policy.witnesses[5].url, None);
        let mut met = 0;
        for set in 0_u32..64 {
            let place = |witness: &Witness| policy.witnesses.iter().position(|one| one == witness).unwrap();
            let reached = policy.reached(|witness| set >> place(witness) & 1 == 1);
            assert_eq!(reached, (set & 7).count_ones() >= 2 && set >> 3 != 0, "{set:06b}");
            met += u32::from(reached);
        }
        assert_eq!(met, 4 * 7);
    }

    #[test]
    fn quorums_of_one_and_of_none() {
        let one = format!("witness w {}", key("w"));
        let policy = Policy::parse(format!("{one}\nquorum w").as_bytes()).unwrap();
        assert!(policy.reached(|_| true) && !policy.reached(|_| false));
        let policy = Policy::parse(format!("{one}\nquorum none\n").as_bytes()).unwrap();
        assert!(policy.reached(|_| false));
        assert!(Policy::parse(b"quorum none").unwrap().witnesses.is_empty());
        // Comments may be of any text.
        assert!(Policy::parse(b"# caf\xe9\nquorum none\n").is_ok());
    }

    #[test]
    fn what_is_no_policy_is_refused_with_its_line() {
        let witness = signer("w", Kind::Witness);
        let (log, same) = (signer("l", Kind::Log).verifier().to_string(), witness.verifier().to_string());
        let (a, b) = (format!("witness a {}\n", key("a")), format!("witness b {}\n", key("b")));
        let wrong_id = same.replacen(same.split('+').nth(1).unwrap(), "00000000", 1);
        let many = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
        let witnesses = |count| many(count, &|n| format!("witness w{n} {}\n", key("w")));
        for (text, line, problem) in [
            (String::new(), 1, Problem::NoQuorum),
            (format!("{a}{b}"), 3, Problem::NoQuorum),
            ("quorum none\r\n".into(), 1, Problem::Control),
            ("quorum\u{b}none\n".into(), 1, Problem::Control),
            ("quorum none\nquorum none\n".into(), 2, Problem::QuorumTwice),
            ("policy none\n".into(), 1, Problem::Keyword),
            ("LOG x\n".into(), 1, Problem::Keyword),
            ("quorum\u{a0}none\n".into(), 1, Problem::Keyword),
            ("log\n".into(), 1, Problem::Form),
            (format!("log {log} https://x y\n"), 1, Problem::Form),
            (format!("{a}group g any\n"), 2, Problem::Form),
            ("quorum none none\n".into(), 1, Problem::Form),
            (format!("log {same}\n"), 1, Problem::LogKey),
            ("log x\n".into(), 1, Problem::LogKey),
            (format!("witness w {log}\n"), 1, Problem::WitnessKey),
            (format!("witness w {wrong_id}\n"), 1, Problem::WitnessKey),
            (format!("witness w {}\n", same.replacen('w', "v", 1)), 1, Problem::WitnessKey),
            (format!("log {log}\nlog {log}\n"), 2, Problem::KeyTwice),
            (format!("witness v {same}\nwitness w {same}\n"), 2, Problem::KeyTwice),
            (format!("{a}witness a {}\n", key("c")), 2, Problem::NameTwice),
            (format!("{a}group a any a\n"), 2, Problem::NameTwice),
            (format!("witness none {same}\n"), 1, Problem::NameTwice),
            (format!("group g any a\n{a}"), 1, Problem::Undefined),
            (format!("{a}group g any g\n"), 2, Problem::Undefined),
            (format!("{a}group g any none\n"), 2, Problem::Undefined),
            (format!("quorum a\n{a}"), 1, Problem::Undefined),
            (format!("{a}group g any a a\n"), 2, Problem::MemberTwice),
            (format!("{a}{b}group g any a\ngroup h all a b\n"), 4, Problem::MemberTwice),
            (format!("{a}group g 0 a\n"), 2, Problem::Threshold),
            (format!("{a}group g 2 a\n"), 2, Problem::Threshold),
            (format!("{a}group g +1 a\n"), 2, Problem::Threshold),
            (format!("{a}group g ALL a\n"), 2, Problem::Threshold),
            (format!("{a}group g 99999999999999999999999 a\n"), 2, Problem::Threshold),
            (witnesses(33), 33, Problem::TooMany),
        ] {
            assert_eq!(Policy::parse(text.as_bytes()), Err(PolicyError { line, problem }), "{text:?}");
        }
        assert_eq!(Policy::parse(b"quorum \xff\n"), Err(PolicyError { line: 1, problem: Problem::Text }));
        assert!(Policy::parse((witnesses(32) + "quorum w31").as_bytes()).is_ok());
        let error = Policy::parse(b"quorum none\nlog x\n").unwrap_err();
        assert!(error.to_string().starts_with("line 2: holds no key of a log"), "{error}");
    }

    #[test]
    fn cosignatures_are_counted_by_their_keys() {
        let (log, v, w) = (signer("log", Kind::Log), signer("v", Kind::Witness), signer("w", Kind::Witness));
        let (vkey, wkey) = (v.verifier(), w.verifier());
        let text = format!("witness v {vkey}\nwitness w {wkey}\ngroup g 2 v w\nquorum g\n");
        let policy = Policy::parse(text.as_bytes()).unwrap();
        let checkpoint = Checkpoint { origin: "log".into(), size: 5, root: [5; 32] }.text();
        let note = |lines| Note { text: checkpoint.clone(), lines };
        let (by_log, by_v, by_w) = (log.sign(&checkpoint, 0), v.sign(&checkpoint, 7), w.sign(&checkpoint, 8));
        assert_eq!(policy.check(&note(vec![by_log.clone(), by_v.clone(), by_w.clone()])), Ok(()));
        assert_eq!(policy.check(&note(vec![by_log.clone(), by_v.clone(), by_v.clone()])), Err(Unproven::Witnesses));
        // One of the same name and another key is nobody's.
        let stranger = signer("w", Kind::Witness).sign(&checkpoint, 8);
        assert_eq!(policy.check(&note(vec![by_v.clone(), stranger.clone()])), Err(Unproven::Witnesses));
        assert_eq!(policy.check(&note(vec![by_v.clone(), stranger, by_w.clone()])), Ok(()));
        // One without a time does not count; one over another text makes the whole wrong.
        assert_eq!(policy.check(&note(vec![by_v.clone(), w.sign(&checkpoint, 0)])), Err(Unproven::Witnesses));
        let other = w.sign("log\n6\n", 8);
        assert_eq!(policy.check(&note(vec![by_v, by_w, other])), Err(Unproven::Signature));
    }
}
