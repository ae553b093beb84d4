//! What goes from the server to the officers, and back: files that people carry.

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{ForOfficers, RecoveryKey, RecoverySecret, Refusal};
use crate::context::{Ctx, Moment};
use crate::error::AppError;
use crate::ids::{PersonId, RecoveryKeyId, RecoveryRequestId, RoomId};
use crate::seal::keypair::{PublicKey, Seed};
use crate::seal::wrap::{ForMember, spell};

/// What is asked of the officers: to give one person the keys of one room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Its id, by which the answer is good once.
    pub request: RecoveryRequestId,
    /// The officers' key.
    pub recovery_key: RecoveryKeyId,
    /// The room.
    pub room: RoomId,
    /// Who is to read there again.
    pub person: PersonId,
    /// For which of his key pairs.
    pub pair: i64,
    /// The public half of that.
    pub person_key: String,
    /// Whether the person is to be admitted by it, since nobody is left who could admit anybody.
    pub admits: bool,
    /// Why.
    pub reason: String,
    /// When it was asked.
    pub asked: Moment,
    /// What is to be opened.
    pub epochs: Vec<WantedEpoch>,
}

/// An epoch of the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantedEpoch {
    /// Its number.
    pub epoch: i64,
    /// Its public key.
    pub public_key: String,
    /// Its seed, for the officers.
    pub seed: String,
}

/// What the officers answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// What was asked.
    pub asked: Request,
    /// The seeds, for the person.
    pub given: Vec<GivenEpoch>,
    /// That the officers gave them.
    pub signature: String,
}

/// The seed of an epoch, for the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenEpoch {
    /// The number of the epoch.
    pub epoch: i64,
    /// Its seed.
    pub seed: String,
}

fn bytes(text: &str, what: &'static str) -> Result<Vec<u8>, AppError> {
    Ok(BASE64.decode(text.as_bytes()).ok().ok_or(Refusal::NotA(what))?)
}

fn count(length: usize) -> String {
    length.to_string()
}

impl Request {
    /// Reads the file.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(text: &str) -> Result<Self, AppError> {
        Ok(serde_json::from_str(text).ok().ok_or(Refusal::NotA("a request to recover a room"))?)
    }

    /// As a file.
    ///
    /// # Errors
    /// Never, in fact.
    pub fn file(&self) -> Result<String, AppError> {
        serde_json::to_string_pretty(self).map(|text| text + "\n").map_err(AppError::internal)
    }

    /// All of it in 32 bytes, which the server keeps to know its own request again.
    #[must_use]
    pub fn digest(&self) -> Vec<u8> {
        let (length, admits) = (count(self.epochs.len()), i64::from(self.admits));
        // How many there are stands in front, so that nothing can be read in two ways.
        let mut texts = vec![
            length.as_str(),
            self.request.as_str(),
            self.recovery_key.as_str(),
            self.room.as_str(),
            self.person.as_str(),
            &self.person_key,
            &self.reason,
        ];
        texts.extend(self.epochs.iter().flat_map(|one| [one.public_key.as_str(), one.seed.as_str()]));
        let mut numbers = vec![self.pair, admits, self.asked.0];
        numbers.extend(self.epochs.iter().map(|one| one.epoch));
        Sha256::digest(spell("recovery/request", &texts, &numbers)).to_vec()
    }

    /// The officers' answer: each seed is held against the public key of its epoch, and sealed to the person's. One that is
    /// not what it should be is left out: whoever spoils one row is not to keep them from the rest.
    ///
    /// # Errors
    /// When it was asked of another key, or nothing of what the server keeps is what it should be.
    pub fn answered(self, ctx: &Ctx, secret: &RecoverySecret) -> Result<Reply, AppError> {
        if self.recovery_key != secret.key().id {
            return Err(Refusal::OtherKey(self.recovery_key).into());
        }
        let person = PublicKey::read(&bytes(&self.person_key, "a person's key")?)?;
        let give = |(epoch, seed): (i64, Seed)| {
            let place = ForMember { room: &self.room, epoch, person: &self.person, pair: self.pair };
            Ok(GivenEpoch { epoch, seed: BASE64.encode(&place.to(ctx, &person, &seed)?) })
        };
        let opened = self.epochs.iter().filter_map(|one| Some((one.epoch, self.opened(secret, one)?)));
        let given = opened.map(give).collect::<Result<Vec<_>, AppError>>()?;
        if given.is_empty() {
            return Err(Refusal::Spoilt.into());
        }
        let mut reply = Reply { asked: self, given, signature: String::new() };
        reply.signature = BASE64.encode(&secret.sign(&reply.signed()));
        Ok(reply)
    }

    fn opened(&self, secret: &RecoverySecret, one: &WantedEpoch) -> Option<Seed> {
        let place = ForOfficers { room: &self.room, epoch: one.epoch, key: &self.recovery_key };
        let seed = place.open(secret, &BASE64.decode(one.seed.as_bytes()).ok()?).ok()?;
        let public = BASE64.decode(one.public_key.as_bytes()).ok()?;
        (seed.public().ok()?.bytes() == public).then_some(seed)
    }
}

impl Reply {
    /// Reads the file.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(text: &str) -> Result<Self, AppError> {
        Ok(serde_json::from_str(text).ok().ok_or(Refusal::NotA("the officers' answer"))?)
    }

    /// As a file.
    ///
    /// # Errors
    /// Never, in fact.
    pub fn file(&self) -> Result<String, AppError> {
        serde_json::to_string_pretty(self).map(|text| text + "\n").map_err(AppError::internal)
    }

    /// What the officers sign: what was asked, and what they give.
    fn signed(&self) -> Vec<u8> {
        let (length, digest) = (count(self.given.len()), HEXLOWER.encode(&self.asked.digest()));
        let mut texts = vec![length.as_str(), digest.as_str()];
        texts.extend(self.given.iter().map(|one| one.seed.as_str()));
        let numbers: Vec<i64> = self.given.iter().map(|one| one.epoch).collect();
        spell("recovery/reply", &texts, &numbers)
    }

    /// The epochs that were asked for and are not given.
    #[must_use]
    pub fn lacking(&self) -> Vec<i64> {
        let given = |one: &&WantedEpoch| self.given.iter().any(|given| given.epoch == one.epoch);
        self.asked.epochs.iter().filter(|one| !given(one)).map(|one| one.epoch).collect()
    }

    /// The seeds for the person, each with the number of its epoch and that epoch's public key: of those that were asked
    /// for, signed with `key`.
    ///
    /// # Errors
    /// When they are not.
    pub fn verified(&self, key: &RecoveryKey) -> Result<Vec<(i64, PublicKey, Vec<u8>)>, AppError> {
        let signature = bytes(&self.signature, "the officers' answer")?;
        if self.asked.recovery_key != key.id || !key.verifies(&self.signed(), &signature) {
            return Err(Refusal::NotSigned.into());
        }
        let pair = |given: &GivenEpoch| {
            let asked = self.asked.epochs.iter().find(|one| one.epoch == given.epoch).ok_or(Refusal::NotSigned)?;
            let public = PublicKey::read(&bytes(&asked.public_key, "an epoch's key")?)?;
            Ok((given.epoch, public, bytes(&given.seed, "an epoch's seed")?))
        };
        self.given.iter().map(pair).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::context::SystemEntropy;

    fn ctx() -> Ctx {
        Ctx::new(Moment(1_780_000_000_123_456), Arc::new(SystemEntropy))
    }

    /// A request for two epochs, and what it is about.
    fn asked(ctx: &Ctx, secret: &RecoverySecret, own: &Seed) -> (Request, Vec<Seed>) {
        let (room, key) = (RoomId::new(ctx).unwrap(), &secret.key().id);
        let seeds = vec![Seed::new(ctx).unwrap(), Seed::new(ctx).unwrap()];
        let epochs = (1..).zip(&seeds).map(|(epoch, seed)| WantedEpoch {
            epoch,
            public_key: BASE64.encode(&seed.public().unwrap().bytes()),
            seed: BASE64.encode(&ForOfficers { room: &room, epoch, key }.to(ctx, &secret.key().public, seed).unwrap()),
        });
        let request = Request {
            request: RecoveryRequestId::new(ctx).unwrap(),
            recovery_key: key.clone(),
            epochs: epochs.collect(),
            person: PersonId::new(ctx).unwrap(),
            pair: 2,
            person_key: BASE64.encode(&own.public().unwrap().bytes()),
            admits: true,
            reason: "a fire".to_owned(),
            asked: ctx.now,
            room,
        };
        (request, seeds)
    }

    #[test]
    fn what_was_asked_for_is_given_to_whom_it_was_asked_for() {
        let ctx = ctx();
        let (secret, own) = (RecoverySecret::new(&ctx, 2, 3).unwrap(), Seed::new(&ctx).unwrap());
        let (request, seeds) = asked(&ctx, &secret, &own);
        let digest = request.digest();
        let request = Request::read(&request.file().unwrap()).unwrap();
        assert_eq!(request.digest(), digest);
        let reply = request.answered(&ctx, &secret).unwrap();
        let reply = Reply::read(&reply.file().unwrap()).unwrap();
        assert_eq!(reply.asked.digest(), digest);
        let given = reply.verified(secret.key()).unwrap();
        for ((epoch, public, blob), seed) in given.iter().zip(&seeds) {
            let place = ForMember { room: &reply.asked.room, epoch: *epoch, person: &reply.asked.person, pair: 2 };
            assert_eq!(place.open(&own, blob).unwrap().public().unwrap(), *public);
            assert_eq!(seed.public().unwrap(), *public);
        }
        assert_eq!(given.len(), 2);
    }

    #[test]
    fn the_officers_give_no_other_key_than_the_epochs_own() {
        let ctx = ctx();
        let (secret, own) = (RecoverySecret::new(&ctx, 2, 3).unwrap(), Seed::new(&ctx).unwrap());
        let (request, _) = asked(&ctx, &secret, &own);
        let refused = |change: &dyn Fn(&mut Request)| {
            let mut request = request.clone();
            change(&mut request);
            request.answered(&ctx, &secret).map(|reply| reply.lacking())
        };
        let second = |answered: Result<Vec<i64>, AppError>| assert_eq!(answered.unwrap(), [2]);
        second(refused(&|request| request.epochs[1].public_key.clone_from(&request.person_key)));
        second(refused(&|request| request.epochs[1].seed = request.epochs[0].seed.clone()));
        second(refused(&|request| request.epochs[1].seed = "?".to_owned()));
        assert_eq!(refused(&|request| request.epochs[1].epoch = 3).unwrap(), [3]);
        let why = refused(&|request| request.room = RoomId::new(&ctx).unwrap()).unwrap_err();
        assert_eq!(why.cause().unwrap().to_string(), Refusal::Spoilt.to_string());
        let other = RecoverySecret::new(&ctx, 2, 3).unwrap();
        let why = request.clone().answered(&ctx, &other).unwrap_err();
        assert_eq!(why.cause().unwrap().to_string(), Refusal::OtherKey(request.recovery_key).to_string());
    }

    type Change<'a> = (&'a str, &'a dyn Fn(&mut Reply));

    #[test]
    fn a_signature_is_for_all_of_it() {
        let ctx = ctx();
        let (secret, own) = (RecoverySecret::new(&ctx, 2, 3).unwrap(), Seed::new(&ctx).unwrap());
        let (request, _) = asked(&ctx, &secret, &own);
        let reply = request.answered(&ctx, &secret).unwrap();
        let other = RecoverySecret::new(&ctx, 2, 3).unwrap();
        assert!(reply.verified(secret.key()).is_ok() && reply.verified(other.key()).is_err());
        let changes: [Change<'_>; 13] = [
            ("request", &|reply| reply.asked.request = RecoveryRequestId::new(&ctx).unwrap()),
            ("room", &|reply| reply.asked.room = RoomId::new(&ctx).unwrap()),
            ("person", &|reply| reply.asked.person = PersonId::new(&ctx).unwrap()),
            ("pair", &|reply| reply.asked.pair = 1),
            ("person_key", &|reply| reply.asked.person_key = BASE64.encode(&other.key().public.bytes())),
            ("admits", &|reply| reply.asked.admits = false),
            ("reason", &|reply| reply.asked.reason.push('!')),
            ("asked", &|reply| reply.asked.asked = Moment(0)),
            ("an epoch's key", &|reply| reply.asked.epochs[0].public_key = reply.asked.epochs[1].public_key.clone()),
            ("fewer", &|reply| drop((reply.asked.epochs.pop(), reply.given.pop()))),
            ("fewer given", &|reply| drop(reply.given.pop())),
            ("a seed", &|reply| reply.given[0].seed = reply.given[1].seed.clone()),
            ("the signature", &|reply| reply.signature = BASE64.encode(&[7; 64])),
        ];
        for (what, change) in changes {
            let mut bent = reply.clone();
            change(&mut bent);
            assert!(bent.verified(secret.key()).is_err(), "{what}");
        }
    }
}
