//! What the crate promises of a corpus, held against the files it writes.

mod bucket;
mod digests;
mod records;
mod sameness;
mod sessions;
mod shares;
mod story;
