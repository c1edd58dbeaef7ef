//! Threads of their own for queries: one that computes for long between two of its batches stops neither the calls nor the
//! clock by which it is ended.

use arrow::array::RecordBatch;
use futures::StreamExt;
use lake::sql::{self, Planned};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::AbortHandle;

/// Parts of one query that run at the same time at most.
pub(super) const PARTS_MAX: usize = 8;
/// Batches that are computed before they are asked for.
const BATCHES_AHEAD: usize = 1;

/// The threads. Queries that still run when it is dropped are let go of.
pub(super) struct Engine(Option<Runtime>);

/// The rows of a query that runs. When this is dropped the query is cancelled.
pub(super) struct Running {
    steps: mpsc::Receiver<Step>,
    task: AbortHandle,
}

/// What comes of a query that runs.
pub(super) enum Step {
    /// Rows.
    Rows(RecordBatch),
    /// There are no more.
    End,
    /// It cannot go on.
    Failed(sql::Error),
    /// It ended without a word.
    Gone,
}

impl Engine {
    /// Starts the threads: as many as all parts of all queries that may run, so that none waits for the threads of another.
    /// The system shares its processors among them.
    pub(super) fn start(queries_max: usize) -> std::io::Result<Engine> {
        let parts = std::thread::available_parallelism().map_or(1, usize::from).min(PARTS_MAX);
        let threads = queries_max.saturating_mul(parts) + 1;
        let runtime = Builder::new_multi_thread().worker_threads(threads).thread_name("query").enable_all().build()?;
        Ok(Engine(Some(runtime)))
    }

    /// Runs a query. Its place is free again once it computes no more, which may be after it was cancelled.
    pub(super) fn run(&self, planned: Planned, place: OwnedSemaphorePermit) -> Option<Running> {
        let (sender, steps) = mpsc::channel(BATCHES_AHEAD);
        let task = self.0.as_ref()?.spawn(async move {
            let _place = place;
            let mut rows = match planned.rows() {
                Ok(rows) => rows,
                Err(error) => return drop(sender.send(Step::Failed(error)).await),
            };
            while let Some(batch) = rows.next().await {
                let step = match batch {
                    Ok(batch) => Step::Rows(batch),
                    Err(error) => Step::Failed(error.into()),
                };
                if sender.send(step).await.is_err() {
                    return;
                }
            }
            drop(sender.send(Step::End).await);
        });
        Some(Running { steps, task: task.abort_handle() })
    }
}

impl Running {
    /// Returns what comes next.
    pub(super) async fn next(&mut self) -> Step {
        self.steps.recv().await.unwrap_or(Step::Gone)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // It may be dropped by a task, which must not wait for threads.
            runtime.shutdown_background();
        }
    }
}
