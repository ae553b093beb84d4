//! The Merkle tree of RFC 6962, section 2.1, with SHA-256: hashing, appending, proving and checking. The
//! checks follow RFC 9162, sections 2.1.3.2 and 2.1.4.2.

use sha2::{Digest, Sha256};

/// A hash of the tree.
pub type Hash = [u8; 32];

/// The hash of a leaf, given its bytes.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(leaf).finalize().into()
}

/// The hash over two subtrees.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// Joins neighbouring perfect subtrees, the largest first, from the right: the hash of the whole.
fn join(subtrees: &[Hash]) -> Hash {
    let mut rest = subtrees.iter().rev();
    match rest.next() {
        // The empty tree.
        None => Sha256::digest([]).into(),
        Some(last) => rest.fold(*last, |right, left| node_hash(left, &right)),
    }
}

/// All of a tree that appending to it takes: the roots of its perfect subtrees, one for each bit of its size,
/// the largest first.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The frontier of a tree with `size` leaves, from the bytes that [`Frontier::bytes`] gave; nothing when
    /// they are not as many as that size has.
    #[must_use]
    pub fn new(size: u64, bytes: &[u8]) -> Option<Self> {
        let (peaks, rest) = bytes.as_chunks();
        let fits = rest.is_empty() && u32::try_from(peaks.len()) == Ok(size.count_ones());
        fits.then(|| Self { size, peaks: peaks.to_vec() })
    }

    /// The roots, one after the other.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.peaks.as_flattened().to_vec()
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut root = leaf;
        // As adding one carries over the bits of the size that are set, so do the subtrees join.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                root = node_hash(&left, &root);
            }
        }
        self.peaks.push(root);
        self.size = self.size.saturating_add(1);
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        join(&self.peaks)
    }
}

/// The root of a tree with exactly these leaf hashes.
#[must_use]
pub fn root_of(leaves: &[Hash]) -> Hash {
    let mut tree = Frontier::default();
    for leaf in leaves {
        tree.push(*leaf);
    }
    tree.root()
}

/// Whoever knows the hashes of a tree.
pub trait Nodes {
    /// What can go wrong on looking one up.
    type Error;

    /// The root of the perfect subtree over the leaves from `index << level` to `(index + 1) << level`.
    ///
    /// # Errors
    /// When it is not there.
    fn node(&mut self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// The root over the leaves from `begin` to `end`, where `begin` is a place at which a proof cuts a tree.
fn range<N: Nodes>(nodes: &mut N, mut begin: u64, end: u64) -> Result<Hash, N::Error> {
    let mut subtrees = Vec::new();
    while let Some(level) = end.saturating_sub(begin).checked_ilog2() {
        subtrees.push(nodes.node(level, begin >> level)?);
        begin = begin.saturating_add(1 << level);
    }
    Ok(join(&subtrees))
}

/// Where RFC 6962 cuts a tree of two or more leaves: the largest power of two below their number.
fn cut(leaves: u64) -> u64 {
    leaves.saturating_sub(1).checked_ilog2().map_or(0, |level| 1 << level)
}

/// The root of the tree's first `size` leaves.
///
/// # Errors
/// Those of `nodes`.
pub fn root<N: Nodes>(nodes: &mut N, size: u64) -> Result<Hash, N::Error> {
    range(nodes, 0, size)
}

/// The proof that leaf `index` is in the tree of the first `size` leaves, from the leaf's sibling upwards.
///
/// # Errors
/// Those of `nodes`.
pub fn inclusion<N: Nodes>(nodes: &mut N, index: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    let (mut begin, mut end) = (0, size);
    let mut path = Vec::new();
    while end.saturating_sub(begin) > 1 {
        let middle = begin.saturating_add(cut(end.saturating_sub(begin)));
        if index < middle {
            path.push(range(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(range(nodes, begin, middle)?);
            begin = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of the first `old` leaves is the beginning of that of the first `new`.
///
/// # Errors
/// Those of `nodes`.
pub fn consistency<N: Nodes>(nodes: &mut N, old: u64, new: u64) -> Result<Vec<Hash>, N::Error> {
    if old == 0 || old >= new {
        return Ok(Vec::new());
    }
    let (mut begin, mut end) = (0_u64, new);
    let mut proof = Vec::new();
    while old != end {
        let middle = begin.saturating_add(cut(end.saturating_sub(begin)));
        if old <= middle {
            proof.push(range(nodes, middle, end)?);
            end = middle;
        } else {
            proof.push(range(nodes, begin, middle)?);
            begin = middle;
        }
    }
    // The old tree itself is known to whoever checks; a part of it is not.
    if begin != 0 {
        proof.push(range(nodes, begin, end)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Drops the levels in which the place is the last of its tree and has no sibling.
fn climb(place: &mut u64, last: &mut u64) {
    while *place & 1 == 0 && *place != 0 {
        *place >>= 1;
        *last >>= 1;
    }
}

/// Whether `proof` shows that the leaf with this hash is number `index` in the tree of `size` leaves and
/// this root.
#[must_use]
pub fn is_included(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut place, mut last, mut hash) = (index, size.saturating_sub(1), *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            hash = node_hash(sibling, &hash);
            climb(&mut place, &mut last);
        } else {
            hash = node_hash(&hash, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether `proof` shows that the tree with `old` leaves and `old_root` is the beginning of the one with `new`
/// leaves and `new_root`. Every tree begins with the empty one.
#[must_use]
pub fn is_consistent(old: u64, old_root: &Hash, new: u64, new_root: &Hash, proof: &[Hash]) -> bool {
    if old > new {
        return false;
    }
    if old == 0 {
        return proof.is_empty() && *old_root == join(&[]);
    }
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    // An old tree that is perfect is its own first part, and is left out of the proof.
    let (first, rest) = if old.is_power_of_two() {
        (old_root, proof)
    } else {
        let Some((first, rest)) = proof.split_first() else { return false };
        (first, rest)
    };
    let shift = old.saturating_sub(1).trailing_ones();
    let (mut place, mut last) = (old.saturating_sub(1) >> shift, new.saturating_sub(1) >> shift);
    let (mut before, mut after) = (*first, *first);
    for hash in rest {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            before = node_hash(hash, &before);
            after = node_hash(hash, &after);
            climb(&mut place, &mut last);
        } else {
            after = node_hash(&after, hash);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && before == *old_root && after == *new_root
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Leaves(Vec<Hash>);

    impl Nodes for Leaves {
        type Error = std::convert::Infallible;
        fn node(&mut self, level: u32, index: u64) -> Result<Hash, Self::Error> {
            let begin = usize::try_from(index << level).unwrap();
            Ok(slow_root(&self.0[begin..begin + (1 << level)]))
        }
    }

    /// The definition of RFC 6962, word for word.
    fn slow_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                node_hash(&slow_root(left), &slow_root(right))
            }
        }
    }

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|number| leaf_hash(number.to_string().as_bytes())).collect()
    }

    fn count(length: usize) -> u64 {
        length.try_into().unwrap()
    }

    #[test]
    fn every_tree_up_to_eighty_leaves_is_that_of_the_definition_and_proves_all_that_is_in_it() {
        let all = leaves(80);
        let mut tree = Frontier::default();
        for size in 0..=all.len() {
            let (n, root) = (count(size), slow_root(&all[..size]));
            assert_eq!(tree.root(), root);
            assert_eq!(Frontier::new(n, &tree.bytes()).as_ref(), Some(&tree));
            assert_eq!(Frontier::new(n, &[&tree.bytes()[..], &[0; 32]].concat()), None);
            assert_eq!(Frontier::new(n, &[&tree.bytes()[..], &[0]].concat()), None);
            let mut nodes = Leaves(all.clone());
            assert_eq!(super::root(&mut nodes, n), Ok(root));
            for index in 0..size {
                let proof = inclusion(&mut nodes, count(index), n).unwrap();
                assert!(is_included(&all[index], count(index), n, &proof, &root));
                assert!(!is_included(&all[(index + 1) % 80], count(index), n, &proof, &root));
                for other in (0..=n).filter(|other| *other != count(index)) {
                    assert!(!is_included(&all[index], other, n, &proof, &root), "{index} as {other} of {n}");
                }
                if let Some((_, shorter)) = proof.split_first() {
                    assert!(!is_included(&all[index], count(index), n, shorter, &root));
                }
                assert!(!is_included(&all[index], count(index), n, &[&proof[..], &[root]].concat(), &root));
            }
            for old in 0..=size {
                let before = slow_root(&all[..old]);
                let proof = consistency(&mut nodes, count(old), n).unwrap();
                assert!(is_consistent(count(old), &before, n, &root, &proof), "{old} in {n}");
                assert!(!is_consistent(count(old), &leaf_hash(b"another"), n, &root, &proof), "{old} in {n}");
                if old > 0 {
                    assert!(!is_consistent(count(old), &before, n, &leaf_hash(b"another"), &proof), "{old} in {n}");
                }
                assert!(!is_consistent(count(old), &before, n, &root, &[&proof[..], &[root]].concat()));
                assert!(old == size || !is_consistent(n, &root, count(old), &before, &proof));
            }
            if let Some(next) = all.get(size) {
                tree.push(*next);
            }
        }
    }

    #[test]
    fn the_hashes_are_those_of_the_published_test_vectors() {
        // The eight leaves of Certificate Transparency's reference tests, and the roots of its trees.
        let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
        let leaves =
            ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Frontier::default();
        for (leaf, root) in leaves.iter().zip(roots) {
            tree.push(leaf_hash(&hex(leaf)));
            assert_eq!(tree.root().to_vec(), hex(root));
        }
    }
}
