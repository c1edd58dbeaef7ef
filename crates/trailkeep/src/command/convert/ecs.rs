//! ECS documents: one for each message.

use std::ffi::OsStr;

use normalize::ecs::{Mapper, Outcome, Settings};

use super::geo::Databases;
use super::messages::messages;
use super::{Out, ReadAt, Tally};
use crate::fault::Result;

/// Makes documents, file after file.
pub(super) struct Documents<'g> {
    mapper: Mapper<'g>,
    /// The time of reading, if it was given.
    read_at: Option<ReadAt>,
}

impl<'g> Documents<'g> {
    pub(super) fn new(settings: Settings, geo: &'g Databases, read_at: Option<ReadAt>) -> Self {
        Documents { mapper: Mapper::new(settings, geo), read_at }
    }

    /// Writes the documents of a file.
    pub(super) fn convert(&mut self, file: &OsStr, out: &mut Out<'_>, tally: &mut Tally) -> Result<()> {
        let Documents { mapper, read_at } = self;
        messages(file, read_at.as_ref(), out, tally, &mut |message, out, tally| {
            tally.records += 1;
            if mapper.map(message.text, &message.read_at.text, &mut out.bytes) == Outcome::Failed {
                tally.failed += 1;
            }
            out.bytes.push(b'\n');
            Ok(())
        })
    }
}
