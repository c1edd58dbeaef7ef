//! One run: fingerprints in order in a file, and a filter over their identities in memory.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use event::fingerprint::Fingerprint;
use parquet::bloom_filter::Sbbf;

use crate::error::{Error, ErrorKind, Result};
use crate::fingerprints::Known;
use crate::location;

/// Bytes of a fingerprint: identity, then content, both little-endian.
const WIDTH: u64 = 16;
/// Share of new events that the filter takes for known, and that are then looked for in the file.
const FALSE_POSITIVES: f64 = 0.01;

/// A run of fingerprints.
pub(super) struct Run {
    path: PathBuf,
    file: File,
    length: u64,
    filter: Sbbf,
    pub first_batch: i64,
    pub last_batch: i64,
}

/// The first and last batch of a run, from its name `FIRST-LAST.run`.
pub(super) fn batches(path: &Path) -> Option<(i64, i64)> {
    let (first, last) = path.file_name()?.to_str()?.strip_suffix(".run")?.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |error| Error::because(ErrorKind::Store, format!("use the fingerprints `{}`", path.display()), error)
}

impl Run {
    /// Writes sorted fingerprints as a run and makes it safe on disk.
    pub(super) fn write(folder: &Path, first_batch: i64, last_batch: i64, fingerprints: &[Fingerprint]) -> Result<Run> {
        let path = folder.join(format!("{first_batch}-{last_batch}.run"));
        let temporary = folder.join(format!("{first_batch}-{last_batch}.new"));
        let write = || {
            let mut file = BufWriter::new(File::create(&temporary)?);
            for fingerprint in fingerprints {
                file.write_all(&fingerprint.identity.to_le_bytes())?;
                file.write_all(&fingerprint.content.to_le_bytes())?;
            }
            file.into_inner().map_err(|error| error.into_error())?.sync_all()?;
            location::make_private_file(&temporary)?;
            fs::rename(&temporary, &path)
        };
        write().map_err(failed(&path))?;
        location::sync(folder)?;
        let mut filter = filter(fingerprints.len() as u64)?;
        fingerprints.iter().for_each(|fingerprint| filter.insert(&fingerprint.identity));
        let file = File::open(&path).map_err(failed(&path))?;
        Ok(Run { path, file, length: fingerprints.len() as u64, filter, first_batch, last_batch })
    }

    /// Opens all runs in a folder, of which there may be none.
    pub(super) fn open_all(folder: &Path) -> Result<Vec<Run>> {
        let mut runs = Vec::new();
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(runs),
            Err(error) => return Err(failed(folder)(error)),
        };
        for entry in entries {
            let path = entry.map_err(failed(folder))?.path();
            if let Some((first_batch, last_batch)) = batches(&path) {
                runs.push(Run::open(path, first_batch, last_batch)?);
            }
        }
        Ok(runs)
    }

    fn open(path: PathBuf, first_batch: i64, last_batch: i64) -> Result<Run> {
        let file = File::open(&path).map_err(failed(&path))?;
        let bytes = file.metadata().map_err(failed(&path))?.len();
        if bytes % WIDTH != 0 {
            let message =
                format!("`{}` is cut short: remove the folder `fingerprints` to have it rebuilt", path.display());
            return Err(Error::new(ErrorKind::Corrupt, message));
        }
        let mut filter = filter(bytes / WIDTH)?;
        let mut reader = BufReader::with_capacity(256 << 10, &file);
        let mut fingerprint = [0; WIDTH as usize];
        for _ in 0..bytes / WIDTH {
            reader.read_exact(&mut fingerprint).map_err(failed(&path))?;
            filter.insert(&decode(&fingerprint).identity);
        }
        Ok(Run { path, file, length: bytes / WIDTH, filter, first_batch, last_batch })
    }

    pub(super) fn len(&self) -> u64 {
        self.length
    }

    pub(super) fn filter_bytes(&self) -> usize {
        self.filter.num_blocks() * 32
    }

    /// Tells what this run knows of a fingerprint: a search for the pair shows the identity beside it.
    pub(super) fn known(&self, sought: Fingerprint) -> Result<Known> {
        if !self.filter.check(&sought.identity) {
            return Ok(Known::No);
        }
        let (mut low, mut high) = (0, self.length);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.at(middle)? < sought { low = middle + 1 } else { high = middle }
        }
        let mut known = Known::No;
        for position in low.saturating_sub(1)..self.length.min(low + 1) {
            known = known.max(Known::of(self.at(position)?, sought));
        }
        Ok(known)
    }

    fn at(&self, position: u64) -> Result<Fingerprint> {
        let mut bytes = [0; WIDTH as usize];
        self.file.read_exact_at(&mut bytes, position * WIDTH).map_err(failed(&self.path))?;
        Ok(decode(&bytes))
    }

    pub(super) fn read_all(&self, all: &mut Vec<Fingerprint>) -> Result<()> {
        let bytes = fs::read(&self.path).map_err(failed(&self.path))?;
        all.extend(bytes.as_chunks::<{ WIDTH as usize }>().0.iter().map(decode));
        Ok(())
    }

    pub(super) fn remove(self) -> Result<()> {
        fs::remove_file(&self.path).map_err(failed(&self.path))
    }
}

fn decode(bytes: &[u8; WIDTH as usize]) -> Fingerprint {
    let (mut identity, mut content) = ([0; 8], [0; 8]);
    identity.copy_from_slice(&bytes[..8]);
    content.copy_from_slice(&bytes[8..]);
    Fingerprint { identity: u64::from_le_bytes(identity), content: u64::from_le_bytes(content) }
}

/// Makes an empty filter with room for so many identities.
pub(super) fn filter(length: u64) -> Result<Sbbf> {
    Sbbf::new_with_ndv_fpp(length.max(1), FALSE_POSITIVES)
        .map_err(|error| Error::because(ErrorKind::Store, "make a filter for fingerprints", error))
}
