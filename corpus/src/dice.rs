//! The only source of chance: a seeded ChaCha stream, and the texts drawn from it (identifiers, keys, tokens).
//!
//! Integer arithmetic only. A floating-point logarithm may differ in its last bit from one machine to the next, and
//! one bit would change every byte after it.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

const HEX: &[u8; 16] = b"0123456789abcdef";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Returns a well-mixed number that depends on the seed and on every part, in order.
pub(crate) fn mix(seed: u64, parts: &[u64]) -> u64 {
    parts.iter().fold(splitmix(seed), |state, part| splitmix(state ^ splitmix(*part)))
}

/// Returns a number that stands for a text, to be used as a part of [`mix`].
pub(crate) fn label(text: &str) -> u64 {
    // FNV-1a: short, and fixed for ever, unlike the standard library's hasher.
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn splitmix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A stream of chance.
pub(crate) struct Dice {
    rng: ChaCha8Rng,
}

impl Dice {
    /// Returns the stream that belongs to a seed and a list of labels; equal arguments give equal streams.
    pub(crate) fn new(seed: u64, parts: &[u64]) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(mix(seed, parts)) }
    }

    /// Returns 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// Returns a number in `0..n`; `n` must not be 0.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        scale(self.rng.next_u32(), n)
    }

    /// Returns a number in `low..=high`.
    pub(crate) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    /// Returns true in `permille` of a thousand cases.
    pub(crate) fn chance(&mut self, permille: u32) -> bool {
        self.below(1000) < permille
    }

    /// Returns one of a list that is not empty.
    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let index = self.below(list.len() as u32) as usize;
        &list[index]
    }

    /// Returns the index of a running total, each index as often as its share of the last total says.
    pub(crate) fn weighted(&mut self, running_totals: &[u32]) -> usize {
        let total = running_totals.last().copied().expect("a weighted list is never empty");
        let drawn = self.below(total);
        running_totals.partition_point(|bound| *bound <= drawn)
    }

    /// Appends an access key ID: four letters, then 16 of `A-Z2-7`.
    pub(crate) fn access_key(&mut self, prefix: &str) -> String {
        let mut key = String::with_capacity(20);
        key.push_str(prefix);
        self.base32(&mut key, 16);
        key
    }

    /// Appends `n` lower-case hexadecimal digits.
    pub(crate) fn hex(&mut self, out: &mut String, n: usize) {
        self.letters(out, n, 4, HEX);
    }

    /// Appends `n` of `A-Z2-7`.
    pub(crate) fn base32(&mut self, out: &mut String, n: usize) {
        self.letters(out, n, 5, BASE32);
    }

    /// Appends `n` of the base64 alphabet, without padding.
    pub(crate) fn base64(&mut self, out: &mut String, n: usize) {
        self.letters(out, n, 6, BASE64);
    }

    /// Appends `n` letters and digits.
    pub(crate) fn alphanumeric(&mut self, out: &mut String, n: usize) {
        for _ in 0..n {
            let index = self.below(62) as usize;
            out.push(char::from(ALPHANUMERIC[index]));
        }
    }

    /// Appends a random (version 4) GUID.
    pub(crate) fn guid(&mut self, out: &mut String) {
        let (high, low) = (self.bits(), self.bits());
        push_guid(out, high, low);
    }

    fn letters(&mut self, out: &mut String, n: usize, bits_per_letter: u32, alphabet: &[u8]) {
        let mask = alphabet.len() as u64 - 1;
        let per_draw = (64 / bits_per_letter) as usize;
        let mut left = n;
        while left > 0 {
            let mut bits = self.bits();
            for _ in 0..left.min(per_draw) {
                out.push(char::from(alphabet[(bits & mask) as usize]));
                bits >>= bits_per_letter;
            }
            left = left.saturating_sub(per_draw);
        }
    }
}

/// Returns a number in `0..n` from 32 random bits.
pub(crate) fn scale(bits: u32, n: u32) -> u32 {
    ((u64::from(bits) * u64::from(n)) >> 32) as u32
}

/// Returns a number in `0..n` from 64 random bits, small ones more often: a few resources see most of the traffic.
pub(crate) fn scale_skewed(bits: u64, n: u32) -> u32 {
    let (a, b) = (bits as u32, (bits >> 32) as u32);
    scale(((u64::from(a) * u64::from(b)) >> 32) as u32, n)
}

/// Appends the `n` low hexadecimal digits of a number.
pub(crate) fn push_hex(out: &mut String, bits: u64, n: usize) {
    for digit in (0..n).rev() {
        out.push(char::from(HEX[((bits >> (4 * digit)) & 15) as usize]));
    }
}

/// Appends `n` of `A-Z2-7` that depend on a number only.
pub(crate) fn push_base32(out: &mut String, bits: u64, n: usize) {
    let mut state = bits;
    for _ in 0..n {
        state = splitmix(state);
        out.push(char::from(BASE32[(state >> 59) as usize]));
    }
}

/// Appends a version 4 GUID made of 128 given bits.
pub(crate) fn push_guid(out: &mut String, high: u64, low: u64) {
    push_hex(out, high >> 32, 8);
    out.push('-');
    push_hex(out, high >> 16, 4);
    out.push_str("-4");
    push_hex(out, high, 3);
    out.push('-');
    push_hex(out, 0x8000 | ((low >> 48) & 0x3fff), 4);
    out.push('-');
    push_hex(out, low, 12);
}
