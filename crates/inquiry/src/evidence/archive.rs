//! The outer form of a bundle: a plain tar archive (POSIX ustar), the same bytes for the same files.

use std::io::Read;

use crate::error::{Error, Result};

/// Most files of a bundle.
const FILES_MAX: usize = 32;

/// A file's name and content.
pub(super) type File = (String, Vec<u8>);

/// Packs files. Owner, rights and times are the same for all.
pub(super) fn write<'f>(files: impl Iterator<Item = (&'f str, &'f [u8])>) -> Result<Vec<u8>> {
    let failed = |error: std::io::Error| Error::not_proven(format!("pack the bundle: {error}"));
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_path(name).map_err(failed)?;
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        builder.append(&header, content).map_err(failed)?;
    }
    builder.into_inner().map_err(failed)
}

/// Unpacks files.
pub(super) fn read(bundle: &[u8]) -> Result<Vec<File>> {
    let failed = |error: std::io::Error| Error::not_proven(format!("this is no bundle of evidence: {error}"));
    let mut archive = tar::Archive::new(bundle);
    let mut files = Vec::new();
    for entry in archive.entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        // A sparse file is as large as it claims, whatever the bundle's own size.
        if entry.header().entry_type() != tar::EntryType::Regular || entry.size() > bundle.len() as u64 {
            return Err(Error::not_proven(format!("this is no bundle of evidence: `{name}` is no plain file")));
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(failed)?;
        files.push((name, content));
        if files.len() > FILES_MAX {
            return Err(Error::not_proven(format!(
                "this is no bundle of evidence: it holds more than {FILES_MAX} files"
            )));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive of one entry without content, of which so many bytes are claimed in the header of a sparse file.
    fn archive(kind: tar::EntryType, claimed: u64) -> Vec<u8> {
        let mut header = tar::Header::new_gnu();
        header.set_path("record.json").expect("a short name");
        header.set_size(0);
        header.set_entry_type(kind);
        if let Some(sparse) = header.as_gnu_mut().filter(|_| kind == tar::EntryType::GNUSparse) {
            sparse.set_real_size(claimed);
            if let Some(hole) = sparse.sparse.first_mut() {
                hole.set_offset(claimed);
                hole.set_length(0);
            }
        }
        header.set_cksum();
        let mut builder = tar::Builder::new(Vec::new());
        builder.append(&header, [].as_slice()).expect("a vector takes all");
        builder.into_inner().expect("a vector takes all")
    }

    #[test]
    fn plain_files_are_unpacked_and_nothing_else() {
        let cases = [
            (tar::EntryType::Regular, true),
            (tar::EntryType::Directory, false),
            (tar::EntryType::Symlink, false),
            (tar::EntryType::Link, false),
            (tar::EntryType::GNUSparse, false),
            (tar::EntryType::Char, false),
        ];
        for (kind, expect) in cases {
            let read = read(&archive(kind, 1 << 40));
            assert_eq!(read.is_ok(), expect, "{kind:?}: {read:?}");
            assert!(read.err().is_none_or(|error| error.to_string().contains("`record.json`")), "{kind:?}");
        }
    }
}
