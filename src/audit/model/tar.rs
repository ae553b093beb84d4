//! Several receipts in one file: an archive that every system unpacks (POSIX.1-1988, "ustar").

use crate::context::Moment;

const BLOCK: usize = 512;

/// An archive of these files, all made at `at`. Names are ASCII, of at most 100 bytes; what is longer is cut.
#[must_use]
pub fn archive(files: &[(String, Vec<u8>)], at: Moment) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in files {
        bytes.extend(header(name, content.len(), at));
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    }
    // Two blocks of nothing end it.
    bytes.resize(bytes.len().saturating_add(2 * BLOCK), 0);
    bytes
}

/// The block before a file: fields of fixed lengths, numbers in octal.
fn header(name: &str, length: usize, at: Moment) -> Vec<u8> {
    let seconds = at.seconds().max(0);
    let before = [
        field(name, 100),
        field("0000644", 8),
        field("0000000", 8),
        field("0000000", 8),
        field(&format!("{length:011o}"), 12),
        field(&format!("{seconds:011o}"), 12),
    ]
    .concat();
    let after = [field("0", 1), field("", 100), field("ustar", 6), b"00".to_vec(), field("", 247)].concat();
    // The sum is taken with spaces where it will stand.
    let sum: u64 = before.iter().chain(&[b' '; 8]).chain(&after).map(|byte| u64::from(*byte)).sum();
    [before, field(&format!("{sum:06o}\0 "), 8), after].concat()
}

fn field(text: &str, length: usize) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(length, 0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_whole_and_the_sum_is_right() {
        let files = [("a.tlog-proof".to_owned(), vec![b'x'; 513]), ("b".to_owned(), Vec::new())];
        let made = archive(&files, Moment(1_780_000_000_000_000));
        assert_eq!(made.len(), (1 + 2 + 1 + 2) * BLOCK);
        let head = &made[..BLOCK];
        assert_eq!(&head[..13], b"a.tlog-proof\0");
        assert_eq!((&head[124..135], &head[257..265]), (&b"00000001001"[..], &b"ustar\x0000"[..]));
        let sum: u64 = head
            .iter()
            .enumerate()
            .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) })
            .sum();
        assert_eq!(&head[148..156], format!("{sum:06o}\0 ").as_bytes());
        assert_eq!(&made[BLOCK..BLOCK + 513], &[b'x'; 513]);
        assert_eq!(archive(&[], Moment(-1)), vec![0; 2 * BLOCK]);
    }
}
