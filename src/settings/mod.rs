//! The settings: `incamera.toml`, documented in `config/incamera.toml`, each overridable by an
//! environment variable (`INCAMERA_SERVER__PORT=9443`). Secrets are never settings: they are files.

pub mod files;
mod witness;

pub use witness::{WITNESS_DEFAULTS, WitnessSettings};

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::audit::model::retention::Retention;
use crate::db::DatabaseUrl;

/// The defaults, with their documentation: the file that `incamera init` writes.
pub const DEFAULTS: &str = include_str!("../../config/incamera.toml");

/// All settings. There is no default in Rust: every value stands in `config/incamera.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name and address of this server.
    pub server: ServerSettings,
    /// Where the database is.
    pub database: DatabaseSettings,
    /// Passwords and log-ins.
    pub identity: IdentitySettings,
    /// Materials.
    pub materials: MaterialSettings,
    /// Rooms.
    pub rooms: RoomSettings,
    /// The log.
    pub audit: AuditSettings,
    /// How long what its entries say is kept.
    pub retention: Retention,
    /// Pages.
    pub pages: PageSettings,
    /// What the process tells about itself.
    pub diagnostics: DiagnosticsSettings,
    /// The folder the file was read from; relative paths start here.
    #[serde(skip)]
    pub base: PathBuf,
}

/// The listener and its limits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// The address browsers use, without a slash at the end.
    pub origin: String,
    /// The address to listen on.
    pub listen: std::net::IpAddr,
    /// The port to listen on; 0 takes a free one.
    pub port: u16,
    /// Worker threads; 0 takes one a core.
    pub workers: usize,
    /// Certificate chain, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM, mode 0600.
    pub private_key: PathBuf,
    /// Seconds between looks whether the certificate has changed.
    pub certificate_check_seconds: u64,
    /// Offer only key exchanges that a quantum computer does not break.
    pub post_quantum_only: bool,
    /// Seconds for the TLS handshake.
    pub handshake_seconds: u64,
    /// Seconds for a request's head.
    pub head_seconds: u64,
    /// Seconds for a request's body.
    pub body_seconds: u64,
    /// Least bytes a second of a body, after a grace of two seconds.
    pub body_least_rate: u64,
    /// Most bytes of a JSON body.
    pub json_bytes: usize,
    /// Open connections a worker.
    pub connections: usize,
    /// Handshakes under way a worker.
    pub handshakes: usize,
    /// Seconds that requests under way are given at a shutdown.
    pub shutdown_seconds: u64,
}

/// The database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: String,
    /// Connections that read.
    pub readers: u32,
    /// Most changes and log entries that share one commit.
    pub batch: usize,
    /// Longest that the first of them waits for reads under way, in milliseconds.
    pub batch_milliseconds: u64,
}

/// Passwords and log-ins.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentitySettings {
    /// Folder of the key files.
    pub keys: PathBuf,
    /// Argon2id memory, KiB.
    pub argon2_memory_kib: u32,
    /// Argon2id passes.
    pub argon2_passes: u32,
    /// Hashes computed at a time.
    pub hashing_at_once: usize,
    /// Hashes that may wait.
    pub hashing_queue: usize,
    /// Log-in tries a minute and source address.
    pub tries_per_source: u32,
    /// Log-in tries a minute, source address and account.
    pub tries_per_account: u32,
    /// Seconds between entries that tell how many log-ins without an account were refused.
    pub strangers_seconds: u64,
    /// Seconds an access token lives.
    pub access_seconds: i64,
    /// Seconds without a refresh after which a log-in ends.
    pub idle_seconds: i64,
    /// Seconds after which a log-in ends in any case.
    pub absolute_seconds: i64,
    /// Log-ins a person may have at a time; the oldest gives way.
    pub sign_ins_per_person: usize,
    /// Hours an invitation stays open.
    pub invitation_hours: i64,
}

/// Materials of open sessions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaterialSettings {
    /// Most bytes of one document.
    pub bytes: usize,
}

/// Rooms.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoomSettings {
    /// Minutes a visit lasts.
    pub visit_minutes: i64,
    /// Most notes that one search opens.
    pub search_notes: usize,
    /// Milliseconds after which a search opens no further note.
    pub search_milliseconds: u64,
    /// Most bytes of a file.
    pub file_bytes: u64,
}

/// The log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditSettings {
    /// Whether this node signs checkpoints.
    pub sign: bool,
    /// The key that signs them.
    pub key: PathBuf,
    /// The newest checkpoint signed.
    pub checkpoint: PathBuf,
    /// Seconds between looks whether there is something new to sign.
    pub publish_seconds: u64,
    /// The witnesses, and how many are wanted; empty where there are none.
    pub policy: PathBuf,
    /// The authorities of the witnesses' certificates.
    pub witness_ca: PathBuf,
    /// Seconds that witnesses are given.
    pub witness_seconds: u64,
}

/// Pages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageSettings {
    /// The language when neither the reader nor the browser asks for one that there is.
    pub language: String,
    /// The time zone when the reader has not chosen one.
    pub zone: String,
}

/// What the process tells about itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiagnosticsSettings {
    /// What to write: `error`, `warn`, `info`, `debug`, or a filter as `tracing` understands it.
    pub level: String,
    /// `text` or `json`.
    pub format: String,
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// The text is not TOML, lacks a setting or has one that is unknown.
    #[error("{0}")]
    Text(#[from] toml::de::Error),
    /// An environment variable names no setting.
    #[error("{0} names no setting")]
    Unknown(String),
    /// A value that cannot be.
    #[error("{0}")]
    Value(String),
}

/// The beginning of the environment variables that are settings.
const PREFIX: &str = "INCAMERA_";

impl Settings {
    /// Reads `path` over the defaults, and the environment over both.
    ///
    /// # Errors
    /// Says which setting is wrong and why.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path).map_err(|cause| SettingsError::File { path: path.into(), cause })?;
        let base = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Self::from_text(&text, &base, environment())
    }

    /// As [`Settings::load`], from text and pairs.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn from_text(
        text: &str,
        base: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut settings: Self = over(DEFAULTS, text, environment)?;
        base.clone_into(&mut settings.base);
        settings.check()?;
        Ok(settings)
    }

    /// A path of the settings, from the folder of their file.
    #[must_use]
    pub fn path(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    /// Where the database is.
    ///
    /// # Errors
    /// When the URL is not one.
    pub fn database_url(&self) -> Result<DatabaseUrl, SettingsError> {
        DatabaseUrl::parse(&self.database.url, &self.base).map_err(SettingsError::Value)
    }

    fn check(&self) -> Result<(), SettingsError> {
        self.database_url()?;
        let identity = &self.identity;
        let rules = [
            // OWASP's least for a key-deriving Argon2id: 19 MiB with two passes.
            (
                identity.argon2_memory_kib >= 19_456 && identity.argon2_passes >= 2,
                "identity.argon2_*: at least 19456 KiB and 2 passes",
            ),
            (identity.hashing_at_once >= 1, "identity.hashing_at_once: at least 1"),
            (identity.access_seconds >= 10 && identity.access_seconds <= 900, "identity.access_seconds: 10 to 900"),
            (identity.idle_seconds > identity.access_seconds, "identity.idle_seconds: longer than access_seconds"),
            (
                identity.absolute_seconds >= identity.idle_seconds && identity.absolute_seconds <= 43_200,
                "identity.absolute_seconds: at least idle_seconds, at most 43200 (12 h)",
            ),
            (
                identity.strangers_seconds >= 1 && identity.strangers_seconds <= 86_400,
                "identity.strangers_seconds: 1 to 86400",
            ),
            (identity.sign_ins_per_person >= 1, "identity.sign_ins_per_person: at least 1"),
            (self.database.readers >= 1 && self.database.batch >= 1, "database.readers, database.batch: at least 1"),
            (self.database.batch_milliseconds <= 1000, "database.batch_milliseconds: at most 1000"),
            (self.audit.publish_seconds >= 1, "audit.publish_seconds: at least 1"),
            (self.audit.witness_seconds >= 1 && self.audit.witness_seconds <= 60, "audit.witness_seconds: 1 to 60"),
            (is_origin(&self.server.origin), "server.origin: must begin with https:// and end without a slash"),
            (jiff::tz::TimeZone::get(&self.pages.zone).is_ok(), "pages.zone: not a name of the IANA database"),
            (self.rooms.visit_minutes >= 1 && self.rooms.visit_minutes <= 720, "rooms.visit_minutes: 1 to 720"),
            (self.rooms.search_notes >= 1 && self.rooms.search_notes <= 100_000, "rooms.search_notes: 1 to 100000"),
            // Whoever waits is told something within ten seconds.
            (
                self.rooms.search_milliseconds >= 1 && self.rooms.search_milliseconds <= 8_000,
                "rooms.search_milliseconds: 1 to 8000",
            ),
        ];
        rules.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, words)| Err(SettingsError::Value((*words).into())))
    }
}

fn is_origin(text: &str) -> bool {
    text.starts_with("https://") && !text.ends_with('/')
}

/// The environment variables that are settings.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars().filter(|(name, _)| name.starts_with(PREFIX))
}

/// Settings from a text over the defaults, and variables over both.
fn over<T: serde::de::DeserializeOwned>(
    defaults: &str,
    text: &str,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<T, SettingsError> {
    let mut table: toml::Table = toml::from_str(defaults)?;
    merge(&mut table, toml::from_str(text)?);
    for (name, value) in environment {
        set(&mut table, &name, &value)?;
    }
    Ok(table.try_into()?)
}

fn merge(into: &mut toml::Table, from: toml::Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(toml::Value::Table(into)), toml::Value::Table(from)) => merge(into, from),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

/// `INCAMERA_SERVER__PORT=9443` sets `server.port`, read as the type that the default has.
fn set(table: &mut toml::Table, name: &str, value: &str) -> Result<(), SettingsError> {
    let path = name.trim_start_matches(PREFIX).to_ascii_lowercase();
    let unknown = || SettingsError::Unknown(name.to_owned());
    let (section, key) = path.split_once("__").ok_or_else(unknown)?;
    let slot = table
        .get_mut(section)
        .and_then(toml::Value::as_table_mut)
        .and_then(|section| section.get_mut(key))
        .ok_or_else(unknown)?;
    let wrong = || SettingsError::Value(format!("{name}: not a {}", slot.type_str()));
    *slot = match slot {
        toml::Value::Integer(_) => toml::Value::Integer(value.parse().map_err(|_not_a_number| wrong())?),
        toml::Value::Boolean(_) => toml::Value::Boolean(value.parse().map_err(|_not_a_boolean| wrong())?),
        _ => toml::Value::String(value.to_owned()),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, environment: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::from_text(
            text,
            Path::new("/x"),
            environment.iter().map(|(name, value)| ((*name).into(), (*value).into())),
        )
    }

    #[test]
    fn defaults_are_complete_and_overridable() {
        assert_eq!(with("", &[]).unwrap().server.port, 8443);
        let settings = with(
            "[server]\nport = 1",
            &[("INCAMERA_SERVER__PORT", "2"), ("INCAMERA_SERVER__POST_QUANTUM_ONLY", "true")],
        )
        .unwrap();
        assert_eq!(settings.server.port, 2);
        assert!(settings.server.post_quantum_only);
    }

    #[test]
    fn each_party_has_a_rule_of_retention() {
        let settings =
            with("[retention.parties]\nSE = \"5 years\"", &[("INCAMERA_RETENTION__ORGANISATIONS", "2 years")]);
        let retention = settings.unwrap().retention;
        let rule = |code, is_state| retention.of(code, is_state).to_string();
        assert_eq!(rule("DE", true), "year end + 1");
        assert_eq!(rule("SE", true), "5 years");
        assert_eq!(rule("eurojust", false), "2 years");
        assert_eq!(with("", &[]).unwrap().retention.organisations.to_string(), "3 years");
    }

    #[test]
    fn mistakes_are_refused() {
        for text in [
            "[server]\nprot = 1",
            "[server]\nport = \"x\"",
            "[server]\norigin = \"http://x\"",
            "[identity]\nargon2_memory_kib = 1024",
            "[identity]\nabsolute_seconds = 90000",
            "[database]\nurl = \"mysql://x\"",
            "[rooms]\nsearch_notes = 0",
            "[rooms]\nsearch_milliseconds = 8001",
            "[retention]\nstates = \"3 days\"",
            "[retention]\ncivil = \"3 years\"",
            "[retention.parties]\nDE = 3",
        ] {
            assert!(with(text, &[]).is_err(), "{text}");
        }
        assert!(with("", &[("INCAMERA_SERVER__PROT", "1")]).is_err());
        assert!(with("", &[("INCAMERA_SERVER__PORT", "many")]).is_err());
    }
}
