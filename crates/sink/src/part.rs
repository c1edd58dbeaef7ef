//! Files and objects of bounded size: where one ends depends on the payloads alone.
//!
//! So the same payloads make the same parts, however they are handed over and wherever one began anew.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::payload::Payload;

/// How much goes into one file or object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartLimits {
    /// How many bytes, before compression. A single payload that is larger has a part of its own.
    pub part_bytes_max: u64,
    /// How many payloads.
    pub part_payloads_max: u64,
}

impl Default for PartLimits {
    /// 128 MiB, and as many payloads as fit.
    fn default() -> Self {
        Self { part_bytes_max: 128 << 20, part_payloads_max: u64::MAX }
    }
}

/// How payloads stand in a file or object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Framing {
    /// One a line, and above them what is needed to read them, such as the header of CSV with its line break.
    Lines {
        /// What each file or object begins with. It may be empty.
        header: Bytes,
    },
    /// Each payload is a whole file or object, as it stands: the form of those that cannot be cut, such as Parquet.
    Whole,
}

impl Default for Framing {
    /// Lines without a header.
    fn default() -> Self {
        Self::Lines { header: Bytes::new() }
    }
}

/// A part that is being written.
#[derive(Debug)]
pub(crate) struct Part<W: Write> {
    encoder: Encoder<W>,
    framing: Framing,
    bytes: u64,
    payloads: u64,
    offset: u64,
}

#[derive(Debug)]
enum Encoder<W: Write> {
    Plain(W),
    Gzip(Box<GzEncoder<W>>),
}

impl<W: Write> Part<W> {
    pub(crate) fn new(to: W, gzip: bool, framing: Framing) -> Self {
        // The header of the encoder has neither a name nor a time, so that the same payloads give the same bytes.
        let encoder =
            if gzip { Encoder::Gzip(Box::new(GzEncoder::new(to, Compression::default()))) } else { Encoder::Plain(to) };
        let bytes = if let Framing::Lines { header } = &framing { header.len() as u64 } else { 0 };
        Self { encoder, framing, bytes, payloads: 0, offset: 0 }
    }

    /// Returns whether the payload belongs into this part.
    pub(crate) fn takes(&self, payload: &Payload, limits: &PartLimits) -> bool {
        let bytes = self.bytes.saturating_add(line_bytes(payload));
        let fits = bytes <= limits.part_bytes_max && self.payloads < limits.part_payloads_max;
        self.payloads == 0 || (fits && self.framing != Framing::Whole)
    }

    pub(crate) fn write(&mut self, payload: &Payload) -> io::Result<()> {
        let to: &mut dyn Write = match &mut self.encoder {
            Encoder::Plain(to) => to,
            Encoder::Gzip(to) => to,
        };
        match &self.framing {
            Framing::Lines { header } => {
                if self.payloads == 0 {
                    to.write_all(header)?;
                }
                to.write_all(&payload.bytes)?;
                to.write_all(b"\n")?;
            }
            Framing::Whole => to.write_all(&payload.bytes)?,
        }
        self.bytes = self.bytes.saturating_add(line_bytes(payload));
        self.payloads += 1;
        self.offset = payload.offset;
        Ok(())
    }

    /// Returns the offset of the last payload.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Ends the part and gives back what was written to.
    pub(crate) fn finish(self) -> io::Result<W> {
        match self.encoder {
            Encoder::Plain(mut to) => {
                to.flush()?;
                Ok(to)
            }
            Encoder::Gzip(to) => {
                let mut to = to.finish()?;
                to.flush()?;
                Ok(to)
            }
        }
    }
}

/// Returns the ending of a part's name.
pub(crate) fn extension(format: &str, gzip: bool) -> String {
    if gzip { format!("{format}.gz") } else { format.to_owned() }
}

fn line_bytes(payload: &Payload) -> u64 {
    payload.bytes.len() as u64 + 1
}
