//! What the organisation does all day: services, their actions, the shape of each action's parameters, and the
//! repertoires of those who act. Tables live in the files beside this one; here they are compiled into lists to draw
//! from.

mod analytics;
mod application;
mod compute;
mod governance;
mod identity;
mod network;
mod observe;
mod refusal;
mod repertoire;
mod storage;

pub(crate) use refusal::refusal;
pub(crate) use repertoire::LINKED_ROLES;

use crate::dice::Dice;
use crate::organisation::HOME_REGION;
use crate::record::RequestId;
use crate::template::{Compiler, Template};

/// One service: where its calls go and what they have in common.
#[derive(Debug)]
pub(crate) struct Service {
    /// The name used in repertoires; data events of a service have one of their own.
    key: &'static str,
    /// `eventSource` without `.amazonaws.com`.
    source: &'static str,
    /// Host the client asks for.
    host: &'static str,
    global: bool,
    data: bool,
    api_version: &'static str,
    request_id: RequestId,
    /// `additionalEventData` of every call.
    extra: &'static str,
    actions: &'static [Action],
}

/// A service like most: one endpoint a Region, GUIDs as request IDs.
const fn service(key: &'static str, host: &'static str, actions: &'static [Action]) -> Service {
    Service {
        key,
        source: key,
        host,
        global: false,
        data: false,
        api_version: "",
        request_id: RequestId::Guid,
        extra: "",
        actions,
    }
}

/// One action of a service.
#[derive(Debug)]
struct Action {
    name: &'static str,
    read_only: bool,
    /// How often, beside its neighbours.
    weight: u32,
    params: &'static str,
    response: &'static str,
    resources: &'static str,
}

const fn read(name: &'static str, weight: u32, params: &'static str) -> Action {
    Action { name, read_only: true, weight, params, response: "", resources: "" }
}

const fn write(name: &'static str, weight: u32, params: &'static str, response: &'static str) -> Action {
    Action { name, read_only: false, weight, params, response, resources: "" }
}

impl Action {
    /// Adds the `resources` member.
    const fn on(self, resources: &'static str) -> Self {
        Self { resources, ..self }
    }
}

/// An action ready to be written.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    /// Full `eventSource`.
    pub(crate) source: String,
    pub(crate) read_only: bool,
    pub(crate) global: bool,
    pub(crate) data: bool,
    pub(crate) api_version: &'static str,
    pub(crate) request_id: RequestId,
    pub(crate) host: Template,
    pub(crate) params: Template,
    pub(crate) response: Template,
    pub(crate) extra: Template,
    pub(crate) resources: Template,
    key: &'static str,
    weight: u32,
}

/// What one kind of actor does, as lists to draw from.
#[derive(Debug)]
struct Repertoire {
    name: &'static str,
    writes_permille: u32,
    /// Reads outside and inside the Region of global services, then writes likewise.
    lists: [Weighted; 4],
}

#[derive(Debug, Default)]
struct Weighted {
    calls: Vec<usize>,
    running_totals: Vec<u32>,
}

/// All calls and repertoires.
#[derive(Debug)]
pub(crate) struct Catalogue {
    calls: Vec<Call>,
    repertoires: Vec<Repertoire>,
}

impl Catalogue {
    /// Compiles the tables.
    pub(crate) fn new() -> Self {
        let mut calls = Vec::new();
        for service in TABLES.iter().flat_map(|table| table.iter()) {
            calls.extend(service.actions.iter().map(|action| compile(service, action)));
        }
        let repertoires = repertoire::REPERTOIRES
            .iter()
            .map(|table| {
                let lists = [(true, false), (true, true), (false, false), (false, true)]
                    .map(|(read_only, global)| Weighted::new(&calls, table.services, read_only, global));
                Repertoire { name: table.name, writes_permille: table.writes_permille, lists }
            })
            .collect();
        Self { calls, repertoires }
    }

    /// Returns the number of a repertoire, for [`draw`](Self::draw).
    ///
    /// # Panics
    ///
    /// If no table has that name: the names are constants of this crate.
    pub(crate) fn repertoire(&self, name: &str) -> usize {
        self.repertoires.iter().position(|known| known.name == name).expect("each repertoire in use has a table")
    }

    /// Returns what an actor does next; global services are called in their own Region only.
    pub(crate) fn draw(&self, repertoire: usize, region: usize, dice: &mut Dice) -> &Call {
        let repertoire = &self.repertoires[repertoire];
        let write = usize::from(dice.chance(repertoire.writes_permille));
        let list = &repertoire.lists[2 * write + usize::from(region == HOME_REGION)];
        // A repertoire without writes, or without anything here, falls back to its reads.
        let list = if list.calls.is_empty() { &repertoire.lists[1] } else { list };
        &self.calls[list.calls[dice.weighted(&list.running_totals)]]
    }

    /// Returns the call of that service and name.
    ///
    /// # Panics
    ///
    /// If there is none: callers name constants of this crate.
    pub(crate) fn call(&self, key: &str, name: &str) -> &Call {
        self.calls
            .iter()
            .find(|call| call.key == key && call.name == name)
            .expect("each named call is in the catalogue")
    }
}

impl Weighted {
    fn new(calls: &[Call], services: &[(&str, u32)], read_only: bool, global: bool) -> Self {
        let mut list = Self::default();
        let mut total = 0;
        for (key, share) in services {
            let here = |call: &Call| call.key == *key && call.read_only == read_only && (global || !call.global);
            assert!(calls.iter().any(|call| call.key == *key), "catalogue: no service is called `{key}`");
            let sum: u32 = calls.iter().filter(|call| here(call)).map(|call| call.weight).sum();
            for (index, call) in calls.iter().enumerate().filter(|(_, call)| here(call)) {
                total += (1000 * share * call.weight / sum).max(1);
                list.calls.push(index);
                list.running_totals.push(total);
            }
        }
        list
    }
}

fn compile(service: &Service, action: &Action) -> Call {
    let mut compiler = Compiler::default();
    Call {
        name: action.name,
        source: format!("{}.amazonaws.com", service.source),
        read_only: action.read_only,
        global: service.global,
        data: service.data,
        api_version: service.api_version,
        request_id: service.request_id,
        host: compiler.compile(service.host),
        params: compiler.compile(action.params),
        response: compiler.compile(action.response),
        extra: compiler.compile(service.extra),
        resources: compiler.compile(action.resources),
        key: service.key,
        weight: action.weight,
    }
}

const TABLES: [&[Service]; 8] = [
    compute::SERVICES,
    storage::SERVICES,
    identity::SERVICES,
    network::SERVICES,
    application::SERVICES,
    analytics::SERVICES,
    observe::SERVICES,
    governance::SERVICES,
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_catalogue_compiles_and_is_wide() {
        let catalogue = Catalogue::new();
        let names: HashSet<&str> = catalogue.calls.iter().map(|call| call.name).collect();
        assert!(names.len() >= 330, "{} event names", names.len());
        let pairs: HashSet<(&str, &str)> = catalogue.calls.iter().map(|call| (call.key, call.name)).collect();
        assert_eq!(pairs.len(), catalogue.calls.len(), "an action is listed twice");
    }

    #[test]
    fn every_action_is_in_a_repertoire() {
        let catalogue = Catalogue::new();
        let used: HashSet<usize> = catalogue
            .repertoires
            .iter()
            .flat_map(|repertoire| repertoire.lists.iter().flat_map(|list| list.calls.iter().copied()))
            .collect();
        for (index, call) in catalogue.calls.iter().enumerate() {
            assert!(used.contains(&index), "nobody calls {} {}", call.key, call.name);
        }
    }
}
