//! Where payloads go: files, buckets, Elasticsearch and OpenSearch, webhooks, SNS topics, CloudWatch Logs, and any writer.
//!
//! A [`Sink`] is opened from [`Settings`], takes batches of [`Payload`]s in the order of their offsets, and says by its
//! [`Position`] how far all of them are settled. What a payload means is not known here: it is an id, an offset and
//! bytes.
//!
//! The promise has two sides. *Nothing is lost:* the position moves over a payload only once the destination has it for
//! good, or has refused it for good, which is a counted value with its reason. *Nothing comes twice,* as far as the
//! destination can hold to it: a sink opened again from its last stored position writes the same files and objects, and
//! asks Elasticsearch to create the same documents. Where a destination knows no such thing, a repeat bears the same
//! idempotency key as the first try.
//!
//! ```
//! use std::sync::Arc;
//!
//! use sink::{FilesSettings, Payload, Settings, Sink, SystemClock};
//!
//! # async fn export(folder: std::path::PathBuf, payloads: Vec<Payload>) -> sink::Result<()> {
//! let settings = Settings::Files(FilesSettings::new(folder, "events"));
//! let mut sink = Sink::open(settings, None, Arc::new(SystemClock)).await?;
//! let outcome = sink.send(&payloads).await?;
//! for refusal in &outcome.refused {
//!     eprintln!("{}: {}", refusal.id, refusal.reason);
//! }
//! sink.flush().await?;
//! let to_be_stored = sink.position();
//! # drop(to_be_stored);
//! # Ok(())
//! # }
//! ```

mod sink;

mod payload;
mod secret;
mod uri;

mod batch;
mod clock;
mod deliver;
mod http;
mod part;
mod retry;

mod destination;

mod aws;
mod folder;
mod put;

mod error;

pub use crate::aws::{Aws, Standing};
pub use crate::batch::BatchLimits;
pub use crate::clock::{Clock, SystemClock};
pub use crate::destination::cloud_watch_logs::CloudWatchLogsSettings;
pub use crate::destination::elasticsearch::{Auth, ElasticsearchSettings, Target};
pub use crate::destination::files::FilesSettings;
pub use crate::destination::objects::ObjectsSettings;
pub use crate::destination::sns::SnsSettings;
pub use crate::destination::webhook::WebhookSettings;
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::folder::{FolderBuckets, metadata_beside};
pub use crate::part::{Framing, PartLimits};
pub use crate::payload::{Outcome, Payload, Position, Refusal};
pub use crate::put::{Object, look_up_bucket, put_object};
pub use crate::retry::RetryLimits;
pub use crate::secret::Secret;
pub use crate::sink::{Settings, Sink};
pub use crate::uri::Uri;
