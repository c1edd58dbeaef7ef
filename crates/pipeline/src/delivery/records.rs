//! What is kept of deliveries: several documents changed at once, with the status that people see.

use std::sync::Arc;

use lake::error::ErrorKind as LakeErrorKind;
use lake::{Change, Documents, Expect, Kept, to_body};
use serde::Serialize;
use trail::model::{DeliveryStatus, Millis, Outcome, TRAIL, TRAIL_STATUS};

use crate::error::{Error, ErrorKind, Result};

/// How often a change is tried that somebody else's change got in the way of.
const ATTEMPTS: usize = 10;

/// A document that is put or deleted.
#[derive(Debug, Clone)]
pub(super) struct Write {
    kind: &'static str,
    id: String,
    /// None deletes it.
    body: Option<String>,
    expect: Expect,
}

impl Write {
    pub(super) fn put(kind: &'static str, id: &str, value: &impl Serialize, expect: Expect) -> Result<Write> {
        let body = to_body(value).map_err(unkept)?;
        Ok(Write { kind, id: id.to_owned(), body: Some(body), expect })
    }

    pub(super) fn delete(kind: &'static str, id: &str, expect: Expect) -> Write {
        Write { kind, id: id.to_owned(), body: None, expect }
    }

    fn change(&self) -> Change<'_> {
        let (kind, id, expect) = (self.kind, self.id.as_str(), self.expect);
        match &self.body {
            Some(body) => Change::Put { kind, id, body, expect },
            None => Change::Delete { kind, id, expect },
        }
    }
}

/// Something to be noted in the status of a trail.
#[derive(Debug, Clone)]
pub(super) struct Note {
    pub(super) trail_arn: String,
    pub(super) of: Of,
    pub(super) now: Millis,
    /// The code of what went wrong; none for a success.
    pub(super) error: Option<String>,
}

/// Which kind of delivery a note is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    LogFiles,
    Digests,
    Notifications,
    CloudWatchLogs,
}

impl Note {
    fn apply(&self, status: &mut DeliveryStatus) {
        let outcome: &mut Outcome = match self.of {
            Of::LogFiles => &mut status.log_files,
            Of::Digests => &mut status.digests,
            Of::Notifications => &mut status.notifications,
            Of::CloudWatchLogs => &mut status.cloud_watch_logs,
        };
        outcome.attempted = Some(self.now);
        if self.error.is_none() {
            outcome.succeeded = Some(self.now);
        }
        outcome.error.clone_from(&self.error);
    }
}

/// Makes all changes or none, and returns the revision of what was put. A note is left out where the trail is gone.
///
/// # Errors
/// [`ErrorKind::Lake`] if the documents cannot be read or written, or are not as expected.
pub(super) fn apply(
    documents: &Arc<Documents>,
    writes: Vec<Write>,
    note: Option<Note>,
) -> impl Future<Output = Result<i64>> + Send + use<> {
    let documents = Arc::clone(documents);
    let work = move || {
        let mut attempt = 1;
        loop {
            match apply_once(&documents, &writes, note.as_ref()) {
                Err(error) if error.kind() == LakeErrorKind::Changed && note.is_some() && attempt < ATTEMPTS => {
                    attempt += 1;
                }
                done => return done.map_err(unkept),
            }
        }
    };
    async {
        let applied = tokio::task::spawn_blocking(work).await;
        applied.map_err(|error| Error::ended("a thread that keeps documents", Some(error)))?
    }
}

fn apply_once(documents: &Documents, writes: &[Write], note: Option<&Note>) -> lake::error::Result<i64> {
    let mut status = None;
    if let Some(note) = note
        && documents.get(TRAIL, &note.trail_arn)?.is_some()
    {
        let kept: Option<Kept<DeliveryStatus>> = documents.read(TRAIL_STATUS, &note.trail_arn)?;
        let expect = kept.as_ref().map_or(Expect::Absent, |kept| Expect::Revision(kept.revision));
        let mut noted = kept.map(|kept| kept.value).unwrap_or_default();
        note.apply(&mut noted);
        status = Some((to_body(&noted)?, expect, &note.trail_arn));
    }
    let mut changes: Vec<Change<'_>> = writes.iter().map(Write::change).collect();
    if let Some((body, expect, id)) = &status {
        changes.push(Change::Put { kind: TRAIL_STATUS, id, body, expect: *expect });
    }
    if changes.is_empty() { documents.changes() } else { documents.apply(&changes) }
}

/// An error of the documents.
pub(super) fn unkept(error: lake::error::Error) -> Error {
    Error::because(ErrorKind::Lake, "could not keep how far deliveries have come", error)
}
