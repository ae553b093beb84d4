//! What a password must be: NIST SP 800-63B-4 for a password that may stand alone (15 characters or
//! more), no rules of composition, no forced change, but nothing that a guesser would try first.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::error::AppError;
use crate::input;

/// Least and most characters.
const LEAST: usize = 15;
const MOST: usize = 128;
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
    if zxcvbn::zxcvbn(&head, &words).score() < zxcvbn::Score::Three {
        return Err(AppError::field(field, "too easy to guess"));
    }
    Ok(password)
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
        ] {
            assert!(judge("password", bad, &["marie.durand@example.org"]).is_err(), "{bad}");
        }
        assert!(judge("password", &"x9 fj2l sq".repeat(20), &[]).is_err(), "too long");
        assert!(judge("password", "glacier tandem oboe 417 quiver", &[]).is_ok());
    }
}
