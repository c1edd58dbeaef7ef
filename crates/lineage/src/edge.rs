//! Edges: one for each call that issued credentials, from the credential issued to the one that asked for it.

use event::batch::EventBatch;
use event::time::EventTime;

use crate::columns::Columns;
use crate::credential::Credential;
use crate::error::Error;
use crate::issuing;
use crate::record::{Member, Record};

/// A fact for good: these credentials were issued to that caller. Flat, so that a table can hold it: see
/// [`crate::table`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// When they were issued: `eventTime` of the call, and `creationDate` of the session.
    pub issued: EventTime,
    /// `eventID` of the issuing record: the evidence.
    pub event_id: Option<String>,
    /// Name of the call: `AssumeRole`, `GetSessionToken` ...
    pub event_name: String,
    /// The account whose trail recorded it.
    pub recipient_account: Option<String>,
    /// `sharedEventID`: the same in the copies that other accounts got of the call.
    pub shared_event_id: Option<String>,
    /// The access key issued, if the record shows it.
    pub child_key: Option<String>,
    /// `principalId` that uses will show: of a role session `AROA...:session name`.
    pub child_principal: Option<String>,
    /// ARN of the session issued.
    pub child_arn: Option<String>,
    /// ARN of the role.
    pub role_arn: Option<String>,
    /// When the credentials end.
    pub expires: Option<EventTime>,
    /// `sourceIdentity` that the session carries from here on.
    pub source_identity: Option<String>,
    /// The identity provider's ARN, of `AssumeRoleWithSAML` and `AssumeRoleWithWebIdentity`.
    pub provider_arn: Option<String>,
    /// Who asked for the credentials.
    pub parent: Credential<String>,
}

impl Edge {
    /// Returns true if the edge leads from a session: `CreateAccessKey` issues a long-term key, whose user is its own
    /// origin. That edge tells of persistence and is never followed.
    pub fn is_session(&self) -> bool {
        self.event_name != issuing::CREATE_ACCESS_KEY
    }

    /// Returns true if anything can be found by the edge.
    pub(crate) fn is_findable(&self) -> bool {
        self.child_key.is_some() || self.child_principal.is_some() || self.shared_event_id.is_some()
    }
}

/// Returns the edge that an event is evidence of: none for an event that issued no credentials, or failed to.
pub fn edge_of(record: &impl Record) -> Option<Edge> {
    if record.text(Member::ErrorCode).is_some_and(|code| !code.is_empty()) {
        return None;
    }
    let call = issuing::Call::of(record.text(Member::EventSource)?, record.text(Member::EventName)?)?;
    issuing::edge(call, record).filter(Edge::is_findable)
}

/// Returns the edges of many events, in their order.
///
/// # Errors
/// [`crate::error::ErrorKind::Schema`] where the columns are not those of an `EventBatch`.
pub fn edges(events: &EventBatch) -> Result<Vec<Edge>, Error> {
    let columns = Columns::new(&events.columns)?;
    Ok(columns.rows().filter_map(|row| edge_of(&row)).collect())
}
