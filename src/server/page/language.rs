//! What pages say, in the reader's language and zone. A language is one file in `languages/`: to add one
//! is to add its file. `tests/it/pages.rs` holds the files to each other and to what the pages ask for.

use std::sync::LazyLock;

use fluent_bundle::bundle::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use include_dir::{Dir, include_dir};
use intl_memoizer::concurrent::IntlLangMemoizer;
use jiff::tz::TimeZone;
use unic_langid::LanguageIdentifier;

use crate::context::Moment;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/languages");

static LANGUAGES: LazyLock<Vec<Language>> = LazyLock::new(|| {
    let mut languages: Vec<Language> = FILES
        .files()
        .filter_map(|file| Language::read(file.path().file_stem()?.to_str()?, file.contents_utf8()?))
        .collect();
    languages.sort_by(|a, b| a.code.cmp(&b.code));
    languages
});

/// A language that pages are written in.
pub struct Language {
    /// Its code, as `lang` attributes have it.
    pub code: String,
    bundle: FluentBundle<FluentResource, IntlLangMemoizer>,
}

impl Language {
    fn read(code: &str, text: &str) -> Option<Self> {
        let id: LanguageIdentifier = code.parse().ok()?;
        let resource = FluentResource::try_new(text.to_owned()).ok()?;
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        // The marks would end up in attributes; templates set what people typed apart with <bdi> instead.
        bundle.set_use_isolating(false);
        bundle.add_resource(resource).ok()?;
        Some(Self { code: code.to_owned(), bundle })
    }

    /// The words of `key`, or the key itself when there are none: a test sees to it that there are.
    fn say(&self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        self.bundle.get_message(key).and_then(|message| message.value()).map_or_else(
            || key.to_owned(),
            |words| self.bundle.format_pattern(words, args, &mut Vec::new()).into_owned(),
        )
    }

    fn knows(&self, key: &str) -> bool {
        self.bundle.has_message(key)
    }
}

/// Every language there is, by code.
#[must_use]
pub fn languages() -> &'static [Language] {
    &LANGUAGES
}

/// The texts of the languages' files, by code: for the tests that compare them.
#[must_use]
pub fn sources() -> Vec<(&'static str, &'static str)> {
    FILES.files().filter_map(|file| Some((file.path().file_stem()?.to_str()?, file.contents_utf8()?))).collect()
}

/// The language `chosen`, if it is one of ours; else the first that the browser asks for; else `usual`; else
/// the first there is.
fn choose(chosen: Option<&str>, accepted: Option<&str>, usual: &str) -> Option<&'static Language> {
    let find = |code: &str| {
        let base = code.split(['-', ';']).next().unwrap_or_default().trim();
        languages().iter().find(|language| language.code.eq_ignore_ascii_case(base))
    };
    chosen
        .and_then(find)
        .or_else(|| accepted.and_then(|accepted| accepted.split(',').find_map(find)))
        .or_else(|| find(usual))
        .or_else(|| languages().first())
}

/// Whether there is such a zone.
#[must_use]
pub fn is_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

/// Whether there is such a language.
#[must_use]
pub fn is_language(code: &str) -> bool {
    languages().iter().any(|language| language.code == code)
}

/// Speaks to one reader.
#[derive(Clone)]
pub struct Say {
    language: Option<&'static Language>,
    zone: TimeZone,
    zone_name: String,
}

impl Say {
    /// To a reader who chose this language and zone, or whose browser accepts that.
    #[must_use]
    pub fn to(language: Option<&str>, accepted: Option<&str>, zone: Option<&str>, usual: (&str, &str)) -> Self {
        let named = |name: &str| TimeZone::get(name).ok().map(|zone| (zone, name.to_owned()));
        let (zone, zone_name) =
            zone.and_then(named).or_else(|| named(usual.1)).unwrap_or_else(|| (TimeZone::UTC, "UTC".to_owned()));
        Self { language: choose(language, accepted, usual.0), zone, zone_name }
    }

    /// The language's code.
    #[must_use]
    pub fn code(&self) -> &str {
        self.language.map_or("en", |language| &language.code)
    }

    /// The zone's name.
    #[must_use]
    pub fn zone(&self) -> &str {
        &self.zone_name
    }

    /// The words of `key`.
    #[must_use]
    pub fn t(&self, key: &str) -> String {
        self.language.map_or_else(|| key.to_owned(), |language| language.say(key, None))
    }

    /// The words of `key` with what stands in their places.
    #[must_use]
    pub fn with(&self, key: &str, args: &[(&str, FluentValue<'_>)]) -> String {
        let args: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, value.clone())).collect();
        self.language.map_or_else(|| key.to_owned(), |language| language.say(key, Some(&args)))
    }

    /// The words for one of the fixed English texts of errors: `prefix` and the text as a key. A text that
    /// no language knows is shown as it is.
    #[must_use]
    pub fn fixed(&self, prefix: &str, text: &str) -> String {
        let key = format!("{prefix}-{}", slug(text));
        match self.language {
            Some(language) if language.knows(&key) => language.say(&key, None),
            _ => text.to_owned(),
        }
    }

    /// A moment as people write it, in the reader's zone, which it names: `11 March 2026, 14:05 CET`.
    #[must_use]
    pub fn moment(&self, moment: Moment) -> String {
        let Ok(at) = jiff::Timestamp::from_microsecond(moment.0) else { return moment.rfc3339() };
        let at = at.to_zoned_datetime(self.zone.clone());
        format!("{}, {}", self.date(at.date()), at.strftime("%H:%M %Z"))
    }

    /// A day of the calendar, `YYYY-MM-DD`, or a month, `YYYY-MM`, as people write it.
    #[must_use]
    pub fn day(&self, day: &str) -> String {
        if let Ok(date) = day.parse::<jiff::civil::Date>() {
            return self.date(date);
        }
        match format!("{day}-01").parse::<jiff::civil::Date>() {
            Ok(first) => format!("{} {}", self.t(month(first)), first.year()),
            Err(_not_a_month) => day.to_owned(),
        }
    }

    /// From one day of the calendar to another, as people write it: within a month the month is said once.
    #[must_use]
    pub fn days(&self, first: &str, last: &str) -> String {
        if first == last {
            return self.day(first);
        }
        match (first.parse::<jiff::civil::Date>(), last.parse::<jiff::civil::Date>()) {
            (Ok(from), Ok(to)) if from.first_of_month() == to.first_of_month() => {
                format!("{}–{}", self.day_of_month(from), self.date(to))
            }
            _ => self.with("from-to", &[("from", self.day(first).into()), ("to", self.day(last).into())]),
        }
    }

    fn date(&self, date: jiff::civil::Date) -> String {
        format!("{} {} {}", self.day_of_month(date), self.t(month(date)), date.year())
    }

    /// The first of a month has a form of its own in some languages.
    fn day_of_month(&self, date: jiff::civil::Date) -> String {
        if date.day() == 1 { self.t("day-first") } else { date.day().to_string() }
    }

    /// What a form's field for date and time says, as RFC 3339: it has the reader's zone in mind.
    #[must_use]
    pub fn moment_typed(&self, text: &str) -> Option<String> {
        if Moment::parse(text).is_some() && text.contains('T') {
            return Some(text.to_owned());
        }
        let local: jiff::civil::DateTime = text.parse().ok()?;
        Some(local.to_zoned_datetime(self.zone.clone()).ok()?.timestamp().to_string())
    }

    /// The same the other way: a moment for a form's field.
    #[must_use]
    pub fn moment_to_type(&self, moment: Moment) -> String {
        jiff::Timestamp::from_microsecond(moment.0)
            .map(|at| at.to_zoned_datetime(self.zone.clone()).strftime("%Y-%m-%dT%H:%M").to_string())
            .unwrap_or_default()
    }
}

/// Every key of the months, in their order.
pub const MONTHS: [&str; 12] = [
    "month-1", "month-2", "month-3", "month-4", "month-5", "month-6", "month-7", "month-8", "month-9", "month-10",
    "month-11", "month-12",
];

fn month(date: jiff::civil::Date) -> &'static str {
    usize::try_from(date.month())
        .ok()
        .and_then(|month| MONTHS.get(month.saturating_sub(1)).copied())
        .unwrap_or("month-1")
}

/// A text as the end of a key: its letters and digits, in lower case, with single hyphens between.
#[must_use]
pub fn slug(text: &str) -> String {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}
