//! What the members of a request that makes or changes an event data store must be.

use serde::Deserialize;
use trail::model::EventDataStore;
use trail::selectors::{AdvancedEventSelector, Holder, Selectors};

use super::view::ACTIVITY_AUDIT_LOG;
use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::limits;
use crate::service::Service;
use crate::validate::Violations;

/// How a store would be paid for, with the least, the most and the usual days that it keeps events.
const BILLING: [(&str, u32, u32, u32); 2] = [("EXTENDABLE_RETENTION_PRICING", 7, 3_653, 366), (FIXED, 7, 2_557, 2_557)];
/// The mode that the other one cannot become.
pub(crate) const FIXED: &str = "FIXED_RETENTION_PRICING";
/// Categories of events that one store may hold together; each other one has stores of its own.
const TOGETHER: [&str; 3] = ["Management", "Data", "NetworkActivity"];
/// Categories whose ingestion can be stopped.
const SWITCHABLE: [&str; 4] = ["Management", "Data", "NetworkActivity", "ConfigurationItem"];

/// Members that CreateEventDataStore and UpdateEventDataStore have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Members {
    pub name: Option<String>,
    pub advanced_event_selectors: Option<Vec<AdvancedEventSelector>>,
    pub multi_region_enabled: Option<bool>,
    pub organization_enabled: Option<bool>,
    pub retention_period: Option<i64>,
    pub termination_protection_enabled: Option<bool>,
    pub kms_key_id: Option<String>,
    pub billing_mode: Option<String>,
}

/// Holds members against the limits of the model, and an organisation's store against what the key may see.
///
/// # Errors
/// `InvalidParameterException`, `InvalidEventSelectorsException`, `OrganizationsNotInUseException` or
/// `NotOrganizationMasterAccountException`.
pub(crate) fn check(service: &Service, call: &Call, members: &Members) -> Result<()> {
    let mut found = Violations::default();
    found.text("Name", members.name.as_deref(), &limits::EVENT_DATA_STORE_NAME);
    found.number("RetentionPeriod", members.retention_period, limits::RETENTION_PERIOD);
    found.text("KmsKeyId", members.kms_key_id.as_deref(), &limits::EVENT_DATA_STORE_KMS_KEY_ID);
    found.one_of("BillingMode", members.billing_mode.as_deref(), limits::BILLING_MODE);
    found.refuse(Code::InvalidParameterException)?;
    if members.organization_enabled == Some(true) && !call.sees_all {
        let code = match service.organization() {
            Some(_) => Code::NotOrganizationMasterAccountException,
            None => Code::OrganizationsNotInUseException,
        };
        return Err(Fault::new(
            code,
            "A store of all accounts is made and changed by a key that sees all accounts: make one with the scope all.",
        ));
    }
    match &members.advanced_event_selectors {
        Some(selectors) => check_selectors(selectors),
        None => Ok(()),
    }
}

/// Checks selectors by the grammar of event data stores.
///
/// # Errors
/// `InvalidEventSelectorsException`.
fn check_selectors(selectors: &[AdvancedEventSelector]) -> Result<()> {
    let refused = |message: String| Fault::new(Code::InvalidEventSelectorsException, message);
    Holder::EventDataStore
        .check(&Selectors::Advanced(selectors.to_vec()))
        .map_err(|error| refused(error.to_string()))?;
    let fields = selectors.iter().flat_map(|selector| &selector.field_selectors);
    let values = fields.filter(|field| field.field == "eventCategory").flat_map(|field| field.equals.iter().flatten());
    let categories: Vec<&str> = values.map(String::as_str).collect();
    let alone = categories.iter().find(|category| !TOGETHER.contains(category));
    match alone {
        Some(alone) if categories.iter().any(|category| category != alone) => {
            Err(refused(format!("Events of the category {alone} need an event data store of their own.")))
        }
        _ => Ok(()),
    }
}

/// Returns for how many days a store keeps events.
///
/// # Errors
/// `InvalidParameterException` if the billing mode does not have so many.
pub(crate) fn retention(billing_mode: &str, days: Option<i64>) -> Result<u32> {
    let (_, least, most, usual) =
        BILLING.iter().find(|(mode, ..)| *mode == billing_mode).copied().unwrap_or((FIXED, 7, 2_557, 2_557));
    let days = days.map_or(Some(usual), |days| u32::try_from(days).ok());
    days.filter(|days| (least..=most).contains(days)).ok_or_else(|| {
        let message =
            format!("With the billing mode {billing_mode} the retention period is from {least} to {most} days.");
        Fault::new(Code::InvalidParameterException, message)
    })
}

/// Refuses to start or stop the ingestion of a store that cannot be without it.
///
/// # Errors
/// `InvalidEventDataStoreCategoryException`.
pub(crate) fn check_switchable(store: &EventDataStore) -> Result<()> {
    match store.categories().iter().find(|category| !SWITCHABLE.contains(category)) {
        Some(category) => Err(Fault::new(
            Code::InvalidEventDataStoreCategoryException,
            format!(
                "The ingestion of an event data store of the category {category} can be neither started nor stopped."
            ),
        )),
        None => Ok(()),
    }
}

/// Returns whether a store takes in what comes over channels.
pub(crate) fn is_fed_by_channels(store: &EventDataStore) -> bool {
    store.categories() == [ACTIVITY_AUDIT_LOG]
}
