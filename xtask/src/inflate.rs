//! The floor of a collection: inflating each log file with libdeflate, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use libdeflater::{DecompressionError, Decompressor};

use crate::error::{Error, Kind, Result};

/// Most that one file may inflate to; a benchmark's log files are far smaller.
const INFLATED_BYTES_MAX: usize = 1 << 30;

/// What inflating a corpus came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Inflated {
    files: u64,
    gzip_bytes: u64,
    bytes: u64,
}

/// Inflates every `.gz` file below `dir` on all cores; returns a line of JSON with the counts.
///
/// # Errors
/// When a file cannot be read or is no gzip.
pub fn floor(dir: &Path) -> Result<String> {
    let files = gzip_files(dir)?;
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let parts: Vec<Result<Inflated>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(|| inflate_from(&files, &next))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| Err(panicked()))).collect()
    });
    let mut all = Inflated::default();
    for part in parts {
        let part = part?;
        all.files += part.files;
        all.gzip_bytes += part.gzip_bytes;
        all.bytes += part.bytes;
    }
    let Inflated { files, gzip_bytes, bytes } = all;
    Ok(serde_json::json!({ "files": files, "gzip_bytes": gzip_bytes, "bytes": bytes }).to_string())
}

fn panicked() -> Error {
    Error::new(Kind::Answer, "a thread that inflates has panicked")
}

/// Takes files from the common list until none is left.
fn inflate_from(files: &[PathBuf], next: &AtomicUsize) -> Result<Inflated> {
    let mut done = Inflated::default();
    let mut decompressor = Decompressor::new();
    let mut room = vec![0; 1 << 20];
    while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
        let gzip = fs::read(path).map_err(|source| Error::file("read", path, source))?;
        done.files += 1;
        done.gzip_bytes += gzip.len() as u64;
        done.bytes += inflate(&mut decompressor, &gzip, &mut room, path)? as u64;
    }
    Ok(done)
}

/// Inflates one member, growing the room until it fits.
fn inflate(decompressor: &mut Decompressor, gzip: &[u8], room: &mut Vec<u8>, path: &Path) -> Result<usize> {
    loop {
        match decompressor.gzip_decompress(gzip, room) {
            Ok(length) => return Ok(length),
            Err(DecompressionError::InsufficientSpace) if room.len() < INFLATED_BYTES_MAX => {
                room.resize(room.len() * 2, 0);
            }
            Err(source) => {
                let message = format!("could not inflate `{}`", path.display());
                return Err(Error::new(Kind::Answer, message).caused_by(source));
            }
        }
    }
}

/// Returns every `.gz` file below a folder, in the order of their paths.
fn gzip_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|source| Error::file("list", &folder, source))?;
        for entry in entries {
            let path = entry.map_err(|source| Error::file("list", &folder, source))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "gz") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use libdeflater::{CompressionLvl, Compressor};

    #[test]
    fn counts_files_below_a_folder() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let text = vec![b'x'; 3 << 20];
        let mut compressor = Compressor::new(CompressionLvl::fastest());
        let mut gzip = vec![0; compressor.gzip_compress_bound(text.len())];
        let length = compressor.gzip_compress(&text, &mut gzip).expect("room for the worst case");
        fs::create_dir(dir.path().join("deeper")).expect("a new folder");
        fs::write(dir.path().join("deeper/one.json.gz"), &gzip[..length]).expect("a new file");
        fs::write(dir.path().join("two.json"), &text).expect("a new file");
        let found = floor(dir.path()).expect("a sound gzip");
        let expect = serde_json::json!({ "files": 1, "gzip_bytes": length, "bytes": 3 << 20 });
        assert_eq!(found, expect.to_string());
    }

    #[test]
    fn names_the_file_that_is_no_gzip() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        fs::write(dir.path().join("bad.gz"), b"plain").expect("a new file");
        let error = floor(dir.path()).expect_err("not a gzip");
        assert!(error.to_string().contains("bad.gz"), "{error}");
    }
}
