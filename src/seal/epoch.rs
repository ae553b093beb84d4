//! Texts in a room, sealed for one of its epochs. There are two ways: to the epoch's public key, for whoever records
//! what he cannot read (the operator, who imports and migrates), and under the epoch's seed, for whoever holds it, which costs
//! no public-key operation and shows that somebody admitted wrote it. Either way only the seed opens.

use zeroize::Zeroizing;

use super::contents::Place;
use super::keypair::{PublicKey, Seed, refused};
use super::wrap::{open_by, open_under, seal_to, seal_under, spell, way};
use crate::context::Ctx;
use crate::error::AppError;

/// Sizes that texts are padded to, with the four bytes that say how long they are; larger ones to the next multiple of
/// the last. So a blob's length tells hardly more than whether a text is short or long.
pub(super) const CLASSES: [usize; 5] = [256, 1 << 10, 4 << 10, 16 << 10, 64 << 10];

/// A place in an epoch of its room.
#[derive(Clone, Copy, Debug)]
pub struct In<'a> {
    /// The place.
    pub place: Place<'a>,
    /// The epoch.
    pub epoch: i64,
}

impl In<'_> {
    fn spelled(&self) -> Vec<u8> {
        let Place { room, what, thing, version } = self.place;
        spell("contents", &[room.as_str(), what, thing], &[version, self.epoch])
    }

    /// Seals `text` so that it shows that its writer holds the epoch's seed.
    ///
    /// # Errors
    /// Without randomness.
    pub fn seal(&self, ctx: &Ctx, seed: &Seed, text: &[u8]) -> Result<Vec<u8>, AppError> {
        seal_under(ctx, seed.bytes(), &self.spelled(), &padded(text)?)
    }

    /// Seals `text` to the epoch's public key.
    ///
    /// # Errors
    /// Without randomness.
    pub fn seal_to(&self, ctx: &Ctx, public: &PublicKey, text: &[u8]) -> Result<Vec<u8>, AppError> {
        seal_to(ctx, public, &self.spelled(), &padded(text)?)
    }

    /// Opens what either way has sealed.
    ///
    /// # Errors
    /// When it is not that, of this place and epoch.
    pub fn open(&self, seed: &Seed, blob: &[u8]) -> Result<Zeroizing<Vec<u8>>, AppError> {
        let place = self.spelled();
        let mut text = match blob.first() {
            Some(&way::SECRET) => open_under(seed.bytes(), &place, blob)?,
            Some(&way::PUBLIC) => open_by(seed, &place, blob)?,
            _ => return Err(refused()),
        };
        unpad(&mut text)?;
        Ok(text)
    }
}

fn padded(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, AppError> {
    let length = u32::try_from(text.len()).map_err(AppError::internal)?;
    let needed = text.len().saturating_add(4);
    let largest = CLASSES.last().copied().unwrap_or(1);
    let size = CLASSES.into_iter().find(|class| *class >= needed).unwrap_or_else(|| needed.next_multiple_of(largest));
    let mut padded = Zeroizing::new(Vec::with_capacity(size));
    padded.extend(length.to_be_bytes());
    padded.extend(text);
    padded.resize(size, 0);
    Ok(padded)
}

fn unpad(padded: &mut Vec<u8>) -> Result<(), AppError> {
    let length = padded.first_chunk::<4>().map(|length| u32::from_be_bytes(*length)).ok_or_else(refused)?;
    let length = usize::try_from(length).ok().ok_or_else(refused)?;
    padded.drain(..4);
    if length > padded.len() {
        return Err(refused());
    }
    padded.truncate(length);
    Ok(())
}

/// Seeds and texts open whole, in their place and by who should, and in no other way: wraps are tried here, too.
#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sha2::Digest;

    use super::*;
    use crate::context::{Moment, SystemEntropy};
    use crate::ids::{CeremonyId, PersonId, RoomId, SignInId};
    use crate::seal::bend::Dice;
    use crate::seal::keypair::PUBLIC_KEY;
    use crate::seal::wrap::{ForMember, Wrapped};

    fn ctx() -> Ctx {
        Ctx::new(Moment(0), Arc::new(SystemEntropy))
    }

    /// Two of each: what a blob belongs to, and what it does not.
    struct Cast {
        people: [PersonId; 2],
        rooms: [RoomId; 2],
        sign_ins: [SignInId; 2],
        ceremonies: [CeremonyId; 2],
    }

    impl Cast {
        fn new(ctx: &Ctx) -> Self {
            Self {
                people: [(); 2].map(|()| PersonId::new(ctx).unwrap()),
                rooms: [(); 2].map(|()| RoomId::new(ctx).unwrap()),
                sign_ins: [(); 2].map(|()| SignInId::new(ctx).unwrap()),
                ceremonies: [(); 2].map(|()| CeremonyId::new(ctx).unwrap()),
            }
        }

        /// Places that differ from the first of them, and from each other, in one part at least.
        fn wrapped(&self) -> Vec<Wrapped<'_>> {
            let ([person, other], [sign_in, later], [ceremony, next]) =
                (&self.people, &self.sign_ins, &self.ceremonies);
            let expires = Moment(7);
            vec![
                Wrapped::ByPassword { person, pair: 1 },
                Wrapped::ByPassword { person: other, pair: 1 },
                Wrapped::ByPassword { person, pair: 2 },
                Wrapped::ByRecoveryCode { person, pair: 1 },
                Wrapped::ByRecoveryCode { person: other, pair: 1 },
                Wrapped::ByRecoveryCode { person, pair: 2 },
                Wrapped::ByUnlockSecret { person, pair: 1, sign_in, expires },
                Wrapped::ByUnlockSecret { person: other, pair: 1, sign_in, expires },
                Wrapped::ByUnlockSecret { person, pair: 2, sign_in, expires },
                Wrapped::ByUnlockSecret { person, pair: 1, sign_in: later, expires },
                Wrapped::ByUnlockSecret { person, pair: 1, sign_in, expires: Moment(8) },
                Wrapped::ByRefreshToken { person, pair: 1, sign_in, expires },
                Wrapped::ByRefreshToken { person: other, pair: 1, sign_in, expires },
                Wrapped::ByRefreshToken { person, pair: 2, sign_in, expires },
                Wrapped::ByRefreshToken { person, pair: 1, sign_in: later, expires },
                Wrapped::ByRefreshToken { person, pair: 1, sign_in, expires: Moment(8) },
                Wrapped::ByCeremony { person, pair: 1, ceremony },
                Wrapped::ByCeremony { person: other, pair: 1, ceremony },
                Wrapped::ByCeremony { person, pair: 2, ceremony },
                Wrapped::ByCeremony { person, pair: 1, ceremony: next },
            ]
        }

        fn for_members(&self) -> Vec<ForMember<'_>> {
            let ([person, other], [room, second]) = (&self.people, &self.rooms);
            vec![
                ForMember { room, epoch: 1, person, pair: 1 },
                ForMember { room: second, epoch: 1, person, pair: 1 },
                ForMember { room, epoch: 2, person, pair: 1 },
                ForMember { room, epoch: 1, person: other, pair: 1 },
                ForMember { room, epoch: 1, person, pair: 2 },
            ]
        }

        fn places(&self) -> Vec<In<'_>> {
            let [room, second] = &self.rooms;
            let at = |room, what, thing, version, epoch| In { place: Place { room, what, thing, version }, epoch };
            vec![
                at(room, "note.text", "a", 1, 1),
                at(second, "note.text", "a", 1, 1),
                at(room, "note.title", "a", 1, 1),
                at(room, "note.text", "b", 1, 1),
                at(room, "note.text", "a", 2, 1),
                at(room, "note.text", "a", 1, 2),
                // Parts that would be the same bytes if nothing stood between them.
                at(room, "note.texta", "", 1, 1),
                at(room, "note.tex", "ta", 1, 1),
            ]
        }
    }

    #[test]
    fn a_seed_opens_in_its_place_alone() {
        let ctx = ctx();
        let cast = Cast::new(&ctx);
        let [seed, own, another] = [(); 3].map(|()| Seed::new(&ctx).unwrap());
        let public = own.public().unwrap();
        let same = |opened: Result<Seed, AppError>| opened.ok().map(|seed| *seed.bytes());
        let expected = |here: bool| here.then_some(*seed.bytes());
        // All are under the same secret, which is a member's own seed: so only the places keep them apart.
        let mut blobs = Vec::new();
        for (number, place) in cast.wrapped().iter().enumerate() {
            let blob = place.under(&ctx, own.bytes(), &seed).unwrap();
            assert_eq!(blob.len(), 1 + 12 + 32 + 16);
            for (at, there) in cast.wrapped().iter().enumerate() {
                assert_eq!(same(there.open(own.bytes(), &blob)), expected(at == number), "{there:?}");
            }
            assert!(place.open(another.bytes(), &blob).is_err());
            blobs.push(blob);
        }
        for (number, place) in cast.for_members().iter().enumerate() {
            let (under, to) = (place.under(&ctx, &own, &seed).unwrap(), place.to(&ctx, &public, &seed).unwrap());
            assert_eq!((under.len(), to.len()), (1 + 12 + 32 + 16, 1 + 1120 + 32 + 16));
            assert!(!ForMember::by_anybody(&under) && ForMember::by_anybody(&to));
            for blob in [&under, &to] {
                for (at, there) in cast.for_members().iter().enumerate() {
                    assert_eq!(same(there.open(&own, blob)), expected(at == number), "{there:?}");
                }
                assert!(place.open(&another, blob).is_err());
                assert!(cast.wrapped().iter().all(|wrapped| wrapped.open(own.bytes(), blob).is_err()));
                // Neither way's blob is the other's.
                let mut swapped = blob.clone();
                swapped[0] ^= 3;
                assert!(place.open(&own, &swapped).is_err());
            }
            assert!(blobs.iter().all(|blob| place.open(&own, blob).is_err()));
        }
    }

    #[test]
    fn a_text_opens_in_its_place_alone() {
        let ctx = ctx();
        let cast = Cast::new(&ctx);
        let [seed, another] = [(); 2].map(|()| Seed::new(&ctx).unwrap());
        for (number, place) in cast.places().iter().enumerate() {
            let text = format!("text {number}");
            let ways = [
                place.seal(&ctx, &seed, text.as_bytes()).unwrap(),
                place.seal_to(&ctx, &seed.public().unwrap(), text.as_bytes()).unwrap(),
            ];
            for blob in &ways {
                for (at, there) in cast.places().iter().enumerate() {
                    let opened = there.open(&seed, blob).ok().map(|text| text.to_vec());
                    assert_eq!(opened, (at == number).then(|| text.clone().into_bytes()), "{there:?}");
                }
                assert!(place.open(&another, blob).is_err());
                // Neither way's blob is the other's, nor is a text a seed.
                let mut swapped = blob.clone();
                swapped[0] ^= 3;
                assert!(place.open(&seed, &swapped).is_err());
                assert!(cast.wrapped().iter().all(|wrapped| wrapped.open(seed.bytes(), blob).is_err()));
                assert!(cast.for_members().iter().all(|member| member.open(&seed, blob).is_err()));
            }
        }
    }

    #[test]
    fn a_bent_blob_never_opens() {
        let ctx = ctx();
        let cast = Cast::new(&ctx);
        let [seed, own] = [(); 2].map(|()| Seed::new(&ctx).unwrap());
        let public = own.public().unwrap();
        let (members, places) = (cast.for_members(), cast.places());
        let (member, place) = (members.last().unwrap(), &places[0]);
        let mut dice = Dice(0x5eed);
        let blobs = |make: &dyn Fn() -> Vec<u8>| [make(), make()];
        let under = blobs(&|| member.under(&ctx, &own, &seed).unwrap());
        let to = blobs(&|| member.to(&ctx, &public, &seed).unwrap());
        let text = blobs(&|| place.seal(&ctx, &own, b"who saw it").unwrap());
        let given = blobs(&|| place.seal_to(&ctx, &public, b"who saw it").unwrap());
        let mut accepted = 0;
        for _ in 0..49_000 {
            accepted += usize::from(member.open(&own, &dice.bend(&under[0], &under[1])).is_ok());
            accepted += usize::from(place.open(&own, &dice.bend(&text[0], &text[1])).is_ok());
        }
        for _ in 0..1_000 {
            accepted += usize::from(member.open(&own, &dice.bend(&to[0], &to[1])).is_ok());
            accepted += usize::from(place.open(&own, &dice.bend(&given[0], &given[1])).is_ok());
        }
        assert_eq!(accepted, 0, "of 100,000");
        // The whole ones do: what was bent above was worth refusing.
        assert!(member.open(&own, &under[0]).is_ok() && member.open(&own, &to[0]).is_ok());
        assert!(place.open(&own, &text[0]).is_ok() && place.open(&own, &given[0]).is_ok());
    }

    #[test]
    fn sizes_tell_the_class_alone() {
        let ctx = ctx();
        let cast = Cast::new(&ctx);
        let places = cast.places();
        let (place, seed) = (&places[0], Seed::new(&ctx).unwrap());
        for (bytes, class) in [
            (0, 256),
            (252, 256),
            (253, 1024),
            (1020, 1024),
            (1021, 4096),
            (16_380, 16_384),
            (16_381, 65_536),
            (65_532, 65_536),
            (65_533, 131_072),
            (200_000, 262_144),
        ] {
            let text = vec![b'x'; bytes];
            let blob = place.seal(&ctx, &seed, &text).unwrap();
            assert_eq!(blob.len(), 1 + 12 + class + 16, "{bytes}");
            assert_eq!(*place.open(&seed, &blob).unwrap(), text);
        }
    }

    #[test]
    fn a_public_key_is_that_of_its_seed() {
        let seed = Seed::of(&[7; 32]).unwrap();
        let public = seed.public().unwrap();
        assert_eq!(public.bytes().len(), PUBLIC_KEY);
        assert_eq!(public, Seed::of(&[7; 32]).unwrap().public().unwrap());
        assert_ne!(public, Seed::of(&[8; 32]).unwrap().public().unwrap());
        assert_eq!(PublicKey::read(&public.bytes()).unwrap(), public);
        assert!(PublicKey::read(&public.bytes()[1..]).is_err());
        assert!(Seed::of(&[7; 31]).is_none());
        assert_eq!(format!("{seed:?}"), "Seed(..)");
    }

    /// The first vector of draft-connolly-cfrg-xwing-kem; of the public key its SHA-256.
    #[test]
    fn key_pairs_are_those_of_x_wing() {
        let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
        let seed = Seed::of(&hex("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26")).unwrap();
        let public = seed.public().unwrap().bytes();
        assert!(public.starts_with(&hex("e2236b35a8c24b39b10aa1323a96a919")));
        let digest = "2e816deebcd76c5c80d0cd2d174478871658e8e2ff42bc9d4a6e486372e856bb";
        assert_eq!(sha2::Sha256::digest(&public)[..], hex(digest));
    }
}
