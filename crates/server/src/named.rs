//! Resources as requests name them: the ARN, or its last part for one of the caller's in the called Region.

use event::arn::{AccountId, Arn, Region};
use serde::Serialize;
use serde::de::DeserializeOwned;
use trail::model::{CHANNEL, Channel, EVENT_DATA_STORE, EventDataStore};

use lake::Kept;

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::resource::Kind;
use crate::service::Service;

/// Most letters of a name that a message repeats.
const SHOWN_MAX: usize = 256;

/// A resource that is kept under its ARN.
pub(crate) trait Named: Serialize + DeserializeOwned {
    /// The kind of its documents.
    const DOCUMENT: &'static str;
    /// The kind of resource.
    const KIND: Kind;
    /// What it is called in messages.
    const NOUN: &'static str;
    /// The code for a name that cannot be one.
    const INVALID: Code;
    /// The code for one that is not there.
    const MISSING: Code;

    /// Returns who owns it, and where.
    fn owner(&self) -> (AccountId, &Region);

    /// Returns whether the last part of an ARN can be one of these.
    fn is_id(id: &str) -> bool {
        is_uuid(id)
    }
}

impl Named for EventDataStore {
    const DOCUMENT: &'static str = EVENT_DATA_STORE;
    const KIND: Kind = Kind::EventDataStore;
    const NOUN: &'static str = "event data store";
    const INVALID: Code = Code::EventDataStoreARNInvalidException;
    const MISSING: Code = Code::EventDataStoreNotFoundException;

    fn owner(&self) -> (AccountId, &Region) {
        (self.account, &self.region)
    }
}

impl Named for Channel {
    const DOCUMENT: &'static str = CHANNEL;
    const KIND: Kind = Kind::Channel;
    const NOUN: &'static str = "channel";
    const INVALID: Code = Code::ChannelARNInvalidException;
    const MISSING: Code = Code::ChannelNotFoundException;

    fn owner(&self) -> (AccountId, &Region) {
        (self.account, &self.region)
    }
}

/// Finds one of the caller's resources in the called Region.
///
/// # Errors
/// If the name cannot be one, or there is none of this name that is the caller's.
pub(crate) fn find<T: Named>(service: &Service, call: &Call, name: &str) -> Result<Kept<T>> {
    let arn = arn_of::<T>(call, name)?;
    let found = service.documents.read::<T>(T::DOCUMENT, &arn)?;
    found.filter(|kept| kept.value.owner() == (call.account, &call.region)).ok_or_else(|| missing::<T>(name))
}

/// Returns all of the caller's resources in the called Region.
///
/// # Errors
/// If they cannot be read.
pub(crate) fn all<T: Named>(service: &Service, call: &Call) -> Result<Vec<Kept<T>>> {
    let mut all = service.documents.read_all::<T>(T::DOCUMENT)?;
    all.retain(|kept| kept.value.owner() == (call.account, &call.region));
    Ok(all)
}

/// Returns the ARN that a name stands for.
///
/// # Errors
/// If it cannot be one.
pub(crate) fn arn_of<T: Named>(call: &Call, name: &str) -> Result<String> {
    if name.starts_with("arn:") {
        let arn = Arn::parse(name);
        let kind = arn.as_ref().and_then(Kind::of);
        return match kind {
            Some((kind, id)) if kind == T::KIND && T::is_id(id) => Ok(name.to_owned()),
            _ => Err(invalid::<T>(name)),
        };
    }
    if T::is_id(name) { Ok(T::KIND.arn(call, name)) } else { Err(invalid::<T>(name)) }
}

fn invalid<T: Named>(name: &str) -> Fault {
    Fault::new(
        T::INVALID,
        format!("'{}' is neither the ARN of {} {} nor its last part.", shown(name), article(T::NOUN), T::NOUN),
    )
}

fn missing<T: Named>(name: &str) -> Fault {
    Fault::new(T::MISSING, format!("There is no {} '{}' of this account in this Region.", T::NOUN, shown(name)))
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

fn shown(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).take(SHOWN_MAX).collect()
}

/// Returns whether a text is a UUID as AWS writes it.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36 && !text.bytes().any(|byte| byte.is_ascii_uppercase()) && uuid::Uuid::try_parse(text).is_ok()
}
