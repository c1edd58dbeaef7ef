//! Compressed bytes to content, strict about what follows: a digest promises one gzip stream and nothing behind it.
//!
//! Small files are inflated in one shot by libdeflate, large ones in windows, so that memory stays flat.

use std::io::{self, BufRead, BufReader, Read};

use aws_lc_rs::digest::{Context, SHA256};
use flate2::bufread::GzDecoder;
use libdeflater::Decompressor;

use crate::digest::ContentHash;

/// Most bytes of content that one file may inflate to.
pub const CONTENT_BYTES_MAX: u64 = 4 << 30;
/// Largest content that is made in one shot.
const ONE_SHOT_BYTES_MAX: usize = 32 << 20;
/// Deflate cannot do better than this, so a larger claim in the trailer is false (zlib's technical details).
const RATIO_MAX: usize = 1_032;
/// Bytes inflated at a time above that.
const WINDOW_BYTES: usize = 128 << 10;
const MAGIC: [u8; 3] = [0x1f, 0x8b, 0x08];

/// What a file's content came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// The hash that a digest must name.
    pub hash: ContentHash,
    /// The content's size.
    pub bytes: u64,
    /// How it was packed.
    pub packing: Packing,
}

/// How content was packed: two files that one program has written look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Packing {
    /// Not at all: somebody has inflated the file.
    Plain,
    /// One gzip stream, with the parts of its header (RFC 1952) that tell the program that wrote it.
    Gzip {
        /// The flags; a name or a comment are among them.
        flags: u8,
        /// Whether the header has a time. CloudTrail's has none.
        has_time: bool,
        /// What the compressor says about its effort.
        effort: u8,
        /// What the compressor says about its system.
        system: u8,
    },
}

/// Why bytes are not one whole gzip stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// They begin otherwise.
    NotGzip,
    /// They end before the stream does.
    Truncated,
    /// The stream contradicts itself.
    Damaged,
    /// A second gzip stream or other bytes follow.
    TrailingData,
    /// The content is larger than [`CONTENT_BYTES_MAX`], or than the caller allows.
    TooLarge,
    /// The bytes could not be read to their end.
    ReadFailed,
}

/// Returns the hash of what `bytes` inflate to. `scratch` is reused from file to file.
///
/// # Errors
/// A [`Damage`]: there is no content, or not only content.
pub fn read_content(bytes: &[u8], scratch: &mut Vec<u8>) -> Result<Content, Damage> {
    if one_shot(bytes, scratch) {
        return Ok(Content {
            hash: ContentHash::of(scratch),
            bytes: scratch.len() as u64,
            packing: packing(bytes).unwrap_or(Packing::Plain),
        });
    }
    read_stream(bytes)
}

/// Does the same for a reader, in windows.
///
/// # Errors
/// As [`read_content`], and [`Damage::ReadFailed`].
pub fn read_stream(reader: impl Read) -> Result<Content, Damage> {
    let mut context = Context::new(&SHA256);
    let mut bytes = 0;
    let packing = inflate_windows(reader, CONTENT_BYTES_MAX, &mut |window| {
        context.update(window);
        bytes += window.len() as u64;
    })?;
    let hash = ContentHash::from_slice(context.finish().as_ref()).ok_or(Damage::Damaged)?;
    Ok(Content { hash, bytes, packing })
}

/// Inflates into memory, up to a limit. What follows the stream is reported, not refused.
///
/// # Errors
/// As [`read_content`], without [`Damage::TrailingData`].
pub(crate) fn inflate(bytes: &[u8], bytes_max: u64) -> Result<(Vec<u8>, bool), Damage> {
    let mut content = Vec::new();
    if one_shot(bytes, &mut content) {
        return if content.len() as u64 > bytes_max { Err(Damage::TooLarge) } else { Ok((content, false)) };
    }
    // A first attempt may have left something behind.
    content.clear();
    match inflate_windows(bytes, bytes_max, &mut |window| content.extend_from_slice(window)) {
        Ok(_) => Ok((content, false)),
        Err(Damage::TrailingData) => Ok((content, true)),
        Err(damage) => Err(damage),
    }
}

/// Returns how bytes are packed by their first few; `None` if they are not gzip.
pub(crate) fn packing(bytes: &[u8]) -> Option<Packing> {
    let [0x1f, 0x8b, 0x08, flags, t0, t1, t2, t3, effort, system] = *bytes.first_chunk::<10>()? else { return None };
    Some(Packing::Gzip { flags, has_time: [t0, t1, t2, t3] != [0; 4], effort, system })
}

/// Inflates one whole gzip stream of modest size; false where it is anything else, which [`inflate_windows`] then names.
fn one_shot(bytes: &[u8], content: &mut Vec<u8>) -> bool {
    let (Some(magic), Some(trailer)) = (bytes.first_chunk::<3>(), bytes.last_chunk::<4>()) else { return false };
    let claimed = u32::from_le_bytes(*trailer) as usize;
    if *magic != MAGIC || claimed > ONE_SHOT_BYTES_MAX || claimed > bytes.len().saturating_mul(RATIO_MAX) {
        return false;
    }
    // The stream ends with its size. If the size stands nowhere else, the stream ends where the bytes do; libdeflate
    // itself leaves aside what follows a stream without a word.
    if memchr::memmem::find(bytes, trailer) != Some(bytes.len() - trailer.len()) {
        return false;
    }
    content.resize(claimed, 0);
    Decompressor::new().gzip_decompress(bytes, content).is_ok_and(|length| length == claimed)
}

fn inflate_windows(reader: impl Read, bytes_max: u64, take: &mut dyn FnMut(&[u8])) -> Result<Packing, Damage> {
    let mut packed = BufReader::with_capacity(WINDOW_BYTES, reader);
    let head = packed.fill_buf().map_err(|_| Damage::ReadFailed)?;
    let begin = head.get(..head.len().min(MAGIC.len())).unwrap_or_default();
    if !MAGIC.starts_with(begin) {
        return Err(Damage::NotGzip);
    }
    let packing = packing(head).ok_or(Damage::Truncated)?;
    let mut member = GzDecoder::new(packed);
    let mut window = vec![0; WINDOW_BYTES];
    let mut bytes = 0_u64;
    loop {
        let length = match member.read(&mut window) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted => continue,
                io::ErrorKind::UnexpectedEof => return Err(Damage::Truncated),
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => return Err(Damage::Damaged),
                _ => return Err(Damage::ReadFailed),
            },
        };
        bytes += length as u64;
        if bytes > bytes_max {
            return Err(Damage::TooLarge);
        }
        take(window.get(..length).unwrap_or_default());
    }
    match member.into_inner().fill_buf() {
        Ok([]) => Ok(packing),
        Ok(_) => Err(Damage::TrailingData),
        Err(_) => Err(Damage::ReadFailed),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(content: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn joined(parts: &[&[u8]]) -> Vec<u8> {
        parts.concat()
    }

    #[test]
    fn one_stream_and_nothing_else() {
        let content = br#"{"Records":[1,2,3,4,5,6,7,8,9,10]}"#.repeat(50);
        let packed = gzip(&content, 6);
        let trailer = packed.get(packed.len() - 8..).unwrap();
        let (size, half) = (trailer.get(4..).unwrap(), packed.len() / 2);
        let mut flipped = packed.clone();
        flipped[half] ^= 1;
        let cases: Vec<(&str, Vec<u8>, Result<(), Damage>)> = vec![
            ("whole", packed.clone(), Ok(())),
            ("other effort", gzip(&content, 1), Ok(())),
            ("nothing", vec![], Err(Damage::Truncated)),
            ("two bytes", vec![0x1f, 0x8b], Err(Damage::Truncated)),
            ("plain", content.clone(), Err(Damage::NotGzip)),
            ("half", packed.get(..half).unwrap().to_vec(), Err(Damage::Truncated)),
            ("without its last byte", packed.get(..packed.len() - 1).unwrap().to_vec(), Err(Damage::Truncated)),
            ("flipped", flipped, Err(Damage::Damaged)),
            ("a second stream", joined(&[&packed, &packed]), Err(Damage::TrailingData)),
            ("an empty second stream", joined(&[&packed, &gzip(b"", 6)]), Err(Damage::TrailingData)),
            ("zeros", joined(&[&packed, &[0; 16]]), Err(Damage::TrailingData)),
            ("junk that ends as the stream does", joined(&[&packed, b"junk", trailer]), Err(Damage::TrailingData)),
            ("the size again", joined(&[&packed, size]), Err(Damage::TrailingData)),
        ];
        for (name, bytes, expect) in cases {
            let mut scratch = Vec::new();
            let found = read_content(&bytes, &mut scratch).map(|read| assert_eq!(read.hash, ContentHash::of(&content)));
            assert_eq!(found, expect, "{name}");
            let streamed = read_stream(bytes.as_slice()).map(|_| ());
            assert_eq!(streamed, expect, "{name}, in windows");
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = gzip(&vec![0; 3 << 20], 9);
        assert_eq!(inflate(&bomb, 1 << 20), Err(Damage::TooLarge));
        assert_eq!(inflate(&joined(&[&bomb, &bomb]), 1 << 20), Err(Damage::TooLarge));
        assert_eq!(inflate(&bomb, 4 << 20).map(|(content, _)| content.len()), Ok(3 << 20));
        let (first, second) = (gzip(b"first", 6), gzip(b"second", 6));
        assert_eq!(inflate(&joined(&[&first, &second]), 1 << 20), Ok((b"first".to_vec(), true)));
    }

    #[test]
    fn large_content_is_hashed_in_windows() {
        let content = vec![7; ONE_SHOT_BYTES_MAX + 1];
        let found = read_content(&gzip(&content, 1), &mut Vec::new()).unwrap();
        assert_eq!((found.hash, found.bytes), (ContentHash::of(&content), content.len() as u64));
    }
}
