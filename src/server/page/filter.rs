//! Filters of lists, as a form in the address sends them: with nothing in what was left open.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::AppError;
use crate::server::Query;

/// What may stand in an address as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b':');

/// The value of a filter, if one was set.
///
/// # Errors
/// `Invalid` when `read` makes nothing of it.
pub fn chosen<T>(
    query: &Query,
    name: &'static str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, AppError> {
    if query.get(name).is_none_or(|text| text.trim().is_empty()) { Ok(None) } else { query.parse(name, read) }
}

/// `path` with those of the filters that are set, ready for one more: it ends in `?` or `&`.
#[must_use]
pub fn address(path: &str, filters: &[(&str, &str)]) -> String {
    let mut address = format!("{path}?");
    for (name, value) in filters.iter().filter(|(_, value)| !value.is_empty()) {
        address.push_str(name);
        address.push('=');
        address.extend(utf8_percent_encode(value, KEPT));
        address.push('&');
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_left_open_are_left_out() {
        assert_eq!(address("/parties", &[("kind", ""), ("standing", "")]), "/parties?");
        assert_eq!(address("/x", &[("a", "1 & 2"), ("b", ""), ("c", "é")]), "/x?a=1%20%26%202&c=%C3%A9&");
    }
}
