//! Refreshes by the clock: at the times of its schedule a dashboard is refreshed without being asked.
//!
//! A time is written down before its queries are started, with the id of the refresh, and crossed out after the last of them. So
//! each time is refreshed once, also over a restart: what was not started then is started under the same id. Of times that were
//! missed the last one is made up.
//!
//! Source: AWS CloudTrail API reference, `RefreshSchedule` and `RefreshScheduleFrequency`.

use event::time::{DAY, EventTime, SECOND};
use lake::{Expect, Kept};
use trail::model::Millis;

use super::{DASHBOARD, Dashboard, RefreshSchedule, Refreshing, change, refresh};
use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::kept;
use crate::service::Service;

const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

impl Service {
    /// Refreshes the dashboards whose schedule says so by now, one after the other, and returns how many. It is to be called
    /// again and again, and by one task alone. A query waits until there is room for it, so this may take as long as queries do;
    /// what is left when it is dropped is done by the next call.
    ///
    /// # Errors
    /// If the documents cannot be read or written. What is wrong with a query is told by its dashboard.
    pub async fn refresh_dashboards(&self) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
        let failed = |fault: Fault| fault.message.into_owned();
        let now = self.clock.now();
        let all = self.documents.read_all::<Dashboard>(DASHBOARD)?.into_iter().map(|kept| kept.value);
        let mut refreshed = 0;
        for dashboard in all.filter(|dashboard| dashboard.refreshing.is_some() || dashboard.due(now).is_some()) {
            refreshed += u64::from(refresh_due(self, &dashboard.arn).await.map_err(failed)?);
        }
        Ok(refreshed)
    }
}

/// Refreshes a dashboard if it is due still, and says whether it was.
async fn refresh_due(service: &Service, arn: &str) -> Result<bool> {
    // Those before it may have taken long.
    let now = service.clock.now();
    let Some(Kept { revision, value: mut dashboard }) = service.documents.read::<Dashboard>(DASHBOARD, arn)? else {
        return Ok(false);
    };
    let refreshing = match (dashboard.refreshing.clone(), dashboard.due(now)) {
        (Some(begun), _) => begun,
        (None, Some(time)) => {
            let refreshing = Refreshing { time: time.into(), id: refresh::new_id(now) };
            dashboard.refreshing = Some(refreshing.clone());
            dashboard.last_refresh_id = Some(refreshing.id.clone());
            dashboard.last_refresh_failure_reason = None;
            match kept::put(service, (DASHBOARD, arn), &dashboard, Expect::Revision(revision)) {
                Ok(_) => refreshing,
                // Its owner changed it just now: the next round looks at it again.
                Err(fault) if fault.code == Code::ConflictException => return Ok(false),
                Err(fault) => return Err(fault),
            }
        }
        (None, None) => return Ok(false),
    };
    let call = Call::by_service(dashboard.account, dashboard.region.clone(), now);
    let fault = refresh::start_in_turn(service, &call, &dashboard, &refreshing.id).await?;
    if let Some(fault) = &fault {
        tracing::warn!(dashboard = arn, error = %fault.message, "a query of a refresh by schedule could not be started");
    }
    change(service, arn, |dashboard| {
        dashboard.refreshing = None;
        dashboard.scheduled_after = dashboard.scheduled_after.max(Some(refreshing.time));
        if dashboard.last_refresh_id.as_ref() == Some(&refreshing.id) {
            dashboard.last_refresh_failure_reason = fault.as_ref().map(|fault| fault.message.to_string());
        }
    })?;
    Ok(true)
}

impl Dashboard {
    /// Returns the last time of its schedule that it was not refreshed for.
    fn due(&self, now: EventTime) -> Option<EventTime> {
        let after = self.scheduled_after.or(self.updated).unwrap_or(self.created);
        let last = self.refresh_schedule.as_ref()?.last_time(now)?;
        Some(last).filter(|last| Millis::from(*last) > after)
    }

    /// Sets a schedule. Its times count from now on, unless it is the one that was set before.
    pub(crate) fn set_schedule(&mut self, schedule: RefreshSchedule, now: EventTime) {
        if self.refresh_schedule.as_ref() != Some(&schedule) {
            self.scheduled_after = Some(now.into());
        }
        self.refresh_schedule = Some(schedule);
    }
}

impl RefreshSchedule {
    /// Returns the last of its times that is not after `now`; none while it is not enabled, or says not how often. Hours are
    /// counted from midnight in UTC, and of the time of the day they heed the minutes alone, as in AWS.
    pub(super) fn last_time(&self, now: EventTime) -> Option<EventTime> {
        self.status.as_deref().filter(|status| *status == ENABLED)?;
        let frequency = self.frequency.as_ref()?;
        let time_of_day = self.time_of_day.as_deref().map_or(Some(0), time_of_day_of)?;
        let (unit, begin) = match frequency.unit.as_deref()? {
            "HOURS" => (HOUR, time_of_day % HOUR),
            "DAYS" => (DAY, time_of_day),
            _ => return None,
        };
        let period = unit.checked_mul(frequency.value?).filter(|period| *period > 0)?;
        let since = now.as_micros().checked_sub(begin)?.rem_euclid(period);
        Some(EventTime::from_micros(now.as_micros() - since))
    }
}

/// The status of a schedule that is followed.
const ENABLED: &str = "ENABLED";

/// Reads `HH:MM`, and returns the microseconds from midnight to it.
pub(super) fn time_of_day_of(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (u8, u8) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then(|| i64::from(hours) * HOUR + i64::from(minutes) * MINUTE)
}
