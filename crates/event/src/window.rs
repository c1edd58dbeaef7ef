//! The part of an object's content that is in memory: all of a small one, a sliding window of a large one.

use crate::inflate::{Content, Damage};

/// Content from `base` on, as far as it has been read.
pub(crate) struct Window<'a> {
    text: String,
    /// Bytes behind `text` that are not UTF-8, or the first part of a character.
    rest: Vec<u8>,
    /// Offset in the content of the first byte in memory.
    base: u64,
    content: Option<Content<'a>>,
    /// Why the content ended early, once it has.
    pub damage: Option<Damage>,
    /// SHA-256 of the content, once it is read to its end and if it is hashed on the way.
    pub sha256: Option<[u8; 32]>,
}

/// Bytes read at a time.
const STEP: usize = 128 << 10;

impl<'a> Window<'a> {
    /// A window over text that is in memory as a whole.
    pub(crate) fn whole(text: String) -> Window<'a> {
        Window { text, rest: Vec::new(), base: 0, content: None, damage: None, sha256: None }
    }

    /// A window that slides over a stream.
    pub(crate) fn sliding(content: Content<'a>) -> Window<'a> {
        let mut window = Window {
            text: String::new(),
            rest: Vec::new(),
            base: 0,
            content: Some(content),
            damage: None,
            sha256: None,
        };
        window.slide(0);
        window
    }

    /// The text in memory.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// True if nothing follows the text in memory, readable or not.
    pub(crate) fn is_last(&self) -> bool {
        self.content.is_none() && self.rest.is_empty()
    }

    /// True if all of the content is in memory.
    pub(crate) fn is_read(&self) -> bool {
        self.content.is_none()
    }

    /// True if the byte behind the text begins no character, so that reading on does not help.
    pub(crate) fn is_cut_by_encoding(&self) -> bool {
        match std::str::from_utf8(&self.rest) {
            Ok(_) => false,
            Err(error) => error.error_len().is_some() || self.content.is_none(),
        }
    }

    /// Offset in the content of a place in memory.
    pub(crate) fn offset(&self, at: usize) -> u64 {
        self.base + at as u64
    }

    /// Forgets the text before `at`, a boundary of characters, and reads on; returns false if nothing more came.
    /// What stood at `at` stands at 0 afterwards.
    pub(crate) fn slide(&mut self, at: usize) -> bool {
        self.text.drain(..at);
        self.base += at as u64;
        let Some(content) = &mut self.content else { return false };
        // A record that does not fit is read in ever larger steps, so that walking it again stays linear.
        let step = STEP.max(self.text.len());
        let before = self.rest.len();
        self.rest.resize(before + step, 0);
        let mut length = before;
        while length < self.rest.len() {
            match content.read(&mut self.rest[length..]) {
                0 => break,
                read => length += read,
            }
        }
        let ended = length < self.rest.len();
        self.rest.truncate(length);
        if ended && let Some(content) = self.content.take() {
            self.damage.clone_from(&content.damage);
            self.sha256 = content.sha256();
        }
        self.decode();
        length > before
    }

    /// Takes all bytes in memory out, to look at them as bytes.
    pub(crate) fn take_bytes(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.text).into_bytes();
        bytes.append(&mut self.rest);
        bytes
    }

    /// Puts bytes that were taken out back, without the first `skipped`.
    pub(crate) fn put_bytes(&mut self, mut bytes: Vec<u8>, skipped: usize) {
        bytes.drain(..skipped);
        self.base += skipped as u64;
        self.rest = bytes;
        self.decode();
    }

    /// Moves what is UTF-8 from the front of `rest` to the text.
    fn decode(&mut self) {
        let bytes = std::mem::take(&mut self.rest);
        match String::from_utf8(bytes) {
            Ok(text) if self.text.is_empty() => self.text = text,
            Ok(text) => self.text.push_str(&text),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let mut bytes = error.into_bytes();
                self.rest = bytes.split_off(valid);
                self.text.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
    }
}
