//! Indicator lists: addresses, networks, user agents, access keys and accounts that somebody knows to be bad.

mod csv;
mod stix;

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use event::time::EventTime;
use predicate::expr::{Case, Field, Pattern};
use predicate::record::Record;
use predicate::{Cidr, Lookup, Needs, Predicate};

use crate::detector::hit::{Columns, Reads};
use crate::detector::single;
use crate::error::{Error, ErrorKind, Result};
use crate::finding::{EventRef, Finding};
use crate::refusal::{Mark, Refusal};
use crate::ruleset::{Body, Rule};
use crate::sigma::document::{Level, Meta};
use crate::sigma::extension::Advice;
use crate::sigma::text;

/// Most indicators of all lists together.
pub const INDICATORS_MAX: usize = 2_000_000;

/// Something by which bad events are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicator {
    /// What it is.
    pub kind: Kind,
    /// Its value: of a user agent with `*` and `?` as wildcards.
    pub value: String,
    /// Who says so.
    pub source: Option<String>,
    /// What they say.
    pub description: Option<String>,
    /// From when on it counts: events before do not match.
    pub valid_from: Option<EventTime>,
    /// Until when it counts: events from then on do not match.
    pub expires: Option<EventTime>,
    /// The list it stands in, as it was given.
    pub list: String,
}

/// The kinds of indicators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An address or a network, compared with `sourceIPAddress`.
    Address,
    /// Compared with `userAgent`.
    UserAgent,
    /// An access key, compared with `userIdentity.accessKeyId`.
    Key,
    /// An account, compared with `userIdentity.accountId`.
    Account,
}

impl Kind {
    /// Returns the kind's name in a list.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Address => "address",
            Kind::UserAgent => "user-agent",
            Kind::Key => "key",
            Kind::Account => "account",
        }
    }

    /// Reads a kind's name.
    pub(crate) fn parse(text: &str) -> Option<Kind> {
        match text.trim().to_ascii_lowercase().as_str() {
            "address" | "ip" | "network" | "cidr" => Some(Kind::Address),
            "user-agent" | "useragent" | "user_agent" => Some(Kind::UserAgent),
            "key" | "access-key" | "access_key" => Some(Kind::Key),
            "account" => Some(Kind::Account),
            _ => None,
        }
    }
}

/// Indicators, ready to be looked up.
#[derive(Debug, Default)]
pub struct Indicators {
    all: Vec<Arc<Indicator>>,
    blocks: HashMap<Cidr, Vec<usize>>,
    /// The lengths of the prefixes that occur: of IPv4, of IPv6.
    prefixes: [BTreeSet<u8>; 2],
    keys: HashMap<String, Vec<usize>>,
    accounts: HashMap<String, Vec<usize>>,
    agents: Vec<(usize, Predicate)>,
    /// All user agents at once, so that most events are done with after one look.
    any_agent: Option<Predicate>,
    rules: HashMap<Kind, Arc<Rule>>,
}

impl Indicators {
    /// Loads lists, given as name and content: STIX 2.1 if the content is JSON, else CSV.
    ///
    /// An indicator that cannot be read is a refusal, and the others count.
    ///
    /// # Errors
    /// [`ErrorKind::Indicators`] if there are more than [`INDICATORS_MAX`], or too many user agents to search for.
    pub fn load(lists: &[(String, Vec<u8>)]) -> Result<(Indicators, Vec<Refusal>)> {
        let (mut all, mut refusals) = (Vec::new(), Vec::new());
        for (list, bytes) in lists {
            let mut refuse = |mark: Mark, reason: String| {
                refusals.push(Refusal { file: list.clone(), mark, rule: None, reason });
            };
            let text = match std::str::from_utf8(bytes) {
                Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
                Err(_) => {
                    refuse(Mark { line: 1, column: 1 }, "the list is not UTF-8".to_owned());
                    continue;
                }
            };
            if text.trim_start().starts_with('{') {
                stix::read(list, text, &mut all, &mut refuse);
            } else {
                csv::read(list, text, &mut all, &mut refuse);
            }
            if all.len() > INDICATORS_MAX {
                let message =
                    format!("load indicators up to `{list}`: they are {}, more than {INDICATORS_MAX}", all.len());
                return Err(Error::new(ErrorKind::Indicators, message));
            }
        }
        Ok((Indicators::new(all)?, refusals))
    }

    fn new(all: Vec<Indicator>) -> Result<Indicators> {
        let mut indicators = Indicators::default();
        let mut patterns: Vec<Pattern> = Vec::new();
        let agent = |patterns: Vec<Pattern>| {
            let expr = text::fits_any(&Field::parse("userAgent"), Case::Insensitive, patterns);
            Predicate::compile(&expr).map_err(|error| Error::new(ErrorKind::Indicators, error.to_string()))
        };
        for (at, indicator) in all.iter().enumerate() {
            indicators.rules.entry(indicator.kind).or_insert_with(|| Arc::new(rule(indicator.kind)));
            match indicator.kind {
                Kind::Address => {
                    let block = indicator.value.parse::<Cidr>();
                    let block = block.map_err(|error| Error::new(ErrorKind::Indicators, error.to_string()))?;
                    let [v4, v6] = &mut indicators.prefixes;
                    if block.network().is_ipv4() {
                        v4.insert(block.prefix())
                    } else {
                        v6.insert(block.prefix())
                    };
                    indicators.blocks.entry(block).or_default().push(at);
                }
                Kind::UserAgent => {
                    let pattern = text::pattern(&indicator.value);
                    indicators.agents.push((at, agent(vec![pattern.clone()])?));
                    patterns.push(pattern);
                }
                Kind::Key => indicators.keys.entry(indicator.value.clone()).or_default().push(at),
                Kind::Account => indicators.accounts.entry(indicator.value.clone()).or_default().push(at),
            }
        }
        if !patterns.is_empty() {
            indicators.any_agent = Some(agent(patterns)?);
        }
        indicators.all = all.into_iter().map(Arc::new).collect();
        Ok(indicators)
    }

    /// Returns the number of indicators.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Returns true if there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns the indicators that a value meets, whether they count at `time` or, without one, at all.
    pub fn lookup(&self, kind: Kind, value: &str, time: Option<EventTime>) -> Vec<Arc<Indicator>> {
        let found: Vec<usize> = match kind {
            Kind::Address => value.parse().map(|address| self.of_address(address)).unwrap_or_default(),
            Kind::Key => self.keys.get(value).cloned().unwrap_or_default(),
            Kind::Account => self.accounts.get(value).cloned().unwrap_or_default(),
            Kind::UserAgent => {
                let record = serde_json::json!({ "userAgent": value }).to_string();
                let record = Record::parse(record.as_bytes());
                let fits = |agent: &&(usize, Predicate)| record.as_ref().is_some_and(|record| agent.1.matches(record));
                self.agents.iter().filter(fits).map(|(at, _)| *at).collect()
            }
        };
        self.counting(&found, time).cloned().collect()
    }

    fn counting<'a>(&'a self, found: &'a [usize], time: Option<EventTime>) -> impl Iterator<Item = &'a Arc<Indicator>> {
        found.iter().filter_map(|at| self.all.get(*at)).filter(move |indicator| {
            time.is_none_or(|time| {
                indicator.valid_from.is_none_or(|from| from <= time) && indicator.expires.is_none_or(|end| time < end)
            })
        })
    }

    fn of_address(&self, address: IpAddr) -> Vec<usize> {
        let [v4, v6] = &self.prefixes;
        let prefixes = if address.is_ipv4() { v4 } else { v6 };
        let blocks = prefixes.iter().filter_map(|prefix| self.blocks.get(&Cidr::around(address, *prefix)?));
        blocks.flatten().copied().collect()
    }

    /// Returns what is read of a batch.
    pub(crate) fn needs(&self) -> Needs {
        if self.is_empty() {
            return Needs::default();
        }
        let columns = Columns::new();
        let read = [columns.source_ip, columns.user_agent, columns.access_key, columns.identity_account];
        let needs = Needs { columns: read.into_iter().fold(0, |columns, at| columns | 1 << at), ..Needs::default() };
        self.any_agent.as_ref().map_or(needs, |agents| needs.and(agents.needs()))
    }

    /// Adds a finding for each event that meets an indicator, and each indicator that it meets.
    pub(crate) fn find(&self, reads: &Reads<'_>, columns: &Columns, findings: &mut Vec<Finding>) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let agents = self.any_agent.as_ref().map(|agents| agents.mask(reads.rows)).transpose()?;
        for row in 0..reads.rows.len() {
            let mut found = Vec::new();
            if !self.blocks.is_empty()
                && let Some(Ok(address)) = reads.rows.text(columns.source_ip, row).map(str::parse)
            {
                found.extend(self.of_address(address));
            }
            let mut look = |known: &HashMap<String, Vec<usize>>, column| {
                if let Some(meets) = reads.rows.text(column, row).and_then(|text| known.get(text)) {
                    found.extend_from_slice(meets);
                }
            };
            look(&self.keys, columns.access_key);
            look(&self.accounts, columns.identity_account);
            if agents.as_ref().is_some_and(|agents| agents.value(row)) {
                for (at, agent) in &self.agents {
                    if agent.holds(reads.rows, row)? {
                        found.push(*at);
                    }
                }
            }
            if !found.is_empty() {
                let event = reads.event(columns, row);
                findings
                    .extend(self.counting(&found, event.time).filter_map(|indicator| self.finding(indicator, &event)));
            }
        }
        Ok(())
    }

    /// Returns a finding for each indicator that a record meets which did not become an event.
    pub(crate) fn find_in_record(&self, record: &Record<'_>, event: &Arc<EventRef>) -> Vec<Finding> {
        let fields = [
            (Kind::Address, "sourceIPAddress"),
            (Kind::UserAgent, "userAgent"),
            (Kind::Key, "userIdentity.accessKeyId"),
            (Kind::Account, "userIdentity.accountId"),
        ];
        let mut findings = Vec::new();
        for (kind, field) in fields.into_iter().filter(|_| !self.is_empty()) {
            if let Some(value) = Lookup::new(&Field::parse(field)).of_record(record) {
                let found = self.lookup(kind, &value, event.time);
                findings.extend(found.iter().filter_map(|indicator| self.finding(indicator, event)));
            }
        }
        findings
    }

    fn finding(&self, indicator: &Arc<Indicator>, event: &Arc<EventRef>) -> Option<Finding> {
        let mut finding = single(self.rules.get(&indicator.kind)?, event);
        finding.group = vec![(indicator.kind.as_str().to_owned(), Some(indicator.value.clone()))];
        finding.indicator = Some(indicator.clone());
        Some(finding)
    }
}

/// Checks a value and makes an indicator of it.
pub(crate) fn checked(mut indicator: Indicator) -> std::result::Result<Indicator, String> {
    let value = indicator.value.trim();
    let good = match indicator.kind {
        Kind::Address => value.parse::<Cidr>().is_ok(),
        Kind::UserAgent => !value.is_empty() && value != "*",
        Kind::Key => (16..=128).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        Kind::Account => value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit()),
    };
    if !good {
        return Err(format!("`{value}` is no {}", indicator.kind.as_str()));
    }
    indicator.value = value.to_owned();
    Ok(indicator)
}

/// The rule that findings of an indicator name.
fn rule(kind: Kind) -> Rule {
    let meta = Meta {
        id: format!("indicator-{}", kind.as_str()),
        title: format!("Indicator met: {}", kind.as_str()),
        name: None,
        level: Some(Level::Medium),
        status: None,
        author: None,
        license: None,
        description: None,
        references: Vec::new(),
        tags: Vec::new(),
        falsepositives: Vec::new(),
        file: String::new(),
        mark: Mark::default(),
    };
    Rule { meta, advice: Advice::default(), emits: true, body: Body::Indicators }
}
