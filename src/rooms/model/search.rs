//! Searching a room: what is looked for, whether a note holds it, and what is shown of one that does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_normalization::char::{canonical_combining_class, decompose_compatible};

use super::NoteLine;
use crate::context::Moment;
use crate::error::AppError;
use crate::ids::{PartyId, PersonId};
use crate::input;

/// Longest text to search for, in characters.
const WORDS_MAX: usize = 200;
/// Most characters of an excerpt before and after the place that was found.
const BEFORE: usize = 60;
const AFTER: usize = 140;

/// A search, as sent: in the body, never in an address, which would end up in histories and logs.
// No `Debug`: nothing can trace what somebody looks for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchBody {
    /// Words, at most 200 characters. All must occur in the title, the text or the words to the handling codes,
    /// anywhere and in whatever order; upper and lower case and accents make no difference.
    pub q: String,
    /// Only versions by this person.
    pub author: Option<PersonId>,
    /// Only notes of this originator.
    pub party: Option<PartyId>,
    /// Only versions written at this time or later.
    pub from: Option<Moment>,
    /// Only versions written before this time.
    pub to: Option<Moment>,
    /// What an answer that stopped early gave as `next`.
    pub cursor: Option<String>,
}

/// A search, judged.
// No `Debug`, likewise.
pub struct Search {
    /// Folded.
    words: Vec<String>,
    author: Option<PersonId>,
    party: Option<PartyId>,
    from: Option<Moment>,
    to: Option<Moment>,
}

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SearchFound {
    /// The notes that hold the words, the newest first.
    pub items: Vec<FoundNote>,
    /// Whether every note of the room that the caller may read was looked at, from the place where this search
    /// began. If not, `next` goes on.
    pub complete: bool,
    /// Give it back as `cursor`, with the same words, to go on; absent when nothing is left.
    pub next: Option<String>,
}

/// A note that holds the words.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundNote {
    /// As the list of notes has it.
    #[serde(flatten)]
    pub line: NoteLine,
    /// Some of its text around the first place that was found, or its beginning.
    pub excerpt: String,
}

impl SearchBody {
    /// Judges what was sent.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(self) -> Result<Search, AppError> {
        let words: Vec<String> =
            fold(&input::line("q", &self.q, WORDS_MAX)?).split_whitespace().map(ToOwned::to_owned).collect();
        if words.is_empty() {
            return Err(AppError::field("q", "empty"));
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && to <= from
        {
            return Err(AppError::field("to", "not after the beginning"));
        }
        Ok(Search { words, author: self.author, party: self.party, from: self.from, to: self.to })
    }
}

impl Search {
    /// Whether a version by `author`, of a note of `party`, written at `written`, is to be looked at.
    #[must_use]
    pub fn is_about(&self, author: &PersonId, party: &PartyId, written: Moment) -> bool {
        self.author.as_ref().is_none_or(|one| one == author)
            && self.party.as_ref().is_none_or(|one| one == party)
            && self.from.is_none_or(|from| written >= from)
            && self.to.is_none_or(|to| written < to)
    }

    /// Looks for the words; answers the excerpt when all are there. `beside` is what else a note says: its restrictions,
    /// and the names of its files.
    #[must_use]
    pub fn excerpt(&self, title: &str, text: &str, beside: &str) -> Option<String> {
        let (in_title, in_text, in_beside) = (fold(title), fold(text), fold(beside));
        let found = |word: &String| [&in_title, &in_text, &in_beside].iter().any(|part| part.contains(word.as_str()));
        if !self.words.iter().all(found) {
            return None;
        }
        let first = |part: &str| self.words.iter().filter_map(|word| part.find(word.as_str())).min();
        Some(match (first(&in_text), first(&in_beside)) {
            (Some(at), _) => around(text, origin(text, at)),
            (None, Some(at)) => around(beside, origin(beside, at)),
            (None, None) => around(text, 0),
        })
    }
}

/// A text as it is compared: compatible forms as one, without case and accents, letters that carry a stroke or
/// are two in one as they are typed without, one kind of apostrophe and hyphen.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    each(text, |_, c| folded.push(c));
    folded
}

/// Where in `text` stands what stands at `at` in the folded one.
fn origin(text: &str, at: usize) -> usize {
    let (mut length, mut origin) = (0_usize, None);
    each(text, |place, c| {
        if length >= at && origin.is_none() {
            origin = Some(place);
        }
        length = length.saturating_add(c.len_utf8());
    });
    origin.unwrap_or(0)
}

/// Each folded character, with the place of the one that it was made of. Marks are dropped, so their order,
/// which a whole text's normal form settles, does not matter.
fn each(text: &str, mut give: impl FnMut(usize, char)) {
    for (place, c) in text.char_indices() {
        if c.is_ascii() {
            give(place, c.to_ascii_lowercase());
            continue;
        }
        decompose_compatible(c, |part| {
            for low in part.to_lowercase().filter(|c| canonical_combining_class(*c) == 0) {
                match plainly(low) {
                    Some(plain) => plain.chars().for_each(|c| give(place, c)),
                    None => give(place, low),
                }
            }
        });
    }
}

/// How letters are typed where they are not at hand.
const fn plainly(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'þ' => "th",
        'ħ' => "h",
        'ı' => "i",
        'ς' => "σ",
        '\u{2018}' | '\u{2019}' | '\u{2bc}' => "'",
        '\u{2010}'..='\u{2015}' => "-",
        _ => return None,
    })
}

/// Some text around `at`, on one line, not begun or ended in the middle of a word if that can be.
fn around(text: &str, at: usize) -> String {
    let Some((before, after)) = text.split_at_checked(at) else { return String::new() };
    let begin = before.char_indices().rev().take(BEFORE).last().map_or(at, |(place, _)| place);
    let (cut_before, before) = before.split_at_checked(begin).unwrap_or(("", before));
    let end = after.char_indices().nth(AFTER).map_or(after.len(), |(place, _)| place);
    let (after, cut_after) = after.split_at_checked(end).unwrap_or((after, ""));
    let whole = |c: char| c.is_whitespace();
    let before = if cut_before.is_empty() { before } else { before.split_once(whole).map_or(before, |(_, rest)| rest) };
    let after = if cut_after.is_empty() { after } else { after.rsplit_once(whole).map_or(after, |(rest, _)| rest) };
    let line = format!("{before}{after}").split_whitespace().collect::<Vec<_>>().join(" ");
    let dots = |cut: &str| if cut.is_empty() { "" } else { "…" };
    format!("{}{line}{}", dots(cut_before), dots(cut_after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(q: &str) -> Result<Search, AppError> {
        SearchBody { q: q.into(), author: None, party: None, from: None, to: None, cursor: None }.checked()
    }

    fn finds(q: &str, text: &str) -> Option<String> {
        search(q).unwrap().excerpt("", text, "")
    }

    #[test]
    fn case_accents_and_forms_make_no_difference() {
        for (q, text) in [
            ("ENQUETE", "une enquête"),
            ("enquête", "UNE ENQUETE"),
            ("enque\u{302}te", "enquête"),
            ("strasse", "Große Straße"),
            ("STRAẞE", "strasse"),
            ("lodz", "Łódź"),
            ("Đoković", "dokovic"),
            ("soren", "Søren"),
            ("istanbul", "İSTANBUL"),
            ("ΟΔΟΣ", "οδός"),
            ("київ", "КИЇВ"),
            ("l'aveu", "l’aveu"),
            ("co-operation", "co‑operation"),
            ("ﬁle", "file"),
            ("10", "１０"),
        ] {
            assert!(finds(q, text).is_some(), "{q} in {text}");
        }
        assert!(finds("мир", "мор").is_none());
    }

    #[test]
    fn every_word_must_occur_somewhere() {
        let search = search("arrest  Vienna seven").unwrap();
        assert!(search.excerpt("Arrests", "on the seventh", "only in Vienna").is_some());
        assert!(search.excerpt("Arrests", "on the seventh", "").is_none());
        for (q, text) in [("%", "all"), ("_", "all"), (".*", "all"), ("a|b", "a"), ("[a]", "a"), ("\\w", "w")] {
            assert!(finds(q, text).is_none(), "{q} is looked for as it is typed");
            assert!(finds(q, &format!("x{q}y")).is_some(), "{q} is looked for as it is typed");
        }
    }

    #[test]
    fn an_excerpt_shows_the_first_place() {
        let text = format!("{} ÉLAN\n\nvital {}", "ÄÄ before ".repeat(50), " after".repeat(50));
        let excerpt = finds("vital élan", &text).unwrap();
        assert!(excerpt.starts_with('…') && excerpt.ends_with('…'), "{excerpt}");
        assert!(excerpt.contains("before ÉLAN vital after"), "{excerpt}");
        assert!(excerpt.chars().count() <= BEFORE + AFTER + 2, "{excerpt}");
        assert_eq!(finds("short", "A short one").unwrap(), "A short one");
        assert_eq!(search("t").unwrap().excerpt("t", "beginning", "").unwrap(), "beginning");
        assert_eq!(search("press").unwrap().excerpt("", "x", "not to the press").unwrap(), "not to the press");
        assert_eq!(finds("字", &"字".repeat(1000)).unwrap().chars().count(), AFTER + 1, "there is no blank to cut at");
    }

    #[test]
    fn what_cannot_be_looked_for_is_refused() {
        for q in ["", "  ", "\u{301}", &"x".repeat(201), &"x".repeat(10_000), "a\u{0}b", "a\u{202e}b"] {
            assert!(search(q).is_err(), "{} characters", q.chars().count());
        }
    }
}
