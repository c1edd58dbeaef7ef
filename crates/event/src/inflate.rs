//! Compressed or plain bytes to content: one shot where it is small, in windows above, and honest about damage.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use aws_lc_rs::digest::{Context, SHA256};
use flate2::bufread::GzDecoder;

use crate::reject::RejectReason;

/// Largest inflated size that is made in one shot.
const ONE_SHOT_MAX: usize = 32 << 20;
/// Deflate cannot do better than this, so a larger claim in the trailer is false (zlib's technical details).
const RATIO_MAX: usize = 1_032;
const GZIP_MAGIC: [u8; 3] = [0x1f, 0x8b, 0x08];

/// What was wrong with the way the content was packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Damage {
    pub reason: RejectReason,
    pub message: String,
}

/// Inflates a gzip file of one member in one shot.
///
/// Returns `None` where the file is anything else: larger than 32 MiB, damaged, of several members, not gzip.
/// Then [`Content`] reads it.
pub(crate) fn one_shot(bytes: &[u8], inflated: &mut Vec<u8>) -> bool {
    let (Some(magic), Some(trailer)) = (bytes.first_chunk::<3>(), bytes.last_chunk::<4>()) else { return false };
    let claimed = u32::from_le_bytes(*trailer) as usize;
    if *magic != GZIP_MAGIC || claimed > ONE_SHOT_MAX || claimed > bytes.len().saturating_mul(RATIO_MAX) {
        return false;
    }
    // The magic again would be a second member, whose bytes libdeflate leaves aside without a word.
    if memchr::memmem::find(&bytes[3..], &GZIP_MAGIC).is_some() {
        return false;
    }
    inflated.resize(claimed, 0);
    let mut decompressor = libdeflater::Decompressor::new();
    decompressor.gzip_decompress(bytes, inflated).is_ok_and(|length| length == claimed)
}

/// The content of an object as a stream: gzip members one after the other, or plain bytes.
pub(crate) struct Content<'a> {
    input: Input<'a>,
    inflated: u64,
    limit: u64,
    /// Takes up what is read, where somebody asks for the content's hash.
    hashed: Option<Context>,
    /// Why the content ended before its natural end, once it has.
    pub damage: Option<Damage>,
}

type Packed<'a> = BufReader<Box<dyn Read + 'a>>;

enum Input<'a> {
    Plain(Packed<'a>),
    Member(Box<GzDecoder<Packed<'a>>>),
    Ended,
}

impl<'a> Content<'a> {
    pub(crate) fn new(reader: Box<dyn Read + 'a>, limit: u64) -> Content<'a> {
        let mut packed = BufReader::with_capacity(64 << 10, reader);
        // A pipe may give the first bytes one by one.
        let mut head = Vec::new();
        if let Err(error) = (&mut packed).take(GZIP_MAGIC.len() as u64).read_to_end(&mut head) {
            let message = format!("reading failed at the first bytes: {error}");
            let damage = Some(Damage { reason: RejectReason::ReadFailed, message });
            return Content { input: Input::Ended, inflated: 0, limit, hashed: None, damage };
        }
        let is_gzip = head == GZIP_MAGIC;
        let whole: Box<dyn Read + 'a> = Box::new(Cursor::new(head).chain(packed));
        let packed = BufReader::with_capacity(64 << 10, whole);
        let input = if is_gzip { Input::Member(Box::new(GzDecoder::new(packed))) } else { Input::Plain(packed) };
        Content { input, inflated: 0, limit, hashed: None, damage: None }
    }

    /// Hashes the content as it is read.
    pub(crate) fn hashed(self) -> Content<'a> {
        Content { hashed: Some(Context::new(&SHA256)), ..self }
    }

    /// Returns the SHA-256 of the content once it is read to its end; `None` if it was not, or nobody asked for it.
    pub(crate) fn sha256(self) -> Option<[u8; 32]> {
        let hashed = self.hashed.filter(|_| self.damage.is_none())?;
        hashed.finish().as_ref().try_into().ok()
    }

    fn end(&mut self, reason: RejectReason, message: String) -> usize {
        self.damage = Some(Damage { reason, message });
        self.input = Input::Ended;
        0
    }

    /// Reads content into `out`; 0 is the end, and then `damage` says whether it is the natural one.
    pub(crate) fn read(&mut self, out: &mut [u8]) -> usize {
        let room = usize::try_from(self.limit - self.inflated).unwrap_or(usize::MAX).min(out.len());
        if room == 0 {
            // One byte more tells an object of just the limit from one that goes on.
            let mut probe = [0u8; 1];
            if self.read_some(&mut probe) > 0 {
                let limit = self.limit;
                self.end(
                    RejectReason::ObjectTooLarge,
                    format!("the object inflates to more than {limit} bytes (`object_bytes_max`)"),
                );
            }
            return 0;
        }
        let length = self.read_some(&mut out[..room]);
        self.inflated += length as u64;
        if let Some(hashed) = &mut self.hashed {
            hashed.update(&out[..length]);
        }
        length
    }

    fn read_some(&mut self, out: &mut [u8]) -> usize {
        loop {
            let result = match &mut self.input {
                Input::Ended => return 0,
                Input::Plain(packed) => packed.read(out),
                Input::Member(member) => member.read(out),
            };
            match result {
                Ok(0) => {
                    if !self.next_member() {
                        return 0;
                    }
                }
                Ok(length) => return length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let at = self.inflated;
                    let in_member = matches!(self.input, Input::Member(_));
                    return match error.kind() {
                        io::ErrorKind::UnexpectedEof if in_member => self.end(
                            RejectReason::TruncatedGzip,
                            format!("the gzip stream ends early, after {at} bytes of content"),
                        ),
                        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData if in_member => self.end(
                            RejectReason::DamagedGzip,
                            format!("the gzip stream is damaged after {at} bytes of content: {error}"),
                        ),
                        _ => self.end(
                            RejectReason::ReadFailed,
                            format!("reading failed after {at} bytes of content: {error}"),
                        ),
                    };
                }
            }
        }
    }

    /// Goes on to the next gzip member; false at the end.
    fn next_member(&mut self) -> bool {
        let Input::Member(member) = std::mem::replace(&mut self.input, Input::Ended) else { return false };
        let mut packed = member.into_inner();
        loop {
            match packed.fill_buf() {
                Ok([]) => return false,
                // Tapes and some tools pad with zeros: RFC 1952 is silent, gzip(1) ignores them.
                Ok([0, ..]) => packed.consume(1),
                Ok([0x1f, ..]) => {
                    self.input = Input::Member(Box::new(GzDecoder::new(packed)));
                    return true;
                }
                Ok(rest) => {
                    let message = format!("{} or more bytes that are not gzip follow the gzip stream", rest.len());
                    self.end(RejectReason::DamagedGzip, message);
                    return false;
                }
                Err(error) => {
                    self.end(
                        RejectReason::ReadFailed,
                        format!("reading failed after {} bytes of content: {error}", self.inflated),
                    );
                    return false;
                }
            }
        }
    }
}
