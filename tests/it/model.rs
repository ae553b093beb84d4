//! Ten thousand random sequences of acts against a small model in plain sets: at every step, server and
//! model agree on who may know and read what, now and on any earlier date; a look and a list never differ; and
//! the server still says of an earlier moment what it said then.
//!
//! `INCAMERA_SEQUENCES` takes another number of sequences, `INCAMERA_SEED` runs a single one.

pub mod dice;
mod judge;
mod network;
mod rows;
mod sequence;
mod services;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use diesel::connection::SimpleConnection;
use incamera::access::Asker;
use incamera::audit::take_touched;
use incamera::context::{Clock, Entropy, Moment};
use incamera::db::bound::BOUND;
use incamera::db::{Conn, DatabaseUrl, Db, Work, codes, migrate};
use incamera::error::{AppError, Fault};
use incamera::settings::Settings;

use crate::support::database::{self, Kind};
use dice::Dice;
use network::{Brought, Doing, Network, PEOPLE, Person, Tick};
use rows::Ids;
use sequence::{Change, Happens, beginning};

/// When every sequence begins: 2026-01-01.
const BEGINNING: Tick = 1_767_225_600_000_000;
/// How far the clock goes ahead before each step. Acts are dated on the same grid, so that ends and beginnings
/// often fall together.
const AHEAD: [Tick; 8] = [10, 10, 1, 20, 10, 9, 10, 40];

struct StoodClock(AtomicI64);

impl Clock for StoodClock {
    fn now(&self) -> Moment {
        Moment(self.0.load(Ordering::SeqCst))
    }
}

/// Ids only need to differ.
struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), AppError> {
        let mut dice = Dice::new(self.0.fetch_add(1, Ordering::SeqCst));
        for chunk in bytes.chunks_mut(8) {
            let next = dice.next().to_le_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
        Ok(())
    }
}

/// What was asked of the server at some moment, and what it said.
struct Said {
    at: Tick,
    person: Option<Person>,
    brought: Brought,
    lists: BTreeSet<(Doing, usize)>,
}

/// One sequence.
struct Sequence {
    seed: u64,
    /// What happens in each step. Drawn at the beginning, so that a sequence can be run again without some of it.
    steps: Vec<Vec<Happens>>,
    network: Network,
    ids: Ids,
    said: Vec<Said>,
    done: Vec<String>,
    /// How often each thing that is done was allowed, and how often not.
    counts: BTreeMap<Doing, [usize; 2]>,
    wrong: Option<String>,
}

fn moments() -> impl Iterator<Item = Tick> {
    AHEAD.iter().scan(BEGINNING, |now, ahead| {
        *now += ahead;
        Some(*now)
    })
}

impl Sequence {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let steps = moments().map(|now| (0..=dice.below(3)).map(|_| Happens::draw(&mut dice, now)).collect()).collect();
        Self {
            seed,
            steps,
            network: Network::default(),
            ids: Ids::default(),
            said: Vec::new(),
            done: Vec::new(),
            counts: BTreeMap::new(),
            wrong: None,
        }
    }

    fn begin(&mut self, work: &mut Work<'_>) -> Result<(), AppError> {
        self.ids = rows::found(work)?;
        let now = work.now.0;
        let all = beginning(&mut Dice::new(self.seed ^ 0xb0b), now);
        rows::begin(work, &mut self.network, &mut self.ids, &all)
    }

    fn change(&mut self, work: &mut Work<'_>, change: Change) -> Result<(), AppError> {
        let now = work.now.0;
        let refused = self.network.refuses(change, now);
        let done = rows::change(work, &self.network, &mut self.ids, change)?;
        if done {
            self.network.change(change, now);
        }
        self.done.push(format!("  at +{}: {change:?}{}", now - BEGINNING, if done { "" } else { " (refused)" }));
        if done == refused {
            self.blame(format!("the server {} it", if done { "did not refuse" } else { "refused" }));
        }
        Ok(())
    }

    fn blame(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }

    /// One step: things happen, and then the server is judged.
    fn happen(&mut self, work: &mut Work<'_>, step: usize) -> Result<(), AppError> {
        for happens in self.steps[step].clone() {
            for change in happens.changes(&self.network, work.now.0) {
                self.change(work, change)?;
            }
        }
        Ok(())
    }

    /// Asks server and model about the network as it is now.
    fn ask(&mut self, work: &mut Work<'_>, step: usize) -> Result<(), AppError> {
        // Chance of its own, so that leaving out an act does not change what is asked.
        let mut dice = Dice::new(self.seed.wrapping_mul(1000).wrapping_add(u64::try_from(step).unwrap()));
        let now = work.now.0;
        let last = step + 1 == self.steps.len();
        let people: Vec<Option<Person>> = if last {
            (0..PEOPLE.len()).map(Some).chain([None]).collect()
        } else {
            // Mostly somebody of a State: the others are kept out of most.
            let first = dice.of(&[0, 1, 2, 0, 1, 2, 3, 4, 5, 6]);
            vec![Some(first), Some((first + 1 + dice.below(PEOPLE.len() - 1)) % PEOPLE.len())]
        };
        let looking = dice.below(people.len());
        for (place, person) in people.into_iter().enumerate() {
            let brought = self.brought(&mut dice, person);
            let asker = judge::asker(work, &self.ids, person, brought, now)?;
            let lists = self.judge(work, &asker, person, brought, now)?;
            if place == looking || last && dice.once_in(4) {
                self.look(work, &mut dice, &asker, person, brought, &lists)?;
            }
            self.said.push(Said { at: now, person, brought, lists });
        }
        if step > 0 {
            self.look_back(work, &mut dice, now)?;
        }
        if last || dice.once_in(6) {
            let (person, doing) = (dice.below(PEOPLE.len()), dice.of(&Doing::ALL));
            let at = now - dice.of(&[0, 0, 1, 10, 20, 41]);
            let count = self.network.count(doing);
            if count > 0 {
                let asked = (doing, dice.below(count));
                let wrong = judge::explained(work, &self.network, &self.ids, person, asked, at)?;
                if !wrong.is_empty() {
                    self.blame(format!(
                        "about person {person} and {asked:?} at +{}: {}",
                        at - BEGINNING,
                        wrong.join("; ")
                    ));
                }
            }
        }
        Ok(())
    }

    /// An earlier moment: what was said then, or what nobody asked then.
    fn look_back(&mut self, work: &mut Work<'_>, dice: &mut Dice, now: Tick) -> Result<(), AppError> {
        if dice.once_in(2) {
            let at = now - dice.of(&[1, 10, 11, 20, 30, 41]);
            let person = dice.below(PEOPLE.len());
            let brought = self.brought(dice, Some(person));
            let asker = judge::asker(work, &self.ids, Some(person), brought, at)?;
            return self.judge(work, &asker, Some(person), brought, at).map(drop);
        }
        let earlier = dice.below(self.said.len());
        let Said { at, person, brought, .. } = self.said[earlier];
        let asker = judge::asker(work, &self.ids, person, brought, at)?;
        let again = self.judge(work, &asker, person, brought, at)?;
        let then = &self.said[earlier].lists;
        if again != *then {
            self.blame(format!(
                "of +{} the server says now {:?} to {person:?} with {brought:?}, and said then {:?}",
                at - BEGINNING,
                again.difference(then).collect::<Vec<_>>(),
                then.difference(&again).collect::<Vec<_>>()
            ));
        }
        Ok(())
    }

    /// What a request of the person brings; mostly all it takes.
    fn brought(&self, dice: &mut Dice, person: Option<Person>) -> Brought {
        let mine: Vec<usize> =
            (0..self.network.visits.len()).filter(|one| Some(self.network.visits[*one].person) == person).collect();
        let visit = if !mine.is_empty() && !dice.once_in(8) {
            Some(dice.of(&mine))
        } else {
            (!self.network.visits.is_empty()).then(|| dice.below(self.network.visits.len()))
        };
        Brought { second_factor: !dice.once_in(8), unlock: !dice.once_in(8), visit }
    }

    /// Holds the lists of one person, as of `at`, against the network.
    fn judge(
        &mut self,
        work: &mut Work<'_>,
        asker: &Asker,
        person: Option<Person>,
        brought: Brought,
        at: Tick,
    ) -> Result<BTreeSet<(Doing, usize)>, AppError> {
        let lists = judge::lists(work, &self.network, &self.ids, asker)?;
        let may = self.network.may(person, brought, at);
        for doing in Doing::ALL {
            let allowed = may.iter().filter(|(one, _)| *one == doing).count();
            let [yes, no] = self.counts.entry(doing).or_default();
            *yes += allowed;
            *no += self.network.count(doing) - allowed;
        }
        if lists != may {
            let (too_much, too_little): (Vec<_>, Vec<_>) =
                (lists.difference(&may).collect(), may.difference(&lists).collect());
            self.blame(format!(
                "at +{} to person {person:?} with {brought:?} as of +{} the server shows {too_much:?} and must not, keeps back {too_little:?} and must not",
                work.now.0 - BEGINNING,
                at - BEGINNING,
            ));
        }
        Ok(lists)
    }

    /// A look at single things is answered as the lists say; and a refusal says no more than it may.
    fn look(
        &mut self,
        work: &mut Work<'_>,
        dice: &mut Dice,
        asker: &Asker,
        person: Option<Person>,
        brought: Brought,
        lists: &BTreeSet<(Doing, usize)>,
    ) -> Result<(), AppError> {
        let doing = dice.of(&Doing::ALL);
        if self.network.count(doing) == 0 {
            return Ok(());
        }
        let thing = dice.below(self.network.count(doing));
        let answer = judge::look(work, &self.ids, asker, doing, thing)?;
        let at_all = person.is_some_and(|person| self.network.may_at_all(person, doing, thing, work.now.0));
        let listed = |doing| lists.contains(&(doing, thing));
        let right = match answer {
            None => listed(doing),
            Some(Fault::MeansNeeded(_)) => !listed(doing) && at_all,
            Some(Fault::NotPermitted) => !at_all && listed(judge::see(doing)),
            _ => !at_all && !listed(judge::see(doing)),
        };
        if !right {
            self.blame(format!(
                "person {person:?} with {brought:?} looks at {:?}: {answer:?}, and the lists show {lists:?}",
                (doing, thing)
            ));
        }
        Ok(())
    }

    fn report(&self) -> String {
        format!(
            "seed {}: {}\nafter, beside what every network begins with:\n{}",
            self.seed,
            self.wrong.as_deref().unwrap_or_default(),
            self.done.join("\n")
        )
    }
}

/// A database of its own, for any number of networks that have nothing to do with each other.
struct Ground {
    db: Db,
    clock: Arc<StoodClock>,
    url: DatabaseUrl,
    _folder: tempfile::TempDir,
}

impl Ground {
    fn new(kind: Kind, salt: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::from_text("", folder.path(), []).unwrap();
        let url = DatabaseUrl::parse(&database::fresh(kind, folder.path()), folder.path()).unwrap();
        migrate::run(&url, true).unwrap();
        let clock = Arc::new(StoodClock(AtomicI64::new(BEGINNING)));
        let entropy = Arc::new(Counted(AtomicU64::new(salt << 40)));
        unbind(&mut url.open_writer().unwrap());
        let codes = database::codes();
        let db = Db::open(&settings.database, &url, Arc::<StoodClock>::clone(&clock), entropy, codes).unwrap();
        Self { db, clock, url, _folder: folder }
    }

    /// Runs the sequences side by side, a step of each at a time; answers them up to where they go wrong.
    fn run(&self, sequences: Vec<Sequence>) -> Vec<Sequence> {
        self.clock.0.store(BEGINNING, Ordering::SeqCst);
        let mut sequences = self.unit(sequences, Sequence::begin);
        for (step, now) in moments().enumerate() {
            self.clock.0.store(now, Ordering::SeqCst);
            sequences = self.unit(sequences, move |sequence, work| sequence.happen(work, step));
            sequences = self.unit(sequences, move |sequence, work| sequence.ask(work, step));
        }
        sequences
    }

    fn unit(
        &self,
        mut sequences: Vec<Sequence>,
        each: impl Fn(&mut Sequence, &mut Work<'_>) -> Result<(), AppError> + Send + 'static,
    ) -> Vec<Sequence> {
        let mut before = self.url.open_writer().unwrap();
        self.db
            .write_blocking(move |work| {
                for sequence in sequences.iter_mut().filter(|sequence| sequence.wrong.is_none()) {
                    each(sequence, work)?;
                }
                // As the writer would, and before it finds that nothing was logged.
                let touched = take_touched(work.conn)?;
                let keys = Arc::clone(work.codes().keys());
                codes::write(work.conn, &mut before, &keys, &touched, &[])?;
                Ok(sequences)
            })
            .unwrap_or_else(|error| panic!("{error:?}"))
    }
}

/// Takes the triggers away by which rows are bound to the log: what is tried here writes rows by the hundred thousand
/// past the services, which log, and asks only what the rules make of them. Those stay that tell which acts need codes.
fn unbind(conn: &mut Conn) {
    let acts = ["acts", "suspensions"];
    let bound = BOUND.iter().filter(|bound| !acts.contains(&bound.table) && bound.keys != ["act_id"]);
    for table in bound.map(|bound| bound.table) {
        let statement = match conn {
            Conn::Sqlite(_) => {
                ["insert", "update", "delete"].map(|event| format!("DROP TRIGGER touch_{table}_{event};")).concat()
            }
            Conn::Postgres(_) => format!("DROP TRIGGER touch ON {table}"),
        };
        conn.batch_execute(&statement).unwrap();
    }
}

/// The sequence with whatever is not needed for it to go wrong left out.
fn shortest(kind: Kind, seed: u64) -> Sequence {
    let ground = Ground::new(kind, seed);
    let attempt = |steps: &Vec<Vec<Happens>>| {
        let sequence = Sequence { steps: steps.clone(), ..Sequence::new(seed) };
        ground.run(vec![sequence]).pop().unwrap()
    };
    let mut steps = Sequence::new(seed).steps;
    for step in 0..steps.len() {
        let mut place = 0;
        while place < steps[step].len() {
            let mut fewer = steps.clone();
            fewer[step].remove(place);
            if attempt(&fewer).wrong.is_some() {
                steps = fewer;
            } else {
                place += 1;
            }
        }
    }
    attempt(&steps)
}

fn agree(kind: Kind, usual: u64) {
    let number = |name| std::env::var_os(name).map(|text| text.to_str().unwrap().parse::<u64>().unwrap());
    let seeds = match number("INCAMERA_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("INCAMERA_SEQUENCES").unwrap_or(usual),
    };
    let (first, last) = (seeds.start, seeds.end);
    let (mut acts, mut counts) = (0, BTreeMap::<Doing, [usize; 2]>::new());
    for from in (first..last).step_by(500) {
        let ground = Ground::new(kind, from + 1);
        let sequences = ground.run((from..last.min(from + 500)).map(Sequence::new).collect());
        for (doing, [yes, no]) in sequences.iter().flat_map(|sequence| &sequence.counts) {
            let sum = counts.entry(*doing).or_insert([0, 0]);
            *sum = [sum[0] + yes, sum[1] + no];
        }
        acts += sequences.iter().map(|sequence| sequence.done.len()).sum::<usize>();
        if let Some(wrong) = sequences.iter().find(|sequence| sequence.wrong.is_some()) {
            let short = shortest(kind, wrong.seed);
            let shown = if short.wrong.is_some() { short } else { Sequence::new(wrong.seed) };
            let count = sequences.iter().filter(|sequence| sequence.wrong.is_some()).count();
            panic!(
                "{count} of 500 sequences go wrong\nthe first {}\nthe same, shortened: {}",
                wrong.report(),
                shown.report()
            );
        }
    }
    println!("{} sequences, {acts} changes, allowed and not: {counts:?}", last - first);
    // What is nearly always allowed, or nearly never, is hardly tried.
    for (doing, [yes, no]) in counts {
        assert!(last - first < 100 || yes * 50 > no && no * 50 > yes, "{doing:?}: {yes} times allowed, {no} times not");
    }
}

#[test]
fn server_and_model_agree_on_ten_thousand_sequences() {
    agree(Kind::Sqlite, 10_000);
}

#[test]
fn server_and_model_agree_on_postgres() {
    agree(Kind::Postgres, 500);
}

/// Fewer and longer, and everything by request: what the services make of it.
fn walk(kind: Kind, walks: u64, steps: usize) {
    let (mut done, mut refused) = (0, 0);
    for seed in 0..walks {
        let mut walk = services::Walk::new(kind, seed);
        for _ in 0..steps {
            walk.step();
        }
        let counts = walk.counts();
        (done, refused) = (done + counts.0, refused + counts.1);
    }
    println!("{done} requests done, {refused} refused");
    assert!(done > refused / 2, "hardly anything was done");
}

#[test]
fn services_and_model_agree() {
    walk(Kind::Sqlite, 12, 80);
}

#[test]
fn services_and_model_agree_on_postgres() {
    walk(Kind::Postgres, 4, 60);
}
