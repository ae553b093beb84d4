//! Ten thousand random sequences of who comes into rooms, goes, writes and loses his means, over two nodes, against a small
//! model of keys in plain sets: after every act, server and model agree on what was answered, which texts it showed, and
//! who holds the seed of which epoch. What must hold in any case is told from the sequence and the rows alone (`witness.rs`):
//! whoever was removed reads nothing that was written later, nor does anything that was ever kept for him open it; whoever was
//! added from now on reads nothing from before.
//!
//! `INCAMERA_SEQUENCES` takes another number of sequences, `INCAMERA_SEED` runs a single one.

mod acts;
mod judge;
mod stage;
mod witness;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::dice::Dice;
use crate::support::database::Kind;

use acts::{Act, Person, Step};
use judge::{Answer, Judge, PEOPLE};
use stage::{Cast, Stage};
use witness::Witness;

/// Sequences that have a database together; those whose people and rooms are made at once.
const GROUND: u64 = 250;
const TOGETHER: u64 = 25;

/// What each sequence draws at its beginning: who is in which room, and what is done.
fn drawn(seed: u64) -> (Dice, [BTreeSet<Person>; 2], Vec<Step>) {
    let mut dice = Dice::new(seed);
    let mut session: BTreeSet<Person> = (0..PEOPLE - 1).filter(|_| dice.once_in(2)).collect();
    if dice.once_in(3) {
        session = (0..PEOPLE - 1).collect();
    }
    let mut case: BTreeSet<Person> = (0..PEOPLE - 1).filter(|_| dice.once_in(3)).collect();
    if !dice.once_in(6) {
        case.insert(0);
    }
    let members = [session, case];
    let steps = Step::draw_all(&mut dice, &members);
    (dice, members, steps)
}

/// A sequence as far as it went.
struct Run {
    wrong: Option<String>,
    done: Vec<String>,
    /// How often each answer was given to each kind of act.
    counts: BTreeMap<String, usize>,
    opened: (usize, usize),
}

struct Going<'a> {
    stage: &'a mut Stage,
    cast: Cast,
    judge: Judge,
    witness: Witness,
    dice: Dice,
    when: usize,
    run: Run,
}

/// The kind of an act.
fn name(act: Act) -> String {
    let text = format!("{act:?}");
    text.split(['(', ' ', '{']).next().unwrap_or_default().to_owned()
}

impl Going<'_> {
    fn blame(&mut self, what: String) {
        self.run.wrong.get_or_insert(what);
    }

    fn said(&mut self, act: Act, answer: &Answer) {
        let texts = if answer.texts.is_empty() { String::new() } else { format!(" {:?}", answer.texts) };
        self.run.done.push(format!("  {}: {act:?}: {}{texts}", self.when, answer.status));
        *self.run.counts.entry(format!("{} {}", name(act), answer.status)).or_default() += 1;
    }

    /// Whether an act can be done at all; what it means here.
    fn fits(&self, act: Act) -> Option<Act> {
        let judge = &self.judge;
        let fits = match act {
            Act::Suspend(person) => !judge.suspended(person),
            Act::LiftSuspension(person) => judge.suspended(person),
            Act::Designate(person) => !judge.designated(person),
            Act::EndDesignation(person) => judge.designated(person),
            Act::EndStanding(state) => judge.stands(state),
            Act::GiveStanding(state) => !judge.stands(state),
            _ => true,
        };
        let note = |room, note| judge.note(room, note).unwrap_or(note);
        fits.then_some(match act {
            Act::Read(by, room, number) => Act::Read(by, room, note(room, number)),
            Act::Versions(by, room, number) => Act::Versions(by, room, note(room, number)),
            Act::Correct { by, room, note: number, stale } => Act::Correct { by, room, note: note(room, number), stale },
            other => other,
        })
    }

    fn version(&self, act: Act) -> usize {
        match act {
            Act::Correct { room, note, stale, .. } if self.judge.note(room, note).is_some() => {
                self.judge.version(room, note) + usize::from(stale)
            }
            _ => 1,
        }
    }

    fn step(&mut self, step: Step) {
        let acts: Vec<Act> = match step {
            Step::One(act) => vec![act],
            Step::Two(one, two) => vec![one, two],
        };
        for act in &acts {
            // Whoever is not logged in most often does that first.
            if let Some(by) = act.by()
                && !self.judge.is_logged_in(by, self.stage.now())
                && self.judge.has_account(by)
                && !self.dice.once_in(6)
            {
                self.one(Act::LogIn(by));
            }
            if let Some(by) = act.by().filter(|by| self.stage.is_stale(&self.cast, *by))
                && self.judge.is_logged_in(by, self.stage.now())
            {
                self.one(Act::Renew(by));
            }
        }
        match acts[..] {
            [one, two] => self.two(one, two),
            _ => {
                if let Some(act) = self.fits(acts[0]) {
                    self.one(act);
                }
            }
        }
    }

    fn one(&mut self, act: Act) {
        if self.run.wrong.is_some() {
            return;
        }
        let text = u32::try_from(self.when).unwrap();
        let version = self.version(act);
        let node = self.dice.below(2);
        let request = self.stage.prepare(&mut self.cast, act, version, text);
        let expected = self.judge.judge(act, self.stage.now(), self.when, text);
        let answer = match request {
            Some(request) => {
                let reply = self.stage.send(node, &request);
                if reply.status >= 500 {
                    self.blame(format!("{act:?}: {}", reply.text()));
                }
                self.stage.take(&mut self.cast, act, &reply, text)
            }
            None => expected.clone(),
        };
        self.said(act, &answer);
        if answer != expected {
            self.blame(format!("{act:?}: the server answers {answer:?}, and it is {expected:?}"));
        }
        self.heard(act, &answer, text);
        self.look();
    }

    fn heard(&mut self, act: Act, answer: &Answer, text: u32) {
        let note = match act {
            Act::Correct { note, .. } => Some(note),
            _ => None,
        };
        if let Some(wrong) = self.witness.hears(act, answer, self.when, text, note) {
            self.blame(wrong);
        }
        if let (Act::LogIn(person), 200) = (act, answer.status) {
            self.witness.takes_seed(&mut self.stage.conn, &self.cast, person);
        }
        self.when += 1;
    }

    /// Holds the tables against the model.
    fn look(&mut self) {
        match self.witness.sees(&mut self.stage.conn, &self.cast) {
            Ok(held) => {
                for (room, held) in held.into_iter().enumerate() {
                    let is = self.judge.held(room);
                    if held != is {
                        self.blame(format!("of room {room} the tables hold {held:?}, and it is {is:?}"));
                    }
                }
            }
            Err(wrong) => self.blame(wrong),
        }
    }

    /// Two at the same time: it must be as if one had come after the other.
    fn two(&mut self, one: Act, two: Act) {
        if self.run.wrong.is_some() {
            return;
        }
        let (Some(one), Some(two)) = (self.fits(one), self.fits(two)) else { return };
        let texts = [self.when, self.when + 1].map(|when| u32::try_from(when).unwrap());
        let versions = [self.version(one), self.version(two)];
        let requests = [(one, 0), (two, 1)]
            .map(|(act, place)| self.stage.prepare(&mut self.cast, act, versions[place], texts[place]).unwrap());
        let at = self.stage.now();
        let replies = self.stage.send_both([&requests[0], &requests[1]]);
        // A note that was written is the room's next, whichever order it was.
        let judged = |judge: &Judge, order: [usize; 2]| {
            let (mut judge, mut answers) = (judge.clone(), [Answer::default(), Answer::default()]);
            for (later, place) in order.into_iter().enumerate() {
                answers[place] = judge.judge([one, two][place], at, self.when + later, texts[place]);
            }
            (judge, answers)
        };
        let orders = [[0, 1], [1, 0]].map(|order| (order, judged(&self.judge, order)));
        let held = match self.witness.sees(&mut self.stage.conn, &self.cast) {
            Ok(held) => held,
            Err(wrong) => return self.blame(wrong),
        };
        let mut fitting = None;
        for (order, (judge, expected)) in orders {
            let same = (0..2).all(|place| expected[place].status == replies[place].status);
            if fitting.is_none() && same && (0..2).all(|room| judge.held(room) == held[room]) {
                fitting = Some((order, judge, expected));
            }
        }
        let Some((order, judge, expected)) = fitting else {
            let statuses = [replies[0].status, replies[1].status];
            return self.blame(format!(
                "{one:?} and {two:?} at the same time are answered {statuses:?}, and leave {held:?}: as if neither had come first"
            ));
        };
        for place in order {
            let act = [one, two][place];
            let answer = self.stage.take(&mut self.cast, act, &replies[place], texts[place]);
            self.said(act, &answer);
            if answer != expected[place] {
                self.blame(format!("{act:?}: the server answers {answer:?}, and it is {:?}", expected[place]));
            }
            self.heard(act, &answer, texts[place]);
        }
        self.judge = judge;
    }
}

fn run(stage: &mut Stage, cast: Cast, dice: Dice, steps: &[Step]) -> Run {
    let (judge, witness) = (Judge::new(&cast.members), Witness::new(&cast));
    let run = Run { wrong: None, done: Vec::new(), counts: BTreeMap::new(), opened: (0, 0) };
    let mut going = Going { stage, cast, judge, witness, dice, when: 1, run };
    going.look();
    for step in steps {
        going.step(*step);
    }
    if going.run.wrong.is_none() && going.dice.once_in(4) {
        match going.witness.tries(&mut going.stage.conn, &going.cast) {
            Ok(opened) => going.run.opened = opened,
            Err(wrong) => going.blame(wrong),
        }
    }
    going.run
}

/// The sequence with whatever is not needed for it to go wrong left out.
fn shortest(kind: Kind, seed: u64) -> String {
    let mut stage = Stage::new(kind);
    let (dice, members, mut steps) = drawn(seed);
    let mut names = 1_000_000..;
    let mut attempt = |steps: &[Step]| {
        let cast = stage.cast(vec![(names.next().unwrap(), members.clone())]).pop().unwrap();
        run(&mut stage, cast, dice.clone(), steps)
    };
    let mut place = 0;
    while place < steps.len() {
        let mut fewer = steps.clone();
        fewer.remove(place);
        if attempt(&fewer).wrong.is_some() {
            steps = fewer;
        } else {
            place += 1;
        }
    }
    let run = attempt(&steps);
    format!("{}\nrooms began with {members:?}\n{}", run.wrong.unwrap_or_else(|| "nothing".into()), run.done.join("\n"))
}

fn agree(kind: Kind, usual: u64) {
    let number = |name| std::env::var_os(name).map(|text| text.to_str().unwrap().parse::<u64>().unwrap());
    let seeds = match number("INCAMERA_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("INCAMERA_SEQUENCES").unwrap_or(usual),
    };
    let (next, last) = (AtomicU64::new(seeds.start), seeds.end);
    let sums = Mutex::new((BTreeMap::<String, usize>::new(), (0, 0), BTreeMap::<u64, String>::new()));
    let work = || {
        loop {
            let from = next.fetch_add(GROUND, Ordering::SeqCst);
            if from >= last || !sums.lock().unwrap().2.is_empty() {
                return;
            }
            let mut stage = Stage::new(kind);
            for from in (from..last.min(from + GROUND)).step_by(usize::try_from(TOGETHER).unwrap()) {
                let seeds: Vec<u64> = (from..last.min(from + TOGETHER)).collect();
                let casts = stage.cast(seeds.iter().map(|seed| (*seed, drawn(*seed).1)).collect());
                for (seed, cast) in seeds.into_iter().zip(casts) {
                    let (dice, _, steps) = drawn(seed);
                    let run = run(&mut stage, cast, dice, &steps);
                    let mut sums = sums.lock().unwrap();
                    for (name, count) in run.counts {
                        *sums.0.entry(name).or_default() += count;
                    }
                    (sums.1.0, sums.1.1) = (sums.1.0 + run.opened.0, sums.1.1 + run.opened.1);
                    if let Some(wrong) = run.wrong {
                        sums.2.insert(seed, format!("seed {seed}: {wrong}\n{}", run.done.join("\n")));
                    }
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let other = (last - seeds.start > GROUND).then(|| scope.spawn(work));
        work();
        other.map(|other| other.join().unwrap())
    });
    let (counts, opened, wrong) = sums.into_inner().unwrap();
    if let Some((seed, report)) = wrong.first_key_value() {
        panic!("{} sequences go wrong\nthe first {report}\nshortened: {}", wrong.len(), shortest(kind, *seed));
    }
    println!("{} sequences, texts opened past the server and not: {opened:?}; {counts:?}", last - seeds.start);
}

#[test]
fn keys_and_model_agree_on_ten_thousand_sequences() {
    agree(Kind::Sqlite, 10_000);
}

#[test]
fn keys_and_model_agree_on_postgres() {
    agree(Kind::Postgres, 400);
}
