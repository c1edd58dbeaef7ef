//! What is covered, for programs: one object of JSON.

use std::io::{self, Write};

use inquiry::coverage::{Cell, Coverage, Digests};
use serde::Serialize;

#[derive(Serialize)]
struct Object<'a> {
    total: Counts,
    digests: DigestCounts,
    holes: Vec<HoleObject<'a>>,
    not_listed: &'a [String],
    gaps: Vec<GapObject<'a>>,
    groups: Vec<GroupObject<'a>>,
}

#[derive(Serialize)]
struct Counts {
    promised: u64,
    stored: u64,
    missing: u64,
    changed: u64,
    unpromised: u64,
    digests: u64,
    digest_holes: u64,
}

#[derive(Serialize)]
struct DigestCounts {
    valid: u64,
    unsigned: u64,
    invalid: u64,
    missing: u64,
}

#[derive(Serialize)]
struct HoleObject<'a> {
    kind: &'static str,
    account: &'a str,
    region: &'a str,
    hour: Option<String>,
    uri: &'a str,
    code: &'static str,
    detail: &'a str,
}

#[derive(Serialize)]
struct GapObject<'a> {
    account: &'a str,
    region: &'a str,
    trail: &'a str,
    from: String,
    until: String,
}

#[derive(Serialize)]
struct GroupObject<'a> {
    account: &'a str,
    region: &'a str,
    hours: Vec<HourObject>,
}

#[derive(Serialize)]
struct HourObject {
    hour: String,
    #[serde(flatten)]
    counts: Counts,
}

/// Prints the object on a line.
pub(super) fn print(found: &Coverage, out: &mut dyn Write) -> io::Result<()> {
    let Digests { valid, unsigned, invalid, missing } = found.digests;
    let holes = found.holes.iter().map(|hole| HoleObject {
        kind: hole.kind.as_str(),
        account: &hole.account,
        region: &hole.region,
        hour: hole.hour.map(|hour| hour.to_string()),
        uri: &hole.uri,
        code: hole.code,
        detail: &hole.detail,
    });
    let gaps = found.gaps.iter().map(|gap| GapObject {
        account: &gap.account,
        region: &gap.region,
        trail: &gap.trail,
        from: gap.from.to_string(),
        until: gap.until.to_string(),
    });
    let groups = found.groups.iter().map(|group| GroupObject {
        account: &group.account,
        region: &group.region,
        hours: group
            .hours
            .iter()
            .map(|hour| HourObject { hour: hour.hour.to_string(), counts: counts(&hour.cell) })
            .collect(),
    });
    let object = Object {
        total: counts(&found.total),
        digests: DigestCounts { valid, unsigned, invalid, missing },
        holes: holes.collect(),
        not_listed: &found.extra,
        gaps: gaps.collect(),
        groups: groups.collect(),
    };
    serde_json::to_writer(&mut *out, &object).map_err(io::Error::from)?;
    writeln!(out)
}

fn counts(cell: &Cell) -> Counts {
    let Cell { promised, stored, missing, changed, unpromised, digests, digest_holes } = *cell;
    Counts { promised, stored, missing, changed, unpromised, digests, digest_holes }
}
