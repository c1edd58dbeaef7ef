//! Access keys: who may call, for which account, with which rights.

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use event::arn::AccountId;
use event::time::EventTime;
use lake::{Change, Documents, Expect};
use serde::{Deserialize, Serialize};
use trail::model::Millis;

use crate::call::Role;

/// The kind of document that holds an [`AccessKey`]; its id is the key's.
pub const ACCESS_KEY: &str = "access-key";
/// Letters of an access key's id: those of base 32, as in AWS's own.
const ID_LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Letters that follow the prefix of an id.
const ID_LENGTH: usize = 16;
/// Random bytes of a secret: 40 letters of base 64.
const SECRET_BYTES: usize = 30;

/// A key that calls are signed by.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessKey {
    /// Its id, such as `AKIA...`.
    pub id: String,
    /// Its secret. Signatures cannot be verified by a hash of it.
    pub secret: String,
    /// The token that has to come along, for a key that is temporary.
    pub session_token: Option<String>,
    /// The account whose resources it sees.
    pub account: AccountId,
    /// What it may do.
    pub role: Role,
    /// Which events it sees.
    pub scope: Scope,
    /// When it was made.
    pub created: Millis,
    /// When it ends.
    pub expires: Option<Millis>,
}

/// Which events a key sees in event history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// As in AWS: those of its own account, in the Region that is called, of the last 90 days.
    Account,
    /// All.
    All,
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).field("account", &self.account).finish_non_exhaustive()
    }
}

impl AccessKey {
    /// Makes a key with an id and a secret of its own. One that ends gets a session token as well.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn generate(
        account: AccountId,
        (role, scope): (Role, Scope),
        (now, expires): (EventTime, Option<EventTime>),
    ) -> Result<AccessKey, aws_lc_rs::error::Unspecified> {
        let mut letters = [0; ID_LENGTH];
        rand::fill(&mut letters)?;
        let prefix = if expires.is_some() { "ASIA" } else { "AKIA" };
        let letters =
            letters.iter().filter_map(|byte| ID_LETTERS.get(usize::from(byte % 32))).map(|byte| char::from(*byte));
        let id = prefix.chars().chain(letters).collect();
        let session_token = expires.map(|_| random_text()).transpose()?;
        let created = now.into();
        let expires = expires.map(Millis::from);
        Ok(AccessKey { id, secret: random_text()?, session_token, account, role, scope, created, expires })
    }
}

fn random_text() -> Result<String, aws_lc_rs::error::Unspecified> {
    let mut bytes = [0; SECRET_BYTES];
    rand::fill(&mut bytes)?;
    Ok(STANDARD.encode(bytes))
}

/// The access keys of a lake.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'d>(pub &'d Documents);

impl Keys<'_> {
    /// Stores a key.
    ///
    /// # Errors
    /// [`lake::error::ErrorKind::Changed`] if there is one with this id.
    pub fn add(&self, key: &AccessKey) -> lake::error::Result<()> {
        let body = lake::to_body(key)?;
        let put = Change::Put { kind: ACCESS_KEY, id: &key.id, body: &body, expect: Expect::Absent };
        self.0.apply(&[put]).map(drop)
    }

    /// Returns a key by its id.
    ///
    /// # Errors
    /// If the documents cannot be read or understood.
    pub fn get(&self, id: &str) -> lake::error::Result<Option<AccessKey>> {
        Ok(self.0.read(ACCESS_KEY, id)?.map(|kept| kept.value))
    }

    /// Returns all keys, in the order in which they were made.
    ///
    /// # Errors
    /// As [`Keys::get`].
    pub fn list(&self) -> lake::error::Result<Vec<AccessKey>> {
        Ok(self.0.read_all(ACCESS_KEY)?.into_iter().map(|kept| kept.value).collect())
    }

    /// Deletes a key, and tells whether there was one.
    ///
    /// # Errors
    /// If the documents cannot be changed.
    pub fn revoke(&self, id: &str) -> lake::error::Result<bool> {
        let Some(found) = self.0.get(ACCESS_KEY, id)? else { return Ok(false) };
        self.0.apply(&[Change::Delete { kind: ACCESS_KEY, id: &found.id, expect: Expect::Any }])?;
        Ok(true)
    }
}
