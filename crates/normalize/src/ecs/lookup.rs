//! Answers that do not depend on the event: places, networks, user agents. Each is worked out once and kept.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::ecs::geo::{self, Geo};
use crate::ecs::user_agent;

/// Most answers of one kind that are kept; one more and all are forgotten.
const KEPT_MAX: usize = 16_384;
/// Longest user agent whose answer is kept. CloudTrail cuts them at one KB.
const KEPT_BYTES_MAX: usize = 2_048;

/// What the databases know of an address, as JSON.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub place: Option<Arc<str>>,
    pub network: Option<Arc<str>>,
}

/// The databases and what they have answered.
pub(super) struct Lookups<'g> {
    geo: &'g dyn Geo,
    addresses: HashMap<IpAddr, Known>,
    user_agents: HashMap<Box<str>, Arc<str>>,
}

impl<'g> Lookups<'g> {
    pub(super) fn new(geo: &'g dyn Geo) -> Self {
        Lookups { geo, addresses: HashMap::new(), user_agents: HashMap::new() }
    }

    pub(super) fn address(&mut self, address: IpAddr) -> Known {
        if let Some(known) = self.addresses.get(&address) {
            return known.clone();
        }
        let known = Known {
            place: self.geo.place(address).as_ref().and_then(geo::place_json),
            network: self.geo.network(address).as_ref().and_then(geo::network_json),
        };
        if self.addresses.len() >= KEPT_MAX {
            self.addresses.clear();
        }
        self.addresses.insert(address, known.clone());
        known
    }

    /// Returns `user_agent` of a document.
    pub(super) fn user_agent(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.user_agents.get(text) {
            return known.clone();
        }
        let json = user_agent::json(text);
        if text.len() <= KEPT_BYTES_MAX {
            if self.user_agents.len() >= KEPT_MAX {
                self.user_agents.clear();
            }
            self.user_agents.insert(text.into(), json.clone());
        }
        json
    }
}
