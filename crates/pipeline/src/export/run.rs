//! One run of an export: rounds of reading, putting into words and sending, with the offset stored after each call.

use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use sink::{Payload, Position, Sink};
use tokio::sync::watch;

use super::call;
use super::choice::{Part, Reading};
use super::{Ends, Events, Export, Format, FormatError, Offset, Report};
use crate::error::{Error, ErrorKind, Result};

pub(super) struct Run<'p, F, O> {
    plan: &'p Export,
    format: F,
    open: O,
    offset: Offset,
    sink: Sink,
    stop: watch::Receiver<bool>,
    /// Payloads that wait for a call to be full.
    ready: Vec<Payload>,
    /// The last event that was read, if any was.
    last_event: Option<u64>,
    /// Since when events wait for a part to be full.
    waiting_since: Option<Instant>,
    report: Report,
    started: Instant,
    /// The last round failed: the sink is to be opened again before the next.
    pub(super) is_broken: bool,
}

impl<'p, F: Format, O: AsyncFnMut(Option<Position>) -> sink::Result<Sink>> Run<'p, F, O> {
    pub(super) async fn open(plan: &'p Export, ends: Ends<F, O>, stop: watch::Receiver<bool>) -> Result<Self> {
        let Ends { format, mut open, mut offset } = ends;
        let sink = open(offset.position()).await.map_err(unsent)?;
        // Before the first call, so that files of a run that is killed are known to be ours.
        offset.store()?;
        Ok(Run {
            plan,
            format,
            open,
            offset,
            sink,
            stop,
            ready: Vec::new(),
            last_event: None,
            waiting_since: None,
            report: Report::default(),
            started: Instant::now(),
            is_broken: false,
        })
    }

    pub(super) fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Sends what is chosen and stored by now.
    pub(super) async fn round(&mut self) -> Result<()> {
        if self.is_broken {
            self.reopen().await?;
        }
        // What waits in a part was read, though it is not settled.
        let read = self.last_event.and_then(|last| i64::try_from(last).ok()).unwrap_or(-1);
        let after = self.offset.settled().max(read);
        let mut reading = Reading::begin(self.plan.location.clone(), self.plan.choice.clone(), after);
        let mut stop = self.stop.clone();
        loop {
            let part = tokio::select! {
                biased;
                // Whoever could ask for a stop may be gone; then nobody will.
                Ok(_) = stop.wait_for(|is_asked| *is_asked) => None,
                part = reading.next() => part?,
            };
            match part {
                Some(Part::Events(batch)) => self.take(&batch).await?,
                Some(Part::Until(until)) => self.pass(until)?,
                None => return self.send(true).await,
            }
        }
    }

    /// Finishes what is held back or half written. After a round that failed there is nothing to finish: it will be read
    /// again.
    pub(super) async fn finish(&mut self) -> Result<()> {
        if self.is_broken {
            return Ok(());
        }
        self.format.finish(&mut self.ready).map_err(unwritten)?;
        self.send(true).await?;
        self.sink.flush().await.map_err(unsent)?;
        self.offset.settle(self.sink.position(), &sink::Outcome::default())?;
        self.waiting_since = None;
        Ok(())
    }

    /// Finishes it if an event has waited for so long.
    pub(super) async fn flush_after(&mut self, interval: Duration) -> Result<()> {
        match self.waiting_since {
            Some(since) if since.elapsed() >= interval => self.finish().await,
            _ => Ok(()),
        }
    }

    /// Lets time pass, or less of it if a stop is asked for.
    pub(super) async fn wait(&mut self, interval: Duration) {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            Ok(_) = stop.wait_for(|is_asked| *is_asked) => {}
        }
    }

    pub(super) fn into_report(mut self) -> Result<Report> {
        let position = self.sink.position();
        self.report.refused = self.offset.take_refused()?;
        (self.report.offset, self.report.parts) = (position.offset, position.parts);
        self.report.seconds = self.started.elapsed().as_secs_f64();
        Ok(self.report)
    }

    /// Goes back to what is settled.
    async fn reopen(&mut self) -> Result<()> {
        self.ready.clear();
        self.format.reset();
        (self.last_event, self.waiting_since) = (None, None);
        self.sink = (self.open)(self.offset.position()).await.map_err(unsent)?;
        self.is_broken = false;
        Ok(())
    }

    async fn take(&mut self, batch: &RecordBatch) -> Result<()> {
        for slice in call::slices(batch) {
            let events = Events::new(batch.slice(slice.start, slice.len()), self.plan.ids)?;
            self.format.take(&events, &mut self.ready).map_err(unwritten)?;
            self.report.events += events.len() as u64;
            self.last_event = events.len().checked_sub(1).map(|last| events.offset(last)).or(self.last_event);
            self.send(false).await?;
        }
        Ok(())
    }

    /// Sends what makes full calls; all of it at an end.
    async fn send(&mut self, is_end: bool) -> Result<()> {
        let payloads_max = self.plan.call_payloads_max;
        while let Some(count) = call::cut(&self.ready, payloads_max, self.offset.until(), is_end) {
            let rest = self.ready.split_off(count);
            let payloads = std::mem::replace(&mut self.ready, rest);
            if let Some(last) = payloads.last().filter(|_| self.plan.repeats_calls) {
                self.offset.begin_call(last.offset)?;
            }
            let sent = self.sink.send(&payloads).await;
            let outcome = match &sent {
                Ok(outcome) => outcome,
                Err(error) => error.settled(),
            };
            self.report.accepted += outcome.accepted;
            self.report.already_there += outcome.already_there;
            self.offset.settle(self.sink.position(), outcome)?;
            sent.map_err(unsent)?;
        }
        let is_waiting = self.last_event.is_some_and(|last| Some(last) > self.sink.position().offset);
        match (is_waiting, self.waiting_since) {
            (true, None) => self.waiting_since = Some(Instant::now()),
            (false, _) => self.waiting_since = None,
            (true, Some(_)) => {}
        }
        Ok(())
    }

    /// All that is chosen up to a number was read: if none of it waits, it need not be looked at again.
    fn pass(&mut self, until: i64) -> Result<()> {
        if self.waiting_since.is_some() { Ok(()) } else { self.offset.pass(until) }
    }
}

fn unsent(error: sink::Error) -> Error {
    Error::because(ErrorKind::Sink, "the export stopped", error)
}

fn unwritten(error: FormatError) -> Error {
    Error::because(ErrorKind::Event, "the export stopped: events could not be put into this format", error)
}
