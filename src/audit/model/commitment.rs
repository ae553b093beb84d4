//! What stands in the tree for an entry. The leaf tells a number and a minute; all else is behind a salted
//! commitment, so that an entry can be erased lawfully while the tree stays as it was. Each field of an entry
//! is committed to apart: a receipt shows to each reader the fields that he may read, and of the others a
//! digest.

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::tree::{self, Hash};

// Each separates its use of SHA-256 from all others.
const FIELD_KEY: &[u8] = b"incamera/field-key/v1\0";
const FIELD: &[u8] = b"incamera/field/v1\0";
const ENTRY: &[u8] = b"incamera/entry/v1\0";

/// A salted commitment to an entry.
pub type Commitment = [u8; 32];

/// The fields of an entry as they were written: names, and values as JSON text, to the byte.
#[derive(Debug)]
pub struct Fields(Vec<(String, Box<RawValue>)>);

impl Fields {
    /// Reads them off an entry's payload.
    ///
    /// # Errors
    /// When it is no JSON object.
    pub fn parse(payload: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(payload)
    }

    /// Name and value of each, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.get()))
    }

    /// The payload that they are the fields of, if it was written here: nothing stands between or behind them.
    #[must_use]
    pub fn text(&self) -> String {
        let fields: Vec<String> = self.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", fields.join(","))
    }

    /// The commitment to them under a salt.
    #[must_use]
    pub fn commitment(&self, salt: &[u8]) -> Commitment {
        join(self.digests(salt))
    }

    /// What stands for each in a commitment under a salt, in order.
    pub fn digests(&self, salt: &[u8]) -> impl Iterator<Item = Hash> {
        self.iter().map(|(name, value)| field_digest(&field_key(salt, name), name, value))
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;
            fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                to.write_str("an entry")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        from.deserialize_map(InOrder)
    }
}

/// The key of one field: whoever has it can check this field, and learns nothing of another's.
#[must_use]
pub fn field_key(salt: &[u8], name: &str) -> Hash {
    Sha256::new().chain_update(FIELD_KEY).chain_update(salt).chain_update(name).finalize().into()
}

/// What stands for a field in the commitment. A name holds no zero byte.
#[must_use]
pub fn field_digest(key: &Hash, name: &str, value: &str) -> Hash {
    let hash = Sha256::new().chain_update(FIELD).chain_update(key).chain_update(name).chain_update([0]);
    hash.chain_update(value).finalize().into()
}

/// The commitment, given what stands for each field, in order.
#[must_use]
pub fn join(digests: impl IntoIterator<Item = Hash>) -> Commitment {
    digests.into_iter().fold(Sha256::new().chain_update(ENTRY), Digest::chain_update).finalize().into()
}

/// A leaf of the tree. It holds nothing about anybody, so that it can be handed to witnesses and mirrors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The number of the entry, from 0.
    pub seq: u64,
    /// The minute in which it was made, counted from 1970.
    pub minute: u64,
    /// The commitment to all else.
    pub commitment: Commitment,
}

impl Leaf {
    /// Its length, in bytes.
    pub const LENGTH: usize = 49;

    /// Version 1: the version as one byte, the number and the minute as eight each with the highest first, the
    /// commitment.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        [&[1], &self.seq.to_be_bytes()[..], &self.minute.to_be_bytes(), &self.commitment].concat()
    }

    /// Its hash in the tree.
    #[must_use]
    pub fn hash(&self) -> Hash {
        tree::leaf_hash(&self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_an_entry_counts() {
        let payload = r#"{"seq":7,"event":"note_read","purpose":"a \"b\" é","thing":{"kind":"note","id":"x"}}"#;
        let salt = [7; 32];
        let commitment = Fields::parse(payload).unwrap().commitment(&salt);
        let mut tried = 0;
        for place in 0..payload.len() {
            let mut other = payload.as_bytes().to_vec();
            other[place] ^= 1;
            if let Ok(other) = std::str::from_utf8(&other)
                && let Ok(fields) = Fields::parse(other)
            {
                assert_ne!(fields.commitment(&salt), commitment, "{other}");
                tried += 1;
            }
        }
        assert!(tried > 40, "{tried} of them were JSON");
        assert_ne!(Fields::parse(payload).unwrap().commitment(&[8; 32]), commitment);
        let fewer = r#"{"seq":7,"event":"note_read","purpose":"a \"b\" é"}"#;
        assert_ne!(Fields::parse(fewer).unwrap().commitment(&salt), commitment);
    }

    #[test]
    fn a_field_is_checked_without_the_salt() {
        let fields = Fields::parse(r#"{"seq":7,"actor":"someone"}"#).unwrap();
        let salt = [9; 32];
        let digests = fields.iter().map(|(name, value)| field_digest(&field_key(&salt, name), name, value));
        assert_eq!(join(digests), fields.commitment(&salt));
        assert_ne!(field_key(&salt, "seq"), field_key(&salt, "actor"));
    }

    #[test]
    fn a_leaf_is_forty_nine_bytes() {
        let leaf = Leaf { seq: 258, minute: 3, commitment: [9; 32] };
        let bytes = leaf.bytes();
        assert_eq!(bytes.len(), Leaf::LENGTH);
        assert_eq!(&bytes[..17], [1, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 3]);
    }
}
