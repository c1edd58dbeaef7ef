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
