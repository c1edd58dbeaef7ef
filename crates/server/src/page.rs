//! Lists that are given out page by page. A token holds the key of the last member that was given, so that what is made or
//! deleted in between neither moves nor hides the others.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::service::Service;

/// Which page of a list is asked for.
pub(crate) struct Asked<'a, Q> {
    /// The operation.
    pub operation: &'static str,
    /// What must be the same when the token comes back.
    pub question: &'a Q,
    /// The token of the page before.
    pub token: Option<&'a str>,
    /// The code for a token that is not good.
    pub code: Code,
    /// Most that are given at once.
    pub size: usize,
}

/// Returns the members of a page and the token for the next one, out of all, each with the key that they are in order by.
///
/// # Errors
/// The asked code if the token is not good.
pub(crate) fn page<K, T, Q>(
    (service, call): (&Service, &Call),
    asked: &Asked<'_, Q>,
    mut all: Vec<(K, T)>,
) -> Result<(Vec<T>, Option<String>)>
where
    K: Ord + Serialize + DeserializeOwned,
    Q: Serialize,
{
    let after: Option<K> = match asked.token {
        Some(token) => Some(service.tokens.read(call, (asked.operation, asked.code), asked.question, token)?),
        None => None,
    };
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut rest = all.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after)).peekable();
    let mut given = Vec::new();
    let mut last = None;
    while given.len() < asked.size
        && let Some((key, member)) = rest.next()
    {
        last = Some(key);
        given.push(member);
    }
    let token = match (rest.peek(), last) {
        (Some(_), Some(last)) => Some(service.tokens.make(call, asked.operation, asked.question, &last)?),
        _ => None,
    };
    Ok((given, token))
}

/// Refuses any token, for lists that are always on one page.
///
/// # Errors
/// `InvalidTokenException`, for none was ever given.
pub(crate) fn refuse_token(token: Option<&str>) -> Result<()> {
    match token {
        None | Some("") => Ok(()),
        Some(_) => Err(Fault::new(Code::InvalidTokenException, "The token is not valid: this list has one page.")),
    }
}
