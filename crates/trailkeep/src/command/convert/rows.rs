//! The lake's columns: a row for each event.

use std::ffi::OsStr;

use event::open::{Opened, Opener};
use event::reject::Reject;
use normalize::rows::{Rows, write_csv_header};

use super::opened::{open, opener};
use super::{Out, Tally, input};
use crate::fault::{Fault, Result};

impl From<normalize::error::Error> for Fault {
    fn from(error: normalize::error::Error) -> Self {
        Fault::new(error.to_string())
    }
}

/// Makes rows, file after file.
pub(super) struct Columns {
    opener: Opener,
    is_csv: bool,
}

impl Columns {
    pub(super) fn new(is_csv: bool) -> Self {
        Columns { opener: opener(), is_csv }
    }

    /// Writes what stands before the rows.
    pub(super) fn begin(&self, out: &mut Out<'_>) {
        if self.is_csv {
            write_csv_header(&mut out.bytes);
        }
    }

    /// Writes the rows of a file.
    pub(super) fn convert(&mut self, file: &OsStr, out: &mut Out<'_>, tally: &mut Tally) -> Result<()> {
        let Columns { opener, is_csv } = self;
        let (name, input) = (input::name(file), input::open(file)?);
        open(opener, &name, input, tally, &mut |opened, tally| write(&name, opened, *is_csv, out, tally))
    }
}

fn write(name: &str, opened: &Opened, is_csv: bool, out: &mut Out<'_>, tally: &mut Tally) -> Result<()> {
    let rows = Rows::new(&opened.events.columns)?;
    for row in 0..rows.len() {
        if is_csv {
            rows.write_csv(row, &mut out.bytes);
        } else {
            rows.write_json(row, &mut out.bytes);
        }
        out.pass_on()?;
    }
    tally.records += rows.len() as u64;
    for Reject { number, range, message, .. } in &opened.rejects {
        tally.leave_out(name, &format!("record {number} at bytes {}..{}: {message}", range.start, range.end));
    }
    Ok(())
}
