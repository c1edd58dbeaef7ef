//! Whose events a trail sees at all: of which accounts and Regions, and not those that its own deliveries cause.

use event::arn::{AccountId, Region};
use predicate::expr::{Case, Expr, Field, Pattern, Piece, RegexFlags, Test, TextOp};

use crate::model::Trail;
use crate::selectors::expr::{ARN_MEMBERS, is};

/// Services without Regions whose events are events of global services wherever they say they were.
const GLOBAL: [&str; 4] =
    ["cloudfront.amazonaws.com", "iam.amazonaws.com", "organizations.amazonaws.com", "route53.amazonaws.com"];
/// Services that are called globally and in each Region: only in the global Region of a partition are they global.
const GLOBAL_AT_HOME: [&str; 2] = ["signin.amazonaws.com", "sts.amazonaws.com"];
/// How Regions of a partition begin, and the Region that takes the events of its global services.
const GLOBAL_REGIONS: [(&str, &str); 6] = [
    ("us-gov-", "us-gov-west-1"),
    ("cn-", "cn-north-1"),
    ("us-isob-", "us-isob-east-1"),
    ("us-iso-", "us-iso-east-1"),
    ("eusc-", "eusc-de-east-1"),
    ("", "us-east-1"),
];

/// The service by which AWS delivers log files.
const DELIVERER: &str = "cloudtrail.amazonaws.com";
/// How the user agent of our own deliveries begins; S3 writes it in brackets.
const OWN_AGENTS: [&str; 2] = ["[trailkeep/", "trailkeep/"];

/// Returns the Region under which an event is delivered: where it happened, or for events of global services the global
/// Region of the partition. `None` if the event names no Region and is not global.
///
/// ```
/// use trail::selectors::folder_region;
/// let region = folder_region(Some("iam.amazonaws.com"), Some("eu-west-1"));
/// assert_eq!(region.as_ref().map(|region| region.as_str()), Some("us-east-1"));
/// ```
pub fn folder_region(event_source: Option<&str>, aws_region: Option<&str>) -> Option<Region> {
    match event_source {
        Some(source) if GLOBAL.contains(&source) => Region::parse(global_region(aws_region.unwrap_or_default())),
        _ => Region::parse(aws_region?),
    }
}

/// Returns the services whose events [`folder_region`] puts under the global Region of the partition.
pub fn global_services() -> &'static [&'static str] {
    &GLOBAL
}

fn global_region(region: &str) -> &'static str {
    GLOBAL_REGIONS.iter().find(|(start, _)| region.starts_with(start)).map_or("us-east-1", |(_, global)| global)
}

/// Returns what an event must be to be seen by the trail.
pub(super) fn seen_by(trail: &Trail) -> Expr {
    let mut all = vec![region(trail)];
    if !trail.is_organization_trail {
        all.push(account(trail.account));
    }
    if !trail.recursive_logging {
        all.push(own_delivery(trail).negated());
    }
    Expr::All(all)
}

/// Where `recipientAccountId` stands it decides alone: each account gets a copy of its own. A record without one is seen
/// by the account of who called and by that of who owns a resource of it.
fn account(account: AccountId) -> Expr {
    let recipient = || Field::parse("recipientAccountId");
    let id = account.as_str();
    let nobody = Expr::Any(vec![Expr::null(recipient()), is(recipient(), [""])]);
    let called = of_account("userIdentity.accountId", &["userIdentity.arn"], id);
    let owns = Expr::Element {
        of: Field::parse("resources"),
        holds: Box::new(of_account("accountId", ARN_MEMBERS.as_slice(), id)),
    };
    Expr::Any(vec![is(recipient(), [id]), Expr::All(vec![nobody, Expr::Any(vec![called, owns])])])
}

/// The member says the account, or where it says nothing an ARN does.
fn of_account(member: &str, arns: &[&str], id: &str) -> Expr {
    let pattern = format!("^arn:[^:]*:[^:]*:[^:]*:{id}:");
    let arn = |member: &&str| {
        let test = Test::Regex { pattern: pattern.clone(), flags: RegexFlags::default() };
        Expr::leaf(Field::parse(member), test)
    };
    let named = Expr::Any(arns.iter().map(arn).collect());
    let field = || Field::parse(member);
    Expr::Any(vec![is(field(), [id]), Expr::All(vec![Expr::null(field()), named])])
}

/// A trail of one Region sees its own. Events of global services are seen by trails that include them, and of those by
/// the ones of all Regions and the ones at home in the global Region.
fn region(trail: &Trail) -> Expr {
    let home = trail.home_region.as_str();
    let here = is(Field::parse("awsRegion"), [home]);
    let sees_global =
        trail.include_global_service_events && (trail.is_multi_region_trail || global_region(home) == home);
    match (trail.is_multi_region_trail, sees_global) {
        (true, true) => Expr::always(),
        (true, false) => global().negated(),
        (false, true) => Expr::Any(vec![here, Expr::All(vec![is(Field::parse("eventSource"), GLOBAL), nearby(home)])]),
        (false, false) => Expr::All(vec![here, global().negated()]),
    }
}

/// The event is of the partition of a Region.
fn nearby(region: &str) -> Expr {
    let starts = |texts: Vec<&str>| Expr::text(Field::parse("awsRegion"), TextOp::StartsWith, Case::Sensitive, texts);
    let named = || GLOBAL_REGIONS.iter().map(|(start, _)| *start).filter(|start| !start.is_empty());
    match named().find(|start| region.starts_with(start)) {
        Some(start) => starts(vec![start]),
        None => starts(named().collect()).negated(),
    }
}

/// The event is one of a global service.
fn global() -> Expr {
    let source = || Field::parse("eventSource");
    let regions = GLOBAL_REGIONS.iter().map(|(_, region)| *region);
    let at_home = Expr::All(vec![is(source(), GLOBAL_AT_HOME), is(Field::parse("awsRegion"), regions)]);
    Expr::Any(vec![is(source(), GLOBAL), at_home])
}

/// The event is the put of one of the trail's own files: by its place and name, and by who put it. A stranger who writes
/// to the same place is recorded.
fn own_delivery(trail: &Trail) -> Expr {
    let prefix = trail.s3_key_prefix.as_deref().unwrap_or_default().trim_matches('/');
    let slash = if prefix.is_empty() { "" } else { "/" };
    let folder = format!(":s3:::{}/{prefix}{slash}AWSLogs/", trail.s3_bucket_name);
    let key = Pattern(vec![
        Piece::Text("arn:".to_owned()),
        Piece::Run,
        Piece::Text(folder),
        Piece::Run,
        Piece::Text(".json.gz".to_owned()),
    ]);
    let named = |member: &&str| {
        let test = Test::Like { case: Case::Sensitive, patterns: vec![key.clone()] };
        Expr::leaf(Field::parse(member), test)
    };
    let file = Expr::Element {
        of: Field::parse("resources"),
        holds: Box::new(Expr::Any(ARN_MEMBERS.iter().map(named).collect())),
    };
    let by_service = ["userIdentity.invokedBy", "sourceIPAddress"].map(|member| is(Field::parse(member), [DELIVERER]));
    let by_us = Expr::text(Field::parse("userAgent"), TextOp::StartsWith, Case::Sensitive, OWN_AGENTS);
    Expr::All(vec![
        is(Field::parse("eventName"), ["PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"]),
        is(Field::parse("eventSource"), ["s3.amazonaws.com"]),
        Expr::Any(by_service.into_iter().chain([by_us]).collect()),
        file,
    ])
}
