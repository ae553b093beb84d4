//! The addresses of the tree's tiles, as <https://c2sp.org/tlog-tiles> has them.

/// Hashes in a full tile, and entries in a full bundle.
pub const WIDTH: u64 = 256;
/// Levels of the tree that a tile spans.
pub const HEIGHT: u32 = 8;

/// What an address names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Hashes of the tree, at this level of tiles.
    Hashes(u8),
    /// The leaves themselves.
    Entries,
}

/// A tile, or a bundle of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// What it holds.
    pub resource: Resource,
    /// Its place among its like.
    pub index: u64,
    /// How many it holds: 1 to 256.
    pub width: u64,
}

impl Tile {
    /// The tile at `<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`. Each has one address: whatever else would name it
    /// names nothing.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let (kind, rest) = path.split_once('/')?;
        let resource = if kind == "entries" {
            Resource::Entries
        } else {
            Resource::Hashes(decimal(kind).and_then(|level| u8::try_from(level).ok()).filter(|level| *level <= 63)?)
        };
        let (number, width) = match rest.split_once(".p/") {
            None => (rest, WIDTH),
            Some((number, width)) => (number, decimal(width).filter(|width| (1..WIDTH).contains(width))?),
        };
        let mut digits = String::new();
        let mut elements = number.split('/').peekable();
        while let Some(element) = elements.next() {
            let three = if elements.peek().is_some() { element.strip_prefix('x')? } else { element };
            if three.len() != 3 || !three.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            digits.push_str(three);
        }
        let tile = Self { resource, index: digits.parse().ok()?, width };
        // Elements of zeros in front would make a second address.
        (tile.path() == path).then_some(tile)
    }

    /// Its address, without the log's prefix and `tile/`.
    #[must_use]
    pub fn path(&self) -> String {
        let kind = match self.resource {
            Resource::Hashes(level) => level.to_string(),
            Resource::Entries => "entries".to_owned(),
        };
        let mut number = format!("{:03}", self.index % 1000);
        let mut rest = self.index / 1000;
        while rest > 0 {
            number = format!("x{:03}/{number}", rest % 1000);
            rest /= 1000;
        }
        let partial = if self.width == WIDTH { String::new() } else { format!(".p/{}", self.width) };
        format!("{kind}/{number}{partial}")
    }

    /// The number of leaves that a tree must have for this tile to be there; nothing when no tree could.
    #[must_use]
    pub fn needs(&self) -> Option<u64> {
        let level = match self.resource {
            Resource::Hashes(level) => u32::from(level),
            Resource::Entries => 0,
        };
        let hashes = self.index.checked_mul(WIDTH)?.checked_add(self.width)?;
        hashes.checked_mul(WIDTH.checked_pow(level)?)
    }
}

/// A decimal number as the specification wants it: digits without leading zeros.
fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())??;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_the_specification() {
        // The index and its address stand in the specification, as do the sizes.
        let tile = Tile { resource: Resource::Hashes(0), index: 1_234_067, width: 256 };
        assert_eq!(tile.path(), "0/x001/x234/067");
        for (path, index, width, needs) in [
            ("0/000", 0, 256, Some(256)),
            ("0/273.p/112", 273, 112, Some(70_000)),
            ("1/001.p/17", 1, 17, Some(69_888)),
            ("2/000.p/1", 0, 1, Some(65_536)),
            ("entries/x001/x234/067.p/8", 1_234_067, 8, Some(315_921_160)),
            ("63/000.p/1", 0, 1, None),
        ] {
            let tile = Tile::parse(path).unwrap();
            assert_eq!((tile.index, tile.width, tile.needs(), tile.path().as_str()), (index, width, needs, path));
        }
    }

    #[test]
    fn whatever_else_names_nothing() {
        for path in [
            "",
            "0",
            "0/",
            "00/000",
            "64/000",
            "-1/000",
            "+1/000",
            "0/0",
            "0/00",
            "0/0000",
            "0/x000/001",
            "0/001/002",
            "0/x001",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/01",
            "0/000.p/",
            "0/000.p",
            "0/000.p/1.p/1",
            "0/000/",
            "entries",
            "entries/",
            "entries/0a0",
            "Entries/000",
            "0/x001/x234/067/",
            "0/ 00",
            "0/x999/x999/x999/x999/x999/x999/x999/999",
            "0/00٣",
        ] {
            assert_eq!(Tile::parse(path), None, "{path}");
        }
    }
}
