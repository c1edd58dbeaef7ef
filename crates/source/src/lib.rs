//! Where the bytes of CloudTrail log files live, and how to walk and read them.
//!
//! A [`Source`] is opened from a [`Uri`], lists what it holds within a [`Selection`], and reads one [`Object`] at a time
//! into a [`Chunk`]. What a record means is not known here: only keys are, since they say what need not be listed.
//!
//! ```no_run
//! use futures::StreamExt;
//! use source::{AwsOptions, Listed, Selection, Source, Uri};
//!
//! # async fn collect() -> source::Result<()> {
//! let uri = Uri::parse("s3://amzn-s3-demo-bucket/AWSLogs/".as_ref())?;
//! let source = Source::open(uri, &AwsOptions::default()).await?;
//! let mut listing = source.list(&Selection::default());
//! while let Some(listed) = listing.next().await {
//!     if let Listed::Object(object) = listed {
//!         let chunk = source.read(&object).await?;
//!         drop(chunk.body);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod source;

mod chunk;
mod object;
mod selection;
mod uri;

mod layout;
mod walk;

mod folder;
mod s3;
mod stream;

mod buckets;
mod cloudtrail;
pub mod push;

mod error;

pub use crate::buckets::{Buckets, Stored};
pub use crate::chunk::{Body, Chunk, WHOLE_BYTES_MAX};
pub use crate::cloudtrail::{CloudTrail, PublicKey, TrailPlace};
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::object::{Listed, Object};
pub use crate::s3::{AwsOptions, s3_store, s3_store_for_owner};
pub use crate::selection::{SINCE_SLACK, Selection, UNTIL_SLACK};
pub use crate::source::Source;
pub use crate::uri::Uri;
