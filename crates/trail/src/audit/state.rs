//! The audit while files come in: digests into their chains, log files to what was promised of them.

use std::collections::BTreeMap;

use event::key::FileName;
use jiff::Timestamp;

use crate::audit::chain::{Chain, ChainName, Link, Repeated, Standing};
use crate::audit::examine::{Claim, Evidence, Examined, FoundDigest, FoundFile};
use crate::audit::files::{Files, Promise};
use crate::audit::findings::{Findings, GroupName, Problem, ProblemKind, Subject, Tally};
use crate::digest::{Fault, LogFileEntry};

/// Which part of a copy is looked at, and when.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    /// Only what was delivered from then on.
    pub since: Option<Timestamp>,
    /// Only what was delivered before.
    pub until: Option<Timestamp>,
    /// The time at which the audit is made: the digest of an hour that has just passed may not be written yet.
    pub now: Timestamp,
}

impl Scope {
    /// Returns whether a delivery at this time counts.
    pub(crate) fn admits(&self, delivered: Timestamp) -> bool {
        self.since.is_none_or(|since| delivered >= since) && self.until.is_none_or(|until| delivered < until)
    }

    /// Returns whether some of the time between the two counts.
    pub(crate) fn touches(&self, start: Timestamp, end: Timestamp) -> bool {
        self.since.is_none_or(|since| end > since) && self.until.is_none_or(|until| start < until)
    }
}

/// An audit in the making. What comes in may come in any order; memory grows with digests and with what does not match.
#[derive(Debug)]
pub struct Audit {
    pub(super) scope: Scope,
    pub(super) evidence: Evidence,
    pub(super) chains: BTreeMap<ChainName, Chain>,
    pub(super) files: Files,
    pub(super) tally: Tally,
    pub(super) findings: Findings,
}

impl Audit {
    /// Begins an audit.
    pub fn new(scope: Scope, evidence: Evidence) -> Audit {
        Audit {
            scope,
            evidence,
            chains: BTreeMap::new(),
            files: Files::default(),
            tally: Tally::new(),
            findings: Findings::default(),
        }
    }

    /// Takes up what a file turned out to be.
    pub fn take(&mut self, examined: Examined) {
        match examined {
            Examined::Digest(digest) => self.digest(*digest),
            Examined::File(file) => self.file(*file),
        }
    }

    fn file(&mut self, file: FoundFile) {
        if file.name.as_ref().is_some_and(|name| !self.scope.admits(name.time())) {
            return;
        }
        self.files.found(file, &mut self.tally, &mut self.findings);
    }

    fn digest(&mut self, digest: FoundDigest) {
        let FoundDigest { uri, name, outcome, has_trailing_data } = digest;
        let group = name.as_ref().map(group_of).unwrap_or_default();
        if has_trailing_data {
            let detail = "a second gzip stream or other bytes follow the digest".to_owned();
            self.problem(&group, ProblemKind::Invalid, &uri, ("trailing-data", detail));
        }
        match outcome {
            Ok(claim) => self.claim(uri, claim),
            Err(fault) => {
                if let Some(FileName::DigestFile(name)) = &name {
                    let chain = self.chains.entry(ChainName::of(name)).or_default();
                    chain.broken(name.end);
                }
                self.invalid(&group, &uri, &fault);
            }
        }
    }

    fn invalid(&mut self, group: &GroupName, uri: &str, fault: &Fault) {
        self.tally.entry(group.clone()).or_default().digests_invalid += 1;
        self.problem(group, ProblemKind::Invalid, uri, (fault.code(), fault.to_string()));
    }

    /// Notes a problem of a digest.
    pub(super) fn problem(&mut self, group: &GroupName, kind: ProblemKind, uri: &str, why: (&'static str, String)) {
        self.findings.problems.push(Problem {
            group: group.clone(),
            subject: Subject::Digest,
            kind,
            uri: uri.to_owned(),
            code: why.0,
            detail: why.1,
        });
    }

    /// Takes up a digest that says something, proven or not yet.
    fn claim(&mut self, uri: String, claim: Claim) {
        let Claim { file, key, hash, pending } = claim;
        let FileName::DigestFile(name) = &key.file else { return };
        let group = group_of(&key.file);
        let (chain_name, end) = (ChainName::of(name), name.end);
        let chain = self.chains.entry(chain_name.clone()).or_default();
        if let Some(known) = chain.links.get(&end).filter(|known| known.standing != Standing::Invalid) {
            if known.hash == Some(hash) {
                self.tally.entry(group).or_default().copies += 1;
            } else {
                let detail = format!("another digest of the same hour lies at `{}`", known.uri);
                self.problem(&group, ProblemKind::Changed, &uri, ("conflict", detail));
            }
            return;
        }
        let repeated = chain.awaited.remove(&end);
        let previous_signature = file.previous.as_ref().and_then(|previous| previous.signature.clone());
        let link = Link {
            start: file.start,
            uri,
            location: Some(file.location),
            hash: Some(hash),
            previous: file.previous.map(|previous| (previous.location, previous.hash)),
            standing: if pending.is_some() { Standing::Pending } else { Standing::Valid },
            pending,
            misfit: None,
            log_files: file.log_files,
        };
        chain.template.get_or_insert(key);
        let previous_end = link.previous_end();
        chain.links.insert(end, link);
        if let (Some(previous), Some(signature)) = (previous_end, previous_signature) {
            let repeated = Repeated { signature, by: end };
            if chain.links.contains_key(&previous) {
                self.settle(&chain_name, previous, Some(repeated));
            } else {
                chain.awaited.insert(previous, repeated);
            }
        }
        self.settle(&chain_name, end, repeated);
    }

    /// Judges a digest that was waiting for its signature, and hands on what it promises once it is judged.
    pub(super) fn settle(&mut self, name: &ChainName, end: Timestamp, repeated: Option<Repeated>) {
        let Some(chain) = self.chains.get_mut(name) else { return };
        let is_given_by_proven = repeated.as_ref().and_then(|repeated| chain.links.get(&repeated.by));
        let is_given_by_proven = is_given_by_proven.is_some_and(|giver| giver.pending.is_none());
        let Some(link) = chain.links.get_mut(&end) else { return };
        if let (Some(pending), Some(repeated)) = (&link.pending, repeated) {
            match pending.verify(&repeated.signature, &self.evidence.keys) {
                Ok(()) => (link.pending, link.standing) = (None, Standing::Valid),
                Err(_) if !is_given_by_proven => link.misfit = Some(repeated),
                Err(fault) => return self.refute(name, end, &fault),
            }
        }
        if link.standing == Standing::Valid {
            link.standing = Standing::Counted;
            let entries = std::mem::take(&mut link.log_files);
            self.tally.entry(name.group()).or_default().digests_valid += 1;
            self.promise(&name.group(), entries, false);
        }
    }

    /// Takes back a digest that was waiting for its signature and does not fit it.
    pub(super) fn refute(&mut self, name: &ChainName, end: Timestamp, fault: &Fault) {
        let Some(link) = self.chains.get_mut(name).and_then(|chain| chain.links.get_mut(&end)) else { return };
        (link.pending, link.misfit, link.standing) = (None, None, Standing::Invalid);
        let (uri, entries) = (link.uri.clone(), std::mem::take(&mut link.log_files));
        self.invalid(&name.group(), &uri, fault);
        entries.iter().for_each(|entry| self.files.disowned(entry.location.file_name(), &mut self.tally));
    }

    /// Takes up what a digest promises.
    pub(super) fn promise(&mut self, group: &GroupName, entries: Vec<LogFileEntry>, is_unsigned: bool) {
        for entry in entries {
            let name = FileName::parse(entry.location.file_name());
            if name.as_ref().is_some_and(|name| !self.scope.admits(name.time())) {
                continue;
            }
            let promise = Promise { entry, group: group.clone(), is_unsigned };
            self.files.promised(promise, &mut self.tally, &mut self.findings);
        }
    }
}

/// Returns the account and Region in a file's name.
pub(super) fn group_of(name: &FileName) -> GroupName {
    GroupName { account: name.account().to_string(), region: name.region().to_string() }
}
