//! Basic selectors.

use crate::selectors::arn_shape::{self, is_all, is_part};
use crate::selectors::error::{Error, ErrorKind, Result};
use crate::selectors::grammar::{DATA_RESOURCES_MAX, EXCLUDABLE, SELECTORS_MAX};
use crate::selectors::{DataResource, EventSelector, ReadWriteType};

const TYPES: [&str; 3] = [arn_shape::TABLE, arn_shape::FUNCTION, arn_shape::OBJECT];

pub(super) fn check(selectors: &[EventSelector]) -> Result<()> {
    let found = selectors.len();
    if !(1..=SELECTORS_MAX).contains(&found) {
        let message = format!("A trail has 1 to {SELECTORS_MAX} event selectors. The request has {found}.");
        return Err(Error::new(ErrorKind::Selectors, message));
    }
    selectors.iter().try_for_each(check_one)?;
    let named = selectors.iter().map(named_resources).fold(0, usize::saturating_add);
    if named > DATA_RESOURCES_MAX {
        let message = format!(
            "A trail has at most {DATA_RESOURCES_MAX} data resources over all of its event selectors. The request has \
             {named}."
        );
        return Err(Error::new(ErrorKind::Values, message));
    }
    Ok(())
}

/// Counts the values that do not stand for all resources.
fn named_resources(selector: &EventSelector) -> usize {
    let values = selector.data_resources.iter().flatten().map(|resource| {
        let kind = resource.r#type.as_deref().unwrap_or_default();
        resource.values.iter().flatten().filter(|value| !is_all(kind, value)).count()
    });
    values.sum()
}

fn check_one(selector: &EventSelector) -> Result<()> {
    if let Some(ReadWriteType::Other(text)) = &selector.read_write_type {
        let message = format!("Value {text} for ReadWriteType is invalid. Valid values are: ReadOnly, WriteOnly, All");
        return Err(Error::new(ErrorKind::ReadWriteType, message));
    }
    let resources = selector.data_resources.as_deref().unwrap_or_default();
    resources.iter().try_for_each(check_resource)?;
    let excluded = selector.exclude_management_event_sources.as_deref().unwrap_or_default();
    if let Some(source) = excluded.iter().find(|source| !EXCLUDABLE.contains(&source.as_str())) {
        let valid = EXCLUDABLE.join(", ");
        let message = format!("Value {source} for ExcludeManagementEventSources is invalid. Valid values are: {valid}");
        return Err(Error::new(ErrorKind::ExcludedSource, message));
    }
    if selector.includes_management_events() {
        return Ok(());
    }
    let combination = "Invalid combination of parameters in EventSelectors. When includeManagementEvents is false,";
    if resources.iter().all(|resource| resource.values.as_ref().is_none_or(Vec::is_empty)) {
        return Err(Error::new(ErrorKind::Nothing, format!("{combination} DataResources must not be empty")));
    }
    if !excluded.is_empty() {
        let message = format!("{combination} ExcludeManagementEventSources must be empty");
        return Err(Error::new(ErrorKind::ExcludedSource, message));
    }
    Ok(())
}

fn check_resource(resource: &DataResource) -> Result<()> {
    let kind = resource.r#type.as_deref().unwrap_or_default();
    if !TYPES.contains(&kind) {
        let valid = TYPES.join(", ");
        let message = format!("Value {kind} for DataResources.Type is invalid. Valid values are: {valid}");
        return Err(Error::new(ErrorKind::ResourceType, message));
    }
    match resource.values.iter().flatten().find(|value| !is_all(kind, value) && !is_part(kind, value)) {
        Some(value) => {
            let message = format!("Value {value} for DataResources.Values is invalid.");
            Err(Error::new(ErrorKind::ResourceValue, message))
        }
        None => Ok(()),
    }
}
