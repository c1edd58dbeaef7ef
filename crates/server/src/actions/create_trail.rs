//! CreateTrail.

use lake::{Change, Expect};
use serde::Deserialize;
use trail::delivery::TRAIL_DELIVERY;
use trail::model::{Logging, Millis, TRAIL, TRAIL_STATUS, Tag, Trail};

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::resource::Kind;
use crate::service::Service;
use crate::tags;
use crate::trails::{self, Detail, Shown, TRAILS_MAX, Wanted};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    name: String,
    s3_bucket_name: String,
    s3_key_prefix: Option<String>,
    sns_topic_name: Option<String>,
    include_global_service_events: Option<bool>,
    is_multi_region_trail: Option<bool>,
    enable_log_file_validation: Option<bool>,
    cloud_watch_logs_log_group_arn: Option<String>,
    cloud_watch_logs_role_arn: Option<String>,
    kms_key_id: Option<String>,
    is_organization_trail: Option<bool>,
    tags_list: Option<Vec<Tag>>,
    recursive_logging: Option<bool>,
}

pub(crate) async fn create_trail(service: &Service, call: &Call, input: Input) -> Result<Shown> {
    let is_multi_region = input.is_multi_region_trail.unwrap_or(false);
    let has_global_events = input.include_global_service_events.unwrap_or(true);
    check_global_events(is_multi_region, has_global_events)?;
    trails::check_name(&input.name)?;
    let tags = input.tags_list.unwrap_or_default();
    tags::check(&tags)?;
    let wanted = Wanted {
        bucket: input.s3_bucket_name,
        prefix: input.s3_key_prefix,
        topic: input.sns_topic_name,
        log_group_arn: input.cloud_watch_logs_log_group_arn,
        role_arn: input.cloud_watch_logs_role_arn,
        kms_key_id: input.kms_key_id,
    };
    let checked = trails::check(service, call, wanted).await?;
    check_room(service, call, &input.name)?;
    let is_organization_trail = input.is_organization_trail.unwrap_or(false);
    let trail = Trail {
        arn: Kind::Trail.arn(call, &input.name),
        name: input.name,
        account: call.account,
        home_region: call.region.clone(),
        s3_bucket_name: checked.bucket,
        s3_key_prefix: checked.prefix,
        sns_topic_name: checked.topic_name,
        sns_topic_arn: checked.topic_arn,
        cloud_watch_logs: checked.cloud_watch_logs,
        kms_key_id: checked.kms_key_id,
        include_global_service_events: has_global_events,
        is_multi_region_trail: is_multi_region,
        is_organization_trail,
        organization_id: is_organization_trail.then(|| organization(service, call)).transpose()?,
        log_file_validation_enabled: input.enable_log_file_validation.unwrap_or(false),
        recursive_logging: input.recursive_logging.unwrap_or(true),
        selectors: None,
        insight_selectors: Vec::new(),
        insights_destination: None,
        aggregation_configurations: Vec::new(),
        tags,
        logging: Logging::default(),
        created: call.now.into(),
        deleted: None,
    };
    store(service, call, trail).map(|trail| Shown::of(&trail, Detail::Setting))
}

/// # Errors
/// `InvalidParameterCombinationException` for a trail of all Regions that leaves global services out.
pub(crate) fn check_global_events(is_multi_region: bool, has_global_events: bool) -> Result<()> {
    if is_multi_region && !has_global_events {
        return Err(Fault::new(
            Code::InvalidParameterCombinationException,
            "Multi-Region trail must include global service events.",
        ));
    }
    Ok(())
}

/// Returns the id of the organisation that the service was set up for. Its trail sees every account, so it takes a key that
/// does to make one.
///
/// # Errors
/// `OrganizationsNotInUseException` without one, and `NotOrganizationMasterAccountException` for a key of one account.
pub(crate) fn organization(service: &Service, call: &Call) -> Result<String> {
    match service.organization() {
        Some(organization) if call.sees_all => Ok(organization.as_str().to_owned()),
        Some(_) => Err(Fault::new(
            Code::NotOrganizationMasterAccountException,
            "An organization trail is made by a key that sees all accounts: make one with the scope all.",
        )),
        None => Err(Fault::new(
            Code::OrganizationsNotInUseException,
            "This service was not set up for an organization, so a trail can record the events of one account only.",
        )),
    }
}

fn check_room(service: &Service, call: &Call, name: &str) -> Result<()> {
    let seen = trails::all(service, call)?;
    let seen: Vec<_> = seen.iter().map(|kept| &kept.value).filter(|trail| trails::is_seen(call, trail)).collect();
    let account = call.account.as_str();
    if seen.iter().any(|trail| trail.name == name && trail.home_region == call.region) {
        let message = format!("Trail {name} already exists for customer: {account}");
        return Err(Fault::new(Code::TrailAlreadyExistsException, message));
    }
    if seen.len() >= TRAILS_MAX {
        let message = format!("User: {account} already has {TRAILS_MAX} trails in {}.", call.region.as_str());
        return Err(Fault::new(Code::MaximumNumberOfTrailsExceededException, message));
    }
    Ok(())
}

/// Stores a new trail. Where one of this ARN was deleted and is not delivered to its end, it makes room: delivery keeps what
/// it needs of it.
fn store(service: &Service, call: &Call, mut trail: Trail) -> Result<Trail> {
    let Some(before) = service.documents.read::<Trail>(TRAIL, &trail.arn)? else {
        let body = lake::to_body(&trail)?;
        let put = Change::Put { kind: TRAIL, id: &trail.arn, body: &body, expect: Expect::Absent };
        service.documents.apply(&[put])?;
        return Ok(trail);
    };
    // Delivery tells two trails of one ARN by when they were made.
    trail.created = Millis(trail.created.0.max(before.value.created.0 + 1));
    let body = lake::to_body(&trail)?;
    let state = trails::end_of_stretch(service, call, &before.value)?;
    let state_body = state.as_ref().map(|(state, _)| lake::to_body(state)).transpose()?;
    let mut change = vec![
        Change::Put { kind: TRAIL, id: &trail.arn, body: &body, expect: Expect::Revision(before.revision) },
        Change::Delete { kind: TRAIL_STATUS, id: &trail.arn, expect: Expect::Any },
    ];
    if let (Some((_, expect)), Some(body)) = (&state, &state_body) {
        change.push(Change::Put { kind: TRAIL_DELIVERY, id: &trail.arn, body, expect: *expect });
    }
    service.documents.apply(&change)?;
    Ok(trail)
}
