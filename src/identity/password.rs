//! What a password must be: NIST SP 800-63B-4 for a password that may stand alone (15 characters or
//! more), no rules of composition, no forced change, but nothing that a guesser would try first.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::error::AppError;
use crate::input;

/// Least and most characters.
const LEAST: usize = 15;
const MOST: usize = 128;
/// Least characters beside the words that a guesser knows: "Marie Durand 2026" is long, and no secret.
const LEAST_OF_ITS_OWN: usize = 8;
/// Words that belong to this place; a guesser tries them here (ASVS 5.0, 6.1.2).
const CONTEXT: [&str; 10] = [
    "incamera",
    "in camera",
    "genocide",
    "network",
    "eurojust",
    "prosecutor",
    "the hague",
    "impunity",
    "contact point",
    "secretariat",
];

/// The password in the form that is hashed, or why it is refused. `about` are words about the person.
///
/// # Errors
/// `Invalid`, naming `field`.
pub(super) fn judge(field: &str, password: &str, about: &[&str]) -> Result<Zeroizing<String>, AppError> {
    let password = normalize(password);
    let length = password.chars().count();
    if length < LEAST {
        return Err(AppError::field(field, "shorter than 15 characters"));
    }
    if length > MOST {
        return Err(AppError::field(field, "longer than 128 characters"));
    }
    // Pasted along unnoticed, such a character could never be typed again.
    if password.chars().any(input::unseen) {
        return Err(AppError::field(field, "holds control characters, or some that cannot be seen"));
    }
    let mut words: Vec<&str> = CONTEXT.to_vec();
    words.extend(about.iter().copied());
    // Longer ones are judged by their beginning: the estimate's time grows steeply with the length.
    let head: String = password.chars().take(64).collect();
    if zxcvbn::zxcvbn(&head, &words).score() < zxcvbn::Score::Three || of_its_own(&password, about) < LEAST_OF_ITS_OWN {
        return Err(AppError::field(field, "too easy to guess"));
    }
    Ok(password)
}

/// How many letters and digits are left without the words of this place and those about the person.
fn of_its_own(password: &str, about: &[&str]) -> usize {
    let mut rest = Zeroizing::new(password.to_lowercase());
    let parts = about.iter().flat_map(|words| words.split(|c: char| !c.is_alphanumeric())).map(str::to_lowercase);
    let mut known: Vec<String> = CONTEXT.iter().map(|word| (*word).to_owned()).chain(parts).collect();
    // The longest first: a short one could break a longer one up.
    known.sort_by_key(|word| std::cmp::Reverse(word.len()));
    for word in known.iter().filter(|word| word.chars().count() >= 3) {
        rest = Zeroizing::new(rest.replace(word.as_str(), " "));
    }
    rest.chars().filter(|c| c.is_alphanumeric()).count()
}

/// The form in which a password is compared: the same keys pressed on another system must give the same.
pub(super) fn normalize(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.nfc().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        for bad in [
            "short",
            "aaaaaaaaaaaaaaaaaaaa",
            "passwordpassword1",
            "123456789012345",
            "incamerasecretariat",
            "marie.durand@example.org",
            "glacier tandem oboe 417\u{200b} quiver",
            "glacier tandem oboe 417\0 quiver",
            "Marie Durand 2026",
            "Durand-Eurojust-1979",
            "prosecutor, the hague",
        ] {
            assert!(judge("password", bad, &["Marie Durand", "marie.durand@example.org"]).is_err(), "{bad}");
        }
        assert!(judge("password", "marie tandem oboe 417 quiver", &["Marie Durand"]).is_ok());
        assert!(judge("password", &"x9 fj2l sq".repeat(20), &[]).is_err(), "too long");
        assert!(judge("password", "glacier tandem oboe 417 quiver", &[]).is_ok());
    }
}
