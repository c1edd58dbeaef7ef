//! Promised log files and found ones, brought together by their names.
//!
//! A pair that matches is forgotten but for a few bytes, so that memory grows with what does not match, and with at most
//! a day's files in a listing that goes by days.

use std::collections::{BTreeMap, HashMap};

use event::key::FileName;

use crate::audit::examine::FoundFile;
use crate::audit::findings::{Findings, GroupName, Problem, ProblemKind, Subject, Tally};
use crate::audit::state::group_of;
use crate::digest::{Content, ContentHash, Damage, LogFileEntry, Packing};

/// Most repacked files that are named for each account, Region and way of packing.
const REPACKED_NAMED_MAX: usize = 100;

/// A log file that a digest names.
#[derive(Debug)]
pub(super) struct Promise {
    pub(super) entry: LogFileEntry,
    pub(super) group: GroupName,
    pub(super) is_unsigned: bool,
}

/// A name in short. Nobody finds two log files whose names have the same first half of a SHA-256.
type ShortName = [u8; 16];

/// All names met so far.
#[derive(Debug, Default)]
pub(super) struct Files {
    names: HashMap<ShortName, State>,
    /// Second files of a name of which nothing was promised yet.
    rivals: Vec<FoundFile>,
    packings: BTreeMap<(GroupName, Packing), Packed>,
}

/// Proven files that are packed alike.
#[derive(Debug, Default)]
struct Packed {
    total: u64,
    named: Vec<String>,
}

/// What is known of a name.
#[derive(Debug)]
enum State {
    Promised(Box<Promise>),
    Found(Box<FoundFile>),
    /// Promised and found; the hash tells later copies.
    Settled(ContentHash),
    /// Named by a digest that counts for nothing, and by no other.
    Disowned,
}

impl Files {
    /// Takes up a promise.
    pub(super) fn promised(&mut self, promise: Promise, tally: &mut Tally, findings: &mut Findings) {
        let short = short(promise.entry.location.file_name());
        let state = match self.names.remove(&short) {
            None | Some(State::Disowned) => State::Promised(Box::new(promise)),
            Some(State::Found(found)) => self.judge(&promise, &found, tally, findings),
            Some(State::Settled(hash)) => {
                if hash.to_string() != promise.entry.hash {
                    findings.problems.push(contradiction(&promise));
                }
                State::Settled(hash)
            }
            Some(State::Promised(known)) => {
                if known.entry.hash != promise.entry.hash {
                    findings.problems.push(contradiction(&promise));
                }
                State::Promised(known)
            }
        };
        self.names.insert(short, state);
    }

    /// Takes up a file.
    pub(super) fn found(&mut self, file: FoundFile, tally: &mut Tally, findings: &mut Findings) {
        let short = short(file.uri.rsplit('/').next().unwrap_or(&file.uri));
        let state = match self.names.remove(&short) {
            None => State::Found(Box::new(file)),
            Some(State::Promised(promise)) => self.judge(&promise, &file, tally, findings),
            Some(State::Settled(hash)) => {
                again(&file, hash, tally, findings);
                State::Settled(hash)
            }
            Some(State::Found(first)) => {
                self.rivals.push(file);
                State::Found(first)
            }
            Some(State::Disowned) => {
                tally.entry(group(&file)).or_default().log_files_disowned += 1;
                State::Disowned
            }
        };
        self.names.insert(short, state);
    }

    /// Takes up a name that only a digest names which counts for nothing.
    pub(super) fn disowned(&mut self, name: &str, tally: &mut Tally) {
        let short = short(name);
        match self.names.get(&short) {
            None => {}
            Some(State::Found(file)) => tally.entry(group(file)).or_default().log_files_disowned += 1,
            Some(_) => return,
        }
        self.names.insert(short, State::Disowned);
    }

    fn judge(&mut self, promise: &Promise, file: &FoundFile, tally: &mut Tally, findings: &mut Findings) -> State {
        let counts = tally.entry(promise.group.clone()).or_default();
        let expected = ContentHash::parse(&promise.entry.hash);
        let (kind, why) = match file.content {
            Ok(content) if content.hash.to_string() == promise.entry.hash => {
                counts.log_files_valid += 1;
                counts.log_files_unsigned += u64::from(promise.is_unsigned);
                counts.content_bytes += content.bytes;
                self.pack(&promise.group, content, &file.uri);
                return State::Settled(content.hash);
            }
            Ok(_) => {
                counts.log_files_changed += 1;
                let detail = "its content is not the one that was delivered".to_owned();
                (ProblemKind::Changed, ("hash-mismatch", detail))
            }
            Err(damage) => {
                counts.log_files_damaged += 1;
                (ProblemKind::Invalid, (damage.code(), damage.to_string()))
            }
        };
        findings.problems.push(problem(&promise.group, kind, file.uri.clone(), why));
        // A copy elsewhere may be whole.
        expected.map_or(State::Disowned, State::Settled)
    }

    fn pack(&mut self, group: &GroupName, content: Content, uri: &str) {
        let packed = self.packings.entry((group.clone(), content.packing)).or_default();
        packed.total += 1;
        if packed.named.len() < REPACKED_NAMED_MAX {
            packed.named.push(uri.to_owned());
        }
    }

    /// Takes out the files of which a digest names the content under another name, and returns what is left: promises
    /// and files that have nothing to do with each other.
    pub(super) fn leftovers(&mut self, tally: &mut Tally, findings: &mut Findings) -> (Vec<Promise>, Vec<FoundFile>) {
        for rival in std::mem::take(&mut self.rivals) {
            self.found(rival, tally, findings);
        }
        let mut by_content: HashMap<String, Vec<FoundFile>> = HashMap::new();
        let (mut promises, mut files) = (Vec::new(), std::mem::take(&mut self.rivals));
        for state in std::mem::take(&mut self.names).into_values() {
            match state {
                State::Promised(promise) => promises.push(*promise),
                State::Found(file) => files.push(*file),
                State::Settled(_) | State::Disowned => {}
            }
        }
        promises.sort_by(|a, b| a.entry.location.cmp(&b.entry.location));
        files.sort_by(|a, b| b.uri.cmp(&a.uri));
        let mut left = Vec::new();
        for file in files {
            match file.content {
                Ok(content) => by_content.entry(content.hash.to_string()).or_default().push(file),
                Err(_) => left.push(file),
            }
        }
        let mut missing = Vec::new();
        for promise in promises {
            let Some(file) = by_content.get_mut(&promise.entry.hash).and_then(Vec::pop) else {
                missing.push(promise);
                continue;
            };
            findings.renamed.push((file.uri.clone(), promise.entry.location.to_string()));
            tally.entry(promise.group.clone()).or_default().log_files_renamed += 1;
            self.judge(&promise, &file, tally, findings);
        }
        left.extend(by_content.into_values().flatten());
        left.sort_by(|a, b| a.uri.cmp(&b.uri));
        (missing, left)
    }

    /// Says which proven files somebody has packed anew: those that are packed otherwise than CloudTrail packs, or
    /// otherwise than most files of their account and Region.
    pub(super) fn repacked(&self, tally: &mut Tally, findings: &mut Findings) {
        let mut most: BTreeMap<&GroupName, (u64, Packing)> = BTreeMap::new();
        for ((group, packing), packed) in &self.packings {
            let best = most.entry(group).or_insert((0, *packing));
            if packed.total > best.0 && is_own(*packing) {
                *best = (packed.total, *packing);
            }
        }
        for ((group, packing), packed) in &self.packings {
            if !is_own(*packing) || most.get(group).is_some_and(|(_, usual)| usual != packing) {
                tally.entry(group.clone()).or_default().log_files_repacked += packed.total;
                findings.repacked.extend(packed.named.iter().cloned());
            }
        }
    }
}

/// Returns whether CloudTrail may have packed a file like this: as one gzip stream without a name and a time.
fn is_own(packing: Packing) -> bool {
    matches!(packing, Packing::Gzip { flags: 0, has_time: false, .. })
}

/// Judges a further file of a name that is settled.
fn again(file: &FoundFile, hash: ContentHash, tally: &mut Tally, findings: &mut Findings) {
    let (name, counts) = (group(file), tally.entry(group(file)).or_default());
    let (kind, why) = match file.content {
        Ok(content) if content.hash == hash => {
            counts.copies += 1;
            return;
        }
        Ok(_) => {
            counts.log_files_changed += 1;
            let detail = "its content is not the one that was delivered under this name".to_owned();
            (ProblemKind::Changed, ("hash-mismatch", detail))
        }
        Err(damage) => {
            counts.log_files_damaged += 1;
            (ProblemKind::Invalid, (damage.code(), damage.to_string()))
        }
    };
    findings.problems.push(problem(&name, kind, file.uri.clone(), why));
}

fn contradiction(promise: &Promise) -> Problem {
    let detail = "two digests name other contents of it".to_owned();
    problem(&promise.group, ProblemKind::Changed, promise.entry.location.to_string(), ("conflict", detail))
}

/// Makes a problem of a log file.
pub(super) fn problem(group: &GroupName, kind: ProblemKind, uri: String, why: (&'static str, String)) -> Problem {
    Problem { group: group.clone(), subject: Subject::LogFile, kind, uri, code: why.0, detail: why.1 }
}

/// Returns the account and Region that a file's name tells.
pub(super) fn group(file: &FoundFile) -> GroupName {
    file.name.as_ref().map(group_of).unwrap_or_default()
}

fn short(name: &str) -> ShortName {
    let stem = FileName::parse(name).and_then(|_| name.strip_suffix(".gz")).unwrap_or(name);
    let hash = ContentHash::of(stem.as_bytes());
    hash.as_bytes().first_chunk::<16>().copied().unwrap_or_default()
}

impl FoundFile {
    /// Returns why a file that nobody promised cannot be read, where it cannot.
    pub(super) fn damage(&self) -> Option<Damage> {
        self.content.err()
    }
}
