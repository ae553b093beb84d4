//! One call, as a handler sees it: who asks, what the path, the query, the headers and the body say; and
//! the way into a unit of work, which is the only way to the database.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::http::header::HeaderMap;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::State;
use super::file::FileComing;
use super::page::cookies::SignedIn;
use super::page::form::Fields;
use super::page::{BASED_ON, FileSent, KEPT, LogIn, Shell, Visitor, Who};
use super::registry::schema;
use crate::access::Asker;
use crate::context::Moment;
use crate::db::{Db, Work};
use crate::error::{AppError, Fault};
use crate::ids::{PersonId, SignInId, VisitId};
use crate::settings::Settings;

/// What a valid access token says; whether the log-in still lives is for [`Gate::admit`] to find.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// The person.
    pub person: PersonId,
    /// The log-in.
    pub sign_in: SignInId,
}

/// The headers that come with a token.
#[derive(Clone, Debug, Default)]
pub struct Brought {
    /// `Incamera-Unlock`, as sent.
    pub unlock: Option<String>,
    /// `Incamera-Visit`, if it is an id.
    pub visit: Option<VisitId>,
}

/// What [`Gate::renew`] gives.
pub type Renewing<'a> = Pin<Box<dyn Future<Output = Result<Option<(Bearer, Option<SignedIn>)>, AppError>> + Send + 'a>>;

/// Finds who asks. Given by the room that knows of log-ins; this one does not.
pub trait Gate: Send + Sync {
    /// What the token says, if it is one of ours and valid at `now`. Without the database.
    fn verify(&self, token: &str, now: Moment) -> Option<Bearer>;

    /// Renews the log-in of a browser whose access token is no longer good: who it is, and the secrets to
    /// keep from now on, if they are new. `None` when it cannot be renewed.
    fn renew<'a>(&'a self, db: &'a Db, refresh: &'a str) -> Renewing<'a>;

    /// Whether a passkey can stand in for the second factor's code.
    fn takes_passkeys(&self) -> bool;

    /// The names of whoever asks, for the top of every page.
    ///
    /// # Errors
    /// The database's.
    fn who(&self, work: &mut Work<'_>, asker: &Asker) -> Result<Option<Who>, AppError>;

    /// The asker behind a token whose log-in lives and whose person is somebody here.
    ///
    /// # Errors
    /// `SignInNeeded`, whatever is the matter with it.
    fn admit(&self, work: &mut Work<'_>, bearer: &Bearer, brought: &Brought) -> Result<Asker, AppError>;
}

/// Query parameters, each at most once.
#[derive(Debug)]
pub struct Query {
    values: BTreeMap<String, String>,
    list: String,
}

/// Which page of a list is asked for.
#[derive(Debug, Clone)]
pub struct Page {
    /// What the previous page gave as `next`, decoded.
    pub after: Option<String>,
    /// Most things on the page.
    pub limit: i64,
    list: String,
}

/// Bytes of a cursor that tie it to its list.
const CHECK: usize = 6;

/// Ties the place `key` to the list at the path `list`. It is no secret and keeps nobody from making
/// cursors: it tells those of other lists, and cut-off ones, from those that this list gave.
fn check(list: &str, key: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(list.as_bytes());
    hash.update([0]);
    hash.update(key);
    hash.finalize().iter().take(CHECK).copied().collect()
}

/// Where the cursor `text` of the list at the path `list` points to.
fn place(list: &str, text: &str) -> Option<String> {
    let bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    let (tied, key) = bytes.split_at_checked(CHECK)?;
    let key = (tied == check(list, key)).then(|| String::from_utf8(key.to_vec()).ok()).flatten()?;
    // The check can be made by anyone, and one of the databases refuses some control characters.
    (!key.chars().any(char::is_control)).then_some(key)
}

/// Most things on a page.
const PAGE_MOST: i64 = 200;
/// Most characters of a parameter's value: a cursor holds a title of 300 characters, each up to four bytes,
/// in base64.
const VALUE_MOST: usize = 2048;
/// Things on a page when nobody says.
const PAGE_USUAL: i64 = 50;

impl Query {
    /// The value of a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The value of a parameter, read by `read`.
    ///
    /// # Errors
    /// `Invalid` when it is there and `read` makes nothing of it.
    pub fn parse<T>(&self, name: &'static str, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, AppError> {
        self.get(name)
            .map(|text| read(text).ok_or_else(|| AppError::field(name, "not a value of this parameter")))
            .transpose()
    }

    /// The page: `cursor` and `limit`.
    ///
    /// # Errors
    /// `Invalid` when either is not what this server gave or takes.
    pub fn page(&self) -> Result<Page, AppError> {
        let after = self.parse("cursor", |text| place(&self.list, text))?;
        let limit = self.parse("limit", |text| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<i64>().ok().filter(|limit| digits && (1..=PAGE_MOST).contains(limit))
        })?;
        Ok(Page { after, limit: limit.unwrap_or(PAGE_USUAL), list: self.list.clone() })
    }
}

impl Page {
    /// Makes the page of `rows`, of which one more than [`Page::limit`] was asked for: `key` says of the
    /// last shown where the next page starts.
    #[must_use]
    pub fn cut<T>(&self, mut rows: Vec<T>, key: impl FnOnce(&T) -> String) -> super::answer::List<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|last| self.cursor(&key(last)));
        super::answer::List { items: rows, next }
    }

    /// The cursor of this list for the place `key`.
    #[must_use]
    pub fn cursor(&self, key: &str) -> String {
        let tied = [check(&self.list, key.as_bytes()), key.as_bytes().to_vec()].concat();
        data_encoding::BASE64URL_NOPAD.encode(&tied)
    }

    /// Where the page starts, in a list ordered by a text and then by id: the cursor is `text|id`.
    ///
    /// # Errors
    /// `Invalid` when the cursor is not one of such a list.
    pub fn place<T>(&self, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<(String, T)>, AppError> {
        let Some(cursor) = &self.after else { return Ok(None) };
        cursor
            .rsplit_once('|')
            .and_then(|(text, id)| Some((text.to_owned(), read(id)?)))
            .map(Some)
            .ok_or_else(|| AppError::field("cursor", "not a cursor of this list"))
    }

    /// How many rows to ask for: one more, to know whether there is a next page.
    #[must_use]
    pub const fn rows(&self) -> i64 {
        self.limit.saturating_add(1)
    }
}

/// One call.
pub struct Call {
    pub(super) state: State,
    pub(super) path: BTreeMap<String, String>,
    /// The path as it was asked for: which list a cursor is of.
    pub(super) list: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// The file of a form that has one.
    pub(super) file: Option<FileSent>,
    /// The file that is still coming.
    pub(super) coming: Option<FileComing>,
    pub(super) bearer: Option<Bearer>,
    pub(super) brought: Brought,
    pub(super) peer: Option<std::net::IpAddr>,
    /// Whoever looks at a page; none for programs.
    pub(super) visitor: Option<Visitor>,
}

impl Call {
    /// An id in the path. Text that is no id names nothing, so the answer is the one for nothing.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn path<T>(&self, name: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, AppError> {
        self.path.get(name).and_then(|text| read(text)).ok_or_else(|| Fault::NotFound.into())
    }

    /// The query, with no parameter but those `known`.
    ///
    /// # Errors
    /// `Invalid` for one that is unknown, comes twice, or is not UTF-8.
    pub fn query(&self, known: &[&str]) -> Result<Query, AppError> {
        let mut query: BTreeMap<String, String> = BTreeMap::new();
        for pair in self.query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |text: &str| {
                percent_encoding::percent_decode_str(&text.replace('+', " "))
                    .decode_utf8()
                    .map(std::borrow::Cow::into_owned)
            };
            let (Ok(name), Ok(value)) = (decode(name), decode(value)) else {
                return Err(AppError::field("query", "not UTF-8"));
            };
            if !known.contains(&name.as_str()) {
                return Err(AppError::field(name.chars().take(64).collect::<String>(), "no such parameter"));
            }
            // One of the databases refuses some control characters, and none stands for anything here.
            if value.chars().any(char::is_control) {
                return Err(AppError::field(name, "holds control characters"));
            }
            if value.chars().count() > VALUE_MOST || query.insert(name.clone(), value).is_some() {
                return Err(AppError::field(name, "too long, or given twice"));
            }
        }
        Ok(Query { values: query, list: self.list.clone() })
    }

    /// The page behind a cursor that came in the body, of what must not stand in an address.
    ///
    /// # Errors
    /// `Invalid` when this server did not give it, for this path.
    pub fn page_behind(&self, cursor: Option<&str>) -> Result<Page, AppError> {
        let known =
            |text| place(&self.list, text).ok_or_else(|| AppError::field("cursor", "not a cursor of this list"));
        Ok(Page { after: cursor.map(known).transpose()?, limit: PAGE_USUAL, list: self.list.clone() })
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// `UnsupportedMedia` when it does not say it is JSON; `Invalid` with the field's path when it is not
    /// what is taken here.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, AppError> {
        let media = self.header("content-type").unwrap_or_default();
        if !media.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
            return Err(Fault::UnsupportedMedia.into());
        }
        // serde would take an array for the fields in their order.
        if self.body.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| *byte != b'{') {
            return Err(AppError::field("body", "not a JSON object"));
        }
        from_json(&self.body)
    }

    /// The form as what it stands for. That a page of ours sent it was found before the handler was called.
    ///
    /// # Errors
    /// As [`Call::json`], naming the same fields.
    pub fn form<T: DeserializeOwned + JsonSchema>(&self) -> Result<T, AppError> {
        let visitor = self.visitor()?;
        let body = visitor.typed.to_json(schema::<T>, &visitor.say);
        from_json(&serde_json::to_vec(&body).map_err(AppError::internal)?)
    }

    /// The form's fields as they were sent.
    ///
    /// # Errors
    /// When it is no call of a page: a defect.
    pub fn fields(&self) -> Result<&Fields, AppError> {
        Ok(&self.visitor()?.typed)
    }

    /// The file that came with a form, if one was chosen. It is handed out once: it may be large.
    pub const fn take_file(&mut self) -> Option<FileSent> {
        self.file.take()
    }

    /// The file that is still coming.
    ///
    /// # Errors
    /// `Invalid` when there is none.
    pub fn take_coming(&mut self) -> Result<FileComing, AppError> {
        self.coming.take().ok_or_else(|| AppError::field("file", "missing"))
    }

    /// The version that a form says it is based on.
    ///
    /// # Errors
    /// As [`Call::if_match`].
    pub fn based_on(&self) -> Result<i64, AppError> {
        let text = self.fields()?.get(BASED_ON).ok_or(Fault::IfMatchNeeded)?;
        text.parse().map_err(|_not_a_number| AppError::field(BASED_ON, "not a version"))
    }

    fn visitor(&self) -> Result<&Visitor, AppError> {
        self.visitor.as_ref().ok_or_else(|| AppError::internal("no call of a page"))
    }

    /// The same call once more, to show the form that came back: what was typed, and why `error` came of it.
    ///
    /// # Errors
    /// `error` itself, when no other form would help.
    pub fn failed(mut self, error: AppError) -> Result<Self, AppError> {
        let (status, name, text) = error.fault.public();
        let Some(visitor) = &mut self.visitor else { return Err(error) };
        let form = &mut visitor.form;
        match &error.fault {
            Fault::Invalid(fields) => form.problems.clone_from(fields),
            Fault::Conflict(detail) => form.other = Some((name, text, detail)),
            Fault::Outdated
            | Fault::IfMatchNeeded
            | Fault::TooMany(_)
            | Fault::Busy(_)
            | Fault::LogUnavailable
            | Fault::Uncertain => {
                form.other = Some((name, text, ""));
            }
            _ => return Err(error),
        }
        form.status = Some(status);
        form.typed = visitor.typed.clone();
        Ok(self)
    }

    /// The same call once more, to show what was typed in its form again.
    ///
    /// # Errors
    /// When it is no call of a page: a defect.
    pub fn again(mut self) -> Result<Self, AppError> {
        let visitor = self.visitor.as_mut().ok_or_else(|| AppError::internal("no call of a page"))?;
        visitor.form.typed = visitor.typed.clone();
        Ok(self)
    }

    /// The shell of a page about which nothing need be read.
    ///
    /// # Errors
    /// When it is no call of a page: a defect.
    pub fn shell(&self) -> Result<Shell, AppError> {
        Ok(self.visitor()?.shell(None))
    }

    /// Reads for a page, as whoever looks; with the shell to show it in.
    ///
    /// # Errors
    /// As [`Call::read`].
    pub async fn see<T, F>(&self, unit: F) -> Result<(Shell, T), AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Work<'_>, &Asker) -> Result<T, AppError> + Send + 'static,
    {
        let gate = Arc::clone(&self.state.gate);
        let (who, seen) = self
            .read(move |work, asker| {
                let seen = unit(work, asker)?;
                Ok((gate.who(work, asker)?, seen))
            })
            .await?;
        Ok((self.visitor()?.shell(who), seen))
    }

    /// The page that asks to log in, for whoever tried and failed or has not tried yet.
    ///
    /// # Errors
    /// When it is no call of a page: a defect.
    pub fn log_in(&self, next: String, email: String, failed: bool) -> Result<LogIn, AppError> {
        let mut shell = self.shell()?;
        if failed {
            shell.form.status = Some(401);
        }
        Ok(LogIn {
            shell,
            next,
            kept: self.fields()?.under(KEPT),
            email,
            failed,
            fault: if failed { "sign-in-needed" } else { "log-in" },
            passkeys: self.visitor()?.passkeys,
        })
    }

    /// The visit that came along.
    #[must_use]
    pub const fn visit(&self) -> Option<&VisitId> {
        self.brought.visit.as_ref()
    }

    /// The raw body.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// A header, if it is there once and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The version a change is based on: `If-Match: "3"`.
    ///
    /// # Errors
    /// `IfMatchNeeded` without the header, `Invalid` when it is no version.
    pub fn if_match(&self) -> Result<i64, AppError> {
        let text = self.headers.get("if-match").ok_or(Fault::IfMatchNeeded)?;
        text.to_str()
            .ok()
            .map(str::trim)
            .map(|text| text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text))
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| AppError::field("If-Match", "not a version"))
    }

    /// The address the call came from.
    #[must_use]
    pub const fn peer(&self) -> Option<std::net::IpAddr> {
        self.peer
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Arc<Settings> {
        &self.state.settings
    }

    /// The public key by which the log's checkpoints are verified, on a node that signs them.
    #[must_use]
    pub fn log_key(&self) -> Option<&str> {
        self.state.log_key.as_deref()
    }

    /// The database, for the calls that bring a credential of their own. All others go by
    /// [`Call::read`] and [`Call::write`], which know who asks.
    #[must_use]
    pub const fn db(&self) -> &Db {
        &self.state.db
    }

    /// Reads, as whoever asks. What `unit` logs is durable before this returns.
    ///
    /// # Errors
    /// `SignInNeeded` when a token was sent whose log-in no longer lives; the unit's own.
    pub async fn read<T, F>(&self, unit: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Work<'_>, &Asker) -> Result<T, AppError> + Send + 'static,
    {
        let (gate, bearer, brought) = (Arc::clone(&self.state.gate), self.bearer.clone(), self.brought.clone());
        self.state.db.read(move |work| unit_as(&*gate, bearer.as_ref(), &brought, work, unit)).await
    }

    /// Changes, as whoever asks. Change and log entry are durable together before this returns.
    ///
    /// # Errors
    /// As [`Call::read`]; nothing has changed then.
    pub async fn write<T, F>(&self, unit: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Work<'_>, &Asker) -> Result<T, AppError> + Send + 'static,
    {
        let (gate, bearer, brought) = (Arc::clone(&self.state.gate), self.bearer.clone(), self.brought.clone());
        self.state.db.write(move |work| unit_as(&*gate, bearer.as_ref(), &brought, work, unit)).await
    }
}

fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, AppError> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| body_problem(&error, body))?;
    reader.end().map_err(|_trailing| AppError::field("body", "something follows the JSON"))?;
    Ok(value)
}

fn unit_as<T>(
    gate: &dyn Gate,
    bearer: Option<&Bearer>,
    brought: &Brought,
    work: &mut Work<'_>,
    unit: impl FnOnce(&mut Work<'_>, &Asker) -> Result<T, AppError>,
) -> Result<T, AppError> {
    let asker = match bearer {
        Some(bearer) => gate.admit(work, bearer, brought)?,
        None => Asker::anonymous(work.codes(), work.now),
    };
    unit(work, &asker)
}

/// Which field was wrong, and how, in fixed words: nothing of what was sent is sent back but field names.
fn body_problem(error: &serde_path_to_error::Error<serde_json::Error>, body: &[u8]) -> AppError {
    let inner = error.inner().to_string();
    // serde_json calls it a matter of syntax, too, when a choice is no text or a number is too large.
    let broken = !error.inner().is_data() && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err();
    let (problem, named) = if inner.starts_with("unknown field") {
        ("no such field", true)
    } else if inner.starts_with("missing field") {
        ("missing", true)
    } else if inner.starts_with("duplicate field") {
        ("given twice", true)
    } else if broken {
        ("not JSON", false)
    } else {
        ("not of the type that is taken here", false)
    };
    let mut field = error.path().to_string();
    if matches!(field.as_str(), "." | "?") || broken {
        field = String::new();
    }
    if named && let Some(name) = inner.split('`').nth(1) {
        let already = field.rsplit('.').next() == Some(name);
        if !already {
            field = if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") };
        }
    }
    let field: String =
        if field.is_empty() { "body".into() } else { field.chars().filter(|c| !c.is_control()).take(128).collect() };
    AppError::field(field, problem)
}
