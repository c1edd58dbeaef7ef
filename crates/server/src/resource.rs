//! Resources as requests name them: by ARN, by name, by the last part of an ARN.

use event::arn::Arn;

use crate::call::Call;

/// A kind of resource that has ARNs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `trail/<name>`.
    Trail,
    /// `eventdatastore/<uuid>`.
    EventDataStore,
    /// `channel/<uuid>`.
    Channel,
    /// `dashboard/<name>`.
    Dashboard,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Kind; 4] = [Kind::Trail, Kind::EventDataStore, Kind::Channel, Kind::Dashboard];

    /// Returns the word in front of the id.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Trail => "trail",
            Kind::EventDataStore => "eventdatastore",
            Kind::Channel => "channel",
            Kind::Dashboard => "dashboard",
        }
    }

    /// Returns the kind and id of a resource of CloudTrail, if the ARN is one.
    pub(crate) fn of(arn: &Arn) -> Option<(Kind, &str)> {
        let (word, id) = arn.resource().split_once('/')?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.word() == word)?;
        let is_ours = arn.service() == "cloudtrail" && arn.account().is_some() && !arn.region().is_empty();
        (is_ours && !id.is_empty()).then_some((kind, id))
    }

    /// Returns the ARN of one of the caller's resources of this kind in the called Region.
    pub(crate) fn arn(self, call: &Call, id: &str) -> String {
        call.arn(&format!("{}/{id}", self.word()))
    }
}
