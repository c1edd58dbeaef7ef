//! The house rule: `ARCHITECTURE.md` says which room may depend on which, and cargo says which room does.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, PackageId};

use crate::error::{Error, Kind, Result};

/// What a pure room must not have beneath it, at any depth: each brings IO, async or a store.
const IMPURE: &[&str] = &["datafusion", "deltalake-core", "hyper", "object_store", "reqwest", "rusqlite", "tokio"];

/// A room that every room's tests may use: it makes their input and knows none of them.
const TEST_INPUT: &str = "corpus";

/// The table of rooms in `ARCHITECTURE.md`.
#[derive(Debug, PartialEq, Eq)]
pub struct House {
    rooms: BTreeMap<String, Room>,
}

#[derive(Debug, PartialEq, Eq)]
struct Room {
    pure: bool,
    allowed: Allowed,
}

#[derive(Debug, PartialEq, Eq)]
enum Allowed {
    Any,
    Only(BTreeSet<String>),
}

/// What cargo says about the packages of this workspace.
#[derive(Debug, Default)]
pub struct Packages {
    /// Each package of the workspace with its direct dependencies.
    pub members: BTreeMap<String, Member>,
}

/// A package of this workspace.
#[derive(Debug, Default)]
pub struct Member {
    /// Packages it needs to be built.
    pub needs: BTreeSet<String>,
    /// Packages only its tests need.
    pub tests_need: BTreeSet<String>,
    /// All that is linked beneath it, at any depth, tests left out.
    pub beneath: BTreeSet<String>,
}

impl House {
    /// Reads the table under the heading "The house": the columns `room`, `pure` (`yes` or `-`) and `may depend on`
    /// (names, `any`, or `-`), in any order, among others.
    ///
    /// # Errors
    /// When the table or one of the columns is missing, or a cell cannot be read.
    pub fn parse(architecture: &str) -> Result<Self> {
        let mut lines = architecture
            .lines()
            .skip_while(|line| line.trim_end() != "## The house")
            .skip(1)
            .take_while(|line| !line.starts_with("## "))
            .filter(|line| line.starts_with('|'));
        let header = cells(lines.next().unwrap_or_default());
        let column = |name: &str| {
            let missing = format!("ARCHITECTURE.md, \"The house\": the table has no column `{name}`");
            header.iter().position(|cell| *cell == name).ok_or_else(|| Error::new(Kind::Answer, missing))
        };
        let (room, pure, may) = (column("room")?, column("pure")?, column("may depend on")?);
        let mut rooms = BTreeMap::new();
        for line in lines.filter(|line| !line.starts_with("|-")) {
            let row = cells(line);
            let cell = |index: usize| row.get(index).copied().unwrap_or_default();
            let name = cell(room).trim_matches('`').to_owned();
            let pure = match cell(pure) {
                "yes" => true,
                "-" => false,
                other => return Err(unreadable(&name, "pure", other)),
            };
            let allowed = match cell(may) {
                "any" => Allowed::Any,
                "-" => Allowed::Only(BTreeSet::new()),
                "" => return Err(unreadable(&name, "may depend on", "")),
                names => Allowed::Only(names.split(',').map(|name| name.trim().trim_matches('`').to_owned()).collect()),
            };
            rooms.insert(name, Room { pure, allowed });
        }
        Ok(Self { rooms })
    }

    /// Holds the table against the packages; returns what does not agree.
    pub fn check(&self, packages: &Packages) -> Vec<String> {
        let mut problems = Vec::new();
        for name in packages.members.keys().filter(|name| !self.rooms.contains_key(*name)) {
            problems.push(format!("ARCHITECTURE.md, \"The house\": no row for the package `{name}`"));
        }
        for (name, room) in &self.rooms {
            let Some(member) = packages.members.get(name) else {
                problems.push(format!("ARCHITECTURE.md, \"The house\": `{name}` is no package of the workspace"));
                continue;
            };
            problems.extend(self.unknown_names(name, room));
            problems.extend(forbidden_arrows(name, room, member, packages));
            if room.pure {
                for impure in IMPURE.iter().filter(|impure| member.beneath.contains(**impure)) {
                    problems
                        .push(format!("`{name}` is pure, but `{impure}` lies beneath it: `cargo tree -i {impure}`"));
                }
            }
        }
        problems
    }

    /// A name that is no room is a slip of the pen, or a room that is not built yet and whose arrows come with it.
    fn unknown_names(&self, name: &str, room: &Room) -> Vec<String> {
        let Allowed::Only(allowed) = &room.allowed else { return Vec::new() };
        let unknown = allowed.iter().filter(|other| !self.rooms.contains_key(*other));
        unknown
            .map(|other| format!("ARCHITECTURE.md, \"The house\": `{name}` names `{other}`, which has no row"))
            .collect()
    }
}

/// Returns the arrows to other rooms which the table does not allow.
fn forbidden_arrows(name: &str, room: &Room, member: &Member, packages: &Packages) -> Vec<String> {
    let Allowed::Only(allowed) = &room.allowed else { return Vec::new() };
    let is_forbidden = |other: &&String| packages.members.contains_key(*other) && !allowed.contains(*other);
    let built = member.needs.iter().filter(is_forbidden);
    let tested = member.tests_need.iter().filter(is_forbidden).filter(|other| *other != TEST_INPUT);
    let arrows = built.map(|other| format!("`{name}` must not depend on `{other}`"));
    arrows.chain(tested.map(|other| format!("the tests of `{name}` must not depend on `{other}`"))).collect()
}

fn cells(line: &str) -> Vec<&str> {
    line.trim().trim_matches('|').split('|').map(str::trim).collect()
}

fn unreadable(room: &str, column: &str, found: &str) -> Error {
    Error::new(
        Kind::Answer,
        format!("ARCHITECTURE.md, \"The house\": room `{room}`, column `{column}`: cannot read `{found}`"),
    )
}

impl Packages {
    /// Takes the workspace's packages out of what cargo says.
    pub fn of(metadata: &Metadata) -> Self {
        let graph = Graph::of(metadata);
        let members = metadata.workspace_packages().into_iter().map(|package| {
            let direct = |tests: bool| {
                let chosen =
                    package.dependencies.iter().filter(|dep| (dep.kind == DependencyKind::Development) == tests);
                chosen.map(|dep| dep.name.clone()).collect()
            };
            let member = Member { needs: direct(false), tests_need: direct(true), beneath: graph.beneath(&package.id) };
            (package.name.to_string(), member)
        });
        Self { members: members.collect() }
    }
}

/// Every package with those it is built from, as cargo resolved them.
struct Graph<'a> {
    names: BTreeMap<&'a PackageId, &'a str>,
    edges: BTreeMap<&'a PackageId, Vec<&'a PackageId>>,
}

impl<'a> Graph<'a> {
    fn of(metadata: &'a Metadata) -> Self {
        let names = metadata.packages.iter().map(|package| (&package.id, package.name.as_str())).collect();
        let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
        let edges = nodes.map(|node| {
            let built =
                node.deps.iter().filter(|dep| dep.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal));
            (&node.id, built.map(|dep| &dep.pkg).collect())
        });
        Self { names, edges: edges.collect() }
    }

    fn beneath(&self, top: &PackageId) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut open = vec![top];
        while let Some(id) = open.pop() {
            for next in self.edges.get(id).into_iter().flatten() {
                if seen.insert(*next) {
                    open.push(next);
                }
            }
        }
        seen.iter().filter_map(|id| self.names.get(id)).map(|name| (*name).to_owned()).collect()
    }
}
