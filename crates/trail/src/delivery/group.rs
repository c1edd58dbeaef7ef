//! Which log file an event goes into: one for each account, kind and Region.

use std::collections::HashMap;
use std::fmt;

use event::arn::{AccountId, Region};
use event::key::Folder;
use event::schema::column_index;
use predicate::Rows;
use serde::{Deserialize, Serialize};

use crate::model::Trail;
use crate::selectors::folder_region;

/// What the events of one log file have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The account below whose folder the file lies.
    pub account: AccountId,
    /// The kind of events.
    #[serde(with = "folder")]
    pub folder: Folder,
    /// Where the events happened.
    pub region: Region,
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.account, self.folder.as_str(), self.region)
    }
}

/// Returns the groups of some events that a trail records, with the rows of each in their order.
///
/// A trail of one account delivers below that account's folder; an organisation's below that of the account that got the
/// event, else of the caller's, else of its own. An event whose Region cannot be told goes to the trail's own.
pub fn groups(trail: &Trail, rows: &Rows<'_>) -> Vec<(Group, Vec<usize>)> {
    let columns = ["recipientaccountid", "useridentity_accountid", "eventsource", "awsregion", "eventcategory"];
    let columns = columns.map(|name| column_index(name).unwrap_or(usize::MAX));
    let mut places: HashMap<[Option<&str>; 5], usize> = HashMap::new();
    let mut found: Vec<(Group, Vec<usize>)> = Vec::new();
    for row in 0..rows.len() {
        let mut values = columns.map(|column| rows.text(column, row));
        if !trail.is_organization_trail {
            let [recipient, caller, ..] = &mut values;
            (*recipient, *caller) = (None, None);
        }
        let place = *places.entry(values).or_insert_with(|| {
            let group = group(trail, values);
            found.iter().position(|(known, _)| *known == group).unwrap_or_else(|| {
                found.push((group, Vec::new()));
                found.len() - 1
            })
        });
        if let Some((_, rows)) = found.get_mut(place) {
            rows.push(row);
        }
    }
    found
}

fn group(trail: &Trail, [recipient, caller, source, region, category]: [Option<&str>; 5]) -> Group {
    let account = |text: Option<&str>| text.and_then(AccountId::parse);
    Group {
        account: account(recipient).or_else(|| account(caller)).unwrap_or(trail.account),
        folder: match category {
            Some("Insight") => Folder::Insight,
            Some("Aggregated") => Folder::Aggregated,
            _ => Folder::CloudTrail,
        },
        region: folder_region(source, region).unwrap_or_else(|| trail.home_region.clone()),
    }
}

mod folder {
    //! A folder by its name.

    use event::key::Folder;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(folder: &Folder, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(folder.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Folder, D::Error> {
        let name = String::deserialize(deserializer)?;
        Folder::parse(&name).ok_or_else(|| D::Error::custom(format!("`{name}` is no folder of a trail")))
    }
}
