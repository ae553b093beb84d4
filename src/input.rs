//! What people may type. One place judges every text that comes in, so that no slice is laxer than another.

use unicode_normalization::UnicodeNormalization;

use crate::error::{AppError, Fault};

/// Characters that change how the text around them is read, or cannot be seen: a name with one of them
/// could pass for another. All that Unicode 17 calls `Bidi_Control` or `Default_Ignorable_Code_Point`, but
/// for the selectors FE00 to FE0F, which come with ordinary symbols; and the blank braille pattern.
const fn deceives(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}')
        || matches!(c, '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}')
        || matches!(c, '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether nobody could see `c`, or it misleads about the text around it.
#[must_use]
pub fn unseen(c: char) -> bool {
    c.is_control() || deceives(c)
}

/// A single line: trimmed, NFC, 1 to `most` characters, no control characters.
///
/// # Errors
/// `Invalid`, naming `field`.
pub fn line(field: &str, text: &str, most: usize) -> Result<String, AppError> {
    let text: String = text.trim().nfc().collect();
    if text.is_empty() {
        return Err(AppError::field(field, "empty"));
    }
    if text.chars().count() > most {
        return Err(AppError::field(field, "too long"));
    }
    if text.chars().any(|c| unseen(c) || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(AppError::field(field, "holds control characters, or some that cannot be seen"));
    }
    Ok(text)
}

/// Several lines: as [`line()`], but with line breaks and tabs; at most `most` characters.
///
/// # Errors
/// `Invalid`, naming `field`.
pub fn lines(field: &str, text: &str, most: usize) -> Result<String, AppError> {
    let text: String = text.trim().replace("\r\n", "\n").nfc().collect();
    if text.is_empty() {
        return Err(AppError::field(field, "empty"));
    }
    if text.chars().count() > most {
        return Err(AppError::field(field, "too long"));
    }
    if text.chars().any(|c| (c.is_control() && c != '\n' && c != '\t') || deceives(c)) {
        return Err(AppError::field(field, "holds control characters, or some that cannot be seen"));
    }
    Ok(text)
}

/// An optional line.
///
/// # Errors
/// As [`line()`], when there is one.
pub fn optional_line(field: &str, text: Option<&str>, most: usize) -> Result<Option<String>, AppError> {
    text.map(|text| line(field, text, most)).transpose()
}

/// A calendar day, `YYYY-MM-DD`.
///
/// # Errors
/// `Invalid`, naming `field`.
pub fn day(field: &str, text: &str) -> Result<String, AppError> {
    crate::context::day(text).map(|_| text.to_owned()).ok_or_else(|| AppError::field(field, "not a day, as YYYY-MM-DD"))
}

/// A calendar day, or a month of which the day is not known: `YYYY-MM-DD` or `YYYY-MM`.
///
/// # Errors
/// `Invalid`, naming `field`.
pub fn day_or_month(field: &str, text: &str) -> Result<String, AppError> {
    let first = if text.len() == 7 { format!("{text}-01") } else { text.to_owned() };
    crate::context::day(&first)
        .map(|_| text.to_owned())
        .ok_or_else(|| AppError::field(field, "not a day, as YYYY-MM-DD, or a month, as YYYY-MM"))
}

/// Refuses what bears an EU classification from RESTRICTED upwards, in any official spelling this list
/// knows: the server is not accredited for it (Decision 2013/488/EU, Article 2 and Appendix B).
///
/// # Errors
/// `Invalid`, naming `field`.
pub fn unclassified(field: &str, text: &str) -> Result<(), AppError> {
    // Spelled with spaces where there are hyphens, as the text is before it is compared.
    const MARKINGS: [&str; 14] = [
        "RESTREINT UE",
        "EU RESTRICTED",
        "RESTREINT EU",
        "CONFIDENTIEL UE",
        "EU CONFIDENTIAL",
        "SECRET UE",
        "EU SECRET",
        "TRES SECRET UE",
        "TRÈS SECRET UE",
        "EU TOP SECRET",
        "R UE/EU R",
        "C UE/EU C",
        "S UE/EU S",
        "TS UE/EU TS",
    ];
    let blank = |c: char| c.is_whitespace() || matches!(c, '-' | '_' | '\u{2010}'..='\u{2015}');
    let folded: String = text.chars().map(|c| if blank(c) { ' ' } else { c }).flat_map(char::to_uppercase).collect();
    let folded = folded.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if MARKINGS.iter().any(|marking| stands_alone(&folded, marking)) {
        return Err(Fault::Invalid(vec![crate::error::FieldProblem {
            field: field.to_owned(),
            problem: "marked EU RESTRICTED or above; this server is not accredited for it".into(),
        }])
        .into());
    }
    Ok(())
}

/// Whether `marking` stands in `text` as words of its own ("EU SECRET", not "EU SECRETARIAT").
fn stands_alone(text: &str, marking: &str) -> bool {
    text.match_indices(marking).any(|(at, _)| {
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        let after = text.get(at.saturating_add(marking.len())..).and_then(|tail| tail.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markings() {
        for marked in [
            "restreint ue/eu restricted",
            "RESTREINT  UE",
            "x EU SECRET",
            "(EU TOP SECRET)",
            "très secret ue",
            "eu\nconfidential",
            "EU-SECRET",
            "R-UE/EU-R",
            "C-UE/EU-C",
            "S\u{2011}UE/EU\u{2011}S",
            "(TS-UE/EU-TS)",
        ] {
            assert!(unclassified("text", marked).is_err(), "{marked}");
        }
        for unmarked in ["the EU Secretariat", "LIMITE", "restricted", "secret", "EU-restrictedness"] {
            assert!(unclassified("text", unmarked).is_ok(), "{unmarked}");
        }
    }

    #[test]
    fn texts() {
        assert_eq!(line("f", " a\u{301} ", 5).unwrap(), "á");
        for bad in ["", "  ", "a\nb", "a\u{202e}b", "a\u{61c}b", "a\u{ad}b", "a\u{3164}", "a\u{0}", "abcdef"] {
            assert!(line("f", bad, 5).is_err(), "{bad:?}");
        }
        assert!(lines("f", "a\n\tb", 5).is_ok());
        assert!(lines("f", "a\u{7}", 5).is_err());
        assert!(day("f", "2024-02-30").is_err());
        assert_eq!(day_or_month("f", "2024-02").unwrap(), "2024-02");
        assert_eq!(day_or_month("f", "2024-02-29").unwrap(), "2024-02-29");
        for bad in ["2024", "2024-13", "2024-2", "24-02-0", "2024-02-30", "2024-02-"] {
            assert!(day_or_month("f", bad).is_err(), "{bad}");
        }
    }
}
