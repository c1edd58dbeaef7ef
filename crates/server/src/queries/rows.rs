//! The rows of a query on disk: a file of lines, each a JSON array of texts, read page by page.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Name of the file in the folder of a query.
const ROWS: &str = "rows.jsonl";
/// Bytes of rows from which on a page ends, whatever its rows.
const PAGE_BYTES: usize = 4 << 20;

/// Most bytes of one row, as it is written: a page holds one at least, and a call holds a page.
const ROW_BYTES_MAX: usize = 64 << 20;

/// A row: a text for each column, none where there is no value.
pub(crate) type Row = Vec<Option<String>>;

/// Some rows, and where the next ones begin.
pub(crate) struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// The byte at which the next row begins; none behind the last.
    pub next: Option<u64>,
}

/// Writes rows, up to a limit.
pub(super) struct Rows {
    file: BufWriter<File>,
    bytes: u64,
    bytes_max: u64,
}

/// A limit on the bytes of a query's rows was reached.
#[derive(Debug, thiserror::Error)]
pub(super) enum TooMany {
    /// That on all of them.
    #[error("the rows have more than {0} bytes")]
    Rows(u64),
    /// That on one.
    #[error("a row has more than {0} bytes")]
    Row(usize),
}

impl Rows {
    /// Begins the rows of a query.
    pub(super) fn create(folder: &Path, id: &str, bytes_max: u64) -> io::Result<Rows> {
        let folder = folder_of(folder, id);
        make_private_folder(&folder)?;
        let file = private_file(&folder.join(ROWS))?;
        Ok(Rows { file: BufWriter::new(file), bytes: 0, bytes_max })
    }

    /// Adds lines, all of them or none.
    pub(super) fn add(&mut self, lines: &[u8]) -> io::Result<()> {
        self.bytes += lines.len() as u64;
        if self.bytes > self.bytes_max {
            return Err(io::Error::other(TooMany::Rows(self.bytes_max)));
        }
        let is_long = |line: &[u8]| line.len() > ROW_BYTES_MAX;
        if lines.len() > ROW_BYTES_MAX && lines.split(|byte| *byte == b'\n').any(is_long) {
            return Err(io::Error::other(TooMany::Row(ROW_BYTES_MAX)));
        }
        self.file.write_all(lines)
    }

    /// Ends the rows: from now on they stay.
    pub(super) fn finish(self) -> io::Result<()> {
        self.file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }
}

/// Reads rows from a byte on.
pub(super) fn page(folder: &Path, id: &str, from: u64, rows_max: usize) -> io::Result<Page> {
    let mut lines = Lines::open(folder, id, from)?;
    let mut rows = Vec::new();
    while rows.len() < rows_max && lines.at - from < PAGE_BYTES as u64 {
        match lines.row()? {
            Some(row) => rows.push(row),
            None => return Ok(Page { rows, next: None }),
        }
    }
    let next = (!lines.is_at_end()?).then_some(lines.at);
    Ok(Page { rows, next })
}

/// Deletes the rows of a query, if it has any.
pub(super) fn remove(folder: &Path, id: &str) -> io::Result<()> {
    match fs::remove_dir_all(folder_of(folder, id)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Rows as they are read.
pub(super) struct Lines {
    file: BufReader<File>,
    at: u64,
    line: String,
}

impl Lines {
    /// Opens the rows of a query at a byte.
    pub(super) fn open(folder: &Path, id: &str, from: u64) -> io::Result<Lines> {
        let mut file = File::open(folder_of(folder, id).join(ROWS))?;
        file.seek(SeekFrom::Start(from))?;
        Ok(Lines { file: BufReader::new(file), at: from, line: String::new() })
    }

    /// Returns the next row.
    pub(super) fn row(&mut self) -> io::Result<Option<Row>> {
        self.line.clear();
        let read = self.file.read_line(&mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        self.at += read as u64;
        Ok(Some(serde_json::from_str(&self.line)?))
    }

    fn is_at_end(&mut self) -> io::Result<bool> {
        Ok(self.file.fill_buf()?.is_empty())
    }
}

fn folder_of(folder: &Path, id: &str) -> PathBuf {
    folder.join(id)
}

#[cfg(unix)]
fn make_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
