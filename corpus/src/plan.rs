//! What is settled before the first file is written: the catalogue, the bytes of each day, the scripted records.

use crate::catalogue::Catalogue;
use crate::config::Config;
use crate::organisation::{ACCOUNTS, REGIONS};
use crate::session::Filed;
use crate::signin;
use crate::story::{self, Story};

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;
/// Seconds between two deliveries.
pub(crate) const SLOT: i64 = 300;
/// Deliveries of a day.
pub(crate) const SLOTS: usize = (DAY / SLOT) as usize;

/// Activity by hour of the day (UTC), for offices in Europe and the Americas.
pub(crate) const HOURS: [u32; 24] =
    [42, 38, 35, 34, 34, 38, 52, 70, 88, 96, 98, 94, 96, 104, 114, 120, 118, 112, 104, 94, 80, 66, 56, 48];
/// People at work by hour of the day (UTC), in percent.
pub(crate) const PEOPLE_BY_HOUR: [u32; 24] =
    [10, 6, 4, 3, 3, 6, 30, 75, 120, 135, 130, 110, 120, 150, 170, 170, 160, 140, 120, 95, 70, 45, 30, 18];
/// Activity by day of the week from Monday, in percent.
const WEEK: [u64; 7] = [108, 110, 110, 108, 100, 48, 44];
/// Root comes on the first day, in the morning.
const ROOT_VISIT: i64 = 9 * 3600 + 12 * 60 + 7;

/// The settled parts; shared by all threads.
pub(crate) struct Plan {
    pub(crate) config: Config,
    pub(crate) catalogue: Catalogue,
    pub(crate) story: Story,
    /// Bytes of JSON for each day.
    pub(crate) day_bytes: Vec<u64>,
    /// Running totals of the weights of account and Region: position `account * REGIONS.len() + region`.
    pub(crate) cells: Vec<u32>,
    /// Records whose time is fixed, by time.
    pub(crate) script: Vec<(i64, Filed)>,
    /// Seconds since 1970 at the start of the first day.
    pub(crate) start: i64,
}

impl Plan {
    /// Settles everything a configuration decides; the configuration must have been checked.
    pub(crate) fn new(config: &Config) -> Self {
        let start = config.start.at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC);
        let start = start.expect("the years of a checked configuration exist in UTC").timestamp().as_second();
        let catalogue = Catalogue::new();
        let (story, mut script) = story::tell(config, start);
        script.extend(signin::root_visit(config.seed, start + ROOT_VISIT));
        script.sort_by_key(|(at, _)| *at);
        let mut total = 0;
        let mut cells = Vec::new();
        for (account, region) in ACCOUNTS.iter().flat_map(|account| REGIONS.iter().map(move |region| (account, region)))
        {
            total += account.weight * region.weight;
            cells.push(total);
        }
        Self { config: config.clone(), catalogue, story, day_bytes: day_bytes(config), cells, script, start }
    }
}

fn day_bytes(config: &Config) -> Vec<u64> {
    let first = config.start.weekday().to_monday_zero_offset() as usize;
    let weights: Vec<u64> = (0..config.days as usize).map(|day| WEEK[(first + day) % 7]).collect();
    let total: u64 = weights.iter().sum();
    weights.iter().map(|weight| config.bytes / total * weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekends_are_quiet_and_the_days_add_up() {
        let config = Config { days: 7, ..Config::new(1, 70_000_000) };
        let days = day_bytes(&config);
        assert!(days[5] < days[4] && days[6] < days[0], "{days:?}");
        let total: u64 = days.iter().sum();
        assert!((69_990_000..=70_000_000).contains(&total), "{total}");
    }
}
