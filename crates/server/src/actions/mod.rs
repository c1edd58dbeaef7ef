//! What the operations do, one file each.

pub(crate) mod create_event_data_store;
pub(crate) mod create_trail;
pub(crate) mod delete_event_data_store;
pub(crate) mod delete_trail;
pub(crate) mod describe_trails;
pub(crate) mod get_event_data_store;
pub(crate) mod get_event_selectors;
pub(crate) mod get_trail;
pub(crate) mod get_trail_status;
pub(crate) mod list_event_data_stores;
pub(crate) mod list_trails;
pub(crate) mod put_event_selectors;
pub(crate) mod restore_event_data_store;
pub(crate) mod start_event_data_store_ingestion;
pub(crate) mod start_logging;
pub(crate) mod stop_event_data_store_ingestion;
pub(crate) mod stop_logging;
pub(crate) mod update_event_data_store;
pub(crate) mod update_trail;
