//! The configuration file: the same keys as the global flags, and the accounts' names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};
use sink::Secret;

use crate::cli::Global;
use crate::fault::{Fault, Result};

/// Name of the file where none is given.
const FILE: &str = "trailkeep.toml";

/// A configuration file as it stands.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) data: Option<PathBuf>,
    pub(crate) lake: Option<String>,
    pub(crate) output: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) role_arn: Option<String>,
    pub(crate) aws_region: Option<String>,
    pub(crate) sse_kms_key_id: Option<String>,
    pub(crate) endpoint_url: Option<String>,
    pub(crate) s3_request_timeout: Option<String>,
    pub(crate) s3_retry_timeout: Option<String>,
    pub(crate) geo_city: Option<PathBuf>,
    pub(crate) geo_asn: Option<PathBuf>,
    #[serde(default, deserialize_with = "secret")]
    pub(crate) elasticsearch_api_key: Option<Secret>,
    pub(crate) elasticsearch_user: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    pub(crate) elasticsearch_password: Option<Secret>,
    #[serde(default, deserialize_with = "secret")]
    pub(crate) webhook_secret: Option<Secret>,
    pub(crate) ca_file: Option<PathBuf>,
    /// Files of public keys that digests are proven by, beside those of the command line.
    #[serde(default)]
    pub(crate) keys: Vec<PathBuf>,
    pub(crate) memory_bytes_max: Option<Size>,
    pub(crate) query_timeout: Option<String>,
    pub(crate) scan_warning_bytes: Option<Size>,
    /// Names of accounts by their IDs.
    #[serde(default)]
    pub(crate) accounts: BTreeMap<String, String>,
    /// What rules look by.
    #[serde(default)]
    pub(crate) detect: Detect,
}

/// The table `[detect]`. Any other key of it is a list of texts that rules read by `%key%`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Detect {
    /// Rule files and folders of them, beside those of the command line.
    #[serde(default)]
    pub(crate) rules: Vec<PathBuf>,
    /// Lists of indicators, beside those of the command line.
    #[serde(default)]
    pub(crate) indicators: Vec<PathBuf>,
    /// Whether a collection is followed by a look at the dates that it brought.
    #[serde(default)]
    pub(crate) after_collect: bool,
    /// Lists by the names of the placeholders that stand for them.
    #[serde(flatten)]
    pub(crate) lists: BTreeMap<String, Vec<String>>,
}

/// A size: a number of bytes, or text such as `"4GiB"`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Size {
    Bytes(u64),
    Text(String),
}

/// Reads a text that is never shown.
fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<Secret>, D::Error> {
    Ok(Some(Secret::from(String::deserialize(deserializer)?)))
}

/// Reads the configuration that goes with the flags.
///
/// With `--data` only the file beside that folder counts: a file meant for one lake must not redirect another.
///
/// # Errors
/// If `--config` names a file that is not there, or a file holds what is not understood.
pub(crate) fn read(global: &Global) -> Result<Config> {
    if let Some(path) = &global.config {
        return parse(path);
    }
    let place = match &global.data {
        Some(data) => std::path::absolute(data).ok().and_then(|data| Some(data.parent()?.join(FILE))),
        None => dirs::config_dir().map(|folder| folder.join("trailkeep").join(FILE)),
    };
    match place {
        Some(path) if path.is_file() => parse(&path),
        _ => Ok(Config::default()),
    }
}

fn parse(path: &Path) -> Result<Config> {
    let fault = |what: &str| Fault::new(format!("could not {what} the configuration `{}`", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| fault("read").because(error))?;
    let mut config: Config = toml::from_str(&text).map_err(|error| fault("understand").because(error))?;
    // What is relative lies beside the file, whatever folder one is in.
    config.data = config.data.map(|data| path.parent().map_or_else(|| data.clone(), |folder| folder.join(&data)));
    let detect = &mut config.detect;
    let lists = config.keys.iter_mut().chain(&mut detect.rules).chain(&mut detect.indicators);
    let files = config.geo_city.iter_mut().chain(&mut config.geo_asn).chain(&mut config.ca_file);
    for named in lists.chain(files) {
        if let Some(folder) = path.parent() {
            *named = folder.join(&named);
        }
    }
    Ok(config)
}
