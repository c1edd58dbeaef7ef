//! The first key: made before the server listens, and written down as an AWS profile that only its owner can read.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use event::arn::AccountId;
use event::time::EventTime;
use jiff::Timestamp;
use lake::Documents;
use server::{AccessKey, Keys, Role, Scope};

use crate::fault::{Fault, Result};
use crate::settings::Settings;

/// Name of the file in the data folder, and of the profile in it.
const FILE: &str = "aws-profile";
const PROFILE: &str = "trailkeep";
/// The Region of the profile: where AWS keeps the events of its global services.
const REGION: &str = "us-east-1";
/// The account of the first key where none is configured.
const ACCOUNT: &str = "000000000000";

/// Makes a key that may do everything and sees everything, if there is no key yet. It belongs to the first account of the
/// configuration.
///
/// # Errors
/// If the key or the file cannot be written.
pub(super) fn make_first_key(documents: &Documents, settings: &Settings, address: SocketAddr) -> Result<()> {
    let keys = Keys(documents);
    if !keys.list()?.is_empty() {
        return Ok(());
    }
    let account = match settings.accounts.first() {
        Some(account) => settings.accounts.find(account)?,
        None => AccountId::parse(ACCOUNT).ok_or_else(|| Fault::new("the first key has no account"))?,
    };
    let now = EventTime::from_micros(Timestamp::now().as_microsecond());
    let key = AccessKey::generate(account, (Role::Admin, Scope::All), (now, None))
        .map_err(|_| Fault::new("could not make a key: the system gives no random bytes"))?;
    let path = settings.data.join(FILE);
    write_profile(&path, &key, address)
        .map_err(|error| Fault::new(format!("could not write the profile `{}`", path.display())).because(error))?;
    keys.add(&key)?;
    // Nobody is left to tell when standard error is gone.
    writeln!(
        std::io::stderr(),
        "made the first key, of account {}: it is in `{path}`; use it by\n  \
         AWS_CONFIG_FILE={path} aws --profile {PROFILE} cloudtrail lookup-events",
        account.as_str(),
        path = path.display()
    )
    .ok();
    Ok(())
}

fn write_profile(path: &PathBuf, key: &AccessKey, address: SocketAddr) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    write!(
        file,
        "[profile {PROFILE}]\naws_access_key_id = {}\naws_secret_access_key = {}\nregion = {REGION}\n\
         endpoint_url = http://{address}\n",
        key.id, key.secret
    )?;
    file.sync_all()
}
