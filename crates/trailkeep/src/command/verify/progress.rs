//! The bar that shows how far a verification has come, on a terminal only.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use pipeline::progress::Progress;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::{terminal, units};

/// How often the bar is drawn.
const DRAW_INTERVAL: Duration = Duration::from_millis(150);

/// A bar that is drawn by a task of its own.
pub(super) struct Bar(Option<(oneshot::Sender<()>, JoinHandle<()>)>);

impl Bar {
    /// Starts drawing, if standard error is a terminal.
    pub(super) fn start(progress: Arc<Progress>) -> Self {
        if !terminal::is_stderr() {
            return Self(None);
        }
        let (ended, end) = oneshot::channel();
        Self(Some((ended, tokio::spawn(draw(progress, end)))))
    }

    /// Clears the bar away.
    pub(super) async fn finish(self) {
        if let Some((ended, drawing)) = self.0 {
            drop(ended);
            // A bar that failed to draw must not fail the verification.
            if let Err(error) = drawing.await {
                tracing::debug!(%error, "the progress bar ended early");
            }
        }
    }
}

async fn draw(progress: Arc<Progress>, mut end: oneshot::Receiver<()>) {
    let bar = ProgressBar::new(0);
    let template = "{wide_bar:.cyan/blue} {bytes}/{total_bytes} {msg}";
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let started = Instant::now();
    let mut tick = tokio::time::interval(DRAW_INTERVAL);
    loop {
        tokio::select! {
            _ = &mut end => break,
            _ = tick.tick() => show(&bar, &progress, started.elapsed().as_secs_f64()),
        }
    }
    bar.finish_and_clear();
}

fn show(bar: &ProgressBar, progress: &Progress, seconds: f64) {
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (bytes, total) = (read(&progress.bytes_done), read(&progress.bytes_listed));
    bar.set_length(total);
    bar.set_position(bytes.min(total));
    let more = if progress.listing_done.load(Ordering::Relaxed) { "" } else { "+" };
    let left = match (more, bytes) {
        ("", 1..) => format!("eta {}", units::seconds(total.saturating_sub(bytes) as f64 * seconds / bytes as f64)),
        _ => "listing".to_owned(),
    };
    let (files, listed) = (units::count(read(&progress.files_done)), units::count(read(&progress.files_listed)));
    bar.set_message(format!("{files}/{listed}{more} files  {left}"));
}
