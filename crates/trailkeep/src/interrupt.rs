//! Ctrl-C, heard whatever else is going on.
//!
//! A query may keep every thread of the runtime busy for long without a pause, and then nobody of them looks at signals.
//! So a thread of its own does.

use std::thread;

use tokio::sync::watch;

use crate::fault::{Fault, Result};

/// The times that Ctrl-C was pressed.
#[derive(Clone)]
pub(crate) struct Interrupts(watch::Receiver<u64>);

impl Interrupts {
    /// Starts to listen; from then on Ctrl-C no longer ends the process.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn listen() -> Result<Self> {
        let failed = |error| Fault::new("could not listen for Ctrl-C").because(error);
        let (sender, receiver) = watch::channel(0);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(failed)?;
        let listen = async move {
            // A platform without signals has no Ctrl-C to hear.
            while tokio::signal::ctrl_c().await.is_ok() {
                sender.send_modify(|times| *times += 1);
            }
        };
        thread::Builder::new().name("interrupts".to_owned()).spawn(move || runtime.block_on(listen)).map_err(failed)?;
        Ok(Self(receiver))
    }

    /// Forgets what was pressed before.
    pub(crate) fn forget(&mut self) {
        self.0.mark_unchanged();
    }

    /// Waits for the next Ctrl-C.
    pub(crate) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
