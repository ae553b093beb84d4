//! What bends blobs, for the tests that none so bent opens.

/// A small generator for choosing what to bend: which byte, which bit.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }

    /// Another blob than `blob`: a byte changed, cut off at either end, something put in, or part of another's.
    pub(super) fn bend(&mut self, blob: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bent = blob.to_vec();
        match self.below(6) {
            0 => bent.truncate(self.below(blob.len())),
            1 => drop(bent.drain(..=self.below(blob.len() - 1))),
            2 => bent.insert(self.below(blob.len()), u8::try_from(self.below(256)).unwrap()),
            3 => bent.push(u8::try_from(self.below(256)).unwrap()),
            4 => {
                let from = 1 + self.below(blob.len().min(other.len()) - 1);
                bent.splice(from.., other[from..].iter().copied());
            }
            _ => bent[self.below(blob.len())] ^= 1 << self.below(8),
        }
        // The other belongs to the same place, and so does open.
        if bent == blob || bent == other { self.bend(blob, other) } else { bent }
    }
}
