//! The end of what would go on for ever: Ctrl-C, or the system's request.

use std::io::Write;

use tokio::sync::watch;

use crate::fault::{Fault, Result};
use crate::interrupt::Interrupts;

/// Listens for the first signal, which asks for an end in good order and says what is being done for it; the second ends
/// the process, which whatever is stored survives as well.
///
/// # Errors
/// If the system does not let us listen.
pub(crate) fn listen(ending: &'static str) -> Result<watch::Receiver<bool>> {
    let (asked, stop) = watch::channel(false);
    let mut interrupts = Interrupts::listen()?;
    let mut terminations = Terminations::listen()?;
    tokio::spawn(async move {
        for nth in 0..2 {
            tokio::select! {
                () = interrupts.next() => {}
                () = terminations.next() => {}
            }
            if nth > 0 {
                std::process::exit(2);
            }
            asked.send_replace(true);
            // Standard error may be gone; the end comes in either case.
            writeln!(std::io::stderr(), "\nending: {ending}; once more ends at once").ok();
        }
    });
    Ok(stop)
}

/// The requests of the system to end.
#[cfg(unix)]
pub(crate) struct Terminations(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Terminations {
    /// Starts to listen; from then on the request no longer ends the process.
    pub(crate) fn listen() -> Result<Self> {
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
            .map(Terminations)
            .map_err(|error| Fault::new("could not listen for the request to end").because(error))
    }

    /// Waits for the next request.
    pub(crate) async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// A platform without signals asks nobody.
#[cfg(not(unix))]
pub(crate) struct Terminations;

#[cfg(not(unix))]
impl Terminations {
    pub(crate) fn listen() -> Result<Self> {
        Ok(Terminations)
    }

    pub(crate) async fn next(&mut self) {
        std::future::pending::<()>().await;
    }
}
