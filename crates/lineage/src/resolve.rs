//! The walk from a use to its origin, along the edges.

use std::sync::Arc;

use crate::credential::Use;
use crate::edge::Edge;
use crate::issuing::SWITCH_ROLE;
use crate::origin::{CANDIDATES_MAX, Origin, Status};
use crate::sessions::Sessions;

/// Most times credentials can have been issued between origin and call. Real chains stay below five.
pub(crate) const DEPTH_MAX: u32 = 16;
/// Most edges one resolution looks at. Only forged or anonymised data needs more: each ambiguity branches.
const STEPS_MAX: u32 = 256;

impl Sessions {
    /// Returns who stands behind a use, or `None` if it names no identity at all.
    ///
    /// The cost is a few look-ups for each time credentials were issued. See [`crate::origins::Origins`] for many
    /// events at once.
    pub fn resolve(&self, used: &Use<'_>) -> Option<Origin> {
        let mut steps = STEPS_MAX;
        Walk { sessions: self, path: Vec::new(), hints: Vec::new() }.from(used, &mut steps)
    }
}

/// A walk under way.
#[derive(Clone)]
struct Walk<'a> {
    sessions: &'a Sessions,
    /// Edges passed, the latest first.
    path: Vec<&'a Edge>,
    /// A hint from each identity passed, in the same order.
    hints: Vec<Option<String>>,
}

impl<'a> Walk<'a> {
    fn from(mut self, used: &Use<'_>, steps: &mut u32) -> Option<Origin> {
        let mut here = *used;
        loop {
            self.hints.push(hint_of(&here, self.path.last().copied()));
            let issuers = self.sessions.issuers(&here);
            let edge = match issuers.as_slice() {
                [] => return self.end(&here),
                [edge] => *edge,
                several => return self.branch(used, &here, several, steps),
            };
            if self.path.contains(&edge) {
                return self.stop(&here, Status::Cycle);
            }
            if self.path.len() >= DEPTH_MAX as usize || *steps == 0 {
                return self.stop(&here, Status::StartMissing);
            }
            *steps -= 1;
            self.path.push(edge);
            here = edge.parent.as_use();
        }
    }

    /// The last identity of the chain: what it is says how far the evidence reaches.
    fn end(self, last: &Use<'_>) -> Option<Origin> {
        let reached = !self.path.is_empty();
        let (status, arn, origin_type) = match terminal(last)? {
            Terminal { status: Status::SelfNamed | Status::External, arn, origin_type } if reached => {
                // The issuing record itself names who called: nothing is missing between him and the call.
                (Status::Complete, arn, origin_type)
            }
            Terminal { status, arn, origin_type } => (status, arn, origin_type),
        };
        Some(self.origin(status, arn, origin_type))
    }

    /// An end before the last identity.
    fn stop(self, last: &Use<'_>, status: Status) -> Option<Origin> {
        let (arn, origin_type) = own_name(last)?;
        Some(self.origin(status, arn, origin_type))
    }

    /// Several callers fit: each is followed, and only what all of them share is said.
    fn branch(self, used: &Use<'_>, here: &Use<'_>, edges: &[&'a Edge], steps: &mut u32) -> Option<Origin> {
        let mut candidates = Vec::new();
        for edge in edges.iter().take(CANDIDATES_MAX) {
            if *steps == 0 || self.path.len() >= DEPTH_MAX as usize {
                break;
            }
            *steps -= 1;
            let mut walk = self.clone();
            if walk.path.contains(edge) {
                candidates.extend(walk.stop(here, Status::Cycle));
                continue;
            }
            walk.path.push(edge);
            candidates.extend(walk.from(&edge.parent.as_use(), steps));
        }
        candidates.sort_unstable();
        candidates.dedup();
        candidates.truncate(CANDIDATES_MAX);
        let agreed = match candidates.split_first() {
            Some((first, rest)) if first.status.is_resolved() => rest
                .iter()
                .all(|other| other.status.is_resolved() && other.arn == first.arn)
                .then(|| (first.arn.clone(), first.origin_type.clone())),
            _ => None,
        };
        let (arn, origin_type) = agreed.or_else(|| own_name(here)).or_else(|| own_name(used))?;
        let mut origin = self.origin(Status::Ambiguous, arn, origin_type);
        origin.candidates = candidates;
        Some(origin)
    }

    fn origin(self, status: Status, arn: String, origin_type: String) -> Origin {
        Origin {
            arn,
            origin_type,
            status,
            depth: u32::try_from(self.path.len()).unwrap_or(u32::MAX),
            via: self.path.iter().map(|edge| edge.event_id.clone().unwrap_or_default()).collect(),
            hint: self.hints.into_iter().rev().flatten().next(),
            candidates: Vec::new(),
            expires: self.path.first().and_then(|edge| edge.expires),
        }
    }
}

impl Sessions {
    /// Returns the issuing calls that a credential can come from: one, if the evidence is clear; none, if it is a
    /// long-term one or its start is not in the data. Copies of one call are one.
    fn issuers(&self, used: &Use<'_>) -> Vec<&Edge> {
        if used.is_long_term() || used.identity_type == Some("AWSService") {
            return Vec::new();
        }
        let mut edges: Vec<&Arc<Edge>> = used.access_key.into_iter().flat_map(|key| self.by_key(key)).collect();
        if edges.len() > 1 && edges.iter().any(|edge| began_with(used, edge)) {
            // One key, issued twice: only anonymised data has that. The time of the session may still tell.
            edges.retain(|edge| began_with(used, edge));
        }
        if edges.is_empty() && used.invoked_by.is_none() {
            edges = self.of_session(used);
        }
        if edges.len() > 1 && used.source_identity.is_some() {
            edges.retain(|edge| {
                edge.source_identity.is_none() || edge.source_identity.as_deref() == used.source_identity
            });
        }
        self.distinct(edges)
    }

    /// Returns the issuing calls that answered with this session, at this second. A service that forwards a session
    /// often leaves its key out, and many services hold sessions of one name: not asked there.
    fn of_session(&self, used: &Use<'_>) -> Vec<&Arc<Edge>> {
        let (Some(principal), Some(began)) = (used.principal_id, used.creation_date) else { return Vec::new() };
        let fits = |edge: &&Arc<Edge>| edge.child_key.is_none() || used.access_key.is_none();
        self.by_session(principal, began).filter(fits).collect()
    }

    /// Returns one edge for each issuing call: the copy that says most about the caller.
    fn distinct<'a>(&'a self, found: Vec<&'a Arc<Edge>>) -> Vec<&'a Edge> {
        let mut calls: Vec<Vec<&Edge>> = Vec::new();
        let assumed = found.iter().any(|edge| edge.event_name != SWITCH_ROLE);
        for edge in found {
            if edge.event_name == SWITCH_ROLE && assumed {
                continue;
            }
            match calls.iter_mut().find(|copies| copies.iter().any(|copy| is_copy(copy, edge))) {
                Some(copies) => copies.push(edge),
                None => calls.push(vec![edge]),
            }
        }
        let alone = calls.len() == 1;
        let mut told: Vec<&Edge> = calls.into_iter().flat_map(|copies| self.telling(copies, alone)).collect();
        told.sort_unstable();
        told.dedup();
        told
    }

    /// Returns, of the copies of one call, the one that names the caller best; several if they contradict each other.
    fn telling<'a>(&'a self, mut copies: Vec<&'a Edge>, alone: bool) -> Vec<&'a Edge> {
        for copy in copies.clone() {
            let others = copy.shared_event_id.iter().flat_map(|shared| self.by_shared_event(shared));
            copies.extend(others.map(Arc::as_ref).filter(|other| is_copy(copy, other)));
        }
        if alone && copies.iter().all(|copy| is_vague(copy)) {
            // The console took the role for somebody: its own record names him.
            let session = copies.iter().find_map(|copy| Some((copy.child_principal.as_deref()?, copy.issued)));
            let switches = session.into_iter().flat_map(|(principal, issued)| self.by_session(principal, issued));
            copies.extend(switches.map(Arc::as_ref).filter(|edge| edge.event_name == SWITCH_ROLE));
        }
        copies.sort_unstable_by_key(|copy| (is_vague(copy), *copy));
        let mut best: Vec<&Edge> = Vec::new();
        for copy in copies {
            let worse = best.first().is_some_and(|first| is_vague(copy) && !is_vague(first));
            if !worse && !best.iter().any(|known| same_caller(known, copy)) {
                best.push(copy);
            }
        }
        best
    }
}

/// Returns true if the session began when the edge's credentials were issued.
fn began_with(used: &Use<'_>, edge: &Edge) -> bool {
    used.creation_date == Some(edge.issued)
}

/// Returns true if two records tell of one call: the copies that two accounts got, which share an ID, or two records of
/// one key issued. Insights events share IDs as well, but issue nothing.
fn is_copy(one: &Edge, other: &Edge) -> bool {
    let same_call = one.event_name == other.event_name && one.issued == other.issued;
    let shared = one.shared_event_id.is_some()
        && one.shared_event_id == other.shared_event_id
        && one.recipient_account != other.recipient_account;
    let same_key = one.child_key.is_some() && one.child_key == other.child_key;
    same_call && (shared || same_key)
}

/// Returns true if the record does not say which person or role called: the copy of another account, or the console.
fn is_vague(edge: &Edge) -> bool {
    match edge.parent.identity_type.as_deref() {
        Some("AWSAccount" | "Unknown") | None => true,
        Some("AWSService") => edge.parent.invoked_by.as_deref() == Some("signin.amazonaws.com"),
        Some(_) => false,
    }
}

fn same_caller(one: &Edge, other: &Edge) -> bool {
    let name =
        |edge: &'_ Edge| (edge.parent.principal_id.clone(), edge.parent.arn.clone(), edge.parent.invoked_by.clone());
    let key = one.parent.access_key == other.parent.access_key;
    key && name(one) == name(other)
}

/// The end of a chain.
struct Terminal {
    status: Status,
    arn: String,
    origin_type: String,
}

/// Returns what an identity without a known issuing call is.
fn terminal(last: &Use<'_>) -> Option<Terminal> {
    let is_forwarded = last.invoked_by.is_some();
    let end = |status, arn: &str, origin_type: &str| {
        Some(Terminal { status, arn: arn.to_owned(), origin_type: origin_type.to_owned() })
    };
    let own = |status| own_name(last).map(|(arn, origin_type)| Terminal { status, arn, origin_type });
    match last.identity_type {
        Some("IAMUser" | "Root") if last.is_long_term() => own(Status::Complete),
        Some("IAMUser" | "Root") if !last.assumed_root => own(Status::SelfNamed),
        Some("AWSService") => end(Status::Complete, last.invoked_by.or(last.principal_id).or(last.arn)?, "AWSService"),
        Some("AWSAccount") => end(Status::ForeignAccount, last.account.or(last.principal_id)?, "AWSAccount"),
        Some("SAMLUser" | "WebIdentityUser" | "Directory" | "IdentityCenterUser") => external(last),
        Some("FederatedUser") if last.issuer_arn.is_some() => {
            end(Status::SelfNamed, last.issuer_arn?, last.issuer_type.unwrap_or("IAMUser"))
        }
        // Service events name the service alone.
        None if is_forwarded && last.arn.is_none() && last.principal_id.is_none() => {
            end(Status::Complete, last.invoked_by?, "AWSService")
        }
        _ if is_forwarded => own(Status::ServiceForwarded),
        _ => own(Status::StartMissing),
    }
}

/// An identity from outside: the provider, then the subject, in AWS's own spelling where the record has it.
fn external(last: &Use<'_>) -> Option<Terminal> {
    let joined = |provider: Option<&str>, subject: Option<&str>| match (provider, subject) {
        (Some(provider), Some(subject)) => Some(format!("{provider}:{subject}")),
        (one, other) => one.or(other).map(str::to_owned),
    };
    let arn = match last.identity_type {
        Some("IdentityCenterUser") => joined(last.identity_store, last.on_behalf_of),
        _ => None,
    };
    let arn = arn.or_else(|| last.principal_id.map(str::to_owned)).or_else(|| joined(last.provider, last.user_name));
    let arn = arn.or_else(|| last.arn.map(str::to_owned))?;
    Some(Terminal { status: Status::External, arn, origin_type: last.identity_type.unwrap_or("Unknown").to_owned() })
}

/// Returns what the identity calls itself.
fn own_name(used: &Use<'_>) -> Option<(String, String)> {
    let name = used.arn.or(used.principal_id).or(used.access_key).or(used.user_name)?;
    Some((name.to_owned(), used.identity_type.unwrap_or("Unknown").to_owned()))
}

/// Returns what an identity suggests of who stands behind it, beyond what is proven.
fn hint_of(used: &Use<'_>, issued: Option<&Edge>) -> Option<String> {
    let hint = used.source_identity.or(used.on_behalf_of).or(used.instance()).or(used.identity_center_user());
    let account = || used.principal_id.filter(|_| used.identity_type == Some("AWSAccount"));
    let provider =
        || issued.filter(|_| used.identity_type == Some("SAMLUser")).and_then(|edge| edge.provider_arn.as_deref());
    hint.or_else(account).or_else(provider).map(str::to_owned)
}
