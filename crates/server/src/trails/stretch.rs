//! Stretches of logging: one ends where delivery has to know of it before the next one begins.

use event::time::EventTime;
use jiff::Timestamp;
use lake::error::ErrorKind;
use lake::{Change, Expect, Kept};
use trail::delivery::{State, TRAIL_DELIVERY};
use trail::model::{TRAIL, Trail};

use crate::call::Call;
use crate::fault::Result;
use crate::service::Service;

/// How often a change is tried that delivery is quicker than.
const ATTEMPTS_MAX: usize = 10;

/// Returns what delivery has to know of a trail whose stretch makes room for another: where it ends. Delivery may not have
/// looked at the trail since it was stopped.
///
/// # Errors
/// If the documents cannot be read.
pub(crate) fn end_of_stretch(service: &Service, call: &Call, before: &Trail) -> Result<Option<(State, Expect)>> {
    if before.logging.stretch == 0 {
        return Ok(None);
    }
    let kept: Option<Kept<State>> = service.documents.read(TRAIL_DELIVERY, &before.arn)?;
    Ok(match kept {
        Some(Kept { revision, mut value }) if value.is_stretch_of(before) && !value.is_ended => {
            value.trail.logging = before.logging.clone();
            Some((value, Expect::Revision(revision)))
        }
        // It is at the end already, or still busy with a stretch before: then it knows the end of that one.
        Some(_) => None,
        None => Some((State::begin(before, timestamp(call.now)), Expect::Absent)),
    })
}

/// Stores a trail whose next stretch begins, together with the end of the one `before`.
///
/// # Errors
/// `ConflictException` if somebody else has changed the trail.
pub(crate) fn put_next_stretch(service: &Service, call: &Call, before: &Trail, kept: &Kept<Trail>) -> Result<()> {
    let body = lake::to_body(&kept.value)?;
    let id = &kept.value.arn;
    let mut attempt = 1;
    loop {
        let state = end_of_stretch(service, call, before)?;
        let state_body = state.as_ref().map(|(state, _)| lake::to_body(state)).transpose()?;
        let mut change = vec![Change::Put { kind: TRAIL, id, body: &body, expect: Expect::Revision(kept.revision) }];
        if let (Some((_, expect)), Some(body)) = (&state, &state_body) {
            change.push(Change::Put { kind: TRAIL_DELIVERY, id, body, expect: *expect });
        }
        match service.documents.apply(&change) {
            // Delivery changes its state all the time.
            Err(error) if error.kind() == ErrorKind::Changed && attempt < ATTEMPTS_MAX => attempt += 1,
            done => return Ok(done.map(drop)?),
        }
    }
}

fn timestamp(time: EventTime) -> Timestamp {
    Timestamp::from_microsecond(time.as_micros()).unwrap_or_default()
}
