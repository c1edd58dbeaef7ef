//! A finding as a row of the lake's table `findings`.

use serde_json::{Map, Value, json};

use crate::hunt::Found;

impl Found {
    /// Returns the row that the finding is stored as.
    pub fn to_row(&self) -> lake::Finding {
        let (finding, sight) = (&self.finding, &self.sight);
        let (meta, last) = (&finding.rule.meta, finding.events.last());
        let origin = sight.origin.as_ref();
        lake::Finding {
            key: finding.key(),
            rule_id: meta.id.clone(),
            rule: meta.title.clone(),
            rule_file: meta.file.clone(),
            level: meta.level.map(|level| level.as_str().to_owned()),
            outcome: finding.outcome.as_str().to_owned(),
            author: meta.author.clone(),
            license: meta.license.clone(),
            references: json!(meta.references).to_string(),
            tags: json!(meta.tags).to_string(),
            group: self.group().to_string(),
            window_start: finding.window.start,
            event_time: last.and_then(|event| event.time),
            event_id: last.and_then(|event| event.event_id.clone()),
            event_name: sight.event_name.clone(),
            event_source: sight.event_source.clone(),
            region: sight.region.clone(),
            account: last.and_then(|event| event.account.clone()),
            source_address: sight.source_address.clone(),
            arn: sight.arn.clone(),
            origin: self.origin().map(str::to_owned),
            origin_status: origin.map(|origin| origin.status.to_string()),
            origin_hint: origin.and_then(|origin| origin.hint.clone()),
            events_total: finding.events_total,
            events: self.events().to_string(),
            suppressed: finding.suppressed.clone(),
            indicator: self.indicator().map(|indicator| indicator.to_string()),
        }
    }

    /// Returns who stands behind the credential of the event at which the rule held.
    pub fn origin(&self) -> Option<&str> {
        let told = self.finding.events.last().and_then(|event| event.origin.as_deref());
        self.sight.origin.as_ref().map(|origin| origin.arn.as_str()).or(told)
    }

    /// Returns the values that the rule groups by, as an object.
    pub fn group(&self) -> Value {
        let group = self.finding.group.iter().map(|(name, value)| (name.clone(), json!(value)));
        Value::Object(group.collect::<Map<_, _>>())
    }

    /// Returns its events, the latest last, each by what finds it again.
    pub fn events(&self) -> Value {
        let events = self.finding.events.iter().map(|event| {
            json!({
                "eventid": event.event_id,
                "eventtime": event.time.map(|time| time.to_string()),
                "recipientaccountid": event.account,
                "file": event.file,
                "number": event.number,
                "seq": event.seq,
            })
        });
        events.collect()
    }

    /// Returns the indicator that matched, as an object.
    pub fn indicator(&self) -> Option<Value> {
        let indicator = self.finding.indicator.as_ref()?;
        Some(json!({
            "kind": indicator.kind.as_str(),
            "value": indicator.value,
            "source": indicator.source,
            "description": indicator.description,
            "expires": indicator.expires.map(|time| time.to_string()),
            "list": indicator.list,
        }))
    }
}
