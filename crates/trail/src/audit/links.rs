//! The end of an audit: what the links between digests, the hours and the files left over say is missing.

use event::key::FileName;
use jiff::{SignedDuration, Timestamp};

use crate::audit::chain::{ChainName, Standing};
use crate::audit::examine::FoundFile;
use crate::audit::extent::Extents;
use crate::audit::files::{group, problem};
use crate::audit::findings::{Findings, Gap, Group, ProblemKind};
use crate::audit::state::Audit;
use crate::digest::{DIGEST_INTERVAL, Fault};

/// Hours differ by no more than this, so a longer time between two digests holds another one.
const HOUR_SLACK: SignedDuration = SignedDuration::from_mins(30);

impl Audit {
    /// Says what all that came in comes to.
    pub fn finish(mut self) -> Findings {
        for name in self.chains.keys().cloned().collect::<Vec<_>>() {
            self.settle_rest(&name);
            self.check_hashes(&name);
        }
        let (missing, files) = self.files.leftovers(&mut self.tally, &mut self.findings);
        for promise in missing {
            let is_named_elsewhere = promise.entry.location.is_suspect();
            let detail =
                if is_named_elsewhere { "its key leads astray" } else { "a digest names it, and it is not there" };
            self.tally.entry(promise.group.clone()).or_default().log_files_missing += 1;
            let uri = promise.entry.location.to_string();
            let found = problem(&promise.group, ProblemKind::Missing, uri, ("not-found", detail.to_owned()));
            self.findings.problems.push(found);
        }
        self.files.repacked(&mut self.tally, &mut self.findings);
        let mut extents = Extents::new(&files, self.chains.iter(), self.scope.now);
        for name in self.chains.keys().cloned().collect::<Vec<_>>() {
            self.missing_digests(&name, &mut extents);
        }
        self.named_by_metadata(&mut extents);
        self.judge_unnamed(files);
        self.close()
    }

    /// Judges the digests for which no signature that counts was found, the newest first: each may vouch for the one before.
    fn settle_rest(&mut self, name: &ChainName) {
        let Some(chain) = self.chains.get(name) else { return };
        for end in chain.links.keys().rev().copied().collect::<Vec<_>>() {
            let Some(chain) = self.chains.get_mut(name) else { return };
            let misfit = chain.links.get(&end).and_then(|link| link.misfit.clone());
            let is_refuted = misfit.is_some_and(|misfit| {
                chain.links.get(&misfit.by).is_some_and(|giver| giver.standing != Standing::Invalid)
            });
            if is_refuted {
                self.refute(name, end, &Fault::SignatureMismatch);
                continue;
            }
            let Some(link) = chain.links.get_mut(&end).filter(|link| link.standing == Standing::Pending) else {
                continue;
            };
            (link.standing, link.pending) = (Standing::Unsigned, None);
            let (uri, entries) = (link.uri.clone(), std::mem::take(&mut link.log_files));
            self.findings.unsigned.push(uri);
            self.tally.entry(name.group()).or_default().digests_unsigned += 1;
            self.promise(&name.group(), entries, true);
        }
    }

    /// Holds each digest against the hash that the next one repeats.
    fn check_hashes(&mut self, name: &ChainName) {
        let Some(chain) = self.chains.get(name) else { return };
        let mut changed = Vec::new();
        for link in chain.links.values().filter(|link| link.is_trusted()) {
            let (Some((_, Some(repeated))), Some(end)) = (&link.previous, link.previous_end()) else { continue };
            // One that counts for nothing is a problem already.
            let previous = chain.links.get(&end).filter(|previous| previous.is_trusted());
            let is_other = |hash: crate::digest::ContentHash| hash.to_string() != *repeated;
            if let Some(previous) = previous.filter(|previous| previous.hash.is_some_and(is_other)) {
                changed.push(previous.uri.clone());
            }
        }
        for uri in changed {
            let detail = "its content is not the one that the next digest repeats the hash of".to_owned();
            self.problem(&name.group(), ProblemKind::Changed, &uri, ("previous-hash-mismatch", detail));
        }
    }

    /// Lists the digests of a chain that must be there and are not.
    fn missing_digests(&mut self, name: &ChainName, extents: &mut Extents) {
        let Some(chain) = self.chains.get(name) else { return };
        let (mut missing, mut gaps) = (Vec::new(), Vec::new());
        let mut older: Option<Timestamp> = None;
        for (end, link) in &chain.links {
            let linked = link.previous_end();
            match (older, linked) {
                (_, Some(linked)) if !chain.links.contains_key(&linked) && linked < *end => {
                    missing.push((linked, LINKED));
                    let by_files = || extents.first_file(name)?.checked_sub(HOUR_SLACK).ok();
                    let floor = older.or_else(by_files);
                    missing.extend(hours_before(linked, floor).map(|hour| (hour, HOURLY)));
                }
                (Some(older), None) if link.is_trusted() && link.start > older && !name.is_backfill => {
                    gaps.push((older, link.start));
                }
                (Some(older), Some(linked)) if linked == older && link.start > older => gaps.push((older, link.start)),
                _ => {}
            }
            older = Some(*end);
        }
        if let Some(newest) = older.filter(|_| !name.is_backfill) {
            missing.extend(extents.after(name, newest));
        }
        for (from, until) in gaps {
            self.findings.gaps.push(Gap { group: name.group(), trail: name.trail.clone(), from, until });
        }
        for (end, reason) in missing {
            extents.miss(name, end);
            self.miss(name, end, reason);
        }
    }

    /// Lists the digests whose signatures were saved, and which are not there.
    fn named_by_metadata(&mut self, extents: &mut Extents) {
        let mut saved: Vec<(ChainName, Timestamp)> = Vec::new();
        for location in self.evidence.metadata.locations() {
            let Some(FileName::DigestFile(name)) = FileName::parse(location.file_name()) else { continue };
            let (end, name) = (name.end, ChainName::of(&name));
            let is_known = self.chains.get(&name).is_some_and(|chain| chain.links.contains_key(&end));
            if !is_known && extents.is_met(&name) && !extents.is_missed(&name, end) {
                saved.push((name, end));
            }
        }
        saved.sort();
        for (name, end) in saved {
            self.miss(&name, end, SAVED);
        }
    }

    fn miss(&mut self, name: &ChainName, end: Timestamp, reason: &'static str) {
        let start = end.saturating_sub(DIGEST_INTERVAL).unwrap_or(Timestamp::MIN);
        if !self.scope.touches(start, end) {
            return;
        }
        let linked = self.chains.get(name).and_then(|chain| {
            let named =
                chain.links.values().filter_map(|link| link.previous.as_ref().map(|(location, _)| (link, location)));
            let named = named.filter(|(link, _)| link.previous_end() == Some(end));
            named.map(|(_, location)| location.clone()).next().or_else(|| chain.location(end))
        });
        let uri = match linked {
            Some(location) => location.to_string(),
            None => {
                let saved = self.evidence.metadata.locations();
                let is_it = |location: &crate::digest::Location| {
                    matches!(FileName::parse(location.file_name()), Some(FileName::DigestFile(found))
                        if found.end == end && ChainName::of(&found) == *name)
                };
                saved.into_iter().find(is_it).map(|location| location.to_string()).unwrap_or_default()
            }
        };
        self.tally.entry(name.group()).or_default().digests_missing += 1;
        self.problem(&name.group(), ProblemKind::Missing, &uri, ("not-found", reason.to_owned()));
    }

    /// Says of the files that no digest names whether one should have.
    fn judge_unnamed(&mut self, files: Vec<FoundFile>) {
        let mut without: std::collections::BTreeSet<_> = std::collections::BTreeSet::new();
        for file in files {
            let (group, damage) = (group(&file), file.damage());
            let Some(name) = &file.name else {
                if !file.has_records {
                    self.findings.other_files += 1;
                    continue;
                }
                self.tally.entry(group.clone()).or_default().log_files_extra += 1;
                let detail = "it holds records, and no digest names it".to_owned();
                self.findings.problems.push(problem(&group, ProblemKind::Extra, file.uri, ("not-named", detail)));
                continue;
            };
            let delivered = name.time();
            let counts = self.tally.entry(group.clone()).or_default();
            if self.chains.iter().any(|(chain_name, chain)| chain_name.group() == group && chain.covers(delivered)) {
                counts.log_files_extra += 1;
                let detail = "no digest of its hour names it".to_owned();
                self.findings.problems.push(problem(&group, ProblemKind::Extra, file.uri, ("not-named", detail)));
                continue;
            }
            counts.log_files_uncovered += 1;
            if let Some(damage) = damage {
                let why = (damage.code(), damage.to_string());
                self.findings.problems.push(problem(&group, ProblemKind::Invalid, file.uri, why));
            }
            let is_other_region = |name: &ChainName| name.account == group.account && name.region != group.region;
            let has_chain = self.chains.keys().any(|name| name.group() == group);
            if !has_chain && self.chains.keys().any(is_other_region) {
                without.insert(group);
            }
        }
        for group in without {
            let detail = "there are log files and no digest at all, while other Regions of the account have digests";
            let place = format!("{} {}", group.account, group.region);
            self.tally.entry(group.clone()).or_default().digests_missing += 1;
            self.problem(&group, ProblemKind::Missing, &place, ("no-digests", detail.to_owned()));
        }
    }

    fn close(mut self) -> Findings {
        self.findings.problems.sort();
        self.findings.problems.dedup();
        self.findings.gaps.sort_by(|a, b| (&a.group, a.from).cmp(&(&b.group, b.from)));
        self.findings.unsigned.sort();
        for (name, counts) in std::mem::take(&mut self.tally) {
            let chains = self.chains.iter().filter(|(chain, _)| chain.group() == name);
            let spans = chains.filter_map(|(_, chain)| chain.extent());
            let covered = spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
            self.findings.groups.push(Group { name, counts, covered });
        }
        self.findings
    }
}

const LINKED: &str = "the next digest names it, and it is not there";
const HOURLY: &str = "there is a digest for each hour, and this one is not there";
const SAVED: &str = "its signature was saved, and it is not there";

/// Returns the ends of the hours between a digest that is known to be missing and the next older one that is there.
fn hours_before(missing: Timestamp, floor: Option<Timestamp>) -> impl Iterator<Item = Timestamp> {
    let before = |end: &Timestamp| end.checked_sub(DIGEST_INTERVAL).ok();
    let floor = floor.and_then(|floor| floor.checked_add(HOUR_SLACK).ok());
    std::iter::successors(before(&missing), before).take_while(move |end| floor.is_some_and(|floor| *end > floor))
}
