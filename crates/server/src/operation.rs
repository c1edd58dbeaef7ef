//! The operations of the API, and the way from a name to an action.

use crate::actions;
use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::service::Service;
use crate::wire::{decode, encode};

/// What an operation does to what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// It reads.
    Read,
    /// It may change something.
    Write,
}

/// In front of an operation's name in `X-Amz-Target`.
const TARGETS: [&str; 2] = ["com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.", "CloudTrail_20131101."];

macro_rules! operations {
    ($($name:ident = $access:ident $action:ident,)*) => {
        /// An operation of the API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Operation { $(#[doc = stringify!($name)] $name,)* }

        impl Operation {
            /// Every operation.
            pub(crate) const ALL: &[Operation] = &[$(Operation::$name,)*];

            /// Returns its name.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Operation::$name => stringify!($name),)* }
            }

            /// Returns what it does to what is kept.
            pub(crate) fn access(self) -> Access {
                match self { $(Operation::$name => Access::$access,)* }
            }

            fn by_name(name: &str) -> Option<Operation> {
                match name { $(stringify!($name) => Some(Operation::$name),)* _ => None }
            }

            /// Returns whether a body can be read as what is sent to it.
            pub(crate) fn reads(self, body: &[u8]) -> bool {
                match self { $(Operation::$name => decode::<actions::$action::Input>(body).is_ok(),)* }
            }

            /// Carries out a call whose members are in `body`, and returns the answer's body.
            ///
            /// # Errors
            /// What the caller is told.
            pub(crate) async fn run(self, service: &Service, call: &Call, body: &[u8]) -> Result<Vec<u8>> {
                match self {
                    $(Operation::$name => encode(&actions::$action::$action(service, call, decode(body)?).await?),)*
                }
            }
        }
    };
}

// In the order of AWS's API reference.
operations! {
    AddTags = Write add_tags,
    CancelQuery = Write cancel_query,
    CreateChannel = Write create_channel,
    CreateDashboard = Write create_dashboard,
    CreateEventDataStore = Write create_event_data_store,
    CreateTrail = Write create_trail,
    DeleteChannel = Write delete_channel,
    DeleteDashboard = Write delete_dashboard,
    DeleteEventDataStore = Write delete_event_data_store,
    DeleteResourcePolicy = Write delete_resource_policy,
    DeleteTrail = Write delete_trail,
    DeregisterOrganizationDelegatedAdmin = Write deregister_organization_delegated_admin,
    DescribeQuery = Read describe_query,
    DescribeTrails = Read describe_trails,
    DisableFederation = Write disable_federation,
    EnableFederation = Write enable_federation,
    GenerateQuery = Read generate_query,
    GetChannel = Read get_channel,
    GetDashboard = Read get_dashboard,
    GetEventConfiguration = Read get_event_configuration,
    GetEventDataStore = Read get_event_data_store,
    GetEventSelectors = Read get_event_selectors,
    GetImport = Read get_import,
    GetInsightSelectors = Read get_insight_selectors,
    GetQueryResults = Read get_query_results,
    GetResourcePolicy = Read get_resource_policy,
    GetTrail = Read get_trail,
    GetTrailStatus = Read get_trail_status,
    ListChannels = Read list_channels,
    ListDashboards = Read list_dashboards,
    ListEventDataStores = Read list_event_data_stores,
    ListImportFailures = Read list_import_failures,
    ListImports = Read list_imports,
    ListInsightsData = Read list_insights_data,
    ListInsightsMetricData = Read list_insights_metric_data,
    ListPublicKeys = Read list_public_keys,
    ListQueries = Read list_queries,
    ListTags = Read list_tags,
    ListTrails = Read list_trails,
    LookupEvents = Read lookup_events,
    PutEventConfiguration = Write put_event_configuration,
    PutEventSelectors = Write put_event_selectors,
    PutInsightSelectors = Write put_insight_selectors,
    PutResourcePolicy = Write put_resource_policy,
    RegisterOrganizationDelegatedAdmin = Write register_organization_delegated_admin,
    RemoveTags = Write remove_tags,
    RestoreEventDataStore = Write restore_event_data_store,
    SearchSampleQueries = Read search_sample_queries,
    StartDashboardRefresh = Write start_dashboard_refresh,
    StartEventDataStoreIngestion = Write start_event_data_store_ingestion,
    StartImport = Write start_import,
    StartLogging = Write start_logging,
    StartQuery = Read start_query,
    StopEventDataStoreIngestion = Write stop_event_data_store_ingestion,
    StopImport = Write stop_import,
    StopLogging = Write stop_logging,
    UpdateChannel = Write update_channel,
    UpdateDashboard = Write update_dashboard,
    UpdateEventDataStore = Write update_event_data_store,
    UpdateTrail = Write update_trail,
}

impl Operation {
    /// Finds the operation that a request is for.
    ///
    /// # Errors
    /// `UnknownOperationException`.
    pub(crate) fn of_target(target: Option<&str>) -> Result<Operation> {
        let target = target.unwrap_or_default();
        let name = TARGETS.iter().find_map(|prefix| target.strip_prefix(prefix));
        name.and_then(Operation::by_name).ok_or_else(|| {
            let target: String = target.chars().filter(|letter| !letter.is_control()).take(200).collect();
            Fault::new(
                Code::UnknownOperationException,
                format!("CloudTrail has no operation for the target '{target}'."),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_its_targets() {
        for operation in Operation::ALL {
            for prefix in TARGETS {
                let target = format!("{prefix}{}", operation.name());
                assert_eq!(Operation::of_target(Some(&target)), Ok(*operation), "{target}");
            }
        }
        assert_eq!(Operation::ALL.len(), 60, "the model has 60 operations beside PutAuditEvents");
        assert!(Operation::ALL.is_sorted_by_key(|operation| operation.name()), "in the order of the API reference");
    }

    #[test]
    fn other_targets_are_refused() {
        let targets = [
            None,
            Some(""),
            Some("LookupEvents"),
            Some("CloudTrail_20131101."),
            Some("CloudTrail_20131101.lookupEvents"),
            Some("DynamoDB_20120810.ListTables"),
        ];
        for target in targets {
            let refused = Operation::of_target(target).unwrap_err();
            assert_eq!(refused.code, Code::UnknownOperationException, "{target:?}");
        }
    }
}
