//! `cargo bench --bench seal`: what sealing costs, each figure the median of many, beside its floor in the same run: the
//! same bytes under ChaCha20-Poly1305 with a key that is there already, and one key agreement of X-Wing.
//!
//! Nothing is asserted: figures drift with the machine; compare within a run.

// A program for measuring is as much of a test as of a server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)]
#![allow(clippy::print_stdout, clippy::pedantic, missing_docs)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use incamera::context::{Ctx, Moment, SystemEntropy};
use incamera::ids::{NoteId, PersonId, RoomId, SignInId};
use incamera::seal::{ForMember, In, Place, Sealed, Seed, Wrapped};

/// Bytes of a note's text; its title is short.
const TEXT: usize = 1024;
const PEOPLE: usize = 500;
const NOTES: usize = 2_000;

/// The median of `times` runs, in microseconds.
fn median(times: usize, mut run: impl FnMut()) -> f64 {
    let mut all: Vec<Duration> = (0..times)
        .map(|_| {
            let begun = Instant::now();
            run();
            begun.elapsed()
        })
        .collect();
    all.sort();
    all[times / 2].as_secs_f64() * 1e6
}

fn once(run: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    run();
    begun.elapsed().as_secs_f64() * 1e3
}

fn line(what: &str, micros: f64) {
    println!("{what:<72} {micros:>9.1} µs");
}

fn main() {
    let ctx = Ctx::new(Moment(0), Arc::new(SystemEntropy));
    let (room, note) = (RoomId::new(&ctx).unwrap(), NoteId::new(&ctx).unwrap());
    let (person, sign_in) = (PersonId::new(&ctx).unwrap(), SignInId::new(&ctx).unwrap());
    let (own, epoch) = (Seed::new(&ctx).unwrap(), Seed::new(&ctx).unwrap());
    let (public, of_room) = (own.public().unwrap(), epoch.public().unwrap());
    let at = |what: &'static str| In { place: Place { room: &room, what, thing: note.as_str(), version: 1 }, epoch: 1 };
    let (title, text) = ("a title of some words".to_owned(), "x".repeat(TEXT));

    println!("floors");
    let bare = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &[7; 32]).unwrap());
    let nonce = || Nonce::assume_unique_for_key([1; 12]);
    let mut sealed = text.clone().into_bytes();
    bare.seal_in_place_append_tag(nonce(), Aad::empty(), &mut sealed).unwrap();
    let floor = median(20_000, || {
        let mut blob = sealed.clone();
        black_box(bare.open_in_place(nonce(), Aad::empty(), &mut blob).unwrap());
    });
    line("ChaCha20-Poly1305 opens 1 KiB, with its key at hand", floor);
    line(
        "X-Wing makes a public key of a seed",
        median(2_000, || {
            black_box(own.public().unwrap());
        }),
    );

    println!("\ntexts of 1 KiB, padded to 4 KiB");
    let seal = |what, text: &str| Sealed::seal(&ctx, at(what), &epoch, text).unwrap();
    let (sealed_title, sealed_text) = (seal("note.title", &title), seal("note.text", &text));
    line("sealed by somebody inside", median(5_000, || drop(black_box(seal("note.text", &text)))));
    let given = Sealed::seal_to(&ctx, at("note.text"), &of_room, &text).unwrap();
    line(
        "sealed by somebody who cannot read",
        median(1_000, || {
            drop(black_box(Sealed::seal_to(&ctx, at("note.text"), &of_room, &text).unwrap()));
        }),
    );
    let place = at("note.text").place;
    line("the first opened", median(5_000, || drop(black_box(sealed_text.open(&epoch, place).unwrap()))));
    line("the second opened", median(1_000, || drop(black_box(given.open(&epoch, place).unwrap()))));

    println!("\nseeds");
    let member = ForMember { room: &room, epoch: 1, person: &person, pair: 1 };
    let (to, under) = (member.to(&ctx, &public, &epoch).unwrap(), member.under(&ctx, &own, &epoch).unwrap());
    line(
        "wrapped to somebody's public key",
        median(1_000, || {
            drop(black_box(member.to(&ctx, &public, &epoch).unwrap()));
        }),
    );
    line(
        "opened, and held against the epoch's public key",
        median(1_000, || {
            let seed = member.open(&own, &to).unwrap();
            assert_eq!(black_box(seed.public().unwrap()), of_room);
        }),
    );
    line(
        "opened, once it is under one's own seed",
        median(5_000, || drop(black_box(member.open(&own, &under).unwrap()))),
    );

    println!("\nwhat of an audited read is cryptography");
    let unlocking = Wrapped::ByUnlockSecret { person: &person, pair: 1, sign_in: &sign_in, expires: Moment(9) };
    let secret = [9; 48];
    let brought = unlocking.under(&ctx, &secret, &own).unwrap();
    line(
        "unlock secret, one's own seed, the room's seed, title and text",
        median(5_000, || {
            let own = unlocking.open(&secret, &brought).unwrap();
            let epoch = member.open(&own, &under).unwrap();
            black_box(sealed_title.open(&epoch, at("note.title").place).unwrap());
            black_box(sealed_text.open(&epoch, place).unwrap());
        }),
    );

    println!("\nmany");
    let people: Vec<PersonId> = (0..PEOPLE).map(|_| PersonId::new(&ctx).unwrap()).collect();
    println!(
        "{:<72} {:>9.1} ms",
        format!("a new epoch for {PEOPLE} people"),
        once(|| {
            let seed = Seed::new(&ctx).unwrap();
            black_box(seed.public().unwrap());
            for person in &people {
                let member = ForMember { room: &room, epoch: 2, person, pair: 1 };
                black_box(member.to(&ctx, &public, &seed).unwrap());
            }
        })
    );
    println!(
        "{:<72} {:>9.1} ms",
        format!("{NOTES} notes opened and looked through"),
        once(|| {
            let mut found = 0;
            for _ in 0..NOTES {
                let title = sealed_title.open(&epoch, at("note.title").place).unwrap();
                let text = sealed_text.open(&epoch, place).unwrap();
                found += usize::from(title.contains("witness") || text.contains("witness"));
            }
            assert_eq!(black_box(found), 0);
        })
    );
}
