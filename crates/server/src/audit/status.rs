//! How the last events came in over each channel. Kept in memory, and written down once a second at most: a document for
//! each of many calls would cost more than their events.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use event::time::SECOND;
use lake::Expect;
use trail::model::{CHANNEL_STATUS, Channel, Ingestion, Millis};

use super::{AuditEvent, Output};
use crate::call::Call;
use crate::fault::Result;
use crate::kept;
use crate::service::Service;

/// How the last events came in, by the ARN of the channel.
#[derive(Default)]
pub(crate) struct Ingestions(Mutex<HashMap<String, Known>>);

#[derive(Clone, Default)]
struct Known {
    ingestion: Ingestion,
    written: Option<Millis>,
}

impl Ingestions {
    /// Returns how the last events came in over a channel.
    ///
    /// # Errors
    /// If documents cannot be read.
    pub(crate) fn of(service: &Service, arn: &str) -> Result<Ingestion> {
        let known = service.ingestions.0.lock().unwrap_or_else(PoisonError::into_inner).get(arn).cloned();
        match known {
            Some(known) => Ok(known.ingestion),
            None => {
                let kept = service.documents.read::<Ingestion>(CHANNEL_STATUS, arn)?;
                Ok(kept.map(|kept| kept.value).unwrap_or_default())
            }
        }
    }
}

/// Takes note of a call.
pub(super) fn tell(
    service: &Service,
    call: &Call,
    channel: &Channel,
    events: &[AuditEvent],
    output: &Output,
) -> Result<()> {
    let now = Millis::from(call.now);
    let mut ingestion = Ingestions::of(service, &channel.arn)?;
    ingestion.attempted = Some(now);
    ingestion.attempted_event_id = events.last().map(|event| event.id.clone());
    ingestion.error_code = output.failed.last().map(|failed| failed.error_code.to_owned());
    if let Some(last) = output.successful.last() {
        ingestion.succeeded = Some(now);
        ingestion.succeeded_event_id = Some(last.id.clone());
    }
    let is_due = {
        let mut all = service.ingestions.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(channel.arn.clone()).or_default();
        known.ingestion.clone_from(&ingestion);
        let is_due = known.written.is_none_or(|written| (now.0 - written.0).saturating_mul(1_000) >= SECOND);
        if is_due {
            known.written = Some(now);
        }
        is_due
    };
    if is_due {
        kept::put(service, (CHANNEL_STATUS, &channel.arn), &ingestion, Expect::Any)?;
    }
    Ok(())
}
