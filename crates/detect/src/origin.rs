//! Who stands behind an event's credential, as rules see it: given beside the event, never read from it.

use event::schema;
use predicate::expr::Field;
use predicate::{Lookup, Needs};

/// Who stands behind the credential of an event, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The furthest proven ARN or service.
    pub origin: String,
    /// How sure that is: `complete`, `self-named`, `start-missing` and so on.
    pub status: String,
    /// How many times credentials were exchanged on the way.
    pub depth: u32,
    /// The name of the origin's user, if it is one.
    pub username: Option<String>,
}

impl Origin {
    /// Returns true if the origin is the one who acts, and not only the last link that is known.
    pub fn is_resolved(&self) -> bool {
        matches!(self.status.as_str(), "complete" | "self-named" | "external")
    }
}

/// The names by which rules read what is given, in the order of their numbers.
pub(crate) const GIVEN: &[&str] = &["origin", "origin_status", "origin_depth", "origin_username", "session_name"];

/// The number of the value that stands for `origin` where events are grouped: never a session's own ARN, since a tool
/// may take a new session for each call.
pub(crate) const GROUP_ORIGIN: usize = GIVEN.len();

/// Returns the look-up of a name where events are grouped by it.
pub(crate) fn grouping_lookup(name: &str) -> Lookup {
    Lookup::new(&match GIVEN.iter().position(|given| *given == name) {
        Some(0) => Field::given(GROUP_ORIGIN),
        Some(number) => Field::given(number),
        None => Field::parse(name),
    })
}

/// What is known of an event beside its record.
pub(crate) struct Beside<'a> {
    pub origin: Option<&'a Origin>,
    pub issuer: Option<&'a str>,
    pub arn: Option<&'a str>,
    pub principal: Option<&'a str>,
    pub invoked_by: Option<&'a str>,
}

impl Beside<'_> {
    /// Returns the columns that its values are read from: issuer, ARN, principal and service.
    pub(crate) fn columns() -> [usize; 4] {
        let names = [
            "useridentity_sessioncontext_sessionissuer_arn",
            "useridentity_arn",
            "useridentity_principalid",
            "useridentity_invokedby",
        ];
        names.map(|name| schema::column_index(name).unwrap_or(usize::MAX))
    }

    /// Returns what is read of a batch for it.
    pub(crate) fn needs() -> Needs {
        Needs { columns: Beside::columns().into_iter().fold(0, |columns, at| columns | 1 << at), ..Needs::default() }
    }

    /// Returns the values that are given, by their numbers.
    pub(crate) fn values(&self) -> [Option<String>; GIVEN.len() + 1] {
        let resolved = self.origin.filter(|origin| origin.is_resolved()).map(|origin| origin.origin.as_str());
        let last_link = self.origin.map(|origin| origin.origin.as_str());
        let group = resolved.or(self.issuer).or(last_link).or(self.arn).or(self.principal).or(self.invoked_by);
        [
            last_link.map(str::to_owned),
            self.origin.map(|origin| origin.status.clone()),
            self.origin.map(|origin| origin.depth.to_string()),
            self.origin.and_then(|origin| origin.username.clone()),
            self.session_name().map(str::to_owned),
            group.map(str::to_owned),
        ]
    }

    /// The name that the caller of AssumeRole chose: the end of the session's ARN.
    fn session_name(&self) -> Option<&str> {
        let (_, resource) = self.arn?.split_once(":assumed-role/")?;
        resource.split_once('/').map(|(_, name)| name)
    }
}
