//! What is covered, for people: the map, the sums, and every hole by name.

use std::io::{self, Write};

use inquiry::coverage::{Coverage, Hole, HoleKind};
use jiff::Timestamp;

use super::heat_map::{Look, draw};
use crate::settings::Accounts;
use crate::terminal::visible;
use crate::units::{count, counted};

/// Holes of a kind that are named; programs get all by `--output json`.
const SHOWN: usize = 100;
/// Files shown that are no holes.
const EXTRA_SHOWN: usize = 10;

/// Prints map, sums and holes.
pub(super) fn for_people(found: &Coverage, names: &Accounts, look: Look, out: &mut dyn Write) -> io::Result<()> {
    draw(found, names, look, out)?;
    let total = &found.total;
    let promised = counted(total.promised, "log file");
    writeln!(out, "\nAWS promised {promised}; {} are stored as they were delivered.", count(total.stored))?;
    let digests = &found.digests;
    let unsigned = match digests.unsigned {
        0 => String::new(),
        unsigned => format!(", {} without a signature or a key to it", count(unsigned)),
    };
    writeln!(out, "Promises rest on {} with a valid signature{unsigned}.", counted(digests.valid, "digest"))?;
    if total.unpromised > 0 {
        writeln!(out, "{} stored besides that no digest lists.", counted(total.unpromised, "log file"))?;
    }
    for uri in found.extra.iter().take(EXTRA_SHOWN) {
        writeln!(out, "  not listed by the digest of its hour: {}", visible(uri))?;
    }
    more(found.extra.len(), EXTRA_SHOWN, out)?;
    for gap in &found.gaps {
        let place = place(&gap.account, &gap.region, names);
        let (from, until) = (minute(gap.from), minute(gap.until));
        writeln!(out, "No digests from {from} to {until}: {place}, trail {}", visible(&gap.trail))?;
    }
    holes(found, names, out)?;
    match found.holes.len() as u64 {
        0 if digests.valid + digests.unsigned == 0 => writeln!(out, "\nThere are no digests, so nothing is known."),
        0 => writeln!(out, "\nNo holes."),
        holes => writeln!(out, "\n{}.", counted(holes, "hole")),
    }
}

fn holes(found: &Coverage, names: &Accounts, out: &mut dyn Write) -> io::Result<()> {
    let kinds = [
        (HoleKind::MissingDigest, "Missing digests"),
        (HoleKind::InvalidDigest, "Digests that count for nothing"),
        (HoleKind::MissingLogFile, "Log files that are not stored"),
        (HoleKind::ChangedLogFile, "Log files with other content than was promised"),
    ];
    for (kind, title) in kinds {
        let of_kind: Vec<&Hole> = found.holes.iter().filter(|hole| hole.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        writeln!(out, "\n{title} ({})", count(of_kind.len() as u64))?;
        for hole in of_kind.iter().take(SHOWN) {
            let hour = hole.hour.map(minute).unwrap_or_default();
            writeln!(out, "  {} {hour}: {}", place(&hole.account, &hole.region, names), visible(&hole.detail))?;
            writeln!(out, "    {}", visible(&hole.uri))?;
        }
        more(of_kind.len(), SHOWN, out)?;
    }
    Ok(())
}

fn more(total: usize, shown: usize, out: &mut dyn Write) -> io::Result<()> {
    match total.saturating_sub(shown) as u64 {
        0 => Ok(()),
        more => writeln!(out, "  and {} more", count(more)),
    }
}

fn place(account: &str, region: &str, names: &Accounts) -> String {
    let account = names.name(account).unwrap_or(account);
    visible(&format!("{account} {region}")).into_owned()
}

fn minute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%MZ").to_string()
}
