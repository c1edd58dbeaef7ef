//! The chain from a credential back to its origin, with the record that is the evidence of each step.

use std::collections::{BTreeMap, HashSet};

use arrow::array::RecordBatch;
use datafusion::execution::context::SessionContext;
use event::time::EventTime;
use lineage::columns::Columns;
use lineage::credential::{Credential, Use};
use lineage::edge::Edge;
use lineage::sessions::Sessions;
use lineage::table;
use serde::Serialize;

use super::activity::identity_columns;
use super::{LISTED_MAX, Thing, ask, text_at};
use crate::error::{Error, ErrorKind, Result};
use crate::lookup::sql::text;

/// Who stands behind a credential.
#[derive(Debug, Clone, Serialize)]
pub struct Chain {
    /// The credential asked about, as its record names it.
    pub credential: String,
    /// The furthest identity that is proven.
    pub origin: String,
    /// Its `userIdentity.type`.
    pub origin_type: String,
    /// How far the evidence reaches.
    pub status: String,
    /// True if the origin is who really called.
    pub is_resolved: bool,
    /// What is likely and not proven.
    pub hint: Option<String>,
    /// The calls that issued credentials, the one nearest the origin first.
    pub steps: Vec<Step>,
    /// Where the evidence fits several callers: each of them.
    pub candidates: Vec<String>,
    /// When the credential ends.
    pub expires: Option<String>,
}

/// A call that issued credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// When.
    pub time: String,
    /// The call: `AssumeRole`, `GetSessionToken` ...
    pub call: String,
    /// Who asked.
    pub by: String,
    /// The key that they asked with.
    pub by_key: Option<String>,
    /// What was issued: the session or the role.
    pub issued: Option<String>,
    /// The key that was issued.
    pub key: Option<String>,
    /// When it ends.
    pub expires: Option<String>,
    /// From where.
    pub address: Option<String>,
    /// In which account it was recorded.
    pub account: Option<String>,
    /// `eventID` of the record: the evidence.
    pub event_id: Option<String>,
}

/// The credential that a chain begins with.
#[derive(Debug, Clone)]
pub(super) struct Start(Credential<String>);

impl Start {
    /// Returns the condition for what was done with the credential.
    pub(super) fn condition(&self) -> String {
        let is =
            |column: &str, value: &Option<String>| value.as_ref().map(|value| format!("{column} = {}", text(value)));
        let arn = is("userIdentity.arn", &self.0.arn);
        let own = is("userIdentity.accessKeyId", &self.0.access_key).or(arn);
        let own = own.or_else(|| is("userIdentity.principalId", &self.0.principal_id));
        own.or_else(|| is("userIdentity.invokedBy", &self.0.invoked_by)).unwrap_or_else(|| "false".to_owned())
    }
}

/// Finds the credential that the thing is, or was made with.
pub(super) async fn start(ctx: &SessionContext, thing: &Thing, sessions: &Sessions) -> Result<Option<Start>> {
    let is_one = match thing {
        Thing::Event(_) | Thing::Key(_) => true,
        Thing::Arn(arn) => arn.contains(":assumed-role/") || arn.contains(":federated-user/"),
        _ => false,
    };
    if !is_one {
        return Ok(None);
    }
    let sql = format!(
        "SELECT {} FROM events WHERE {} ORDER BY eventTime DESC LIMIT 1",
        identity_columns().join(", "),
        thing.condition()
    );
    for batch in ask(ctx, "find the credential", &sql).await? {
        let columns = Columns::new(&batch).map_err(unreadable)?;
        if let Some(row) = columns.rows().next() {
            return Ok(Some(Start(Use::of(&row).to_owned())));
        }
    }
    // A key that was issued and not used yet.
    let Thing::Key(key) = thing else { return Ok(None) };
    let issued = sessions.issuers_of(key).next().map(|edge| Credential {
        identity_type: edge.is_session().then(|| "AssumedRole".to_owned()),
        access_key: Some(key.clone()),
        principal_id: edge.child_principal.clone(),
        arn: edge.child_arn.clone(),
        ..Credential::default()
    });
    Ok(issued.map(Start))
}

/// Follows a credential to its origin.
pub(super) async fn of(ctx: &SessionContext, start: Start, sessions: &Sessions) -> Result<Chain> {
    let used = start.0.as_use();
    let credential =
        used.arn.or(used.access_key).or(used.principal_id).or(used.invoked_by).unwrap_or("unknown").to_owned();
    let Some(origin) = sessions.resolve(&used) else {
        let status = "unknown".to_owned();
        return Ok(Chain {
            credential: credential.clone(),
            origin: credential,
            origin_type: "Unknown".to_owned(),
            status,
            is_resolved: false,
            hint: None,
            steps: Vec::new(),
            candidates: Vec::new(),
            expires: None,
        });
    };
    let mut steps = Vec::new();
    if !origin.via.is_empty() {
        let ids: Vec<String> = origin.via.iter().filter(|id| !id.is_empty()).map(|id| text(id)).collect();
        let edges = edges(ctx, &format!("event_id IN ({})", ids.join(", "))).await?;
        for id in origin.via.iter().rev() {
            steps.extend(edges.iter().find(|edge| edge.event_id.as_ref() == Some(id)).map(step));
        }
        locate(ctx, &mut steps).await?;
    }
    Ok(Chain {
        credential,
        origin: origin.arn.clone(),
        origin_type: origin.origin_type.clone(),
        status: origin.status.to_string(),
        is_resolved: origin.status.is_resolved(),
        hint: origin.hint.clone(),
        candidates: origin
            .candidates
            .iter()
            .map(|candidate| format!("{} ({})", candidate.arn, candidate.status))
            .collect(),
        expires: origin.expires.map(|time| time.to_string()),
        steps,
    })
}

/// Returns the credentials that were issued to the thing, and onwards from those, in their order.
pub(super) async fn issued(ctx: &SessionContext, thing: &Thing, sessions: &Sessions) -> Result<Vec<Step>> {
    let value = text(thing.value());
    let condition = match thing {
        Thing::Key(_) => format!("parent_access_key = {value}"),
        Thing::User(name) if name == "root" => "parent_identity_type = 'Root'".to_owned(),
        Thing::User(name) => format!(
            "(parent_identity_type IN ('IAMUser', 'SAMLUser', 'WebIdentityUser') AND (parent_user_name = {value} \
             OR ends_with(parent_arn, {})))",
            text(&format!("/{name}"))
        ),
        Thing::Arn(_) => {
            format!("(parent_arn = {value} OR parent_issuer_arn = {value} OR parent_invoked_by = {value})")
        }
        Thing::Role(_) | Thing::Session(_) | Thing::Ip(_) | Thing::Resource(_) | Thing::Event(_) => {
            return Ok(Vec::new());
        }
    };
    let mut found = edges(ctx, &condition).await?;
    let mut seen: HashSet<Edge> = found.iter().cloned().collect();
    let keys: Vec<String> = found.iter().filter_map(|edge| edge.child_key.clone()).collect();
    for key in keys {
        for edge in sessions.descendants_of(&key) {
            if seen.insert(edge.clone()) {
                found.push(edge.clone());
            }
        }
    }
    found.sort();
    Ok(found.iter().map(step).collect())
}

/// Reads issuing calls from the table `sessions`.
async fn edges(ctx: &SessionContext, condition: &str) -> Result<Vec<Edge>> {
    let columns: Vec<String> = table::schema().fields().iter().map(|field| field.name().clone()).collect();
    let sql = format!("SELECT {} FROM sessions WHERE {condition}", columns.join(", "));
    let mut found = Vec::new();
    for batch in ask(ctx, "look issuing calls up", &sql).await? {
        found.extend(table::from_batch(&batch).map_err(unreadable)?);
    }
    // Two trails may have recorded one call.
    let mut seen = HashSet::new();
    found.retain(|edge| seen.insert(edge.clone()));
    Ok(found)
}

fn step(edge: &Edge) -> Step {
    let parent = &edge.parent;
    let by = [&parent.arn, &parent.invoked_by, &parent.principal_id, &parent.account];
    Step {
        time: edge.issued.to_string(),
        call: edge.event_name.clone(),
        by: by.into_iter().flatten().next().cloned().unwrap_or_else(|| "unknown".to_owned()),
        by_key: parent.access_key.clone(),
        issued: edge.child_arn.clone().or_else(|| edge.role_arn.clone()).or_else(|| edge.child_principal.clone()),
        key: edge.child_key.clone(),
        expires: edge.expires.map(|time: EventTime| time.to_string()),
        address: None,
        account: edge.recipient_account.clone(),
        event_id: edge.event_id.clone(),
    }
}

/// Looks up where steps were taken from.
async fn locate(ctx: &SessionContext, steps: &mut [Step]) -> Result<()> {
    let ids: Vec<String> =
        steps.iter().filter_map(|step| step.event_id.as_deref()).take(LISTED_MAX).map(text).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let sql =
        format!("SELECT eventID AS id, sourceIPAddress AS address FROM events WHERE eventID IN ({})", ids.join(", "));
    let batches: Vec<RecordBatch> = ask(ctx, "look the evidence up", &sql).await?;
    let mut addresses: BTreeMap<String, String> = BTreeMap::new();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            if let (Some(id), Some(address)) = (text_at(batch, "id", row), text_at(batch, "address", row)) {
                addresses.insert(id, address);
            }
        }
    }
    for step in steps {
        step.address = step.event_id.as_ref().and_then(|id| addresses.get(id)).cloned();
    }
    Ok(())
}

fn unreadable(error: lineage::error::Error) -> Error {
    Error::new(ErrorKind::Query, format!("read what the lake answered: {error}"))
}
