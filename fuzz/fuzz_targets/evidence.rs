//! Bundles of evidence that somebody hands in: any files in any order are refused, for nobody can sign by chance.
#![no_main]

use inquiry::evidence::check;
use libfuzzer_sys::fuzz_target;

/// The parts of a bundle, by the names that they must have.
const NAMES: [&str; 7] = [
    "README.txt",
    "manifest.json",
    "record.json",
    "log-file.json",
    "digest.json",
    "digest.signature.bin",
    "digest.public-key.der",
];
/// Bytes of a block of an archive.
const BLOCK: usize = 512;

fuzz_target!(|bytes: &[u8]| {
    assert!(check(bytes).is_err(), "nobody can sign by chance");
    let mut bundle = Vec::new();
    for (name, content) in NAMES.iter().zip(bytes.split(|byte| *byte == 0)) {
        bundle.extend(header(name, content.len()));
        bundle.extend(content);
        bundle.resize(bundle.len().next_multiple_of(BLOCK), 0);
    }
    bundle.resize(bundle.len() + 2 * BLOCK, 0);
    let refused = check(&bundle).expect_err("nobody can sign by chance");
    assert!(!refused.to_string().is_empty());
});

/// The header of a plain file in a POSIX archive (ustar).
fn header(name: &str, size: usize) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644");
    put(124, &format!("{size:011o}"));
    // The checksum is taken with blanks in its own place.
    put(148, "        ");
    put(156, "0");
    put(257, "ustar");
    put(263, "00");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    header
}
