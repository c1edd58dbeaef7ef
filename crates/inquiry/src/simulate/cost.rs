//! What a trail would cost at AWS's list prices, which stand in a file with their date.

use serde::Deserialize;

/// The list of prices that ships.
const PRICES: &str = include_str!("../../data/prices.json");

/// List prices.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The day of which they are, `YYYY-MM-DD`.
    pub as_of: String,
    /// Where they stand.
    pub source: String,
    /// Their currency, such as `USD`.
    pub currency: String,
    /// The number of events that each price is for.
    pub per_events: u64,
    /// Management events of which another trail has the first copy, which is free.
    pub management_copy: f64,
    /// Data events.
    pub data: f64,
    /// Network activity events.
    pub network_activity: f64,
    /// Management events that are analysed for one kind of insights.
    pub insights: f64,
}

impl Prices {
    /// Returns the list that ships with this version.
    pub fn of_this_version() -> Prices {
        serde_json::from_str(PRICES).expect("a test reads the list of prices")
    }
}

/// Which insights a trail looks for among management events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Insights {
    /// Unusual rates of calls, for which those are analysed that may change something.
    pub call_rate: bool,
    /// Unusual rates of errors, for which all calls are analysed.
    pub error_rate: bool,
}

/// What is paid for, and how much.
#[derive(Debug, Clone, PartialEq)]
pub struct Pricing {
    /// The list.
    pub prices: Prices,
    /// Whether the trail has the first copy of management events in its accounts and Regions.
    pub is_first_copy: bool,
    /// Which insights it looks for.
    pub insights: Insights,
}

/// What a trail would cost for the events that were looked at, in the currency of the list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// Management events recorded.
    pub management_events: u64,
    /// What they cost: nothing as a first copy.
    pub management: f64,
    /// Data events recorded.
    pub data_events: u64,
    /// What they cost.
    pub data: f64,
    /// Network activity events recorded.
    pub network_activity_events: u64,
    /// What they cost.
    pub network_activity: f64,
    /// Events analysed for insights, once for each kind.
    pub insights_events: u64,
    /// What that costs.
    pub insights: f64,
}

impl Cost {
    /// Returns the sum.
    pub fn total(&self) -> f64 {
        self.management + self.data + self.network_activity + self.insights
    }
}

/// What is recorded, by what it costs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Billed {
    management: u64,
    /// Management events that may change something.
    writing: u64,
    data: u64,
    network_activity: u64,
}

impl Billed {
    pub(super) fn add(&mut self, category: &str, reads: bool) {
        match category {
            "Management" => {
                self.management += 1;
                self.writing += u64::from(!reads);
            }
            "Data" => self.data += 1,
            "NetworkActivity" => self.network_activity += 1,
            _ => {}
        }
    }

    pub(super) fn cost(&self, pricing: &Pricing) -> Cost {
        let prices = &pricing.prices;
        let cost = |events: u64, price: f64| events as f64 * price / prices.per_events.max(1) as f64;
        let copy = if pricing.is_first_copy { 0.0 } else { prices.management_copy };
        let analysed = |is_on: bool, events: u64| if is_on { events } else { 0 };
        let insights_events =
            analysed(pricing.insights.call_rate, self.writing) + analysed(pricing.insights.error_rate, self.management);
        Cost {
            management_events: self.management,
            management: cost(self.management, copy),
            data_events: self.data,
            data: cost(self.data, prices.data),
            network_activity_events: self.network_activity,
            network_activity: cost(self.network_activity, prices.network_activity),
            insights_events,
            insights: cost(insights_events, prices.insights),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_cost_by_category() {
        let prices = Prices::of_this_version();
        assert_eq!((prices.currency.as_str(), prices.as_of.len()), ("USD", 10));
        let mut billed = Billed::default();
        let recorded = [("Management", false, 300_000), ("Management", true, 100_000), ("Data", true, 1_000_000)];
        for (category, reads, events) in
            recorded.into_iter().chain([("NetworkActivity", true, 50_000), ("Insight", false, 7)])
        {
            (0..events).for_each(|_| billed.add(category, reads));
        }
        let insights = |call_rate, error_rate| Insights { call_rate, error_rate };
        let cases = [
            (false, insights(false, false), [8.0, 1.0, 0.05, 0.0]),
            (true, insights(false, false), [0.0, 1.0, 0.05, 0.0]),
            (true, insights(true, false), [0.0, 1.0, 0.05, 1.05]),
            (true, insights(false, true), [0.0, 1.0, 0.05, 1.4]),
            (false, insights(true, true), [8.0, 1.0, 0.05, 2.45]),
        ];
        for (is_first_copy, insights, expect) in cases {
            let cost = billed.cost(&Pricing { prices: prices.clone(), is_first_copy, insights });
            let found = [cost.management, cost.data, cost.network_activity, cost.insights];
            let near = |(left, right): (&f64, &f64)| (left - right).abs() < 1e-9;
            assert!(found.iter().zip(&expect).all(near), "{found:?} {expect:?}");
            assert!((cost.total() - expect.iter().sum::<f64>()).abs() < 1e-9);
            assert_eq!(cost.management_events, 400_000);
        }
    }
}
