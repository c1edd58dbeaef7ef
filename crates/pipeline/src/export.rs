//! Exports: stored events, put into other words, on their way to a destination.
//!
//! One consumer of the lake: events are read in the order of their numbers ([`Choice`] says which), a [`Format`] makes
//! payloads of them, a sink takes them, and the offset is stored after each call. Reading runs ahead by a batch; whoever
//! is slow is waited for. What events become and where they go is not known here.

mod call;
mod choice;
mod events;
mod identity;
mod offset;
mod report;
mod run;

use std::time::Duration;

use lake::location::Location;
use sink::{Position, Sink};
use tokio::sync::watch;

use crate::error::{Result, chain};
use run::Run;

pub use choice::Choice;
pub use events::{Events, Ids};
pub use offset::{Offset, Origin};
pub use report::{REFUSED_NAMED_MAX, Refused, Report};

/// What is exported, and how.
#[derive(Debug, Clone)]
pub struct Export {
    /// The lake.
    pub location: Location,
    /// Which of its events.
    pub choice: Choice,
    /// What payloads are called.
    pub ids: Ids,
    /// How many payloads are handed over at once; the offset is stored after each call.
    pub call_payloads_max: usize,
    /// Whether the destination tells a repeat by the call as a whole, so that one that is made again after a restart
    /// must end where it would have ended before.
    pub repeats_calls: bool,
    /// Whether it goes on with what is stored later.
    pub follow: Option<Follow>,
}

/// How new events are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Follow {
    /// How long to wait before looking again once nothing is left.
    pub poll_interval: Duration,
    /// How long an event may wait for the file or object that holds it to be full.
    pub part_interval: Duration,
}

/// Puts events into other words.
pub trait Format {
    /// Makes payloads of events, in their order. An event may be held back for a later payload, together with others.
    ///
    /// # Errors
    /// If an event cannot be put into these words at all: then nothing goes on.
    fn take(&mut self, events: &Events, payloads: &mut Vec<sink::Payload>) -> Result<(), FormatError>;

    /// Makes payloads of what is held back.
    ///
    /// # Errors
    /// As [`Format::take`].
    fn finish(&mut self, payloads: &mut Vec<sink::Payload>) -> Result<(), FormatError>;

    /// Forgets what is held back: it will be read again.
    fn reset(&mut self);
}

/// Why events cannot be put into other words.
pub type FormatError = Box<dyn std::error::Error + Send + Sync>;

/// Both ends of an export: what makes payloads, what opens the sink, and how far it has come.
pub struct Ends<F, O> {
    /// What makes payloads of events.
    pub format: F,
    /// Opens the sink at its beginning, or to go on from a position.
    pub open: O,
    /// How far it has come.
    pub offset: Offset,
}

/// Exports until nothing is left, or until it is told to stop, and says what became of it.
///
/// What was sent when it is told to stop is settled first. When following, a destination that fails for longer than its
/// own limits allow is opened again and again.
///
/// # Errors
/// If the lake cannot be read, events cannot be put into words, the offset cannot be stored, or the destination fails.
/// The stored offset tells what is settled by then; the same export goes on from there.
pub async fn export<F: Format, O: AsyncFnMut(Option<Position>) -> sink::Result<Sink>>(
    plan: &Export,
    ends: Ends<F, O>,
    stop: watch::Receiver<bool>,
) -> Result<Report> {
    choice::check(&plan.location, &plan.choice).await?;
    let mut run = Run::open(plan, ends, stop).await?;
    loop {
        let ended = run.round().await;
        let Some(follow) = plan.follow else {
            ended?;
            break;
        };
        let fault = match ended {
            Ok(()) => run.flush_after(follow.part_interval).await.err(),
            Err(error) => Some(error),
        };
        if let Some(error) = fault {
            if !error.is_retryable() || run.is_stopped() {
                return Err(error);
            }
            tracing::warn!(error = chain(&error), "the export waits and will try again");
            run.is_broken = true;
        }
        if !run.is_stopped() {
            run.wait(follow.poll_interval).await;
        }
        if run.is_stopped() {
            break;
        }
    }
    run.finish().await?;
    run.into_report()
}
