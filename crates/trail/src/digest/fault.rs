//! Why a digest is not proven: each reason a status of its own.

use std::fmt;

/// Why a digest counts for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The bytes are not gzip.
    NotGzip,
    /// The gzip stream is cut short or contradicts itself.
    DamagedGzip,
    /// The content is larger than [`DIGEST_BYTES_MAX`](super::DIGEST_BYTES_MAX).
    TooLarge,
    /// The content is not JSON in UTF-8.
    NotJson,
    /// The content is JSON, but of this other type than an object.
    NotObject(&'static str),
    /// A member that a digest must have is not there.
    MissingMember(&'static str),
    /// A member has this other type than it must have.
    WrongType {
        /// The member.
        member: &'static str,
        /// What stands there instead.
        found: &'static str,
    },
    /// A member holds text that is no time.
    BadTime {
        /// The member.
        member: &'static str,
        /// Its text.
        text: String,
    },
    /// The object has no signature among its metadata.
    NoSignature,
    /// A backfill digest has no time of its making among its metadata.
    NoBackfillTime,
    /// The signature is not hex digits, or an odd number of them.
    SignatureNotHex {
        /// Whether their number is odd, which is looked at first.
        is_odd: bool,
    },
    /// The digest says that it lies elsewhere.
    Moved,
    /// No key has the fingerprint that the digest names.
    UnknownFingerprint(String),
    /// The key of this fingerprint is no RSA key in PKCS#1 form, or its size cannot be used.
    UnusableKey(String),
    /// The signature does not fit.
    SignatureMismatch,
    /// The digest names itself or a later one as the one before.
    Cycle,
    /// The digest names a path that leads out of its folder, or that is no key of CloudTrail's.
    SuspectPath(String),
}

impl Fault {
    /// Returns a short name of the reason, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Fault::NotGzip => "not-gzip",
            Fault::DamagedGzip => "damaged-gzip",
            Fault::TooLarge => "too-large",
            Fault::NotJson => "not-json",
            Fault::NotObject(_) => "not-an-object",
            Fault::MissingMember(_) => "missing-field",
            Fault::WrongType { .. } => "wrong-type",
            Fault::BadTime { .. } => "bad-time",
            Fault::NoSignature => "no-signature",
            Fault::NoBackfillTime => "no-backfill-time",
            Fault::SignatureNotHex { .. } => "signature-not-hex",
            Fault::Moved => "moved",
            Fault::UnknownFingerprint(_) => "unknown-fingerprint",
            Fault::UnusableKey(_) => "unusable-key",
            Fault::SignatureMismatch => "signature-mismatch",
            Fault::Cycle => "cycle",
            Fault::SuspectPath(_) => "suspect-path",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NotGzip => f.write_str("it is not gzip"),
            Fault::DamagedGzip => f.write_str("its gzip stream is cut short or damaged"),
            Fault::TooLarge => f.write_str("it inflates to more than a digest may have"),
            Fault::NotJson => f.write_str("its content is not JSON"),
            Fault::NotObject(found) => write!(f, "its content is {found}, not a JSON object"),
            Fault::MissingMember(member) => write!(f, "it has no `{member}`"),
            Fault::WrongType { member, found } => write!(f, "its `{member}` is {found}"),
            Fault::BadTime { member, text } => write!(f, "its `{member}` is no time: `{text}`"),
            Fault::NoSignature => f.write_str("its metadata holds no signature"),
            Fault::NoBackfillTime => f.write_str("its metadata does not say when it was backfilled"),
            Fault::SignatureNotHex { is_odd: true } => f.write_str("its signature has an odd number of hex digits"),
            Fault::SignatureNotHex { is_odd: false } => f.write_str("its signature is not hex"),
            Fault::Moved => f.write_str("it says that it lies elsewhere"),
            Fault::UnknownFingerprint(fingerprint) => write!(f, "no key has its fingerprint `{fingerprint}`"),
            Fault::UnusableKey(fingerprint) => write!(f, "the key `{fingerprint}` is no RSA key in PKCS#1 form"),
            Fault::SignatureMismatch => f.write_str("its signature does not fit"),
            Fault::Cycle => f.write_str("it names itself or a later digest as the one before"),
            Fault::SuspectPath(path) => write!(f, "it names a path that CloudTrail does not write: `{path}`"),
        }
    }
}

impl std::error::Error for Fault {}
