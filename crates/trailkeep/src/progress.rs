//! The bar that shows how far a collection or a verification has come, on a terminal only.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use pipeline::progress::Progress;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::{terminal, units};

/// How often the bar is drawn.
const DRAW_INTERVAL: Duration = Duration::from_millis(150);

/// What tells people how fast it goes, beside files and bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// Events a second, where they are counted.
    Events,
    /// Nothing else.
    Files,
}

/// A bar that is drawn by a task of its own.
pub(crate) struct Bar(Option<(oneshot::Sender<()>, JoinHandle<()>)>);

impl Bar {
    /// Starts drawing, if standard error is a terminal.
    pub(crate) fn start(progress: Arc<Progress>, pace: Pace) -> Self {
        if !terminal::is_stderr() {
            return Self(None);
        }
        let (ended, end) = oneshot::channel();
        Self(Some((ended, tokio::spawn(draw(progress, pace, end)))))
    }

    /// Clears the bar away.
    pub(crate) async fn finish(self) {
        if let Some((ended, drawing)) = self.0 {
            drop(ended);
            // A bar that failed to draw must not fail the work.
            if let Err(error) = drawing.await {
                tracing::debug!(%error, "the progress bar ended early");
            }
        }
    }
}

async fn draw(progress: Arc<Progress>, pace: Pace, mut end: oneshot::Receiver<()>) {
    let bar = ProgressBar::new(0);
    let template = "{wide_bar:.cyan/blue} {bytes}/{total_bytes} {msg}";
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let started = std::time::Instant::now();
    let mut tick = tokio::time::interval(DRAW_INTERVAL);
    loop {
        tokio::select! {
            _ = &mut end => break,
            _ = tick.tick() => show(&bar, &progress, pace, started.elapsed().as_secs_f64()),
        }
    }
    bar.finish_and_clear();
}

fn show(bar: &ProgressBar, progress: &Progress, pace: Pace, seconds: f64) {
    let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let (bytes, total) = (read(&progress.bytes_done), read(&progress.bytes_listed));
    bar.set_length(total);
    bar.set_position(bytes.min(total));
    let more = if progress.listing_done.load(Ordering::Relaxed) { "" } else { "+" };
    let left = match (more, bytes) {
        ("", 1..) => format!("eta {}", units::seconds(total.saturating_sub(bytes) as f64 * seconds / bytes as f64)),
        _ => "listing".to_owned(),
    };
    let pace = match pace {
        Pace::Events => {
            let pace = units::count((read(&progress.events) as f64 / seconds.max(0.001)) as u64);
            format!("  {pace} events/s")
        }
        Pace::Files => String::new(),
    };
    let (files, listed) = (units::count(read(&progress.files_done)), units::count(read(&progress.files_listed)));
    bar.set_message(format!("{files}/{listed}{more} files{pace}  {left}"));
}
