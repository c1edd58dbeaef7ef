//! The folders of a trail's bucket: what a folder's name says about all that lies below it.
//!
//! Layout: `[prefix/]AWSLogs/[organization ID/]account/folder/Region/YYYY/MM/DD/`. A copy often begins lower down, so
//! `CloudTrail` and its sisters are known without `AWSLogs` as well.

use event::arn::{AccountId, OrganizationId, Region};
use event::key::{AWS_LOGS, Folder};
use jiff::civil::Date;

/// What is known of all files below a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Whose events they hold.
    pub(crate) account: Option<AccountId>,
    /// Where the events happened.
    pub(crate) region: Option<Region>,
    /// First and last date of delivery, both inclusive.
    pub(crate) dates: Option<(Date, Date)>,
}

/// Where a folder stands in the layout.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) step: Step,
    pub(crate) facts: Facts,
    /// What the folder's parent says the files are.
    pub(crate) folder: Option<Folder>,
    /// The account this folder's name would be, were it below `AWSLogs`.
    near: Option<AccountId>,
}

/// The steps down the layout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Step {
    /// Above the layout, or nowhere near it.
    #[default]
    Outside,
    /// `AWSLogs`.
    Logs,
    /// An organization below `AWSLogs`.
    Organization,
    /// An account below `AWSLogs`: each AWS service has a folder here.
    Account,
    /// `CloudTrail` or one of its sisters.
    Trail,
    /// A Region.
    Region,
    /// `YYYY`.
    Year,
    /// `MM`.
    Month,
    /// `DD`: here lie the files.
    Day,
    /// Below the layout, or where a name breaks it; what was known above still holds.
    Astray,
    /// Below an account, but another service's.
    Foreign,
}

impl Step {
    /// Returns whether the folders below are known by their names, so that all of them can be listed at once.
    pub(crate) fn is_structural(self) -> bool {
        !matches!(self, Self::Outside | Self::Astray | Self::Foreign)
    }
}

impl Layout {
    /// Returns where the folder at the end of a path stands.
    pub(crate) fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        names.into_iter().fold(Self::default(), |layout, name| layout.child(name))
    }

    /// Returns where a folder's child stands.
    pub(crate) fn child(&self, name: &str) -> Self {
        match self.step {
            Step::Outside | Step::Logs | Step::Organization if name == AWS_LOGS => {
                Self { step: Step::Logs, ..Self::default() }
            }
            Step::Logs | Step::Organization => self.child_of_logs(name),
            Step::Outside => self.child_of_outside(name),
            Step::Account => match Folder::parse(name) {
                Some(folder) => self.at(Step::Trail, |layout| layout.folder = Some(folder)),
                None => self.at(Step::Foreign, |_| ()),
            },
            Step::Trail => match Region::parse(name) {
                Some(region) => self.at(Step::Region, |layout| layout.facts.region = Some(region)),
                None => self.astray(),
            },
            Step::Region => self.dated(Step::Year, year(name)),
            Step::Year => self.dated(Step::Month, self.first().and_then(|year| month(year, name))),
            Step::Month => self.dated(Step::Day, self.first().and_then(|month| day(month, name))),
            Step::Day | Step::Astray => self.astray(),
            Step::Foreign => self.clone(),
        }
    }

    fn child_of_logs(&self, name: &str) -> Self {
        if let Some(account) = AccountId::parse(name) {
            return self.at(Step::Account, |layout| layout.facts.account = Some(account));
        }
        let organization = (self.step == Step::Logs).then(|| OrganizationId::parse(name)).flatten();
        self.at(if organization.is_some() { Step::Organization } else { Step::Outside }, |_| ())
    }

    /// Outside `AWSLogs` twelve digits may be anything: they count as an account only above a folder of CloudTrail's.
    fn child_of_outside(&self, name: &str) -> Self {
        match Folder::parse(name) {
            Some(folder) => self.at(Step::Trail, |layout| {
                layout.facts.account = self.near;
                layout.folder = Some(folder);
            }),
            None => self.at(Step::Outside, |layout| layout.near = AccountId::parse(name)),
        }
    }

    fn at(&self, step: Step, learn: impl FnOnce(&mut Self)) -> Self {
        let mut layout = Self { step, near: None, ..self.clone() };
        learn(&mut layout);
        layout
    }

    fn astray(&self) -> Self {
        self.at(Step::Astray, |_| ())
    }

    fn dated(&self, step: Step, dates: Option<(Date, Date)>) -> Self {
        match dates {
            Some(dates) => self.at(step, |layout| layout.facts.dates = Some(dates)),
            None => self.astray(),
        }
    }

    fn first(&self) -> Option<Date> {
        self.facts.dates.map(|(first, _)| first)
    }
}

fn year(name: &str) -> Option<(Date, Date)> {
    let year = number(name, 4)?;
    Some((Date::new(year, 1, 1).ok()?, Date::new(year, 12, 31).ok()?))
}

fn month(year: Date, name: &str) -> Option<(Date, Date)> {
    let first = Date::new(year.year(), i8::try_from(number(name, 2)?).ok()?, 1).ok()?;
    Some((first, first.last_of_month()))
}

fn day(month: Date, name: &str) -> Option<(Date, Date)> {
    let day = Date::new(month.year(), month.month(), i8::try_from(number(name, 2)?).ok()?).ok()?;
    Some((day, day))
}

fn number(name: &str, digits: usize) -> Option<i16> {
    (name.len() == digits && name.bytes().all(|b| b.is_ascii_digit())).then(|| name.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A path, its step, and what is known: account, Region, dates.
    const PATHS: &[(&str, Step, &str)] = &[
        ("", Step::Outside, "- - -"),
        ("logs/111122223333", Step::Outside, "- - -"),
        ("p/AWSLogs", Step::Logs, "- - -"),
        ("AWSLogs/o-abc/AWSLogs", Step::Logs, "- - -"),
        ("o-abc/AWSLogs/o-abc", Step::Organization, "- - -"),
        ("o-abc/AWSLogs/o-abc/111122223333", Step::Account, "111122223333 - -"),
        ("AWSLogs/o-abc/o-abc", Step::Outside, "- - -"),
        ("AWSLogs/111122223333/Config", Step::Foreign, "111122223333 - -"),
        ("AWSLogs/111122223333/Config/CloudTrail", Step::Foreign, "111122223333 - -"),
        ("AWSLogs/111122223333/CloudTrail-Insight", Step::Trail, "111122223333 - -"),
        ("AWSLogs/111122223333/CloudTrail/eu-west-1", Step::Region, "111122223333 eu-west-1 -"),
        ("AWSLogs/111122223333/CloudTrail/eu", Step::Astray, "111122223333 - -"),
        ("111122223333/CloudTrail/eu-west-1", Step::Region, "111122223333 eu-west-1 -"),
        ("CloudTrail/eu-west-1/2024", Step::Year, "- eu-west-1 2024-01-01..2024-12-31"),
        ("CloudTrail/eu-west-1/2024/02", Step::Month, "- eu-west-1 2024-02-01..2024-02-29"),
        ("CloudTrail/eu-west-1/2024/02/29", Step::Day, "- eu-west-1 2024-02-29..2024-02-29"),
        ("CloudTrail/eu-west-1/2024/02/30", Step::Astray, "- eu-west-1 2024-02-01..2024-02-29"),
        ("CloudTrail/eu-west-1/2024/13", Step::Astray, "- eu-west-1 2024-01-01..2024-12-31"),
        ("CloudTrail/eu-west-1/2024/2", Step::Astray, "- eu-west-1 2024-01-01..2024-12-31"),
        ("CloudTrail/eu-west-1/2024/02/29/x/y", Step::Astray, "- eu-west-1 2024-02-29..2024-02-29"),
    ];

    #[test]
    fn paths() {
        for (path, step, facts) in PATHS {
            let layout = Layout::of(path.split('/'));
            let Facts { account, region, dates } = layout.facts;
            let found = [
                account.map_or("-".to_owned(), |account| account.to_string()),
                region.map_or("-".to_owned(), |region| region.to_string()),
                dates.map_or("-".to_owned(), |(first, last)| format!("{first}..{last}")),
            ];
            assert_eq!((layout.step, found.join(" ")), (*step, (*facts).to_owned()), "{path}");
        }
    }
}
