//! Signed notes (<https://c2sp.org/signed-note>), the checkpoints they carry
//! (<https://c2sp.org/tlog-checkpoint>) and the cosignatures of witnesses
//! (<https://c2sp.org/tlog-cosignature>), with Ed25519. Signatures of other kinds are left alone, so that a
//! second one can be added later.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::tree::Hash;
use crate::context::Ctx;
use crate::error::AppError;

/// Most bytes of a note, and most signatures: the specification wants at least 16 to be taken.
const LONGEST: usize = 65_536;
const MOST_SIGNATURES: usize = 64;

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The notes of a log.
    Log,
    /// Cosignatures, each with its time.
    Witness,
}

impl Kind {
    const fn byte(self) -> u8 {
        match self {
            Self::Log => 1,
            Self::Witness => 4,
        }
    }

    const fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Log),
            4 => Some(Self::Witness),
            _ => None,
        }
    }
}

/// A public key with the name it signs under, written `name+id+key` (a "vkey").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    /// The name; a log's is its origin.
    pub name: String,
    /// What it signs.
    pub kind: Kind,
    id: [u8; 4],
    key: [u8; 32],
}

impl Verifier {
    fn new(name: &str, kind: Kind, key: [u8; 32]) -> Self {
        let hash = Sha256::new().chain_update(name).chain_update([b'\n', kind.byte()]).chain_update(key).finalize();
        let mut id = [0; 4];
        id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        Self { name: name.to_owned(), kind, id, key }
    }

    /// Reads a vkey; nothing when it is none, its parts do not belong together, or it is of a kind unknown here.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('+')?;
        let (id, key) = rest.split_once('+')?;
        let (kind, key) = BASE64.decode(key.as_bytes()).ok()?.split_first().map(|(kind, key)| (*kind, key.to_vec()))?;
        let verifier = is_name(name).then(|| Some(Self::new(name, Kind::of(kind)?, key.try_into().ok()?)))??;
        (HEXLOWER.encode(&verifier.id) == id).then_some(verifier)
    }

    /// Whether both wrap the same public key, whatever name they give it and whatever it signs.
    #[must_use]
    pub fn has_key_of(&self, other: &Self) -> bool {
        self.key == other.key
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.key).verify(message, signature).is_ok()
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind.byte()], &self.key[..]].concat();
        write!(to, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id), BASE64.encode(&key))
    }
}

/// Names hold neither spaces nor plus signs, nor what could break a line.
#[must_use]
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|char| !char.is_whitespace() && !char.is_control() && char != '+')
}

/// A private key, written `PRIVATE+KEY+name+id+key`, as Go's `note` package has it.
pub struct Signer {
    pair: Ed25519KeyPair,
    verifier: Verifier,
}

impl Signer {
    /// A new key's text, for a file that only this server reads.
    ///
    /// # Errors
    /// When the name cannot be one, or there is no randomness.
    pub fn generate(name: &str, kind: Kind, ctx: &Ctx) -> Result<Zeroizing<String>, AppError> {
        if !is_name(name) {
            return Err(AppError::internal("the name of a key holds neither spaces nor plus signs"));
        }
        let seed = Zeroizing::new(ctx.random::<32>()?);
        let signer = Self::new(name, kind, &seed)?;
        let key = Zeroizing::new([&[kind.byte()], &seed[..]].concat());
        let id = HEXLOWER.encode(&signer.verifier.id);
        Ok(Zeroizing::new(format!("PRIVATE+KEY+{name}+{id}+{}", BASE64.encode(&key))))
    }

    fn new(name: &str, kind: Kind, seed: &[u8; 32]) -> Result<Self, AppError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(AppError::internal)?;
        let public = pair.public_key().as_ref().try_into().map_err(AppError::internal)?;
        Ok(Self { pair, verifier: Verifier::new(name, kind, public) })
    }

    /// Reads a private key; nothing when it is none of that kind.
    #[must_use]
    pub fn parse(text: &str, kind: Kind) -> Option<Self> {
        let (name, rest) = text.trim_end().strip_prefix("PRIVATE+KEY+")?.split_once('+')?;
        let (id, key) = rest.split_once('+')?;
        let key = Zeroizing::new(BASE64.decode(key.as_bytes()).ok()?);
        let (byte, seed) = key.split_first()?;
        let seed = Zeroizing::new(<[u8; 32]>::try_from(seed).ok()?);
        let signer = Self::new(name, kind, &seed).ok()?;
        (*byte == kind.byte() && is_name(name) && HEXLOWER.encode(&signer.verifier.id) == id).then_some(signer)
    }

    /// Its public key.
    #[must_use]
    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The line that signs `text`; a witness says at which second since 1970.
    #[must_use]
    pub fn sign(&self, text: &str, seconds: u64) -> Line {
        let mut bytes = Vec::new();
        match self.verifier.kind {
            Kind::Log => bytes.extend(self.pair.sign(text.as_bytes()).as_ref()),
            Kind::Witness => {
                bytes.extend(seconds.to_be_bytes());
                bytes.extend(self.pair.sign(cosigned(text, seconds).as_bytes()).as_ref());
            }
        }
        Line { name: self.verifier.name.clone(), id: self.verifier.id, signature: bytes }
    }
}

fn cosigned(text: &str, seconds: u64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

/// A signature's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whose.
    pub name: String,
    id: [u8; 4],
    signature: Vec<u8>,
}

impl Line {
    /// Reads one, without what ends it.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let (name, bytes) = line.strip_prefix("— ")?.split_once(' ')?;
        let bytes = BASE64.decode(bytes.as_bytes()).ok()?;
        let (id, signature) = bytes.split_first_chunk()?;
        is_name(name).then(|| Self { name: name.to_owned(), id: *id, signature: signature.to_vec() })
    }

    /// The id of the key that signed, as a vkey has it.
    #[must_use]
    pub fn key_id(&self) -> String {
        HEXLOWER.encode(&self.id)
    }

    /// The second since 1970 that a witness says it signed at; nothing for a signature without a time. Whether the
    /// signature is right is for whoever has the witness's key.
    #[must_use]
    pub fn cosigned_at(&self) -> Option<u64> {
        let (seconds, signature) = self.signature.split_first_chunk()?;
        (signature.len() == 64).then(|| u64::from_be_bytes(*seconds))
    }

    /// Whether it says that it is by this key; whether it is, [`Note::signed`] finds.
    #[must_use]
    pub fn is_by(&self, key: &Verifier) -> bool {
        self.name == key.name && self.id == key.id
    }
}

impl fmt::Display for Line {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "— {} {}", self.name, BASE64.encode(&[&self.id, &self.signature[..]].concat()))
    }
}

/// A text with signatures under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The text, with the end of its last line.
    pub text: String,
    /// The signatures, whoever's they are and whether or not they are right.
    pub lines: Vec<Line>,
}

/// What became of looking for somebody's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// There is none of this key.
    Not,
    /// There is one, and it is not right: the note is to be refused.
    Wrong,
    /// By a log.
    Yes,
    /// By a witness, at this second since 1970.
    At(u64),
}

impl Note {
    /// Reads a note; nothing when it is none or longer than notes may be.
    #[must_use]
    pub fn parse(note: &str) -> Option<Self> {
        let fine = note.len() <= LONGEST && !note.chars().any(|char| char.is_ascii_control() && char != '\n');
        let (text, lines) = fine.then(|| note.rsplit_once("\n\n"))??;
        let lines = lines.strip_suffix('\n')?.split('\n').map(Line::parse).collect::<Option<Vec<_>>>()?;
        (!text.is_empty() && lines.len() <= MOST_SIGNATURES).then(|| Self { text: format!("{text}\n"), lines })
    }

    /// Looks for a key's signature.
    #[must_use]
    pub fn signed(&self, by: &Verifier) -> Signed {
        let mut found = Signed::Not;
        for line in self.lines.iter().filter(|line| line.is_by(by)) {
            found = match by.kind {
                Kind::Log if by.verifies(self.text.as_bytes(), &line.signature) => Signed::Yes,
                Kind::Log => return Signed::Wrong,
                Kind::Witness => match line.signature.split_first_chunk() {
                    Some((seconds, signature)) => {
                        let seconds = u64::from_be_bytes(*seconds);
                        if !by.verifies(cosigned(&self.text, seconds).as_bytes(), signature) {
                            return Signed::Wrong;
                        }
                        Signed::At(seconds)
                    }
                    None => return Signed::Wrong,
                },
            };
        }
        found
    }
}

impl fmt::Display for Note {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "{}", self.text)?;
        self.lines.iter().try_for_each(|line| line.fmt(to))
    }
}

/// What a log says of itself: that its first `size` leaves have this root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(&self.root))
    }

    /// Reads the text of a note. Lines beyond the third are for others.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        let (origin, digits, root) = (lines.next()?, lines.next()?, lines.next()?);
        let size: u64 = digits.parse().ok()?;
        let root = BASE64.decode(root.as_bytes()).ok()?.try_into().ok()?;
        let fine = !origin.is_empty() && size.to_string() == digits && text.ends_with('\n');
        fine.then(|| Self { origin: origin.to_owned(), size, root })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const NOTE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    fn signer(kind: Kind) -> Signer {
        Signer::new("incamera.example/log", kind, &[7; 32]).unwrap()
    }

    #[test]
    fn the_example_of_the_specification_verifies() {
        let key = Verifier::parse(KEY).unwrap();
        assert_eq!(key.to_string(), KEY);
        let note = Note::parse(NOTE).unwrap();
        assert_eq!(note.to_string(), NOTE);
        assert_eq!(note.signed(&key), Signed::Yes);
        assert_eq!(Note { text: "This is another message.\n".into(), ..note.clone() }.signed(&key), Signed::Wrong);
        assert_eq!(note.signed(signer(Kind::Log).verifier()), Signed::Not);
    }

    #[test]
    fn keys_and_cosignatures_come_back_as_they_were_written() {
        let ctx = Ctx::new(crate::context::Moment(0), std::sync::Arc::new(crate::context::SystemEntropy));
        let checkpoint = Checkpoint { origin: "incamera.example/log".into(), size: 12, root: [3; 32] };
        assert_eq!(Checkpoint::parse(&checkpoint.text()).as_ref(), Some(&checkpoint));
        for (kind, expected) in [(Kind::Log, Signed::Yes), (Kind::Witness, Signed::At(1_679_315_147))] {
            let text = Signer::generate("incamera.example/log", kind, &ctx).unwrap();
            let signer = Signer::parse(&text, kind).unwrap();
            let key = Verifier::parse(&signer.verifier().to_string()).unwrap();
            let lines = vec![signer.sign(&checkpoint.text(), 1_679_315_147)];
            assert_eq!(lines[0].cosigned_at(), (kind == Kind::Witness).then_some(1_679_315_147));
            assert!(key.to_string().contains(&format!("+{}+", lines[0].key_id())));
            let note = Note::parse(&Note { text: checkpoint.text(), lines }.to_string()).unwrap();
            assert_eq!(note.signed(&key), expected);
            let mut other = note.clone();
            other.text = Checkpoint { size: 13, ..checkpoint.clone() }.text();
            assert_eq!(other.signed(&key), Signed::Wrong);
            let mut other = note.clone();
            other.lines[0].signature[0] ^= 1;
            assert_eq!(other.signed(&key), Signed::Wrong);
            // A right one beside it does not make up for a wrong one.
            other.lines.push(note.lines[0].clone());
            assert_eq!(other.signed(&key), Signed::Wrong);
        }
        let witness = Signer::generate("w", Kind::Witness, &ctx).unwrap();
        assert!(Signer::parse(&witness, Kind::Log).is_none(), "a key is for one thing");
        assert!(Signer::generate("a name", Kind::Log, &ctx).is_err());
    }

    #[test]
    fn what_is_no_note_is_refused() {
        for note in [
            "",
            "text\n",
            "text\n\n",
            "text\n\n— name\n",
            "text\n\n— name AAAA\n\n",
            "text\n\n— na+me AAAAAAAA\n",
            "text\n\n- name AAAAAAAA\n",
            "text\r\n\n— name AAAAAAAA\n",
            "text\n\n— name AAAAAAAA",
            "\n\n— name AAAAAAAA\n",
        ] {
            assert_eq!(Note::parse(note), None, "{note:?}");
        }
        assert!(Note::parse("text\n\n— name AAAAAAAA\n").is_some());
        let root = BASE64.encode(&[1; 32]);
        for text in [
            format!("log\n01\n{root}\n"),
            format!("log\n-1\n{root}\n"),
            format!("log\n1\n{root}"),
            format!("\n1\n{root}\n"),
            "log\n1\nAAAA\n".to_owned(),
            "log\n1\n".to_owned(),
        ] {
            assert_eq!(Checkpoint::parse(&text), None, "{text:?}");
        }
        assert!(Verifier::parse(&KEY.replace("530d", "530e")).is_none());
        assert!(Verifier::parse(&KEY.replace("foo", "bar")).is_none());
        assert!(Verifier::parse("PRIVATE+KEY").is_none());
    }
}
