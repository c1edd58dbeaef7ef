//! Lossless or not: the lines that were collected against the records that the lake gives back, byte for byte.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use crate::error::{Error, Result};

/// The lines of a folder's NDJSON files, as a multiset.
#[derive(Debug, Default)]
pub struct Lines {
    counts: HashMap<Vec<u8>, u64>,
    bytes: u64,
}

/// What a lake gave back of the lines it was given.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct GivenBack {
    /// Records that equal a line; each line answers for one record.
    pub count: u64,
    /// Bytes of those.
    pub bytes: u64,
    /// Records that equal no line that was left.
    pub unknown: Vec<Vec<u8>>,
    /// Lines that no record equals.
    pub left: u64,
    /// Bytes of those.
    pub left_bytes: u64,
}

impl Lines {
    /// Reads every `.ndjson` file of a folder.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut lines = Self::default();
        for entry in fs::read_dir(folder).map_err(|source| Error::file("list", folder, source))? {
            let path = entry.map_err(|source| Error::file("list", folder, source))?.path();
            if path.extension().is_some_and(|ending| ending == "ndjson") {
                lines.add(&fs::read(&path).map_err(|source| Error::file("read", &path, source))?);
            }
        }
        Ok(lines)
    }

    /// Adds the lines of one file; empty ones hold no record.
    pub fn add(&mut self, text: &[u8]) {
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            *self.counts.entry(line.to_vec()).or_default() += 1;
            self.bytes += line.len() as u64;
        }
    }

    /// Returns the bytes of all lines, line ends not counted.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Holds records, with a NUL between each two, against the lines.
    pub fn compare(&self, records: &[u8]) -> GivenBack {
        let mut left: HashMap<&[u8], u64> = self.counts.iter().map(|(line, count)| (line.as_slice(), *count)).collect();
        let mut back = GivenBack::default();
        for record in records.split(|byte| *byte == 0).filter(|record| !record.is_empty()) {
            match left.get_mut(record) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    back.count += 1;
                    back.bytes += record.len() as u64;
                }
                _ => back.unknown.push(record.to_vec()),
            }
        }
        back.left = left.values().sum();
        back.left_bytes = left.iter().map(|(line, count)| line.len() as u64 * count).sum();
        back
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_answers_for_one_record() {
        let mut lines = Lines::default();
        lines.add(b"{\"a\":1}\n{\"a\":1}\n\n{\"b\": 2}\n{\"c\":3}");
        let back = lines.compare(b"{\"a\":1}\0{\"b\": 2}\0{\"b\":2}\0{\"b\": 2}\0");
        let unknown = vec![b"{\"b\":2}".to_vec(), b"{\"b\": 2}".to_vec()];
        assert_eq!(back, GivenBack { count: 2, bytes: 15, unknown, left: 2, left_bytes: 14 });
        assert_eq!(lines.bytes(), 29);
    }
}
