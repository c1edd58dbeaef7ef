//! Any writer, such as standard output: one payload a line, and nothing to go back to.

use std::fmt;
use std::io::{self, Write};

use crate::error::{Error, ErrorKind, Result};
use crate::payload::{Outcome, Payload, Position};

/// How many bytes are written at once.
const WRITE_BYTES: usize = 64 << 10;

/// A writer that has taken what it was given once a call returns.
///
/// It is an ordinary writer, not an asynchronous one: whoever reads a pipe slowly is waited for, and nothing else is to
/// be done meanwhile.
pub(crate) struct Writer(Box<dyn Write + Send>);

impl Writer {
    pub(crate) fn new(to: Box<dyn Write + Send>) -> Self {
        Self(to)
    }

    pub(crate) fn send(&mut self, payloads: &[Payload], position: &mut Position) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut rest = payloads;
        while !rest.is_empty() {
            let mut lines = Vec::with_capacity(WRITE_BYTES);
            let mut taken = 0;
            for payload in rest {
                lines.extend_from_slice(&payload.bytes);
                lines.push(b'\n');
                taken += 1;
                if lines.len() >= WRITE_BYTES {
                    break;
                }
            }
            if let Err(source) = self.write(&lines) {
                return Err(fault(source).after(outcome));
            }
            let (written, later) = rest.split_at_checked(taken).unwrap_or((rest, &[]));
            position.offset = written.last().map(|payload| payload.offset).or(position.offset);
            outcome.accepted += written.len() as u64;
            rest = later;
        }
        Ok(outcome)
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        self.0.write_all(lines)?;
        self.0.flush()
    }
}

fn fault(source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
            Error::new(ErrorKind::Closed, "cannot write on: whoever read the output has gone").because(source)
        }
        _ => Error::new(ErrorKind::Io, "cannot write to the output").because(source),
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer(..)")
    }
}
