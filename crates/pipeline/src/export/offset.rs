//! How far an export has come, stored beside the lake: one small document for each destination, format and choice.
//!
//! It is replaced whole, and only after the destination has what it tells of. Format: `docs/format/export.md`.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use sink::{Outcome, Position};

use super::report::Refused;
use crate::error::{Error, ErrorKind, Result};

/// Version of the document.
const VERSION: u32 = 1;

/// The folder of the documents in the data folder.
const FOLDER: &str = "exports";

/// Bytes of a digest that name a document.
const NAME_BYTES: usize = 16;

/// What an offset belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Where the lake lies.
    pub lake: String,
    /// Where events go, without secrets: it is written down for people.
    pub destination: String,
    /// What tells the destination from others. It may be a secret: only a digest of it is kept.
    pub destination_key: String,
    /// What they become.
    pub format: String,
    /// Which they are, as it was asked for, so that `24h` is the same tomorrow.
    pub choice: String,
}

/// The document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Document {
    version: u32,
    lake: String,
    destination: String,
    format: String,
    choice: String,
    /// The sink's position.
    offset: Option<u64>,
    parts: u64,
    /// Events up to here are settled or were not chosen.
    settled: i64,
    /// Where the call ends that is under way.
    until: Option<u64>,
    /// What was refused and no finished run has told of yet.
    refused: Refused,
}

/// An offset that this process alone moves.
#[derive(Debug)]
pub struct Offset {
    document: Document,
    is_begun: bool,
    /// None where nothing is kept.
    file: Option<Kept>,
}

#[derive(Debug)]
struct Kept {
    path: PathBuf,
    folder: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

impl Offset {
    /// Returns an offset that is not kept: each run begins anew.
    pub fn unkept() -> Offset {
        Offset { document: Document { settled: -1, ..Document::default() }, is_begun: false, file: None }
    }

    /// Reads the offset of an export below the data folder of its lake, or begins one.
    ///
    /// # Errors
    /// If another process moves it, or it cannot be read.
    pub fn open(data: &Path, origin: &Origin) -> Result<Offset> {
        let folder = data.join(FOLDER);
        let name = name(origin);
        let path = folder.join(format!("{name}.json"));
        let failed = |error| failed("read", &path, error);
        make_folder(&folder).map_err(failed)?;
        let lock = private().create(true).truncate(false).open(folder.join(format!("{name}.lock"))).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Err(failed(error)),
            Err(TryLockError::WouldBlock) => {
                let Origin { destination, .. } = origin;
                let message =
                    format!("the same export to `{destination}` is under way in another process: end it first");
                return Err(Error::new(ErrorKind::Offset, message));
            }
        }
        let stored = match fs::read(&path) {
            Ok(bytes) => Some(parse(&bytes, &path)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        let is_begun = stored.is_some();
        let fresh = Document {
            version: VERSION,
            lake: origin.lake.clone(),
            destination: origin.destination.clone(),
            format: origin.format.clone(),
            choice: origin.choice.clone(),
            settled: -1,
            ..Document::default()
        };
        let document = stored.unwrap_or(fresh);
        Ok(Offset { document, is_begun, file: Some(Kept { path, folder, _lock: lock }) })
    }

    /// Goes back to the beginning. What is at the destination by then is written anew, as far as it is files.
    pub fn restart(&mut self) {
        let Document { offset, parts, settled, until, .. } = &mut self.document;
        (*offset, *parts, *settled, *until) = (None, 0, -1, None);
        self.is_begun = true;
    }

    /// Returns the position to open the sink from, or nothing at the very beginning.
    pub(super) fn position(&self) -> Option<Position> {
        self.is_begun.then_some(Position { offset: self.document.offset, parts: self.document.parts })
    }

    /// Returns the number above which events are to be read.
    pub(super) fn settled(&self) -> i64 {
        self.document.settled
    }

    /// Returns where the call ended that was under way.
    pub(super) fn until(&self) -> Option<u64> {
        self.document.until
    }

    /// Notes that a call is under way, up to this offset.
    pub(super) fn begin_call(&mut self, until: u64) -> Result<()> {
        if self.document.until.is_some_and(|planned| planned >= until) {
            return Ok(());
        }
        self.document.until = Some(until);
        self.store()
    }

    /// Notes what became of a call.
    pub(super) fn settle(&mut self, position: Position, outcome: &Outcome) -> Result<()> {
        let document = &mut self.document;
        (document.offset, document.parts) = (position.offset, position.parts);
        let offset = position.offset.and_then(|offset| i64::try_from(offset).ok());
        document.settled = document.settled.max(offset.unwrap_or(-1));
        if document.until.is_some_and(|until| position.offset >= Some(until)) {
            document.until = None;
        }
        document.refused.add(&outcome.refused);
        self.store()
    }

    /// Notes that nothing is left up to this number.
    pub(super) fn pass(&mut self, settled: i64) -> Result<()> {
        if settled <= self.document.settled {
            return Ok(());
        }
        self.document.settled = settled;
        self.store()
    }

    /// Gives out what was refused since it was last given out.
    pub(super) fn take_refused(&mut self) -> Result<Refused> {
        let refused = std::mem::take(&mut self.document.refused);
        if refused.total > 0 {
            self.store()?;
        }
        Ok(refused)
    }

    /// Writes the document. The one before stays until this one is whole.
    pub(super) fn store(&mut self) -> Result<()> {
        self.is_begun = true;
        let Some(Kept { path, folder, .. }) = &self.file else { return Ok(()) };
        let unfinished = path.with_extension("new");
        let written = serde_json::to_vec_pretty(&self.document).map_err(io::Error::from).and_then(|bytes| {
            let mut file = private().create(true).truncate(true).open(&unfinished)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&unfinished, path)?;
            if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
        });
        written.map_err(|error| failed("write", path, error))
    }
}

fn parse(bytes: &[u8], path: &Path) -> Result<Document> {
    let unknown = |what: String| {
        let message =
            format!("the offset `{}` {what}: begin anew by `--from-start`, with that file removed", path.display());
        Error::new(ErrorKind::Offset, message)
    };
    let document: Document =
        serde_json::from_slice(bytes).map_err(|error| unknown(format!("cannot be read, {error}")))?;
    match document.version {
        VERSION => Ok(document),
        version => Err(unknown(format!("is of version {version}, and this program knows {VERSION}"))),
    }
}

/// Returns the name of an export's document.
fn name(origin: &Origin) -> String {
    let Origin { lake, destination_key, format, choice, destination: _ } = origin;
    let mut context = Context::new(&SHA256);
    for part in [lake, destination_key, format, choice] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    context.finish().as_ref().iter().take(NAME_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

fn failed(attempted: &str, path: &Path, error: io::Error) -> Error {
    Error::because(ErrorKind::Offset, format!("could not {attempted} the offset `{}`", path.display()), error)
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// How files are opened that are their owner's alone.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use sink::Refusal;

    use super::*;

    fn origin() -> Origin {
        let text = |text: &str| text.to_owned();
        Origin {
            lake: text("lake"),
            destination: text("https://hooks.example.com"),
            destination_key: text("https://hooks.example.com/secret"),
            format: text("ecs"),
            choice: text("all"),
        }
    }

    fn outcome(refused: u64) -> Outcome {
        let refused = (0..refused).map(|offset| Refusal { id: "a".to_owned(), offset, reason: "so".to_owned() });
        Outcome { refused: refused.collect(), ..Outcome::default() }
    }

    #[test]
    fn what_is_stored_is_found_again() {
        let data = tempfile::tempdir().unwrap();
        let mut offset = Offset::open(data.path(), &origin()).unwrap();
        assert_eq!((offset.position(), offset.settled(), offset.until()), (None, -1, None));
        offset.begin_call(9).unwrap();
        offset.settle(Position { offset: Some(7), parts: 2 }, &outcome(2)).unwrap();
        offset.pass(3).unwrap();
        let other = Offset::open(data.path(), &origin()).unwrap_err();
        assert_eq!(other.kind(), ErrorKind::Offset, "{other}");
        drop(offset);

        let mut offset = Offset::open(data.path(), &origin()).unwrap();
        let found = (offset.position(), offset.settled(), offset.until());
        assert_eq!(found, (Some(Position { offset: Some(7), parts: 2 }), 7, Some(9)));
        assert_eq!(offset.take_refused().unwrap().total, 2);
        assert_eq!(offset.take_refused().unwrap(), Refused::default());
        offset.begin_call(8).unwrap();
        assert_eq!(offset.until(), Some(9), "a call that was begun keeps its end");
        offset.settle(Position { offset: Some(9), parts: 2 }, &outcome(0)).unwrap();
        offset.pass(20).unwrap();
        assert_eq!((offset.settled(), offset.until()), (20, None));
        offset.restart();
        assert_eq!((offset.position(), offset.settled()), (Some(Position::default()), -1));
    }

    #[test]
    fn each_export_has_its_own() {
        let change: [fn(&mut Origin); 5] = [
            |origin| origin.lake.push('x'),
            |origin| origin.destination_key.push('x'),
            |origin| origin.format.push('x'),
            |origin| origin.choice.push('x'),
            |origin| (origin.format, origin.choice) = ("ec".to_owned(), "sall".to_owned()),
        ];
        for (nth, change) in change.into_iter().enumerate() {
            let mut other = origin();
            change(&mut other);
            assert_ne!(name(&other), name(&origin()), "change {nth}");
        }
        let shown = Origin { destination: "elsewhere".to_owned(), ..origin() };
        assert_eq!(name(&shown), name(&origin()));
    }

    #[test]
    fn no_secret_is_written_and_damage_is_told() {
        let data = tempfile::tempdir().unwrap();
        Offset::open(data.path(), &origin()).unwrap().store().unwrap();
        let path = data.path().join(FOLDER).join(format!("{}.json", name(&origin())));
        assert!(!fs::read_to_string(&path).unwrap().contains("secret"));
        for text in [
            "",
            "{}",
            "{\"version\":2}",
            &fs::read_to_string(&path).unwrap().replace("\"version\": 1", "\"version\": 2"),
        ] {
            fs::write(&path, text).unwrap();
            let error = Offset::open(data.path(), &origin()).unwrap_err();
            assert!(error.to_string().contains("--from-start"), "{text}: {error}");
        }
    }
}
