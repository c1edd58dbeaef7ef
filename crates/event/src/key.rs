//! The object keys under which CloudTrail delivers log files and digest files, parsed and printed.
//!
//! Key: `[prefix/]AWSLogs/[organization ID/]account/folder/Region/YYYY/MM/DD/file`. Sources: AWS CloudTrail user guide,
//! "CloudTrail log file name format", "CloudTrail digest file structure" and "Logging Insights events". Whoever lists a
//! trail's bucket starts here, and so does whoever delivers into one.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::arn::{AccountId, OrganizationId, Region};

/// The folder below which all AWS services put an account's logs.
pub const AWS_LOGS: &str = "AWSLogs";

/// The key of a log file or a digest file in a trail's bucket.
///
/// Printing gives back the parsed text byte for byte.
///
/// ```
/// use event::key::Key;
/// let text = "AWSLogs/111122223333/CloudTrail/eu-west-1/2024/05/07/\
///             111122223333_CloudTrail_eu-west-1_20240507T1305Z_AbCdEfGhIjKlMnOp.json.gz";
/// let key = Key::parse(text).expect("a log file's key");
/// assert_eq!(key.file.region().as_str(), "eu-west-1");
/// assert_eq!(key.to_string(), text);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The trail's `S3KeyPrefix` without slashes at its ends; empty when the trail has none. Control Tower uses the
    /// organization ID as a prefix, so that it stands in the key twice.
    pub prefix: String,
    /// The organization, for files of an organization trail only.
    pub organization: Option<OrganizationId>,
    /// The file itself, which repeats account, Region and date.
    pub file: FileName,
}

impl Key {
    /// Returns the key spelled by `text`; `None` if it is no key of CloudTrail, or if its folders and its file name
    /// disagree on account, kind, Region or date.
    pub fn parse(text: &str) -> Option<Self> {
        let (folders, name) = text.rsplit_once('/')?;
        let file = FileName::parse(name)?;
        let root = folders.strip_suffix(file.folders().as_str())?.strip_suffix('/')?;
        let (base, organization) = match root.rsplit_once('/') {
            Some((base, last)) if last != AWS_LOGS => (base, Some(OrganizationId::parse(last)?)),
            _ => (root, None),
        };
        let prefix = match base.strip_suffix(AWS_LOGS)? {
            "" => "",
            before => before.strip_suffix('/').filter(|prefix| !prefix.is_empty())?,
        };
        Some(Self { prefix: prefix.to_owned(), organization, file })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.prefix.is_empty() {
            write!(f, "{}/", self.prefix)?;
        }
        write!(f, "{AWS_LOGS}/")?;
        if let Some(organization) = &self.organization {
            write!(f, "{organization}/")?;
        }
        write!(f, "{}/{}", self.file.folders(), self.file)
    }
}

/// What a folder below an account's folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Folder {
    /// `CloudTrail`: log files of management, data and network activity events.
    CloudTrail,
    /// `CloudTrail-Aggregated`: log files of aggregated events. The name follows the other folders' pattern; AWS does
    /// not document it.
    Aggregated,
    /// `CloudTrail-Digest`: digest files.
    Digest,
    /// `CloudTrail-Insight`: log files of Insights events.
    Insight,
}

impl Folder {
    /// Every folder, in the order of their names.
    pub const ALL: [Self; 4] = [Self::CloudTrail, Self::Aggregated, Self::Digest, Self::Insight];

    /// Returns the folder of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|folder| folder.as_str() == name)
    }

    /// Returns the folder's name, which is a part of its files' names as well.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CloudTrail => "CloudTrail",
            Self::Aggregated => "CloudTrail-Aggregated",
            Self::Digest => "CloudTrail-Digest",
            Self::Insight => "CloudTrail-Insight",
        }
    }
}

/// The name of a log file or digest file, without folders.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FileName {
    /// A log file.
    LogFile(LogFileName),
    /// A digest file.
    DigestFile(DigestFileName),
}

impl FileName {
    /// Returns the file name spelled by `name`. `.json` counts as well as `.json.gz`: people keep inflated copies.
    pub fn parse(name: &str) -> Option<Self> {
        let (stem, compressed) = match name.strip_suffix(".json.gz") {
            Some(stem) => (stem, true),
            None => (name.strip_suffix(".json")?, false),
        };
        let mut parts = stem.splitn(4, '_');
        let account = AccountId::parse(parts.next()?)?;
        let folder = Folder::parse(parts.next()?)?;
        let region = Region::parse(parts.next()?)?;
        let rest = parts.next()?;
        if folder == Folder::Digest {
            return DigestFileName::parse_rest(account, region, rest, compressed).map(Self::DigestFile);
        }
        let (time, unique) = rest.split_once('_')?;
        let is_unique = (1..=64).contains(&unique.len()) && unique.bytes().all(|b| b.is_ascii_alphanumeric());
        let delivered = parse_time(time, MINUTES)?;
        is_unique
            .then(|| LogFileName { account, folder, region, delivered, unique: unique.to_owned(), compressed })
            .map(Self::LogFile)
    }

    /// Returns the account whose events the file holds or vouches for.
    pub fn account(&self) -> AccountId {
        match self {
            Self::LogFile(name) => name.account,
            Self::DigestFile(name) => name.account,
        }
    }

    /// Returns the Region where the events happened.
    pub fn region(&self) -> &Region {
        match self {
            Self::LogFile(name) => &name.region,
            Self::DigestFile(name) => &name.region,
        }
    }

    /// Returns the kind of folder the file lies in.
    pub fn folder(&self) -> Folder {
        match self {
            Self::LogFile(name) => name.folder,
            Self::DigestFile(_) => Folder::Digest,
        }
    }

    /// Returns the time in the name: a log file's delivery to the minute, a digest's end to the second.
    pub fn time(&self) -> Timestamp {
        match self {
            Self::LogFile(name) => name.delivered,
            Self::DigestFile(name) => name.end,
        }
    }

    /// Returns the UTC date of [`FileName::time`], by which the folders are named.
    pub fn date(&self) -> Date {
        TimeZone::UTC.to_datetime(self.time()).date()
    }

    /// Returns `account/folder/Region/YYYY/MM/DD`.
    fn folders(&self) -> String {
        let date = self.date().strftime("%Y/%m/%d");
        format!("{}/{}/{}/{date}", self.account(), self.folder().as_str(), self.region())
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LogFile(name) => name.fmt(f),
            Self::DigestFile(name) => name.fmt(f),
        }
    }
}

/// The name of a log file: `account_folder_Region_YYYYMMDDTHHmmZ_unique.json.gz`.
///
/// A value built by hand prints a name that parses again if `folder` is not [`Folder::Digest`], `delivered` is a whole
/// minute of the years 0 to 9999 and `unique` has 1 to 64 ASCII letters or digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LogFileName {
    /// The account whose events the file holds.
    pub account: AccountId,
    /// What kind of events the file holds.
    pub folder: Folder,
    /// Where the events happened.
    pub region: Region,
    /// When CloudTrail delivered the file, to the minute.
    pub delivered: Timestamp,
    /// What tells files of one minute apart: AWS uses sixteen letters or digits.
    pub unique: String,
    /// Whether the name ends in `.gz`.
    pub compressed: bool,
}

impl fmt::Display for LogFileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (folder, delivered) = (self.folder.as_str(), self.delivered.strftime(MINUTES));
        write!(f, "{}_{folder}_{}_{delivered}_{}{}", self.account, self.region, self.unique, extension(self.compressed))
    }
}

/// The name of a digest file:
/// `account_CloudTrail-Digest_Region_trail_homeRegion_YYYYMMDDTHHmmSSZ[_backfill].json.gz`.
///
/// A value built by hand prints a name that parses again if `trail` is not empty and holds no `/`, and `end` is a whole
/// second of the years 0 to 9999.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DigestFileName {
    /// The account whose log files the digest lists.
    pub account: AccountId,
    /// The Region whose log files the digest lists.
    pub region: Region,
    /// The trail's name, which may itself hold `_`.
    pub trail: String,
    /// The Region the trail belongs to.
    pub home_region: Region,
    /// The digest's end time, to the second.
    pub end: Timestamp,
    /// Whether AWS made the digest later, to fill a gap.
    pub backfill: bool,
    /// Whether the name ends in `.gz`.
    pub compressed: bool,
}

impl DigestFileName {
    /// Parses what follows the Region. It is read from its end, because the trail's name may hold `_`.
    fn parse_rest(account: AccountId, region: Region, rest: &str, compressed: bool) -> Option<Self> {
        let (rest, backfill) = match rest.strip_suffix(BACKFILL) {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let (rest, end) = rest.rsplit_once('_')?;
        let (trail, home_region) = rest.rsplit_once('_')?;
        let home_region = Region::parse(home_region)?;
        let end = parse_time(end, SECONDS)?;
        // AWS CloudTrail user guide, "Naming requirements".
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_trail = (1..=TRAIL_BYTES_MAX).contains(&trail.len()) && trail.bytes().all(is_letter);
        is_trail.then(|| Self { account, region, trail: trail.to_owned(), home_region, end, backfill, compressed })
    }
}

impl fmt::Display for DigestFileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, region, trail, home_region, end, backfill, compressed } = self;
        let (folder, end) = (Folder::Digest.as_str(), end.strftime(SECONDS));
        let backfill = if *backfill { BACKFILL } else { "" };
        write!(f, "{account}_{folder}_{region}_{trail}_{home_region}_{end}{backfill}{}", extension(*compressed))
    }
}

const MINUTES: &str = "%Y%m%dT%H%MZ";
const SECONDS: &str = "%Y%m%dT%H%M%SZ";
const BACKFILL: &str = "_backfill";
/// Longest name of a trail.
const TRAIL_BYTES_MAX: usize = 128;

/// Parses a time in UTC. The digits are counted first: `strptime` would take fewer of them, and then the name would not
/// print as it was.
fn parse_time(text: &str, format: &str) -> Option<Timestamp> {
    let digits = if format == MINUTES { 12 } else { 14 };
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let all_digits = date.bytes().chain(time.bytes()).all(|b| b.is_ascii_digit());
    if date.len() != 8 || date.len() + time.len() != digits || !all_digits {
        return None;
    }
    let parsed = DateTime::strptime(format, text).ok()?;
    let timestamp = TimeZone::UTC.to_timestamp(parsed).ok()?;
    // A leap second is read as the second before it.
    (timestamp.strftime(format).to_string() == text).then_some(timestamp)
}

fn extension(compressed: bool) -> &'static str {
    if compressed { ".json.gz" } else { ".json" }
}

#[cfg(test)]
mod tests;
