//! Counters for `/metrics`.

use std::sync::Mutex;
use std::sync::PoisonError;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// What is counted about calls.
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    calls: Family<Answered, Counter>,
    seconds: Family<Called, Histogram>,
}

/// Labels of a call that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    operation: String,
    code: String,
}

/// Labels of a call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Called {
    operation: String,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut registry = Registry::with_prefix("trailkeep");
        let calls = Family::<Answered, Counter>::default();
        // From one millisecond to half a minute.
        let seconds =
            Family::<Called, Histogram>::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 2.0, 16)));
        registry.register(
            "api_calls",
            "Calls answered, by operation and by the code of the error, if any",
            calls.clone(),
        );
        registry.register("api_call_seconds", "How long calls took", seconds.clone());
        Metrics { registry: Mutex::new(registry), calls, seconds }
    }
}

impl Metrics {
    /// Counts a call.
    pub(crate) fn count(&self, operation: &str, code: Option<&str>, seconds: f64) {
        let code = code.unwrap_or_default().to_owned();
        self.calls.get_or_create(&Answered { operation: operation.to_owned(), code }).inc();
        self.seconds.get_or_create(&Called { operation: operation.to_owned() }).observe(seconds);
    }

    /// Returns all counters as Prometheus reads them.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry.lock().unwrap_or_else(PoisonError::into_inner))?;
        Ok(text)
    }
}
