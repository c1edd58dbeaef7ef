//! What this crate asks of an event: a few members by name, wherever the event comes from.
//!
//! Events come as rows of columns ([`crate::columns`]) or as the text of one record ([`JsonRecord`]); everything behind
//! this page sees a [`Record`] and does not know which.

use std::borrow::Cow;
use std::fmt;

use event::schema::{self, ALIASES};
use event::time::EventTime;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{Error, ErrorKind};

/// A member of a record that says who called, or what was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named after its member of the record")]
pub enum Member {
    IdentityType,
    PrincipalId,
    Arn,
    AccountId,
    AccessKeyId,
    UserName,
    InvokedBy,
    IssuerType,
    IssuerArn,
    CreationDate,
    SourceIdentity,
    AssumedRoot,
    FederatedProvider,
    IdentityProvider,
    OnBehalfOfUserId,
    IdentityStoreArn,
    EventSource,
    EventName,
    ErrorCode,
    EventCategory,
    EventId,
    SharedEventId,
    RecipientAccountId,
    RequestParameters,
    ResponseElements,
    AdditionalEventData,
}

/// Every member, in the order of [`Member`].
pub(crate) const MEMBERS: &[(Member, &str)] = &[
    (Member::IdentityType, "useridentity_type"),
    (Member::PrincipalId, "useridentity_principalid"),
    (Member::Arn, "useridentity_arn"),
    (Member::AccountId, "useridentity_accountid"),
    (Member::AccessKeyId, "useridentity_accesskeyid"),
    (Member::UserName, "useridentity_username"),
    (Member::InvokedBy, "useridentity_invokedby"),
    (Member::IssuerType, "useridentity_sessioncontext_sessionissuer_type"),
    (Member::IssuerArn, "useridentity_sessioncontext_sessionissuer_arn"),
    (Member::CreationDate, "useridentity_sessioncontext_attributes_creationdate"),
    (Member::SourceIdentity, "useridentity_sessioncontext_sourceidentity"),
    (Member::AssumedRoot, "useridentity_sessioncontext_assumedroot"),
    (Member::FederatedProvider, "useridentity_sessioncontext_webidfederationdata_federatedprovider"),
    (Member::IdentityProvider, "useridentity_identityprovider"),
    (Member::OnBehalfOfUserId, "useridentity_onbehalfof_userid"),
    (Member::IdentityStoreArn, "useridentity_onbehalfof_identitystorearn"),
    (Member::EventSource, "eventsource"),
    (Member::EventName, "eventname"),
    (Member::ErrorCode, "errorcode"),
    (Member::EventCategory, "eventcategory"),
    (Member::EventId, "eventid"),
    (Member::SharedEventId, "sharedeventid"),
    (Member::RecipientAccountId, "recipientaccountid"),
    (Member::RequestParameters, "requestparameters"),
    (Member::ResponseElements, "responseelements"),
    (Member::AdditionalEventData, "additionaleventdata"),
];

impl Member {
    /// Returns every member: what is read of an event that may issue credentials, beside its time.
    pub fn all() -> impl Iterator<Item = Member> {
        MEMBERS.iter().map(|(member, _)| *member)
    }

    /// Returns the name of the event column that holds the member.
    pub fn column(self) -> &'static str {
        MEMBERS.get(self as usize).map_or("", |(_, column)| column)
    }

    /// Returns true for a member held as JSON text, where `null` is no value.
    pub(crate) fn is_json(self) -> bool {
        matches!(self, Member::RequestParameters | Member::ResponseElements | Member::AdditionalEventData)
    }
}

/// An event, as far as this crate looks at it.
pub trait Record {
    /// Returns a member's text: a string decoded, an object or array as its own JSON; `None` if absent or null.
    fn text(&self, member: Member) -> Option<&str>;

    /// Returns the event's time.
    fn time(&self) -> Option<EventTime>;
}

/// A record read from its JSON text, for events that are not in columns.
#[derive(Debug, Clone)]
pub struct JsonRecord {
    values: Vec<Option<String>>,
    time: Option<EventTime>,
}

impl JsonRecord {
    /// Reads a record.
    ///
    /// # Errors
    /// [`ErrorKind::Record`] if the text is no JSON object.
    pub fn parse(text: &str) -> Result<JsonRecord, Error> {
        let object: Object<'_> = serde_json::from_str(text)
            .map_err(|error| Error::new(ErrorKind::Record, format!("read a record: {error}")))?;
        let text = |column: &str, is_json: bool| match object.of_column(column)?.get() {
            "null" => None,
            quoted if quoted.starts_with('"') && !is_json => Some(unquoted(quoted).into_owned()),
            other => Some(other.to_owned()),
        };
        let values = MEMBERS.iter().map(|(member, column)| text(column, member.is_json())).collect();
        let time = text("eventtime", false).and_then(|text| EventTime::parse(&text));
        Ok(JsonRecord { values, time })
    }
}

impl Record for JsonRecord {
    fn text(&self, member: Member) -> Option<&str> {
        self.values.get(member as usize)?.as_deref()
    }

    fn time(&self) -> Option<EventTime> {
        self.time
    }
}

/// The members of an object in their order, as they are spelled; a name may come twice.
struct Object<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'a> Object<'a> {
    /// Finds the value that a column would hold: as the opener does, the first that fits.
    fn of_column(&self, name: &str) -> Option<&'a RawValue> {
        let column = schema::COLUMNS.get(schema::column_index(name)?)?;
        self.at(column.path).or_else(|| {
            let (alias, _) = ALIASES.iter().find(|(_, column)| *column == name)?;
            self.at(&[alias])
        })
    }

    fn at(&self, path: &[&str]) -> Option<&'a RawValue> {
        let (first, rest) = path.split_first()?;
        self.0.iter().filter(|(name, _)| unquoted(name.get()) == *first).find_map(|(_, value)| match rest.is_empty() {
            true => Some(*value),
            false => serde_json::from_str::<Object<'a>>(value.get()).ok()?.at(rest),
        })
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object<'de>, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

/// Reads the members of an object.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Object<'de>, M::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Object(members))
    }
}

/// Returns the content of a string given with its quotes. Half a surrogate pair has no text: its escapes stay, as they do in
/// a column.
fn unquoted(quoted: &str) -> Cow<'_, str> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    serde_json::from_str(quoted).map_or(Cow::Borrowed(inner), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_a_column_in_its_own_place() {
        for (at, (member, column)) in MEMBERS.iter().enumerate() {
            assert_eq!(*member as usize, at, "{column}");
            assert!(schema::column_index(column).is_some(), "{column}");
        }
    }

    #[test]
    fn text_is_decoded_and_json_kept() {
        let text = r#"{"eventTime":"2026-03-01T09:00:00Z","eventName":"A\u0073sume","errorCode":null,
            "userIdentity":{"type":"IAMUser","sessionContext":"none"},"requestParameters":{"a":[1, 2]},
            "eventID":7}"#;
        let record = JsonRecord::parse(text).unwrap();
        let cases = [
            (Member::EventName, Some("Assume")),
            (Member::ErrorCode, None),
            (Member::IdentityType, Some("IAMUser")),
            (Member::CreationDate, None),
            (Member::RequestParameters, Some(r#"{"a":[1, 2]}"#)),
            (Member::EventId, Some("7")),
        ];
        for (member, expect) in cases {
            assert_eq!(record.text(member), expect, "{member:?}");
        }
        assert_eq!(record.time().map(|time| time.to_string()).as_deref(), Some("2026-03-01T09:00:00Z"));
        for text in ["", "[]", "7", "{\"eventName\":", "{\"eventName\":1}{}"] {
            assert_eq!(JsonRecord::parse(text).map(|_| ()).unwrap_err().kind(), ErrorKind::Record, "{text}");
        }
    }

    #[test]
    fn odd_records_say_what_their_columns_say() {
        let cases = [
            (r#"{"eventName":"a","eventName":"b","eventName":null}"#, Member::EventName, Some("a")),
            (r#"{"eventName":null,"eventName":"b"}"#, Member::EventName, None),
            (r#"{"userIdentity":{"type":"a"},"userIdentity":{"type":"b"}}"#, Member::IdentityType, Some("a")),
            (r#"{"userIdentity":7,"userIdentity":{"arn":"c"},"userIdentity":{"arn":"d"}}"#, Member::Arn, Some("c")),
            (r#"{"event\u004eame":"a","ke\ud800y":1}"#, Member::EventName, Some("a")),
            (r#"{"eventName":"\ud800 half \u0061 pair"}"#, Member::EventName, Some("\\ud800 half \\u0061 pair")),
            (r#"{"eventId":"a","accountId":"1"}"#, Member::EventId, Some("a")),
            (r#"{"eventId":"a","eventID":null}"#, Member::EventId, None),
            (r#"{"accountId":"1","recipientAccountId":"2"}"#, Member::RecipientAccountId, Some("2")),
            (r#"{"responseElements":"a\u0062"}"#, Member::ResponseElements, Some(r#""a\u0062""#)),
        ];
        for (text, member, expect) in cases {
            assert_eq!(JsonRecord::parse(text).unwrap().text(member), expect, "{text}");
        }
    }
}
