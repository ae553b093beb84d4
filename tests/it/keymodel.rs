//! Ten thousand random sequences of who comes into rooms, goes, writes and loses his means, over two nodes, against a small
//! model of keys in plain sets: after every act, server and model agree on what was answered, which texts it showed, and
//! who holds the seed of which epoch. What must hold in any case is told from the sequence and the rows alone (`witness.rs`):
//! whoever was removed reads nothing that was written later, nor does anything that was ever kept for him open it; whoever was
//! added from now on reads nothing from before.
//!
//! `INCAMERA_SEQUENCES` takes another number of sequences, `INCAMERA_SEED` runs a single chain of them.

mod acts;
mod judge;
mod stage;
mod witness;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::dice::Dice;
use crate::support::database::Kind;

use acts::{Act, Room, Step};
use judge::{Answer, Held, Judge, PEOPLE};
use stage::{Cast, Stage};
use witness::Witness;

/// Sequences that the same people go through, one after the other. What became of them in one is so in the next: their
/// pairs, their log-ins, and the rooms of before, whose keys go on changing hands. Such a chain is what a seed names.
const CHAIN: u64 = 5;
/// Chains that have a database together; those whose people are recorded at once.
const GROUND: u64 = 100;
const TOGETHER: u64 = 10;

/// The steps of a chain, each with a number from which chance has what else it needs: so a step that is left out changes
/// nothing of the others.
fn drawn(seed: u64) -> Vec<(u64, Step)> {
    let mut dice = Dice::new(seed);
    let steps: Vec<Step> = (0..CHAIN).flat_map(|_| Step::draw_all(&mut dice)).collect();
    (seed << 20..).zip(steps).collect()
}

/// A chain of sequences as far as it went.
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
            Act::Correct { by, room, note: number, stale } => {
                Act::Correct { by, room, note: note(room, number), stale }
            }
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
            Step::Begins(members) => return self.begin(members),
            // What is left of a sequence when it is made shorter may have lost its beginning.
            _ if self.judge.rooms() == 0 => return,
            Step::One(act) => vec![act],
            Step::Two(one, two) => vec![one, two],
        };
        let acts: Vec<Act> = acts.into_iter().map(|act| act.in_rooms_from(self.judge.rooms() - 2)).collect();
        for act in &acts {
            // Whoever is not logged in, or not inside, most often does that first.
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
            if let Some((by, room)) = act.inside()
                && self.judge.waits_outside(by, room, self.stage.now())
                && !self.dice.once_in(6)
            {
                self.one(Act::Visit(by, room));
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

    fn begin(&mut self, members: [u8; 2]) {
        for act in self.judge.amends() {
            if !self.dice.once_in(4) {
                self.one(act);
            }
        }
        if self.run.wrong.is_some() {
            return;
        }
        self.stage.open_rooms(&mut self.cast, members);
        for members in members {
            self.judge.begin(members, self.stage.now(), self.when);
            self.witness.begins(members, self.when);
        }
        let people = members.map(|bits| (0..PEOPLE).filter(|one| bits & (1 << one) != 0).collect::<Vec<_>>());
        self.run.done.push(format!("  {}: rooms {} and on, with {people:?}", self.when, self.judge.rooms() - 2));
        self.when += 1;
        self.look(true);
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
            None => self.stage.outcome.take().unwrap_or_else(|| expected.clone()),
        };
        self.said(act, &answer);
        if answer != expected {
            self.blame(format!("{act:?}: the server answers {answer:?}, and it is {expected:?}"));
        }
        let epoch = self.epoch(act, &answer, version);
        if epoch != self.judge.epoch(text) {
            self.blame(format!("{act:?}: sealed in epoch {epoch:?}, and it is {:?}", self.judge.epoch(text)));
        }
        self.heard(act, &answer, text);
        // These reach the rooms of before, too.
        self.look(matches!(act, Act::LogIn(_) | Act::NewMeans { .. } | Act::OffBoard(_)));
    }

    /// In which epoch a text was written, if it was.
    fn epoch(&mut self, act: Act, answer: &Answer, version: usize) -> Option<i64> {
        let (room, note, version) = match act {
            Act::Write(_, room) => (room, self.cast.notes[room].len().checked_sub(1)?, 1),
            Act::Correct { room, note, .. } => (room, note, version + 1),
            _ => return None,
        };
        let id = self.cast.notes[room].get(note).filter(|_| answer.status < 300)?;
        witness::epoch(&mut self.stage.conn, id, version)
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

    /// Holds the tables against the model: of all rooms, or of the newest.
    fn look(&mut self, all: bool) {
        match self.sees(all) {
            Ok(held) => {
                for (room, held) in held {
                    let is = self.judge.held(room);
                    if held != is {
                        self.blame(format!("of room {room} the tables hold {held:?}, and it is {is:?}"));
                    }
                }
            }
            Err(wrong) => self.blame(wrong),
        }
    }

    fn sees(&mut self, all: bool) -> Result<BTreeMap<Room, Held>, String> {
        let rooms = self.judge.rooms();
        if rooms == 0 {
            return Ok(BTreeMap::new());
        }
        self.witness.sees(&mut self.stage.conn, &self.cast, if all { 0 } else { rooms - 2 }..rooms)
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
        let judged = |judge: &Judge, order: [usize; 2]| {
            let (mut judge, mut answers) = (judge.clone(), [Answer::default(), Answer::default()]);
            for (later, place) in order.into_iter().enumerate() {
                answers[place] = judge.judge([one, two][place], at, self.when + later, texts[place]);
            }
            (judge, answers)
        };
        let orders = [[0, 1], [1, 0]].map(|order| (order, judged(&self.judge, order)));
        let held = match self.sees(false) {
            Ok(held) => held,
            Err(wrong) => return self.blame(wrong),
        };
        // Which note is the room's first of the two is told by their moments, and in which epoch each is by its seal.
        let sealed = [0, 1].map(|place| {
            let id = replies[place].status < 300 && matches!([one, two][place], Act::Write(..));
            id.then(|| witness::epoch(&mut self.stage.conn, replies[place].json()["id"].as_str().unwrap(), 1)).flatten()
        });
        let mut fitting = None;
        for (order, (judge, expected)) in orders {
            let same = (0..2).all(|place| expected[place].status == replies[place].status);
            let same = same && (0..2).all(|place| sealed[place] == judge.epoch(texts[place]));
            if fitting.is_none() && same && held.iter().all(|(room, held)| judge.held(*room) == *held) {
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

fn run(stage: &mut Stage, cast: Cast, steps: &[(u64, Step)]) -> Run {
    let (judge, witness) = (Judge::new(), Witness::new());
    let run = Run { wrong: None, done: Vec::new(), counts: BTreeMap::new(), opened: (0, 0) };
    let mut going = Going { stage, cast, judge, witness, dice: Dice::new(0), when: 1, run };
    for (chance, step) in steps {
        going.dice = Dice::new(*chance);
        going.step(*step);
    }
    if going.run.wrong.is_none() {
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
    let mut steps = drawn(seed);
    let mut names = 1_000_000..;
    let mut attempt = |steps: &[(u64, Step)]| {
        let cast = stage.cast(vec![names.next().unwrap()]).pop().unwrap();
        run(&mut stage, cast, steps)
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
    format!("{}\n{}", run.wrong.unwrap_or_else(|| "nothing".into()), run.done.join("\n"))
}

fn agree(kind: Kind, usual: u64) {
    let number = |name| std::env::var_os(name).map(|text| text.to_str().unwrap().parse::<u64>().unwrap());
    let seeds = match number("INCAMERA_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("INCAMERA_SEQUENCES").unwrap_or(usual).div_ceil(CHAIN),
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
                if !sums.lock().unwrap().2.is_empty() {
                    return;
                }
                let seeds: Vec<u64> = (from..last.min(from + TOGETHER)).collect();
                let casts = stage.cast(seeds.clone());
                for (seed, cast) in seeds.into_iter().zip(casts) {
                    let run = run(&mut stage, cast, &drawn(seed));
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
    println!(
        "{} sequences, texts opened past the server and not: {opened:?}; {counts:?}",
        (last - seeds.start) * CHAIN
    );
}

/// Steps of one's own, with those whose rooms they begin in.
fn told(kind: Kind, members: [u8; 2], acts: &[Act]) -> BTreeMap<String, usize> {
    let mut stage = Stage::new(kind);
    let cast = stage.cast(vec![0]).pop().unwrap();
    let steps = std::iter::once(Step::Begins(members)).chain(acts.iter().map(|act| Step::One(*act)));
    let run = run(&mut stage, cast, &(0..).zip(steps).collect::<Vec<_>>());
    assert_eq!(run.wrong, None, "\n{}", run.done.join("\n"));
    run.counts
}

/// What is kept for a pair that is gone opens nothing: it does not make anybody's own dispensable.
const A_PAIR_THAT_IS_GONE: [Act; 15] = [
    Act::LogIn(0),
    Act::Visit(0, 0),
    Act::Write(0, 0),
    Act::AdmitForAnHour { room: 0, whom: 1, whole: true },
    Act::Visit(0, 0),
    // The admission is over by then, and so no ending takes the key of the first pair away.
    Act::HoursPass,
    Act::NewMeans { person: 1, paper: false },
    // Somebody who waits for the key ends the admission of the one who has it, and thinks better of it.
    Act::AdmitForAnHour { room: 0, whom: 2, whole: true },
    Act::LogIn(2),
    Act::EndAdmission { by: 2, room: 0, whom: 0 },
    Act::Admit { by: 2, room: 0, whom: 0, whole: true },
    Act::LogIn(0),
    Act::Visit(0, 0),
    Act::List(0, 0),
    Act::Read(0, 0, 0),
];

/// Nor does it let anybody in, or count as one of those who have the key.
const A_PAIR_THAT_LETS_NOBODY_IN: [Act; 13] = [
    Act::LogIn(1),
    Act::Visit(1, 0),
    Act::Write(1, 0),
    // Of this epoch nobody has the key but the pair that is gone.
    Act::NewMeans { person: 1, paper: false },
    Act::AdmitForAnHour { room: 0, whom: 0, whole: true },
    Act::LogIn(0),
    Act::Visit(0, 0),
    Act::Write(0, 0),
    // Admitted past everybody inside, and so without the key of what was written since.
    Act::AdmitForAnHour { room: 0, whom: 1, whole: true },
    Act::LogIn(1),
    Act::Look(1, 0),
    Act::Visit(1, 0),
    Act::List(1, 0),
];

#[test]
fn what_a_pair_that_is_gone_has_saves_nothing() {
    told(Kind::Sqlite, [1, 1], &A_PAIR_THAT_IS_GONE);
}

#[test]
fn what_a_pair_that_is_gone_has_lets_nobody_in() {
    told(Kind::Sqlite, [2, 2], &A_PAIR_THAT_LETS_NOBODY_IN);
}

#[test]
fn what_a_pair_that_is_gone_has_lets_nobody_in_on_postgres() {
    told(Kind::Postgres, [2, 2], &A_PAIR_THAT_LETS_NOBODY_IN);
}

#[test]
fn what_a_pair_that_is_gone_has_saves_nothing_on_postgres() {
    told(Kind::Postgres, [1, 1], &A_PAIR_THAT_IS_GONE);
}

/// Everybody loses everything; the officers let in one who can let in the others, and what was written before they were
/// chosen is there again.
const ALL_IS_LOST: [Act; 14] = [
    Act::LogIn(0),
    Act::Visit(0, 0),
    Act::Write(0, 0),
    Act::ChooseRecovery(0, 0),
    Act::Recover { room: 0, whom: 1 },
    Act::NewMeans { person: 0, paper: false },
    Act::NewMeans { person: 2, paper: false },
    // Nobody for whom the rule would not be.
    Act::Recover { room: 0, whom: 4 },
    Act::Recover { room: 0, whom: 0 },
    Act::LogIn(0),
    Act::Visit(0, 0),
    Act::List(0, 0),
    Act::Admit { by: 0, room: 0, whom: 2, whole: true },
    Act::Recover { room: 0, whom: 2 },
];

/// One is let in, and no other: while the ordinary way is open, for whom the rule would not be, with nothing to give.
fn lost_and_given_back(kind: Kind) {
    let counts = told(kind, [0b101, 1], &ALL_IS_LOST);
    let recovered = counts.into_iter().filter(|(name, _)| name.starts_with("Recover")).collect::<Vec<_>>();
    let expected = ["Recover 2", "Recover 200", "Recover 3", "Recover 5"].map(|name| (name.to_owned(), 1));
    assert_eq!(recovered, expected);
}

#[test]
fn officers_give_back_what_all_have_lost() {
    lost_and_given_back(Kind::Sqlite);
}

#[test]
fn officers_give_back_what_all_have_lost_on_postgres() {
    lost_and_given_back(Kind::Postgres);
}

/// Officers give nobody what is from before his admission from now on.
const FROM_NOW_ON: [Act; 7] = [
    Act::LogIn(0),
    Act::Visit(0, 0),
    Act::Write(0, 0),
    Act::ChooseRecovery(0, 0),
    Act::Admit { by: 0, room: 0, whom: 1, whole: false },
    Act::Write(0, 0),
    Act::Recover { room: 0, whom: 1 },
];

#[test]
fn officers_give_nobody_what_is_from_before_him() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        assert_eq!(told(kind, [1, 1], &FROM_NOW_ON).get("Recover 5"), Some(&1), "{kind:?}");
    }
}

/// Whoever lacks what nobody at hand has is given nothing yet: a list of which some cannot be opened would be none.
const ALL_OR_NOTHING: [Act; 12] = [
    Act::LogIn(0),
    Act::Visit(0, 0),
    Act::Write(0, 0),
    // Who has the later key alone.
    Act::Admit { by: 0, room: 0, whom: 1, whole: false },
    Act::AdmitForAnHour { room: 0, whom: 2, whole: true },
    Act::LogIn(1),
    Act::LogIn(2),
    Act::Visit(2, 0),
    // Who has both.
    Act::LogIn(0),
    Act::LogIn(2),
    Act::Visit(2, 0),
    Act::List(2, 0),
];

/// Somebody with a new pair, who was let in again, does not have what is still there for the old one: a new epoch begins,
/// and with its key he loses that.
const LET_IN_AGAIN: [Act; 10] = [
    Act::LogIn(1),
    Act::Visit(1, 0),
    Act::Write(1, 0),
    Act::NewMeans { person: 1, paper: false },
    Act::AdmitForAnHour { room: 0, whom: 1, whole: true },
    Act::AdmitForAnHour { room: 0, whom: 0, whole: true },
    Act::LogIn(0),
    Act::Visit(0, 0),
    Act::Write(0, 0),
    Act::List(0, 0),
];

/// The same when it is the officers who give: what they have not, and nobody else, was for the old pair alone.
const GIVEN_AGAIN: [Act; 12] = [
    Act::LogIn(0),
    Act::Visit(0, 0),
    Act::Write(0, 0),
    Act::Admit { by: 0, room: 0, whom: 1, whole: false },
    Act::LogIn(1),
    Act::Visit(1, 0),
    Act::ChooseRecovery(1, 0),
    Act::NewMeans { person: 0, paper: false },
    Act::Write(1, 0),
    Act::AdmitForAnHour { room: 0, whom: 0, whole: true },
    Act::Recover { room: 0, whom: 0 },
    Act::List(0, 0),
];

#[test]
fn who_lacks_what_nobody_at_hand_has_is_given_nothing_yet() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let counts = told(kind, [1, 1], &ALL_OR_NOTHING);
        assert_eq!((counts.get("Visit 409"), counts.get("List 200")), (Some(&1), Some(&1)), "{kind:?}");
    }
}

#[test]
fn what_a_pair_that_is_gone_has_is_not_its_successors() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        assert_eq!(told(kind, [2, 2], &LET_IN_AGAIN).get("Visit 201"), Some(&2), "{kind:?}");
        assert_eq!(told(kind, [1, 1], &GIVEN_AGAIN).get("Recover 200"), Some(&1), "{kind:?}");
    }
}

#[test]
fn keys_and_model_agree_on_ten_thousand_sequences() {
    agree(Kind::Sqlite, 10_000);
}

#[test]
fn keys_and_model_agree_on_postgres() {
    agree(Kind::Postgres, 400);
}
