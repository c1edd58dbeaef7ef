//! Digest files: what one says, what proves it, and how one leads to the one before.
//!
//! A digest file is a gzipped JSON object that lists the log files delivered in one hour with their hashes. Its
//! signature lies beside it, in the object's metadata, and covers the signature of the digest before, which makes a
//! chain. Source: AWS CloudTrail user guide, "CloudTrail digest file structure" and "Custom implementations of CloudTrail
//! log file integrity validation". The format as we read and write it: `docs/format/digests.md`.
//!
//! ```
//! use trail::digest::{Fault, Metadata, PublicKeys, verify};
//! let keys = PublicKeys::parse_json(r#"{"PublicKeyList": []}"#)?;
//! let fault = verify(b"no gzip", None, &Metadata::default(), &keys).expect_err("that is no digest");
//! assert_eq!(fault, Fault::NotGzip);
//! # Ok::<(), trail::digest::KeysError>(())
//! ```

mod content;
mod fault;
mod file;
mod hash;
mod key;
mod lenient;
mod location;
mod log_file;
mod metadata;
mod seal;
mod unproven;
mod walk;

pub(crate) use content::inflate;
pub use content::{CONTENT_BYTES_MAX, Content, Damage, Packing, read_content, read_stream};
pub use fault::Fault;
pub use file::{DIGEST_INTERVAL, DigestFile, LogFileEntry, Previous};
pub use hash::ContentHash;
pub(crate) use hash::hex;
pub use key::{KeysError, PublicKeys};
pub use lenient::parse_time;
pub use location::Location;
pub use log_file::{LogFileStatus, check_log_file};
pub use metadata::{Metadata, MetadataError, MetadataFile};
pub(crate) use seal::gzip;
pub use seal::{SealError, Sealed, SigningKey};
pub use unproven::{DIGEST_BYTES_MAX, Pending, Unproven, verify};
pub use walk::{Chain, KEYS_AROUND_BACKFILL, Step, Walk};
