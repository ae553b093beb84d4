//! The settings of a witness: `witness.toml`, documented in `config/witness.toml`, each overridable by an
//! environment variable as those of the server are.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{DiagnosticsSettings, ServerSettings, SettingsError, environment, is_origin, over};

/// The defaults, with their documentation: the file that `incamera witness init` writes.
pub const WITNESS_DEFAULTS: &str = include_str!("../../config/witness.toml");

/// All settings of a witness. There is no default in Rust.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessSettings {
    /// Name and address of this witness, and its limits.
    pub server: ServerSettings,
    /// What it witnesses, and by which key.
    pub witness: WitnessFiles,
    /// What the process tells about itself.
    pub diagnostics: DiagnosticsSettings,
    /// The folder the file was read from; relative paths start here.
    #[serde(skip)]
    pub base: PathBuf,
}

/// What a witness knows and keeps.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessFiles {
    /// The key that cosigns.
    pub key: PathBuf,
    /// The logs that it cosigns for.
    pub logs: PathBuf,
    /// The folder of what it has cosigned.
    pub seen: PathBuf,
}

impl WitnessSettings {
    /// Reads `path` over the defaults, and the environment over both.
    ///
    /// # Errors
    /// Says which setting is wrong and why.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path).map_err(|cause| SettingsError::File { path: path.into(), cause })?;
        let base = path.parent().map(Path::to_path_buf).unwrap_or_default();
        let mut settings: Self = over(WITNESS_DEFAULTS, &text, environment())?;
        settings.base = base;
        if is_origin(&settings.server.origin) {
            Ok(settings)
        } else {
            Err(SettingsError::Value("server.origin: must begin with https:// and end without a slash".into()))
        }
    }

    /// A path of the settings, from the folder of their file.
    #[must_use]
    pub fn path(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }
}
