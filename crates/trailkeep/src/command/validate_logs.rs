//! `trailkeep validate-logs`: a drop-in for `aws cloudtrail validate-logs`, to the letter of what it prints.
//!
//! The texts here are AWS's, so that scripts that read them go on working; `verify` speaks our own language.

use std::io::{self, BufWriter, Stdout, Write};

use clap::Args;
use jiff::Timestamp;
use pipeline::validate_logs::{DigestOutcome, KeySource, Said, Validation, validate_logs};
use source::{AwsOptions, Buckets, CloudTrail};
use trail::digest::{Chain, Damage, Fault as DigestFault, LogFileStatus, parse_time};

use crate::exit::Exit;
use crate::fault::{Fault, Result};
use crate::output;
use crate::settings::Settings;

/// Validate a trail's digest and log files as `aws cloudtrail validate-logs` does
///
/// The same arguments, the same result lines, the same summary and the same exit status: 0 when nothing is invalid, 1 when
/// a file is, 255 when the validation could not be made. `--endpoint-url` is CloudTrail's here, as in the AWS CLI; S3 is
/// found by AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL. For copies of a bucket, and for all accounts and Regions at once, see
/// `trailkeep verify`.
#[derive(Debug, Args)]
#[command(name = "validate-logs")]
pub(crate) struct ValidateLogs {
    /// ARN of the trail
    #[arg(long, value_name = "ARN")]
    trail_arn: String,

    /// Validate log files that were delivered at or after this time, in UTC, such as `2015-01-08T05:21:42Z`
    #[arg(long, value_name = "TIME")]
    start_time: String,

    /// Validate log files that were delivered at or before this time [default: now]
    #[arg(long, value_name = "TIME")]
    end_time: Option<String>,

    /// Bucket of the digest files [default: CloudTrail is asked by DescribeTrails]
    #[arg(long, value_name = "BUCKET")]
    s3_bucket: Option<String>,

    /// Prefix of the digest files in the bucket [default: CloudTrail is asked, where no bucket is given]
    #[arg(long, value_name = "PREFIX")]
    s3_prefix: Option<String>,

    /// Account whose log files are validated, for organization trails [default: the account in the ARN]
    #[arg(long, value_name = "ACCOUNT")]
    account_id: Option<String>,

    /// Region whose log files are validated [default: AWS_REGION, the profile's, then the trail's home Region]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,

    /// Print valid files as well
    #[arg(long)]
    verbose: bool,
}

/// Validates, prints and says how the AWS CLI would have ended.
pub(crate) async fn run(command: ValidateLogs, endpoint: Option<String>, settings: &Settings) -> Result<Exit> {
    let mut printer = Printer::new(command.verbose);
    match validate(&command, endpoint, settings, &mut printer).await {
        Ok(()) => printer.summary(),
        Err(fault) if fault.is_broken_pipe() => Err(fault),
        Err(fault) => {
            printer.out.flush()?;
            writeln!(io::stderr(), "\n{}", spelled(&fault))?;
            Ok(Exit::AwsError)
        }
    }
}

/// Returns an error in one piece: its message, what it comes from, and what to do.
fn spelled(fault: &Fault) -> String {
    let mut text = fault.to_string();
    let mut cause = std::error::Error::source(fault);
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.contains(&message) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(&message);
        }
        cause = error.source();
    }
    crate::terminal::visible(&text).into_owned()
}

async fn validate(
    command: &ValidateLogs,
    endpoint: Option<String>,
    settings: &Settings,
    printer: &mut Printer,
) -> Result<()> {
    let now = Timestamp::now();
    let time =
        |text: &str| parse_time(text, now).ok_or_else(|| Fault::new(format!("Unable to parse date value: {text}")));
    let start = time(&command.start_time)?;
    let end = command.end_time.as_deref().map_or(Ok(now), time)?;
    if start > end {
        return Err(Fault::new("Invalid time range specified: start-time must occur before end-time"));
    }
    let trail = TrailArn::parse(&command.trail_arn)?;
    let region = command.region.clone().or_else(|| settings.aws.region.clone());
    let mut aws = AwsOptions { endpoint_url: endpoint, region, ..settings.aws.clone() };
    let mut cloudtrail = CloudTrail::open(&aws).await?;
    if cloudtrail.region().is_none() {
        aws.region = Some(trail.home_region.to_owned());
        cloudtrail = CloudTrail::open(&aws).await?;
    }
    let buckets = Buckets::new(settings.aws.clone());
    let place = place(command, &cloudtrail, &buckets, &trail).await?;
    let validation = Validation {
        chain: Chain {
            prefix: place.prefix,
            organization_id: place.organization_id,
            account_id: command.account_id.clone().unwrap_or_else(|| trail.account_id.to_owned()),
            region: cloudtrail.region().unwrap_or(trail.home_region).to_owned(),
            trail: trail.name.to_owned(),
            home_region: trail.home_region.to_owned(),
        },
        bucket: place.bucket,
        start,
        end,
    };
    printer.begin(&command.trail_arn, &validation)?;
    let keys = KeySource::CloudTrail(cloudtrail);
    validate_logs(validation, buckets, keys, &mut |said| printer.say(&said)).await
}

/// The parts of a trail's ARN that the names of its digests are made of.
struct TrailArn<'a> {
    home_region: &'a str,
    account_id: &'a str,
    name: &'a str,
}

impl<'a> TrailArn<'a> {
    fn parse(text: &'a str) -> Result<TrailArn<'a>> {
        let invalid = || Fault::new(format!("Invalid trail ARN provided: {text}"));
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, "cloudtrail", home_region, account_id, resource] = parts[..] else {
            return Err(invalid());
        };
        let is_account = account_id.len() == 12 && account_id.bytes().all(|byte| byte.is_ascii_digit());
        let name = resource.strip_prefix("trail/").and_then(|name| name.rsplit('/').next());
        match name.filter(|name| !name.is_empty() && !partition.is_empty() && !home_region.is_empty() && is_account) {
            Some(name) => Ok(TrailArn { home_region, account_id, name }),
            None => Err(invalid()),
        }
    }
}

/// Where the digests lie.
struct Place {
    bucket: String,
    prefix: String,
    organization_id: Option<String>,
}

async fn place(
    command: &ValidateLogs,
    cloudtrail: &CloudTrail,
    buckets: &Buckets,
    arn: &TrailArn<'_>,
) -> Result<Place> {
    if let Some(bucket) = &command.s3_bucket {
        let prefix = command.s3_prefix.clone().unwrap_or_default();
        return Ok(Place { bucket: bucket.clone(), prefix, organization_id: None });
    }
    let trails = cloudtrail.trails().await?;
    let found = trails.into_iter().find(|trail| trail.arn == command.trail_arn);
    let trail = found.ok_or_else(|| Fault::new(format!("A trail could not be found for {}", command.trail_arn)))?;
    let (bucket, prefix) = (trail.bucket, trail.prefix);
    if !trail.is_organization_trail {
        return Ok(Place { bucket, prefix, organization_id: None });
    }
    let Some(account) = &command.account_id else {
        return Err(Fault::new("Missing required parameter for organization trail: '--account-id'"));
    };
    // The bucket itself names the organization: nobody need be allowed to ask AWS Organizations.
    let logs = if prefix.is_empty() { "AWSLogs".to_owned() } else { format!("{prefix}/AWSLogs") };
    for organization in buckets.folders(&bucket, &logs).await?.into_iter().filter(|name| name.starts_with("o-")) {
        if buckets.folders(&bucket, &format!("{logs}/{organization}")).await?.contains(account) {
            return Ok(Place { bucket, prefix, organization_id: Some(organization) });
        }
    }
    let account_of = arn.account_id;
    let message = format!("no organization's log files of account {account} lie below s3://{bucket}/{logs}");
    Err(Fault::new(message).because(format!("the trail belongs to account {account_of}")))
}

/// Prints results as the AWS CLI does: valid files on standard output if asked for, all others on standard error, a blank
/// line around each of the latter.
struct Printer {
    out: BufWriter<Stdout>,
    verbose: bool,
    home_region: String,
    start: Timestamp,
    end: Timestamp,
    is_after_blank: bool,
    digests: Ratio,
    backfill_digests: Ratio,
    log_files: Ratio,
    found: Option<(Timestamp, Timestamp)>,
}

#[derive(Default)]
struct Ratio {
    valid: u64,
    invalid: u64,
}

impl Printer {
    fn new(verbose: bool) -> Printer {
        Printer {
            out: output::stdout(),
            verbose,
            home_region: String::new(),
            start: Timestamp::UNIX_EPOCH,
            end: Timestamp::UNIX_EPOCH,
            is_after_blank: true,
            digests: Ratio::default(),
            backfill_digests: Ratio::default(),
            log_files: Ratio::default(),
            found: None,
        }
    }

    fn begin(&mut self, arn: &str, validation: &Validation) -> Result<()> {
        (self.start, self.end) = (validation.start, validation.end);
        self.home_region.clone_from(&validation.chain.home_region);
        let (start, end) = (shown(self.start), shown(self.end));
        writeln!(self.out, "Validating log files for trail {arn} between {start} and {end}\n")?;
        Ok(self.out.flush()?)
    }

    fn say(&mut self, said: &Said) -> Result<()> {
        match said {
            Said::Gap { from, until, is_backfill } => {
                let (kind, from, until) = (kind(*is_backfill), shown(*from), shown(*until));
                self.refuse(&format!("{kind}No log files were delivered by CloudTrail between {from} and {until}"))
            }
            Said::LogFile { at, status } => {
                let why = match status {
                    LogFileStatus::Valid(_) => None,
                    // The AWS CLI takes a stream that is cut short for a whole one of other content.
                    LogFileStatus::Changed | LogFileStatus::Damaged(Damage::Truncated) => {
                        Some("hash value doesn't match")
                    }
                    LogFileStatus::Missing => Some("not found"),
                    LogFileStatus::Damaged(Damage::TrailingData) => {
                        Some("unexpected data after end of compressed stream")
                    }
                    LogFileStatus::Unjudged | LogFileStatus::Damaged(_) => Some("invalid format"),
                };
                self.log_files.count(why.is_none());
                self.file(&format!("Log file\t{at}"), why)
            }
            Said::Digest { at, is_backfill, outcome } => {
                let why = match outcome {
                    DigestOutcome::Valid(start, end) => {
                        self.cover(*start, *end);
                        None
                    }
                    DigestOutcome::Missing => Some("not found".to_owned()),
                    DigestOutcome::Invalid(fault) => Some(reason(fault, &self.home_region)),
                    DigestOutcome::NoBackfillTime(text) => Some(format!("Unable to parse date value: {text}")),
                    DigestOutcome::NoPublicKeys(from, until) => {
                        Some(format!("No public keys found between {} and {}", shown(*from), shown(*until)))
                    }
                };
                let ratio = if *is_backfill { &mut self.backfill_digests } else { &mut self.digests };
                ratio.count(why.is_none());
                self.file(&format!("{}Digest file\t{at}", kind(*is_backfill)), why.as_deref())
            }
        }
    }

    /// Takes up the time that a valid digest covers, as far as it was asked about.
    fn cover(&mut self, start: Timestamp, end: Timestamp) {
        let (start, end) = (start.max(self.start), end.min(self.end));
        self.found = Some(self.found.map_or((start, end), |found| (found.0.min(start), found.1.max(end))));
    }

    fn file(&mut self, file: &str, why: Option<&str>) -> Result<()> {
        match why {
            Some(why) => self.refuse(&format!("{file}\tINVALID: {why}")),
            None if self.verbose => {
                self.is_after_blank = false;
                Ok(writeln!(self.out, "{file}\tvalid")?)
            }
            None => Ok(()),
        }
    }

    fn refuse(&mut self, line: &str) -> Result<()> {
        self.out.flush()?;
        let before = if self.is_after_blank { "" } else { "\n" };
        self.is_after_blank = true;
        Ok(write!(io::stderr(), "{before}{line}\n\n")?)
    }

    fn summary(mut self) -> Result<Exit> {
        if !self.is_after_blank {
            writeln!(self.out)?;
        }
        writeln!(self.out, "Results requested for {} to {}", shown(self.start), shown(self.end))?;
        if self.digests.total() + self.backfill_digests.total() == 0 {
            writeln!(self.out, "No digests found")?;
            self.out.flush()?;
            return Ok(Exit::Success);
        }
        match self.found {
            Some((first, last)) => writeln!(self.out, "Results found for {} to {}:", shown(first), shown(last))?,
            None => writeln!(self.out, "No valid digests found in range")?,
        }
        let ratios = [(&self.digests, "digest"), (&self.backfill_digests, "backfill digest"), (&self.log_files, "log")];
        let mut is_clean = true;
        for (ratio, name) in ratios {
            is_clean &= ratio.invalid == 0;
            if ratio.total() > 0 {
                write!(self.out, "\n{}/{} {name} files valid", ratio.valid, ratio.total())?;
            }
            if ratio.invalid > 0 {
                write!(self.out, ", {}/{} {name} files INVALID", ratio.invalid, ratio.total())?;
            }
        }
        writeln!(self.out)?;
        self.out.flush()?;
        Ok(if is_clean { Exit::Success } else { Exit::Findings })
    }
}

impl Ratio {
    fn count(&mut self, is_valid: bool) {
        *(if is_valid { &mut self.valid } else { &mut self.invalid }) += 1;
    }

    fn total(&self) -> u64 {
        self.valid + self.invalid
    }
}

fn kind(is_backfill: bool) -> &'static str {
    if is_backfill { "(backfill) " } else { "" }
}

fn shown(time: Timestamp) -> impl std::fmt::Display {
    time.strftime("%Y-%m-%dT%H:%M:%SZ")
}

/// Returns what the AWS CLI says of a digest. Where it passes on what its language says of a wrong type, so do we.
fn reason(fault: &DigestFault, home_region: &str) -> String {
    match fault {
        DigestFault::NoSignature | DigestFault::SignatureMismatch => "signature verification failed".to_owned(),
        DigestFault::SignatureNotHex { is_odd: true } => "Odd-length string".to_owned(),
        DigestFault::SignatureNotHex { is_odd: false } => "Non-hexadecimal digit found".to_owned(),
        DigestFault::Moved => "has been moved from its original location".to_owned(),
        DigestFault::UnknownFingerprint(list) if list.starts_with('[') => "unhashable type: 'list'".to_owned(),
        DigestFault::UnknownFingerprint(object) if object.starts_with('{') => "unhashable type: 'dict'".to_owned(),
        DigestFault::UnknownFingerprint(fingerprint) => {
            let fingerprint = if fingerprint == "null" { "None" } else { fingerprint };
            format!("public key not found in region {home_region} for fingerprint {fingerprint}")
        }
        DigestFault::UnusableKey(fingerprint) => format!("Unable to load PKCS #1 key with fingerprint {fingerprint}"),
        DigestFault::NotObject("a list") => "list indices must be integers or slices, not str".to_owned(),
        DigestFault::NotObject(found) => format!("'{}' object does not support item assignment", python(found)),
        DigestFault::WrongType { member: "digestStartTime" | "digestEndTime", found } => {
            format!("Parser must be a string or character stream, not {}", python(found))
        }
        DigestFault::BadTime { text, .. } => format!("Unable to parse date value: {text}"),
        // The AWS CLI would follow such a chain for ever.
        DigestFault::Cycle => "previous digest file is this one or a later one".to_owned(),
        _ => "invalid format".to_owned(),
    }
}

fn python(found: &str) -> &'static str {
    match found {
        "text" => "str",
        "a number" => "int",
        "a boolean" => "bool",
        "a list" => "list",
        "an object" => "dict",
        _ => "NoneType",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_trails() {
        let cases = [
            ("arn:aws:cloudtrail:us-east-1:111122223333:trail/audit", Some(("us-east-1", "111122223333", "audit"))),
            ("arn:aws-cn:cloudtrail:cn-north-1:111122223333:trail/a_b", Some(("cn-north-1", "111122223333", "a_b"))),
            ("arn:aws:cloudtrail:us-east-1:1111:trail/audit", None),
            ("arn:aws:cloudtrail:us-east-1:111122223333:trail/", None),
            ("arn:aws:s3:::trail/audit", None),
            ("audit", None),
            ("", None),
        ];
        for (text, expect) in cases {
            let found = TrailArn::parse(text).map(|arn| (arn.home_region, arn.account_id, arn.name));
            assert_eq!(found.ok(), expect, "{text}");
        }
    }
}
