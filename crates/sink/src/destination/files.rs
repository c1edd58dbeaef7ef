//! Numbered files in a folder, each of which appears at once and whole.
//!
//! The file that is being written is called `NAME-000001.jsonl.partial`. It is synced and renamed when it is full, and
//! only then does the position move over its payloads. A sink that is opened again from its position begins that file
//! anew, and puts the same bytes in place of what came after the position, if anything did.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};
use crate::part::{Framing, Part, PartLimits, extension};
use crate::payload::{Outcome, Payload, Position};

/// How many digits a file's number has at least.
const NUMBER_DIGITS: usize = 6;

/// How many bytes are given to the file system at once.
const WRITE_BYTES: usize = 256 << 10;

/// Where files are written, and how large they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesSettings {
    /// The folder. It is made, with those above it, if it is not there.
    pub folder: PathBuf,
    /// How the names of the files begin.
    pub name: String,
    /// How they end: what the payloads are, such as `jsonl`, `csv`.
    pub extension: String,
    /// Whether they are compressed; their names then end with `.gz`.
    pub gzip: bool,
    /// How payloads stand in them.
    pub framing: Framing,
    /// How much goes into one.
    pub part: PartLimits,
}

impl FilesSettings {
    /// Returns the settings for files called `NAME-000001.jsonl`, of 128 MiB each.
    pub fn new(folder: impl Into<PathBuf>, name: impl Into<String>) -> Self {
        let extension = "jsonl".to_owned();
        let (framing, part) = (Framing::default(), PartLimits::default());
        Self { folder: folder.into(), name: name.into(), extension, gzip: false, framing, part }
    }
}

/// The files of one name in one folder.
#[derive(Debug)]
pub(crate) struct Files {
    settings: FilesSettings,
    open: Option<OpenFile>,
}

#[derive(Debug)]
struct OpenFile {
    number: u64,
    path: PathBuf,
    part: Part<BufWriter<File>>,
}

impl Files {
    pub(crate) fn open(settings: FilesSettings, from: Option<Position>) -> Result<Self> {
        for (what, text) in [("name", &settings.name), ("ending", &settings.extension)] {
            if text.is_empty() || text.contains(['/', '\\', '\0']) {
                let message = format!("files cannot have the {what} `{}`", text.escape_debug());
                return Err(Error::new(ErrorKind::Configuration, message).advise("give a name without slashes"));
            }
        }
        make_folder(&settings.folder)
            .map_err(|source| Error::io("cannot make the folder", &settings.folder, source))?;
        let files = Self { settings, open: None };
        if from.is_none()
            && let Some(found) = files.any_finished()?
        {
            let message = format!("cannot begin to write: `{}` is there already", found.display());
            return Err(Error::new(ErrorKind::Occupied, message)
                .advise("go on from the stored position, or choose another folder or name"));
        }
        Ok(files)
    }

    // The calls of the file system are not handed to another thread: a sink has one caller, who waits for them anyway,
    // and a write that goes on after its caller has gone would meet the one that begins the file anew.
    pub(crate) fn send(&mut self, payloads: &[Payload], position: &mut Position) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        for payload in payloads {
            if let Err(error) = self.write(payload, position) {
                return Err(error.after(outcome));
            }
            outcome.accepted += 1;
        }
        Ok(outcome)
    }

    fn write(&mut self, payload: &Payload, position: &mut Position) -> Result<()> {
        if self.open.as_ref().is_some_and(|open| !open.part.takes(payload, &self.settings.part)) {
            self.flush(position)?;
        }
        let open = match &mut self.open {
            Some(open) => open,
            None => {
                let begun = self.begin(position.parts + 1)?;
                self.open.insert(begun)
            }
        };
        open.part.write(payload).map_err(|source| Error::io("cannot write", &open.path, source))
    }

    /// Finishes the file that is being written, if there is one.
    pub(crate) fn flush(&mut self, position: &mut Position) -> Result<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let offset = open.part.offset();
        let finished = self.settings.folder.join(self.file_name(open.number));
        let done = open.part.finish().and_then(|buffer| {
            let file = buffer.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()?;
            fs::rename(&open.path, &finished)?;
            sync_folder(&self.settings.folder)
        });
        done.map_err(|source| Error::io("cannot finish", &finished, source))?;
        *position = Position { offset: Some(offset), parts: open.number };
        Ok(())
    }

    fn begin(&self, number: u64) -> Result<OpenFile> {
        let path = self.settings.folder.join(format!("{}.partial", self.file_name(number)));
        let fail = |source| Error::io("cannot write", &path, source);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message = format!("cannot write `{}`: another process is writing it", path.display());
                return Err(Error::new(ErrorKind::Occupied, message).advise("wait for its end, or choose another name"));
            }
            Err(TryLockError::Error(source)) => return Err(fail(source)),
        }
        file.set_len(0).map_err(fail)?;
        let buffer = BufWriter::with_capacity(WRITE_BYTES, file);
        let part = Part::new(buffer, self.settings.gzip, self.settings.framing.clone());
        Ok(OpenFile { number, path, part })
    }

    fn file_name(&self, number: u64) -> String {
        let extension = extension(&self.settings.extension, self.settings.gzip);
        format!("{}-{number:0NUMBER_DIGITS$}.{extension}", self.settings.name)
    }

    /// Returns a finished file of this name, if there is one.
    fn any_finished(&self) -> Result<Option<PathBuf>> {
        let folder = &self.settings.folder;
        let fail = |source| Error::io("cannot list", folder, source);
        for entry in fs::read_dir(folder).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            if entry.file_name().to_str().and_then(|name| self.number_of(name)).is_some() {
                return Ok(Some(entry.path()));
            }
        }
        Ok(None)
    }

    fn number_of(&self, name: &str) -> Option<u64> {
        let rest = name.strip_prefix(self.settings.name.as_str())?.strip_prefix('-')?;
        let (digits, ending) = rest.split_once('.')?;
        let is_ours = ending == self.settings.extension || ending.strip_suffix(".gz") == Some(&self.settings.extension);
        let is_number = digits.len() >= NUMBER_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_ours && is_number { digits.parse().ok() } else { None }
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes a rename last.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
