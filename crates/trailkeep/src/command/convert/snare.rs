//! Snare's table: a row for each record, with or without a time.

use std::ffi::OsStr;

use normalize::message::is_digest;
use normalize::snare::{self, Passed, Snare};

use super::messages::messages;
use super::{Out, ReadAt, Tally, input};
use crate::fault::Result;

/// Makes rows, file after file.
pub(super) struct Table {
    snare: Snare,
    is_csv: bool,
    /// The time of reading, if it was given.
    read_at: Option<ReadAt>,
}

impl Table {
    pub(super) fn new(is_csv: bool, read_at: Option<ReadAt>) -> Self {
        Table { snare: Snare::default(), is_csv, read_at }
    }

    /// Writes what stands before the rows.
    pub(super) fn begin(&self, out: &mut Out<'_>) {
        if self.is_csv {
            snare::write_csv_header(&mut out.bytes);
        }
    }

    /// Writes the rows of a file.
    pub(super) fn convert(&mut self, file: &OsStr, out: &mut Out<'_>, tally: &mut Tally) -> Result<()> {
        let Table { snare, is_csv, read_at } = self;
        let name = input::name(file);
        let mut number = 0u64;
        messages(file, read_at.as_ref(), out, tally, &mut |message, out, tally| {
            if message.text.is_empty() {
                return Ok(());
            }
            number += 1;
            if is_digest(message.text.as_bytes()) {
                tally.leave_out(&name, "a digest file, which holds no events");
                return Ok(());
            }
            let passed = Passed { collected: &message.read_at.local, cloudwatch: message.cloudwatch };
            match snare.row(message.text, passed) {
                Ok(row) if *is_csv => row.write_csv(&mut out.bytes),
                Ok(row) => row.write_json(&mut out.bytes),
                Err(error) => {
                    tally.leave_out(&name, &format!("record {number}: {error}"));
                    return Ok(());
                }
            }
            tally.records += 1;
            Ok(())
        })
    }
}
