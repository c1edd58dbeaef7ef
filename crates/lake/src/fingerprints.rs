//! Which events are stored already: sorted runs of 128-bit fingerprints on local disk, a folder for each event date.
//!
//! A batch is looked up among the runs of its own dates only. A filter in memory answers for nearly all events that
//! they are new; what may be known is searched for in the run itself. Runs are made before their batch is committed
//! and named after it, so that after a crash those of batches that never were are told by their names. The folder can
//! be rebuilt from the table. Format: `docs/format/fingerprints.md`.

mod everywhere;
mod run;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use event::fingerprint::{Fingerprint, FingerprintKey};

use crate::error::{Error, ErrorKind, Result};
use crate::location;
use everywhere::{Everywhere, IDENTITIES_MAX};
use run::Run;

/// What is already known of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Never seen.
    New,
    /// Same identity and content.
    Duplicate,
    /// Same identity, other content.
    Conflict,
}

/// What is stored of a fingerprint; the later the more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Known {
    No,
    /// Its identity, with other content.
    Identity,
    /// Its identity and content.
    Both,
}

impl Known {
    /// Compares a stored fingerprint with the one that is looked for.
    fn of(stored: Fingerprint, sought: Fingerprint) -> Known {
        match stored.identity == sought.identity {
            true if stored.content == sought.content => Known::Both,
            true => Known::Identity,
            false => Known::No,
        }
    }
}

/// Shelf of events whose date is out of range.
pub(crate) const UNDATED: &str = "none";
/// Shelf of the fingerprints of rejects.
pub(crate) const REJECTED: &str = "rejects";
/// Shelf of what is known of log files.
pub(crate) const LISTED: &str = "log-files";

/// The file that holds the key. Its number is that of the hash: without it a folder is made anew.
const KEY: &str = "key-2";
/// Runs of one shelf before they are merged into one.
const RUNS_MAX: usize = 6;
/// Most bytes of filters held in memory; the shelf that was not used for longest is closed first.
const FILTER_BYTES_MAX: usize = 64 << 20;

/// All fingerprints of a lake.
pub(crate) struct Fingerprints {
    folder: PathBuf,
    key: FingerprintKey,
    shelves: HashMap<String, Shelf>,
    /// Fingerprints of batches that are not committed yet, sorted.
    in_flight: Vec<InFlight>,
    /// All identities; none while they have not been needed, or are too many.
    everywhere: Option<Everywhere>,
    too_many: bool,
    clock: u64,
}

struct InFlight {
    batch: i64,
    shelf: String,
    fingerprints: Vec<Fingerprint>,
    /// The run, once it is written.
    run: Option<Run>,
}

/// The runs of one event date.
#[derive(Default)]
struct Shelf {
    runs: Vec<Run>,
    used: u64,
}

impl Fingerprints {
    /// Opens the folder. Returns also whether it had to be made anew, in which case it must be rebuilt: when it is
    /// missing, or when the lake holds batches (up to `stored`) that it knows nothing of.
    ///
    /// `is_committed` tells for a shelf and a batch whether the batch is in the lake.
    pub(crate) fn open(
        data: &Path,
        stored: i64,
        is_committed: impl Fn(&str, i64) -> bool,
    ) -> Result<(Fingerprints, bool)> {
        let folder = data.join("fingerprints");
        location::make_private_folder(&folder)?;
        let failed =
            |error| Error::because(ErrorKind::Store, format!("open the fingerprints in `{}`", folder.display()), error);
        let key = read_key(&folder.join(KEY))?;
        let last = last_batch_of_runs(&folder, is_committed).map_err(failed)?;
        let key = key.filter(|_| last >= stored);
        if key.is_none() {
            // Runs without their key are of no use to anybody, and an outdated set is worse than none.
            fs::remove_dir_all(&folder).map_err(failed)?;
            location::make_private_folder(&folder)?;
        }
        let fresh = key.is_none();
        let key = FingerprintKey(key.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0));
        let fingerprints = Fingerprints {
            folder,
            key,
            shelves: HashMap::new(),
            in_flight: Vec::new(),
            everywhere: None,
            too_many: false,
            clock: 0,
        };
        Ok((fingerprints, fresh))
    }

    /// Writes the key down: from now on the folder counts as complete.
    pub(crate) fn seal(&self) -> Result<()> {
        let path = self.folder.join(KEY);
        fs::write(&path, format!("{:016x}\n", self.key.0))
            .and_then(|()| location::make_private_file(&path))
            .map_err(|error| Error::because(ErrorKind::Store, format!("write `{}`", path.display()), error))?;
        location::sync(&path)?;
        location::sync(&self.folder)
    }

    pub(crate) fn key(&self) -> FingerprintKey {
        self.key
    }

    /// Tells for each fingerprint whether it is known, and holds the new ones as those of a batch in flight.
    pub(crate) fn sort_out(&mut self, shelf: &str, batch: i64, fingerprints: &[Fingerprint]) -> Result<Vec<Verdict>> {
        self.open_shelf(shelf)?;
        self.open_shelf(UNDATED)?;
        self.open_everywhere(fingerprints.len() as u64)?;
        let mut verdicts = vec![Verdict::New; fingerprints.len()];
        let mut order: Vec<u32> = (0..fingerprints.len() as u32).collect();
        // Equal identities side by side, the first come first.
        order.sort_unstable_by_key(|at| (fingerprints[*at as usize].identity, *at));
        let mut fresh = Vec::with_capacity(fingerprints.len());
        let mut seen = HashSet::new();
        for same in order.chunk_by(|a, b| fingerprints[*a as usize].identity == fingerprints[*b as usize].identity) {
            seen.clear();
            for at in same {
                let fingerprint = fingerprints[*at as usize];
                let known = match seen.contains(&fingerprint.content) {
                    true => Known::Both,
                    false => {
                        self.known(shelf, fingerprint)?.max(if seen.is_empty() { Known::No } else { Known::Identity })
                    }
                };
                verdicts[*at as usize] = match known {
                    Known::Both => Verdict::Duplicate,
                    Known::Identity => Verdict::Conflict,
                    Known::No => Verdict::New,
                };
                if known != Known::Both {
                    fresh.push(fingerprint);
                    // Nearly all identities come once: for those nothing needs to be remembered.
                    if same.len() > 1 {
                        seen.insert(fingerprint.content);
                    }
                }
            }
        }
        self.hold(shelf, batch, fresh);
        Ok(verdicts)
    }

    fn hold(&mut self, shelf: &str, batch: i64, mut fresh: Vec<Fingerprint>) {
        if fresh.is_empty() {
            return;
        }
        if let Some(everywhere) = self.everywhere.as_mut().filter(|_| is_of_events(shelf)) {
            fresh.iter().for_each(|fingerprint| everywhere.insert(fingerprint.identity));
        }
        let same = |in_flight: &&mut InFlight| in_flight.batch == batch && in_flight.shelf == shelf;
        match self.in_flight.iter_mut().find(same) {
            Some(in_flight) => {
                in_flight.fingerprints.append(&mut fresh);
                in_flight.fingerprints.sort_unstable();
            }
            None => {
                fresh.sort_unstable();
                self.in_flight.push(InFlight { batch, shelf: shelf.to_owned(), fingerprints: fresh, run: None });
            }
        }
    }

    /// Tells what is known of a fingerprint: on its own date, among the undated, and then on any other date.
    fn known(&self, shelf: &str, fingerprint: Fingerprint) -> Result<Known> {
        let mut known = self.known_on(shelf, fingerprint)?;
        // An event that lay too far ahead when it first came was put among the undated.
        if !is_of_events(shelf) {
            return Ok(known);
        }
        if known != Known::Both && shelf != UNDATED {
            known = known.max(self.known_on(UNDATED, fingerprint)?);
        }
        if known != Known::No || !self.everywhere.as_ref().is_some_and(|all| all.may_know(fingerprint.identity)) {
            return Ok(known);
        }
        let others = self.shelves.keys().chain(self.in_flight.iter().map(|in_flight| &in_flight.shelf));
        for other in others.filter(|other| *other != shelf && is_of_events(other)) {
            known = known.max(self.known_on(other, fingerprint)?);
        }
        Ok(known)
    }

    fn known_on(&self, shelf: &str, fingerprint: Fingerprint) -> Result<Known> {
        let mut known = Known::No;
        for in_flight in self.in_flight.iter().filter(|in_flight| in_flight.shelf == shelf) {
            let at = in_flight.fingerprints.partition_point(|found| *found < fingerprint);
            let around = [at.checked_sub(1), Some(at)].into_iter().flatten();
            for found in around.filter_map(|at| in_flight.fingerprints.get(at)) {
                known = known.max(Known::of(*found, fingerprint));
            }
        }
        for run in self.shelves.get(shelf).map_or(&[][..], |shelf| &shelf.runs) {
            known = known.max(run.known(fingerprint)?);
        }
        Ok(known)
    }

    /// Gathers all identities in one filter, on first use and when the last filter is full.
    fn open_everywhere(&mut self, more: u64) -> Result<()> {
        if self.too_many || self.everywhere.as_ref().is_some_and(|everywhere| !everywhere.is_full()) {
            return Ok(());
        }
        let shelves = self.shelf_names()?;
        for shelf in shelves.iter().filter(|shelf| is_of_events(shelf)) {
            self.open_shelf(shelf)?;
        }
        let stored = self.shelves.values().flat_map(|shelf| &shelf.runs).map(Run::len).sum::<u64>();
        let in_flight = self.in_flight.iter().map(|in_flight| in_flight.fingerprints.len() as u64).sum::<u64>();
        if stored + in_flight + more > IDENTITIES_MAX {
            (self.everywhere, self.too_many) = (None, true);
            self.close_unused();
            return Ok(());
        }
        let mut everywhere = Everywhere::with_room_for(stored + in_flight + more)?;
        let mut fingerprints = Vec::new();
        for run in self.shelves.values().flat_map(|shelf| &shelf.runs) {
            fingerprints.clear();
            run.read_all(&mut fingerprints)?;
            fingerprints.iter().for_each(|fingerprint| everywhere.insert(fingerprint.identity));
        }
        for in_flight in &self.in_flight {
            in_flight.fingerprints.iter().for_each(|fingerprint| everywhere.insert(fingerprint.identity));
        }
        self.everywhere = Some(everywhere);
        Ok(())
    }

    fn shelf_names(&self) -> Result<Vec<String>> {
        let failed = |error| {
            Error::because(ErrorKind::Store, format!("list the fingerprints in `{}`", self.folder.display()), error)
        };
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_type().map_err(failed)?.is_dir() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        Ok(names)
    }

    /// Writes the runs of a batch, before the batch is committed.
    pub(crate) fn write_runs(&mut self, batch: i64) -> Result<()> {
        for in_flight in self.in_flight.iter_mut().filter(|in_flight| in_flight.batch == batch) {
            let folder = self.folder.join(&in_flight.shelf);
            location::make_private_folder(&folder)?;
            in_flight.run = Some(Run::write(&folder, batch, batch, &in_flight.fingerprints)?);
        }
        Ok(())
    }

    /// Counts a batch as stored.
    pub(crate) fn commit(&mut self, batch: i64) -> Result<()> {
        let (done, rest) =
            std::mem::take(&mut self.in_flight).into_iter().partition(|in_flight| in_flight.batch == batch);
        self.in_flight = rest;
        let done: Vec<InFlight> = done;
        for in_flight in done {
            let Some(run) = in_flight.run else { continue };
            // A shelf that was closed meanwhile reads this run from disk when it is opened again, and one that was
            // opened meanwhile has read it.
            let Some(shelf) = self.shelves.get_mut(&in_flight.shelf) else { continue };
            if !shelf
                .runs
                .iter()
                .any(|known| known.first_batch == run.first_batch && known.last_batch == run.last_batch)
            {
                shelf.runs.push(run);
            }
            if shelf.runs.len() > RUNS_MAX {
                let folder = self.folder.join(&in_flight.shelf);
                merge(&folder, &mut shelf.runs)?;
            }
        }
        self.close_unused();
        Ok(())
    }

    fn open_shelf(&mut self, name: &str) -> Result<()> {
        self.clock += 1;
        if let Some(shelf) = self.shelves.get_mut(name) {
            shelf.used = self.clock;
            return Ok(());
        }
        let runs = Run::open_all(&self.folder.join(name))?;
        self.shelves.insert(name.to_owned(), Shelf { runs, used: self.clock });
        Ok(())
    }

    fn close_unused(&mut self) {
        let bytes = |shelf: &Shelf| shelf.runs.iter().map(Run::filter_bytes).sum::<usize>();
        while self.shelves.len() > 1 && self.shelves.values().map(bytes).sum::<usize>() > FILTER_BYTES_MAX {
            let oldest = self.shelves.iter().min_by_key(|(_, shelf)| shelf.used).map(|(name, _)| name.clone());
            if let Some(name) = oldest {
                self.shelves.remove(&name);
            }
        }
    }
}

/// Merges the smaller runs of a shelf, so that a fingerprint is written a few times and not once for every batch.
fn merge(folder: &Path, runs: &mut Vec<Run>) -> Result<()> {
    // Neighbours only: a run's name gives the first and the last batch in it.
    runs.sort_by_key(|run| run.first_batch);
    let mut from = runs.len() - 1;
    let mut length = runs[from].len();
    while from > 0 && runs[from - 1].len() <= length * 2 {
        from -= 1;
        length += runs[from].len();
    }
    from = from.min(runs.len() - 2);
    let old = runs.split_off(from);
    let mut all = Vec::new();
    for run in &old {
        run.read_all(&mut all)?;
    }
    all.sort_unstable();
    let (first, last) = (old[0].first_batch, old[old.len() - 1].last_batch);
    runs.push(Run::write(folder, first, last, &all)?);
    for run in old {
        run.remove()?;
    }
    Ok(())
}

/// Reads the key, if there is one.
fn read_key(path: &Path) -> Result<Option<u64>> {
    match fs::read_to_string(path) {
        Ok(text) => match u64::from_str_radix(text.trim(), 16) {
            Ok(key) => Ok(Some(key)),
            Err(_) => {
                let message = format!("`{}` holds no key: remove its folder to have it rebuilt", path.display());
                Err(Error::new(ErrorKind::Corrupt, message))
            }
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::because(ErrorKind::Store, format!("read `{}`", path.display()), error)),
    }
}

/// Removes runs of batches that never reached the lake, and what an interrupted write left; returns the last batch of
/// events that there is a run of.
fn last_batch_of_runs(folder: &Path, is_committed: impl Fn(&str, i64) -> bool) -> std::io::Result<i64> {
    let mut newest = 0;
    for shelf in fs::read_dir(folder)? {
        let shelf = shelf?;
        if !shelf.file_type()?.is_dir() {
            continue;
        }
        let name = shelf.file_name().to_string_lossy().into_owned();
        let mut batches = Vec::new();
        for file in fs::read_dir(shelf.path())? {
            let path = file?.path();
            match run::batches(&path) {
                Some((first, last)) if is_committed(&name, last) => batches.push((first, last, path)),
                _ => fs::remove_file(path)?,
            }
        }
        // A crash in the middle of a merge leaves a run beside those it was made of.
        for (first, last, path) in &batches {
            let covered =
                batches.iter().any(|(f, l, other)| other != path && f <= first && l >= last && (f, l) != (first, last));
            if covered {
                fs::remove_file(path)?;
            }
        }
        if is_of_events(&name) {
            newest = batches.iter().map(|(_, last, _)| *last).fold(newest, i64::max);
        }
    }
    Ok(newest)
}

/// Returns whether a shelf holds the fingerprints of events.
fn is_of_events(shelf: &str) -> bool {
    shelf != REJECTED && shelf != LISTED
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(identity: u64, content: u64) -> Fingerprint {
        Fingerprint { identity: identity.wrapping_mul(0x9e37_79b9_7f4a_7c15), content }
    }

    #[test]
    fn fingerprints_of_another_version_are_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (mut fingerprints, _) = Fingerprints::open(folder.path(), 0, |_, _| true).unwrap();
        fingerprints.seal().unwrap();
        fingerprints.sort_out("2026-01-01", 1, &[fingerprint(1, 1)]).unwrap();
        fingerprints.write_runs(1).unwrap();
        fingerprints.commit(1).unwrap();
        drop(fingerprints);
        assert!(!Fingerprints::open(folder.path(), 1, |_, _| true).unwrap().1);
        let file = |name: &str| folder.path().join("fingerprints").join(name);
        fs::rename(file(KEY), file("key")).unwrap();
        assert!(Fingerprints::open(folder.path(), 1, |_, _| true).unwrap().1);
        assert_eq!(fs::read_dir(folder.path().join("fingerprints")).unwrap().count(), 0, "nothing of it is left");
    }

    #[test]
    fn knows_what_was_stored_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (mut fingerprints, fresh) = Fingerprints::open(folder.path(), 0, |_, _| true).unwrap();
        assert!(fresh);
        fingerprints.seal().unwrap();
        // Thirty batches of which each repeats a part of the one before and brings one conflict.
        for batch in 0..30u64 {
            let given: Vec<_> = (0..100)
                .map(|n| fingerprint(batch * 50 + n, 1))
                .chain([fingerprint(batch * 50, 2), fingerprint(batch * 50, 2)])
                .collect();
            let verdicts = fingerprints.sort_out("2026-01-01", batch as i64, &given).unwrap();
            let duplicates = verdicts.iter().filter(|verdict| **verdict == Verdict::Duplicate).count();
            let conflicts = verdicts.iter().filter(|verdict| **verdict == Verdict::Conflict).count();
            assert_eq!((duplicates, conflicts), (if batch == 0 { 1 } else { 51 }, 1), "batch {batch}");
            fingerprints.write_runs(batch as i64).unwrap();
            // The program dies before the last batch is committed.
            if batch < 29 {
                fingerprints.commit(batch as i64).unwrap();
            }
        }
        assert!(fingerprints.shelves["2026-01-01"].runs.len() <= RUNS_MAX);
        drop(fingerprints);
        let (mut fingerprints, fresh) = Fingerprints::open(folder.path(), 28, |_, batch| batch != 29).unwrap();
        assert!(!fresh);
        let last = fingerprint(29 * 50 + 99, 1);
        let old = fingerprint(3, 1);
        assert_eq!(fingerprints.sort_out("2026-01-01", 30, &[last, old]).unwrap(), [Verdict::New, Verdict::Duplicate]);
        // On another date it cannot be the same record, so one of the two is not what it says.
        assert_eq!(fingerprints.sort_out("2026-01-02", 30, &[fingerprint(3, 9)]).unwrap(), [Verdict::Conflict]);
        drop(fingerprints);
        // A lake that holds more than the folder knows of makes it anew.
        assert!(Fingerprints::open(folder.path(), 31, |_, _| true).unwrap().1);
        let (mut fingerprints, _) = Fingerprints::open(folder.path(), 0, |_, _| true).unwrap();
        assert_eq!(fingerprints.sort_out("2026-01-03", 30, &[fingerprint(1 << 40, 1)]).unwrap(), [Verdict::New]);
    }
}
