//! `collect --follow`: the same places again and again, until Ctrl-C or until the system asks the program to end.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lake::Writer;
use lake::location::Location;
use pipeline::collect::{Collect, Progress, Report};
use pipeline::prove::Proofs;
use tokio::sync::watch;

use super::prove::{Given, sum};
use super::{consume, open, stopped};
use crate::command::detect::stored::{Keeps, hunt_above, last_seq};
use crate::fault::{Fault, Result};
use crate::interrupt::Interrupts;
use crate::progress::{Bar, Pace};
use crate::settings::Settings;
use crate::stop::Terminations;
use crate::terminal;
use crate::units::counted;

/// Shortest time between two looks: a listing is work for the disk, and costs money in a bucket.
const INTERVAL_MIN: Duration = Duration::from_millis(10);

/// Reads how long to wait between two looks.
pub(super) fn parse_interval(text: &str) -> std::result::Result<Duration, String> {
    let parsed = text.parse::<SignedDuration>().ok().and_then(|interval| Duration::try_from(interval).ok());
    match parsed {
        Some(interval) if interval >= INTERVAL_MIN => Ok(interval),
        Some(_) => Err(format!("`{text}` is too short: wait for at least {} ms", INTERVAL_MIN.as_millis())),
        None => Err(format!("`{text}` is no length of time: write `500ms`, `10s` or `5m`")),
    }
}

/// How places are watched.
pub(super) struct Watch<'s> {
    /// How long to wait between two looks.
    pub(super) interval: Duration,
    /// What digests are proven by.
    pub(super) given: Given,
    /// By what rules the dates of what is new are looked at, if they are.
    pub(super) rules: Option<&'s Settings>,
}

/// Collects into a lake until it is told to end, and returns what all rounds came to.
///
/// # Errors
/// If the lake cannot be written; what was committed by then stays.
pub(super) async fn into_lake(
    location: &Location,
    plan: Collect,
    now: Timestamp,
    watch: Watch<'_>,
) -> Result<(Report, Proofs)> {
    if let Some(stream) = plan.sources.iter().find(|source| matches!(source.uri(), source::Uri::Stdin)) {
        return Err(Fault::new(format!("`{}` cannot be followed: it ends by itself", stream.uri()))
            .help("`--follow` watches folders and buckets; leave it out for standard input"));
    }
    let (ended, end) = watch::channel(false);
    let progress = Arc::new(Progress::default());
    let listener = tokio::spawn(listen(Interrupts::listen()?, Terminations::listen()?, ended, progress.clone()));
    let writer = open(location, now).await?;
    let bar = Bar::start(progress.clone(), Pace::Events);
    let Watch { interval, given, rules } = watch;
    let mut looked_at = if rules.is_some() { last_seq(location).await? } else { -1 };
    let (mut failed_before, mut proved) = (0, Ok(Proofs::default()));
    let (mut is_first, mut consumed) = (true, Ok(()));
    let mut looked = Ok(());
    let report = pipeline::collect::follow(writer.clone(), plan, progress, async |round: &Report| {
        tell(round, failed_before);
        failed_before = round.failed_total;
        // A digest may prove the one before it, so each round that met one may prove more than its own.
        if round.digests > 0 || std::mem::take(&mut is_first) && !given.is_empty() {
            proved = match (&proved, given.prove(&writer).await) {
                (Ok(before), Ok(more)) => Ok(sum(before, &more)),
                (_, failed) => failed,
            };
            if proved.is_err() {
                return false;
            }
        }
        if round.stored > 0 {
            consumed = consume(&writer, location).await;
            if consumed.is_err() {
                return false;
            }
            if let Some(rules) = rules {
                looked = look(&mut looked_at, location, rules, &writer).await;
                if looked.is_err() {
                    return false;
                }
            }
        }
        let mut end = end.clone();
        tokio::select! {
            () = tokio::time::sleep(interval) => true,
            // The other side lives as long as it listens, which is longer than this.
            _ = end.wait_for(|ended| *ended) => false,
        }
    })
    .await;
    listener.abort();
    bar.finish().await;
    writer.close().await;
    let report = report.map_err(|error| stopped(error, location))?;
    consumed?;
    looked?;
    Ok((report, proved?))
}

/// Looks at the dates of the events above a number with the rules, and moves the number on.
async fn look(looked_at: &mut i64, location: &Location, rules: &Settings, writer: &Arc<Writer>) -> Result<()> {
    hunt_above(*looked_at, rules, Timestamp::now(), Keeps::By(writer)).await?;
    *looked_at = last_seq(location).await?;
    Ok(())
}

/// Asks for an end at the first signal; the second ends the process, which the lake survives as well.
async fn listen(
    mut interrupts: Interrupts,
    mut terminations: Terminations,
    ended: watch::Sender<bool>,
    progress: Arc<Progress>,
) {
    tokio::select! {
        () = interrupts.next() => {}
        () = terminations.next() => {}
    }
    progress.stop.store(true, Ordering::Relaxed);
    ended.send_replace(true);
    tokio::select! {
        () = interrupts.next() => {}
        () = terminations.next() => {}
    }
    std::process::exit(2);
}

/// Tells on standard error of a round that met something new, where no bar shows it.
fn tell(round: &Report, failed_before: u64) {
    let (read, failed) = (round.files_read, round.failed_total);
    if terminal::is_stderr() || (read == 0 && failed == failed_before) {
        return;
    }
    let mut line = format!("stored {} of {}", counted(round.stored, "event"), counted(read, "file"));
    if failed > 0 {
        line += &format!("; {} could not be read and will be tried again", counted(failed, "file"));
    }
    // Standard error may be gone; the collection goes on.
    writeln!(std::io::stderr(), "{line}").ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals() {
        let cases = [
            ("500ms", Some(500)),
            ("10s", Some(10_000)),
            ("5m", Some(300_000)),
            ("1h", Some(3_600_000)),
            ("10ms", Some(10)),
            ("1ms", None),
            ("0s", None),
            ("-5s", None),
            ("10", None),
            ("soon", None),
        ];
        for (text, expect) in cases {
            assert_eq!(parse_interval(text).ok(), expect.map(Duration::from_millis), "{text}");
        }
    }
}
