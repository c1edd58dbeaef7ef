//! The files of `convert`: named ones and standard input, gzipped or not.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::unreadable;
use crate::fault::{Fault, Result};

/// Bytes read at a time.
const CHUNK_BYTES: usize = 256 << 10;

const GZIP_MAGIC: [u8; 3] = [0x1f, 0x8b, 0x08];

/// Largest file that is read as a whole.
const WHOLE_BYTES_MAX: u64 = 32 << 20;
/// Largest content that is inflated in one shot.
const INFLATED_BYTES_MAX: usize = 32 << 20;
/// Deflate cannot do better than this, so that a larger claim of a size is false.
const RATIO_MAX: usize = 1_032;

/// Returns how a file is called in messages.
pub(super) fn name(file: &OsStr) -> String {
    if file == "-" { "standard input".to_owned() } else { file.to_string_lossy().into_owned() }
}

/// The bytes of a file, packed or not.
pub(super) enum Input {
    /// All of them: the file is small enough.
    Bytes(Vec<u8>),
    Stream(Box<dyn Read>),
}

/// Opens a file, or standard input.
pub(super) fn open(file: &OsStr) -> Result<Input> {
    if file == "-" {
        return Ok(Input::Stream(Box::new(io::stdin())));
    }
    let read = || {
        let opened = File::open(file)?;
        let metadata = opened.metadata()?;
        if metadata.is_file() && metadata.len() <= WHOLE_BYTES_MAX {
            return Ok((false, Input::Bytes(std::fs::read(file)?)));
        }
        Ok((metadata.is_dir(), Input::Stream(Box::new(opened))))
    };
    match read() {
        Ok((false, input)) => Ok(input),
        Ok((true, _)) => Err(Fault::new(format!("`{}` is a folder", name(file)))
            .help("name its files; `trailkeep collect` takes folders into a lake")),
        Err(error) => {
            let error: io::Error = error;
            Err(unreadable(&name(file), error))
        }
    }
}

impl Input {
    /// Returns the content, inflated if it is gzip.
    ///
    /// # Errors
    /// If its first bytes cannot be read.
    pub(super) fn inflated(self) -> io::Result<Window> {
        let packed: Box<dyn Read> = match self {
            Input::Bytes(bytes) if !bytes.starts_with(&GZIP_MAGIC) => return Ok(Window::whole(bytes)),
            Input::Bytes(bytes) => match one_shot(&bytes) {
                Some(inflated) => return Ok(Window::whole(inflated)),
                None => Box::new(io::Cursor::new(bytes)),
            },
            Input::Stream(reader) => reader,
        };
        let mut packed = BufReader::with_capacity(CHUNK_BYTES, packed);
        // A pipe may give the first bytes one by one, and the one that begins gzip begins no text.
        let is_gzip = packed.fill_buf()?.first() == GZIP_MAGIC.first();
        Ok(Window::new(if is_gzip { Box::new(MultiGzDecoder::new(packed)) } else { Box::new(packed) }))
    }
}

/// Inflates a gzip file of one member whose size is small: the usual log file, at a third of the cost.
fn one_shot(bytes: &[u8]) -> Option<Vec<u8>> {
    let claimed = usize::try_from(u32::from_le_bytes(*bytes.last_chunk::<4>()?)).ok()?;
    if claimed > INFLATED_BYTES_MAX || claimed > bytes.len().saturating_mul(RATIO_MAX) {
        return None;
    }
    // A second member would be left aside without a word.
    if memchr::memmem::find(bytes.get(1..)?, &GZIP_MAGIC).is_some() {
        return None;
    }
    let mut inflated = vec![0; claimed];
    let length = libdeflater::Decompressor::new().gzip_decompress(bytes, &mut inflated).ok()?;
    (length == claimed).then_some(inflated)
}

/// A content of which a part is in memory: from what is not done with to what is read.
pub(super) struct Window {
    reader: Box<dyn Read>,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    pub(super) is_read: bool,
}

impl Window {
    fn new(reader: Box<dyn Read>) -> Self {
        Window { reader, bytes: vec![0; CHUNK_BYTES * 2], start: 0, end: 0, is_read: false }
    }

    /// Makes a window on a content that is all here.
    fn whole(bytes: Vec<u8>) -> Self {
        let end = bytes.len();
        Window { reader: Box::new(io::empty()), bytes, start: 0, end, is_read: true }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn skip(&mut self, used: usize) {
        self.start = (self.start + used).min(self.end);
    }

    /// Reads some more.
    pub(super) fn read(&mut self) -> io::Result<()> {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.bytes.len() - self.end < CHUNK_BYTES {
            // Doubled, so that a long record is not moved for each chunk of it.
            self.bytes.resize(self.bytes.len() * 2, 0);
        }
        let room = self.bytes.get_mut(self.end..).unwrap_or_default();
        match self.reader.read(room) {
            Ok(0) => self.is_read = true,
            Ok(length) => self.end += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                // What came before is good.
                self.is_read = true;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Returns a reader of the content from here on.
    pub(super) fn into_reader(self) -> Box<dyn Read> {
        let head = self.bytes().to_vec();
        Box::new(io::Cursor::new(head).chain(self.reader))
    }
}
