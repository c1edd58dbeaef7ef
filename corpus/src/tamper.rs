//! What somebody did to the bucket afterwards: one log file changed and one deleted, neither of them part of the attack.

use std::fs;
use std::path::Path;

use libdeflater::{CompressionLvl, Compressor, Decompressor};

use crate::delivery::Delivered;
use crate::error::Error;
use crate::organisation::{HOME_REGION, PRODUCTION};
use crate::story::Story;

/// The keys of two log files that are no longer as they were delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tampered {
    /// The one whose content was changed.
    pub changed: String,
    /// The one that was deleted.
    pub deleted: String,
}

/// The address that stands in the changed file instead of the true one.
const FALSE_ADDRESS: &str = "198.51.100.250";
const ADDRESS: &str = "\"sourceIPAddress\":\"";
const GZIP_LEVEL: i32 = 6;

/// Changes the first log file after the attack began, and deletes the second: of those that hold nothing of the attack and
/// issue no session, so that all that can be found stays. Production's home Region comes first. `None` if there are no two.
pub(crate) fn tamper(dir: &Path, delivered: &[Delivered], story: &Story) -> Result<Option<Tampered>, Error> {
    let began = story.started().as_second();
    let mut files: Vec<&Delivered> = delivered.iter().collect();
    files.sort_by_key(|file| {
        let is_elsewhere = (file.account, file.region) != (PRODUCTION, HOME_REGION);
        (is_elsewhere, file.at < began, file.at, &file.key)
    });
    let mut chosen = Vec::new();
    for file in files {
        let path = dir.join(&file.key);
        let text = read(&path)?;
        let is_attack = story.steps.iter().any(|step| text.contains(&step.event_id));
        if !is_attack && !text.contains("\"credentials\":{") && text.contains(ADDRESS) {
            chosen.push((file, path, text));
        }
        if chosen.len() == 2 {
            break;
        }
    }
    let [(changed, changed_path, text), (deleted, deleted_path, _)] = chosen.as_slice() else { return Ok(None) };
    write(changed_path, &falsified(text))?;
    fs::remove_file(deleted_path).map_err(|source| Error::write(deleted_path, source))?;
    Ok(Some(Tampered { changed: changed.key.clone(), deleted: deleted.key.clone() }))
}

/// Puts another address into the first record.
fn falsified(text: &str) -> String {
    let Some((before, rest)) = text.split_once(ADDRESS) else { return text.to_owned() };
    let Some((_, after)) = rest.split_once('"') else { return text.to_owned() };
    format!("{before}{ADDRESS}{FALSE_ADDRESS}\"{after}")
}

fn read(path: &Path) -> Result<String, Error> {
    let bytes = fs::read(path).map_err(|source| Error::write(path, source))?;
    let size = bytes.last_chunk::<4>().map_or(0, |size| u32::from_le_bytes(*size));
    let mut text = vec![0; size as usize];
    Decompressor::new().gzip_decompress(&bytes, &mut text).expect("a file that was just packed");
    Ok(String::from_utf8(text).expect("records are text"))
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    let level = CompressionLvl::new(GZIP_LEVEL).expect("gzip knows the levels 0 to 12");
    let mut compressor = Compressor::new(level);
    let mut bytes = vec![0; compressor.gzip_compress_bound(text.len())];
    let length = compressor.gzip_compress(text.as_bytes(), &mut bytes).expect("the buffer has the size asked for");
    fs::write(path, &bytes[..length]).map_err(|source| Error::write(path, source))
}
