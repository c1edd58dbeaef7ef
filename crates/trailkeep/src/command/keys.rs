//! `trailkeep keys`: who may call the API of `trailkeep serve`.

use std::io::Write;

use clap::{Args, Subcommand, ValueEnum};
use event::time::{EventTime, SECOND};
use jiff::Timestamp;
use lake::Documents;
use lake::error::ErrorKind;
use server::{AccessKey, Keys, Role, Scope};

use crate::cli::Format;
use crate::exit::Exit;
use crate::fault::{Fault, Result};
use crate::output;
use crate::settings::Settings;
use crate::units::parse_duration;

/// Make, list and revoke the keys by which the API of `serve` is called
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    Create(Create),
    Add(Add),
    /// List keys, without their secrets
    List,
    /// Revoke a key: from now on its calls are refused, also by a server that runs
    Revoke {
        /// Id of the key
        #[arg(value_name = "ACCESS_KEY_ID")]
        id: String,
    },
}

/// Make a key; its secret is shown once
#[derive(Debug, Args)]
pub(crate) struct Create {
    #[command(flatten)]
    rights: Rights,

    /// End the key after so long, such as `12h`; it then has a session token as well
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    expires: Option<std::time::Duration>,
}

/// Take over a key that exists elsewhere
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Id of the key
    #[arg(long, value_name = "ID")]
    access_key_id: String,

    /// Secret of the key; other users of this machine may see it while the command runs
    #[arg(long, value_name = "SECRET", env = "TRAILKEEP_SECRET_ACCESS_KEY", hide_env_values = true)]
    secret_access_key: String,

    #[command(flatten)]
    rights: Rights,
}

/// What a key may do.
#[derive(Debug, Args)]
struct Rights {
    /// Account that the key belongs to, by ID or name: calls see and make its trails
    #[arg(long, value_name = "ACCOUNT")]
    account: String,

    /// What the key may do
    #[arg(long, value_enum, default_value_t = RoleFlag::Reader)]
    role: RoleFlag,

    /// Which events it sees in event history: as in AWS those of its account, in the Region that is called, of the last 90
    /// days; or all
    #[arg(long, value_enum, default_value_t = ScopeFlag::Account)]
    scope: ScopeFlag,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RoleFlag {
    /// Everything
    Admin,
    /// What changes nothing
    Reader,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ScopeFlag {
    /// Those of its own account
    Account,
    /// All accounts and Regions, of any age
    All,
}

impl Rights {
    fn resolve(&self) -> (Role, Scope) {
        let role = match self.role {
            RoleFlag::Admin => Role::Admin,
            RoleFlag::Reader => Role::Reader,
        };
        let scope = match self.scope {
            ScopeFlag::Account => Scope::Account,
            ScopeFlag::All => Scope::All,
        };
        (role, scope)
    }
}

/// Runs one of the commands.
pub(crate) fn run(command: KeysCommand, settings: &Settings) -> Result<Exit> {
    let documents = Documents::open(&settings.data)?;
    let keys = Keys(&documents);
    match command {
        KeysCommand::Create(command) => create(&command, keys, settings),
        KeysCommand::Add(command) => add(command, keys, settings),
        KeysCommand::List => list(keys, settings),
        KeysCommand::Revoke { id } => revoke(&id, keys, settings),
    }
}

fn create(command: &Create, keys: Keys<'_>, settings: &Settings) -> Result<Exit> {
    let account = settings.accounts.find(&command.rights.account)?;
    let now = EventTime::from_micros(Timestamp::now().as_microsecond());
    let expires = command.expires.map(|after| {
        let micros = i64::try_from(after.as_secs()).unwrap_or(i64::MAX).saturating_mul(SECOND);
        EventTime::from_micros(now.as_micros().saturating_add(micros))
    });
    let key = AccessKey::generate(account, command.rights.resolve(), (now, expires))
        .map_err(|_| Fault::new("could not make a key: the system gives no random bytes"))?;
    keys.add(&key)?;
    let shown = Shown::with_secret(&key);
    say(settings, &shown, |out| {
        writeln!(out, "aws_access_key_id = {}\naws_secret_access_key = {}", key.id, key.secret)?;
        if let Some(token) = &key.session_token {
            writeln!(out, "aws_session_token = {token}")?;
        }
        Ok(())
    })
}

fn add(command: Add, keys: Keys<'_>, settings: &Settings) -> Result<Exit> {
    let is_id = (4..=128).contains(&command.access_key_id.len())
        && command.access_key_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_id || command.secret_access_key.is_empty() {
        return Err(Fault::new(format!(
            "`{}` cannot be the id of a key, or its secret is empty",
            command.access_key_id
        ))
        .help("an id has 4 to 128 letters, digits and `_`"));
    }
    let (role, scope) = command.rights.resolve();
    let key = AccessKey {
        id: command.access_key_id,
        secret: command.secret_access_key,
        session_token: None,
        account: settings.accounts.find(&command.rights.account)?,
        role,
        scope,
        created: EventTime::from_micros(Timestamp::now().as_microsecond()).into(),
        expires: None,
    };
    keys.add(&key).map_err(|error| match error.kind() {
        ErrorKind::Changed => Fault::new(format!("there is a key `{}` already", key.id))
            .help("revoke it first by `trailkeep keys revoke`"),
        _ => error.into(),
    })?;
    say(settings, &Shown::of(&key), |out| writeln!(out, "Added `{}`.", key.id))
}

fn list(keys: Keys<'_>, settings: &Settings) -> Result<Exit> {
    let keys = keys.list()?;
    let shown: Vec<Shown<'_>> = keys.iter().map(Shown::of).collect();
    say(settings, &shown, |out| match shown.as_slice() {
        [] => writeln!(out, "No keys: `trailkeep serve` makes one, and so does `trailkeep keys create`."),
        shown => shown.iter().try_for_each(|key| {
            let ends = key.expires.as_deref().map(|time| format!(", until {time}")).unwrap_or_default();
            writeln!(out, "{}: {} of account {}, sees {}{ends}", key.access_key_id, key.role, key.account, key.scope)
        }),
    })
}

fn revoke(id: &str, keys: Keys<'_>, settings: &Settings) -> Result<Exit> {
    if !keys.revoke(id)? {
        return Err(
            Fault::new(format!("there is no key `{id}`")).help("`trailkeep keys list` shows those that there are")
        );
    }
    say(settings, &serde_json::json!({ "revoked": id }), |out| writeln!(out, "Revoked `{id}`."))
}

/// A key as it is shown.
#[derive(serde::Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown<'k> {
    access_key_id: &'k str,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_access_key: Option<&'k str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<&'k str>,
    account: &'k str,
    role: &'static str,
    scope: &'static str,
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
}

impl<'k> Shown<'k> {
    fn of(key: &'k AccessKey) -> Shown<'k> {
        Shown {
            access_key_id: &key.id,
            secret_access_key: None,
            session_token: None,
            account: key.account.as_str(),
            role: match key.role {
                Role::Admin => "admin",
                Role::Reader => "reader",
            },
            scope: match key.scope {
                Scope::Account => "account",
                Scope::All => "all",
            },
            created: key.created.time().to_string(),
            expires: key.expires.map(|time| time.time().to_string()),
        }
    }

    fn with_secret(key: &'k AccessKey) -> Shown<'k> {
        Shown { secret_access_key: Some(&key.secret), session_token: key.session_token.as_deref(), ..Shown::of(key) }
    }
}

/// Prints for people, or as JSON.
fn say(
    settings: &Settings,
    shown: &impl serde::Serialize,
    for_people: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<Exit> {
    let mut stdout = output::stdout();
    match settings.format {
        Format::Json | Format::Jsonl => {
            serde_json::to_writer(&mut stdout, shown).map_err(std::io::Error::from)?;
            writeln!(stdout)?;
        }
        Format::Table | Format::Csv | Format::Raw => for_people(&mut stdout)?,
    }
    stdout.flush()?;
    Ok(Exit::Success)
}
