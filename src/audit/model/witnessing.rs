//! What a log sends to a witness (<https://c2sp.org/tlog-witness>, `add-checkpoint`), and what can be the matter
//! with a witness.

use std::fmt;

use data_encoding::BASE64;

use super::note::{Checkpoint, Note};
use super::tree::Hash;
use crate::text_enum;

/// Most lines of a proof: no tree needs more.
const MOST_LINES: usize = 63;

/// The type of content in which a witness says what it has cosigned.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// A checkpoint, with the proof that it goes on from the one over `old` leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The size that the witness cosigned last.
    pub old: u64,
    /// From there to the checkpoint.
    pub proof: Vec<Hash>,
    /// The checkpoint, as it was signed.
    pub note: Note,
    /// What it says.
    pub checkpoint: Checkpoint,
}

impl fmt::Display for Submission {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(to, "{}", BASE64.encode(hash)))?;
        write!(to, "\n{}", self.note)
    }
}

impl Submission {
    /// Reads one; nothing when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (head, note) = text.split_once("\n\n")?;
        let mut lines = head.split('\n');
        let old = decimal(lines.next()?.strip_prefix("old ")?)?;
        let hash = |line: &str| BASE64.decode(line.as_bytes()).ok()?.try_into().ok();
        let proof: Vec<Hash> = lines.map(hash).collect::<Option<_>>()?;
        let note = Note::parse(note)?;
        let checkpoint = Checkpoint::parse(&note.text)?;
        // Lines of others may follow the root, none of them empty.
        let fine = proof.len() <= MOST_LINES && !note.text.contains("\n\n");
        fine.then_some(Self { old, proof, note, checkpoint })
    }
}

/// A number as the specifications write it: without leading zeroes.
#[must_use]
pub fn decimal(digits: &str) -> Option<u64> {
    digits.parse().ok().filter(|number: &u64| number.to_string() == digits)
}

text_enum! {
    /// What was the matter with a witness when it was asked last.
    WitnessFault {
        /// No connection to it came about.
        Unreachable = "unreachable",
        /// It did not answer in time.
        Late = "late",
        /// It says that it has cosigned more entries than there are: the log was set back, or the witness is wrong.
        Ahead = "ahead",
        /// It finds that the log does not follow from what it has cosigned.
        OtherHistory = "other_history",
        /// It does not know the log, or takes nothing from it.
        Refused = "refused",
        /// What it answered is no cosignature of this checkpoint by its key.
        WrongAnswer = "wrong_answer",
    }
}

text_enum! {
    /// Whether enough witnesses have cosigned the newest checkpoint.
    Quorum {
        /// No witnesses are asked.
        None = "none",
        /// They have, and it was given out.
        Reached = "reached",
        /// They have not yet: the one before it stays given out.
        Missing = "missing",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    const EXAMPLE: &str = "old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
";

    #[test]
    fn the_example_of_the_specification_is_read() {
        let read = Submission::parse(EXAMPLE).unwrap();
        assert_eq!((read.old, read.proof.len(), read.checkpoint.size), (20_852_014, 4, 20_852_163));
        assert_eq!(read.note.lines.len(), 2);
        assert_eq!(read.to_string(), EXAMPLE);
        let first = format!("old 0\n\n{}", read.note);
        assert_eq!(Submission::parse(&first).unwrap().to_string(), first);
    }

    #[test]
    fn what_is_no_submission_is_refused() {
        let hash = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n";
        for (from, to) in [
            ("old 20852014\n", ""),
            ("old 20852014", "old  20852014"),
            ("old 20852014", "old 020852014"),
            ("old 20852014", "old +20852014"),
            ("old 20852014", "old -1"),
            ("old 20852014", "old 18446744073709551616"),
            ("old 20852014", "old 20852014 "),
            ("old 20852014", "size 20852014"),
            (hash, "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw\n"),
            (hash, "AAAA\n"),
            (hash, &hash.repeat(61)),
            ("\n20852163\n", "\n020852163\n"),
            ("\n20852163\n", "\n"),
            ("j2jxq2I=\n", "j2jxq2I=\n\nmore\n"),
            ("\n\n— ", "\n\n-- "),
            ("cTOAYQ8=\n", "cTOAYQ8=\n\n"),
            ("Sm9Q=\n", ""),
            ("bSzm9Q=\n", "bSzm9Q="),
        ] {
            let text = EXAMPLE.replacen(from, to, 1);
            if text != EXAMPLE {
                assert_eq!(Submission::parse(&text), None, "{from:?} -> {to:?}");
            }
        }
        assert!(Submission::parse(&EXAMPLE.replacen(hash, &hash.repeat(60), 1)).is_some());
        assert!(Submission::parse(&EXAMPLE.replacen("j2jxq2I=\n", "j2jxq2I=\nmore\n", 1)).is_some());
    }
}
