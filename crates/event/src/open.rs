//! Opening an object: what is in it is told by its content, and every record becomes an event or a reject.
//!
//! ```
//! use event::fingerprint::FingerprintKey;
//! use event::open::{Content, Opener};
//!
//! let mut opener = Opener::new(FingerprintKey(1), Default::default());
//! let log_file = br#"{"Records":[{"eventTime":"2014-03-06T21:22:54Z","eventName":"StartInstances"}]}"#;
//! let mut events = 0;
//! let summary = opener.open(Content::Bytes(log_file), &mut |opened| {
//!     events += opened.events.len();
//!     Ok::<(), event::error::Error>(())
//! })?;
//! assert_eq!((events, summary.events, summary.rejects), (1, 1, 0));
//! # Ok::<(), event::error::Error>(())
//! ```

mod element;
mod resync;
mod top;

use std::io::{Cursor, Read};

use aws_lc_rs::digest::{SHA256, digest};

use crate::batch::{Builder, EventBatch};
use crate::error::Error;
use crate::fingerprint::FingerprintKey;
use crate::inflate;
use crate::limits::Limits;
use crate::reject::Reject;
use crate::window::Window;

/// The bytes of an object, compressed or not.
pub enum Content<'a> {
    /// All of them.
    Bytes(&'a [u8]),
    /// A stream of them; a failing read ends the content with a reject.
    Stream(Box<dyn Read + 'a>),
}

/// A part of what objects hold, in their order.
#[derive(Debug)]
pub struct Opened {
    /// The events.
    pub events: EventBatch,
    /// What is no event.
    pub rejects: Vec<Reject>,
    /// How many of both came from which object, in order.
    pub spans: Vec<Span>,
}

/// A run of events and rejects that came from one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The object: how many objects this opener had opened before it.
    pub object: u64,
    /// Events from it.
    pub events: usize,
    /// Rejects from it.
    pub rejects: usize,
}

/// What an object turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentKind {
    /// Records, whatever they came in.
    CloudTrail,
    /// A digest file and nothing else.
    Digest,
    /// Only probes of CloudWatch Logs.
    ControlMessage,
    /// Nothing at all, or only blanks.
    Empty,
    /// No JSON object or array starts anywhere.
    NotCloudTrail,
}

/// What was found in an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// What the object is.
    pub kind: ContentKind,
    /// Events given out.
    pub events: u64,
    /// Rejects given out.
    pub rejects: u64,
    /// Digest files met.
    pub digests: u64,
    /// The content of each digest file met, byte for byte: that of the object where it is a digest and nothing else.
    pub digest_contents: Vec<Vec<u8>>,
    /// Probes of CloudWatch Logs met, which hold no records.
    pub control_messages: u64,
    /// Bytes of the content, inflated.
    pub content_bytes: u64,
    /// SHA-256 of the content, inflated; `None` if it could not be read to its end.
    pub sha256: Option<[u8; 32]>,
    /// Why the object could not be read to its end, though it may hold more: it must be opened again.
    pub read_failed: Option<String>,
}

/// Opens objects, one after the other; keeps its buffers between them.
pub struct Opener {
    limits: Limits,
    builder: Builder,
    rejects: Vec<Reject>,
    reject_bytes: usize,
    spans: Vec<Span>,
    objects: u64,
    /// Inflated bytes of the last object, to be used again.
    buffer: Vec<u8>,
}

/// Most bytes of rejects held before they are given out.
const REJECTS_HELD_BYTES_MAX: usize = 8 << 20;

/// What a caller does with a part; its error ends the opening.
pub(crate) type Emit<'e, E> = dyn FnMut(Opened) -> std::result::Result<(), E> + 'e;

impl Opener {
    /// Makes an opener whose fingerprints are seeded with `key`.
    pub fn new(key: FingerprintKey, limits: Limits) -> Opener {
        Opener {
            limits,
            builder: Builder::new(key),
            rejects: Vec::new(),
            reject_bytes: 0,
            spans: Vec::new(),
            objects: 0,
            buffer: Vec::new(),
        }
    }

    /// Opens one object and gives out what is in it, in parts of at most `batch_events_max` events.
    ///
    /// Bad content is no error: it becomes rejects, and what is good before and after it is given out.
    ///
    /// # Errors
    /// Those of `emit`.
    pub fn open<E: From<Error>>(
        &mut self,
        content: Content<'_>,
        emit: &mut Emit<'_, E>,
    ) -> std::result::Result<Summary, E> {
        let summary = self.open_more(content, emit)?;
        self.flush(emit)?;
        Ok(summary)
    }

    /// Opens one object as [`Opener::open`] does, but keeps what does not fill a part, to be given out together with
    /// what follows: log files are small, and parts of many are cheaper to work with.
    ///
    /// # Errors
    /// As [`Opener::open`].
    pub fn open_more<E: From<Error>>(
        &mut self,
        content: Content<'_>,
        emit: &mut Emit<'_, E>,
    ) -> std::result::Result<Summary, E> {
        self.spans.push(Span { object: self.objects, events: 0, rejects: 0 });
        self.objects += 1;
        let mut window = self.window(content);
        let mut visit = top::Visit::new(self, emit);
        visit.object(&mut window)?;
        let mut summary = visit.finish(&window);
        summary.sha256 = window.sha256.filter(|_| window.is_read());
        summary.content_bytes = window.offset(window.text().len());
        if window.is_last() {
            self.buffer = window.take_bytes();
        }
        Ok(summary)
    }

    /// Gives out what was kept.
    ///
    /// # Errors
    /// Those of `emit`.
    pub fn flush<E: From<Error>>(&mut self, emit: &mut Emit<'_, E>) -> std::result::Result<(), E> {
        let events = self.builder.finish()?;
        let rejects = std::mem::take(&mut self.rejects);
        self.reject_bytes = 0;
        let mut spans = std::mem::take(&mut self.spans);
        // The last object may go on.
        self.spans.extend(spans.last().map(|last| Span { events: 0, rejects: 0, ..*last }));
        spans.retain(|span| span.events + span.rejects > 0);
        if spans.is_empty() { Ok(()) } else { emit(Opened { events, rejects, spans }) }
    }

    fn window<'c>(&mut self, content: Content<'c>) -> Window<'c> {
        let reader: Box<dyn Read + 'c> = match content {
            Content::Bytes(bytes) => {
                let mut buffer = std::mem::take(&mut self.buffer);
                if inflate::one_shot(bytes, &mut buffer) && buffer.len() as u64 <= self.limits.object_bytes_max {
                    match String::from_utf8(buffer) {
                        Ok(text) => {
                            let sha256 = sha256(text.as_bytes());
                            let mut window = Window::whole(text);
                            window.sha256 = sha256;
                            return window;
                        }
                        Err(error) => Box::new(Cursor::new(error.into_bytes())),
                    }
                } else {
                    Box::new(Cursor::new(bytes))
                }
            }
            Content::Stream(reader) => reader,
        };
        Window::sliding(inflate::Content::new(reader, self.limits.object_bytes_max).hashed())
    }

    fn is_full(&self) -> bool {
        self.builder.len() >= self.limits.batch_events_max
            || self.builder.record_bytes() >= self.limits.batch_bytes_max
            || self.reject_bytes >= REJECTS_HELD_BYTES_MAX
    }

    /// The span of the object that is open.
    fn span(&mut self) -> &mut Span {
        if self.spans.is_empty() {
            self.spans.push(Span { object: self.objects, events: 0, rejects: 0 });
        }
        self.spans.last_mut().expect("just made")
    }
}

fn sha256(content: &[u8]) -> Option<[u8; 32]> {
    digest(&SHA256, content).as_ref().try_into().ok()
}
