//! The door: a destination that was opened, with its position.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use crate::clock::Clock;
use crate::deliver::{Pace, deliver};
use crate::destination::cloud_watch_logs::{CloudWatchLogs, CloudWatchLogsSettings};
use crate::destination::elasticsearch::{Elasticsearch, ElasticsearchSettings};
use crate::destination::files::{Files, FilesSettings};
use crate::destination::objects::{Objects, ObjectsSettings};
use crate::destination::sns::{Sns, SnsSettings};
use crate::destination::webhook::{Webhook, WebhookSettings};
use crate::destination::writer::Writer;
use crate::error::{Error, ErrorKind, Result};
use crate::payload::{Outcome, Payload, Position};

/// What kind of destination, and all that it needs to be opened.
pub enum Settings {
    /// A writer, such as standard output: one payload a line.
    Writer(Box<dyn Write + Send>),
    /// Numbered files in a folder.
    Files(FilesSettings),
    /// Objects in a bucket.
    Objects(ObjectsSettings),
    /// Documents in Elasticsearch or OpenSearch.
    Elasticsearch(ElasticsearchSettings),
    /// Requests to a webhook.
    Webhook(WebhookSettings),
    /// Messages to an SNS topic.
    Sns(Box<SnsSettings>),
    /// Log events to a stream of CloudWatch Logs.
    CloudWatchLogs(Box<CloudWatchLogsSettings>),
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Writer(_) => f.write_str("Writer(..)"),
            Self::Files(settings) => settings.fmt(f),
            Self::Objects(settings) => settings.fmt(f),
            Self::Elasticsearch(settings) => settings.fmt(f),
            Self::Webhook(settings) => settings.fmt(f),
            Self::Sns(settings) => settings.fmt(f),
            Self::CloudWatchLogs(settings) => settings.fmt(f),
        }
    }
}

/// A destination that payloads are sent to.
///
/// One sink has one caller. If a call fails, or is dropped before it returns, the sink takes nothing more: it is to be
/// opened again from its position, and sent what comes after that.
pub struct Sink {
    kind: Kind,
    position: Position,
    /// The offset of the last payload that was handed over.
    handed_over: Option<u64>,
    is_under_way: bool,
}

enum Kind {
    Writer(Writer),
    Files(Files),
    Objects(Objects),
    Elasticsearch(Box<Elasticsearch>, Pace),
    Webhook(Box<Webhook>, Pace),
    Sns(Sns, Pace),
    CloudWatchLogs(Box<CloudWatchLogs>, Pace),
}

impl Sink {
    /// Opens a destination: at its beginning, or to go on from a position that was stored.
    ///
    /// Whoever begins should store the position before the first call, and after each one. Files and objects that are
    /// there already are an error without a position; with one, those after it are written anew.
    ///
    /// # Errors
    /// Whatever can be found out before anything is sent: settings that cannot be used, wrong credentials, a service of
    /// another kind, a name that is taken.
    pub async fn open(settings: Settings, from: Option<Position>, clock: Arc<dyn Clock>) -> Result<Self> {
        let kind = match settings {
            Settings::Writer(to) => Kind::Writer(Writer::new(to)),
            Settings::Files(settings) => Kind::Files(Files::open(settings, from)?),
            Settings::Objects(settings) => Kind::Objects(Objects::open(settings, from, clock).await?),
            Settings::Elasticsearch(settings) => {
                let opened = Elasticsearch::open(&settings, Arc::clone(&clock)).await?;
                Kind::Elasticsearch(Box::new(opened), Pace { batch: settings.batch, retry: settings.retry, clock })
            }
            Settings::Webhook(settings) => {
                let opened = Webhook::open(&settings, Arc::clone(&clock))?;
                Kind::Webhook(Box::new(opened), Pace { batch: settings.batch, retry: settings.retry, clock })
            }
            Settings::Sns(settings) => {
                let opened = Sns::open(&settings, Arc::clone(&clock))?;
                Kind::Sns(opened, Pace { batch: Sns::BATCH, retry: settings.retry, clock })
            }
            Settings::CloudWatchLogs(settings) => {
                let opened = CloudWatchLogs::open(&settings, Arc::clone(&clock))?;
                let pace = Pace { batch: CloudWatchLogs::BATCH, retry: settings.retry, clock };
                Kind::CloudWatchLogs(Box::new(opened), pace)
            }
        };
        let position = from.unwrap_or_default();
        Ok(Self { kind, position, handed_over: position.offset, is_under_way: false })
    }

    /// Sends payloads, in requests or parts of the sizes that the settings allow, and returns what became of each.
    ///
    /// Requests are repeated, halved and waited for as the limits allow. Any number may be handed over at once; a few
    /// thousand keep requests full and progress visible.
    ///
    /// # Errors
    /// If a payload's offset is not above the one before, and if the destination fails for longer than the limits allow
    /// or in a way that a person must look at. [`Error::settled`] then tells of the payloads that the position covers.
    /// Of those after it some may have arrived.
    pub async fn send(&mut self, payloads: &[Payload]) -> Result<Outcome> {
        self.begin()?;
        self.check_order(payloads)?;
        let position = &mut self.position;
        let outcome = match &mut self.kind {
            Kind::Writer(writer) => writer.send(payloads, position),
            Kind::Files(files) => files.send(payloads, position),
            Kind::Objects(objects) => objects.send(payloads, position).await,
            Kind::Elasticsearch(elasticsearch, pace) => deliver(&**elasticsearch, pace, payloads, position).await,
            Kind::Webhook(webhook, pace) => deliver(&**webhook, pace, payloads, position).await,
            Kind::Sns(sns, pace) => deliver(sns, pace, payloads, position).await,
            Kind::CloudWatchLogs(stream, pace) => deliver(&**stream, pace, payloads, position).await,
        }?;
        self.is_under_way = false;
        Ok(outcome)
    }

    /// Finishes the file or object that is being written, so that the position covers all payloads sent so far.
    ///
    /// Other destinations have nothing to finish. The next payload begins a new part, even if this one was small.
    ///
    /// # Errors
    /// As [`Sink::send`].
    pub async fn flush(&mut self) -> Result<()> {
        self.begin()?;
        match &mut self.kind {
            Kind::Files(files) => files.flush(&mut self.position)?,
            Kind::Objects(objects) => objects.flush(&mut self.position).await?,
            Kind::Writer(_)
            | Kind::Elasticsearch(..)
            | Kind::Webhook(..)
            | Kind::Sns(..)
            | Kind::CloudWatchLogs(..) => {}
        }
        self.is_under_way = false;
        Ok(())
    }

    /// Returns how far the sink has come. All payloads up to here are settled and need not be sent again.
    pub fn position(&self) -> Position {
        self.position
    }

    fn begin(&mut self) -> Result<()> {
        if self.is_under_way {
            return Err(Error::new(ErrorKind::Interrupted, "cannot send on after a call that did not end")
                .advise("open the sink again from its position"));
        }
        self.is_under_way = true;
        Ok(())
    }

    /// Checks that offsets grow: the position says nothing otherwise.
    fn check_order(&mut self, payloads: &[Payload]) -> Result<()> {
        let mut last = self.handed_over;
        for payload in payloads {
            if last.is_some_and(|last| payload.offset <= last) {
                let message = format!("cannot send the payload `{}`: its offset does not grow", payload.id);
                return Err(Error::new(ErrorKind::OutOfOrder, message)
                    .with("offset", payload.offset)
                    .with("last", last.unwrap_or_default()));
            }
            last = Some(payload.offset);
        }
        self.handed_over = last;
        Ok(())
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink").field("position", &self.position).finish_non_exhaustive()
    }
}
