//! The rules that ship, held to their cases, to the data files beside them, and to what is known of public records.

#![expect(clippy::print_stdout, reason = "a test that is not run says so")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs};

use detect::Placeholders;
use detect::detector::{Batch, Detector, Events, Order, Settings};
use detect::finding::{Finding, Outcome};
use detect::indicator::Indicators;
use detect::origin::Origin;
use detect::ruleset::RuleSet;
use event::fingerprint::FingerprintKey;
use event::open::{Content, Opener};
use event::time::EventTime;
use lineage::columns::Columns;
use lineage::credential::Use;
use lineage::edge;
use lineage::origins::Origins;
use lineage::sessions::Sessions;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Placeholders that rules of the pack read; empty unless a case says otherwise.
const PLACEHOLDERS: [&str; 3] = ["known_networks", "session_name_roles", "trail_buckets"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules")
}

/// The rule files, by `SUBJECT/NAME`.
fn pack() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for subject in fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for path in fs::read_dir(&subject).unwrap().map(|entry| entry.unwrap().path()) {
            if path.extension().is_some_and(|extension| extension == "yml") {
                let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
                files.insert(format!("{}/{}", name(&subject), name(&path)), fs::read(&path).unwrap());
            }
        }
    }
    files
}

fn placeholders(said: &Placeholders) -> Placeholders {
    let mut all: Placeholders = PLACEHOLDERS.iter().map(|name| ((*name).to_owned(), Vec::new())).collect();
    all.extend(said.clone());
    all
}

fn load(files: &[(String, Vec<u8>)], said: &Placeholders) -> Arc<RuleSet> {
    let loaded = RuleSet::load(files, &placeholders(said));
    assert!(loaded.refusals.is_empty(), "{:?}", loaded.refusals);
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    assert_eq!(loaded.skipped, 0);
    Arc::new(loaded.rules)
}

/// Looks at events as `detect` does over a file: all of them, in the order of event time, nothing suppressed.
fn findings(rules: &Arc<RuleSet>, content: &[u8]) -> Vec<Finding> {
    let settings = Settings { order: Order::EventTime, suppress: false, ..Settings::default() };
    let mut detector = Detector::new(rules.clone(), Arc::new(Indicators::default()), settings);
    let now = EventTime::parse("2030-01-01T00:00:00Z").unwrap();
    let mut opened = Vec::new();
    let mut opener = Opener::new(FingerprintKey(1), Default::default());
    opener
        .open(Content::Bytes(content), &mut |part| {
            opened.push(part);
            Ok::<(), event::error::Error>(())
        })
        .unwrap();
    let mut sessions = Sessions::default();
    for edge in opened.iter().flat_map(|part| edge::edges(&part.events).unwrap()) {
        sessions.insert(edge).is_new();
    }
    let mut origins = Origins::default();
    let mut found = Vec::new();
    for part in &opened {
        let columns = Columns::new(&part.events.columns).unwrap();
        let origins: Vec<Option<Origin>> =
            columns.rows().map(|row| origins.of(&sessions, &Use::of(&row)).map(|origin| known(&origin))).collect();
        let events = Events::Opened(&part.events);
        found.extend(detector.observe(&Batch { events, file: None, origins: Some(&origins), now }).unwrap());
        for reject in &part.rejects {
            found.extend(detector.observe_record(&reject.bytes, None, reject.number, now));
        }
    }
    found.extend(detector.flush());
    found
}

/// What rules read of an origin.
fn known(origin: &lineage::origin::Origin) -> Origin {
    Origin {
        origin: origin.arn.clone(),
        status: origin.status.as_str().to_owned(),
        depth: origin.depth,
        username: origin.user_name().map(str::to_owned),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    expect: String,
    #[serde(default)]
    outcome: Option<String>,
    why: String,
    #[serde(default)]
    event: Option<Box<RawValue>>,
    #[serde(default)]
    events: Vec<Box<RawValue>>,
    #[serde(default)]
    placeholders: Placeholders,
}

fn cases(rule: &str) -> Vec<Case> {
    let path = folder().join(format!("{rule}.cases.ndjson"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{rule}: {error}: {line}")))
        .collect()
}

/// Returns what is wrong with a case, if anything.
fn check(rule: &str, yaml: &[u8], case: &Case) -> Option<String> {
    let events: Vec<&str> = case.event.iter().chain(&case.events).map(|event| event.get()).collect();
    let last = &event_id(events.last().unwrap_or_else(|| panic!("{rule}: a case without an event")));
    let rules = load(&[(format!("{rule}.yml"), yaml.to_vec())], &case.placeholders);
    let first = rules.rules().next().unwrap().meta.id.clone();
    let found: BTreeSet<&str> = findings(&rules, events.join("\n").as_bytes())
        .iter()
        .filter(|finding| finding.rule.meta.id == first && last_event(finding) == *last)
        .map(|finding| finding.outcome.as_str())
        .collect();
    let expected: BTreeSet<&str> = match case.expect.as_str() {
        "match" => BTreeSet::from([case.outcome.as_deref().unwrap_or("done")]),
        "no match" => BTreeSet::new(),
        other => panic!("{rule}: a case expects `{other}`"),
    };
    (found != expected).then(|| format!("{rule}: {}: expected {expected:?}, found {found:?}", case.why))
}

fn event_id(record: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "eventID")]
        event_id: Option<String>,
    }
    serde_json::from_str::<Named>(record).unwrap().event_id
}

fn last_event(finding: &Finding) -> Option<String> {
    finding.events.last().and_then(|event| event.event_id.clone())
}

#[test]
fn every_rule_holds_its_cases() {
    let mut wrong = Vec::new();
    for (rule, yaml) in pack() {
        let cases = cases(&rule);
        for expect in ["match", "no match"] {
            assert!(cases.iter().any(|case| case.expect == expect), "{rule}: no case of `{expect}`");
        }
        wrong.extend(cases.iter().filter_map(|case| check(&rule, &yaml, case)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_says_what_a_person_needs() {
    let attack = attack();
    let mut used = BTreeSet::new();
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    let files: Vec<(String, Vec<u8>)> = pack().into_iter().collect();
    for (file, yaml) in &files {
        let subject = file.split('/').next().unwrap();
        assert!(readme.contains(&format!("\n| `{subject}` |")), "{subject}: not in the table of folders");
        let rules = load(&[(file.clone(), yaml.clone())], &Placeholders::new());
        let advised = rules.rules().any(|rule| rule.advice.response.is_some());
        let meta = &rules.rules().next().unwrap().meta;
        assert!(advised, "{file}: it does not say what to do");
        assert!(meta.level.is_some() && meta.description.is_some() && !meta.falsepositives.is_empty(), "{file}");
        assert_eq!(meta.license.as_deref(), Some("Apache-2.0"), "{file}");
        let tags = || meta.tags.iter().filter_map(|tag| tag.strip_prefix("attack."));
        let techniques: Vec<String> = tags()
            .filter(|tag| tag.starts_with('t') && tag.contains(char::is_numeric))
            .map(str::to_uppercase)
            .collect();
        assert!(!techniques.is_empty(), "{file}: no technique");
        for tactic in tags().filter(|tag| !techniques.contains(&tag.to_uppercase())) {
            let fits = techniques
                .iter()
                .any(|technique| attack.get(technique).is_some_and(|tactics| tactics.contains(tactic)));
            assert!(fits, "{file}: no technique of `{tactic}` is named");
        }
        for technique in techniques {
            assert!(attack.contains_key(&technique), "{file}: `{technique}` is not in attack.tsv");
            used.insert(technique);
        }
    }
    let unused: Vec<&String> = attack.keys().filter(|technique| !used.contains(*technique)).collect();
    assert!(unused.is_empty(), "attack.tsv has techniques of no rule: {unused:?}");
    // Together as well: ids and names are distinct over all files.
    assert!(load(&files, &Placeholders::new()).rules().count() >= files.len());
}

/// Techniques with their tactics.
fn attack() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(folder().join("attack.tsv")).unwrap();
    assert!(text.lines().any(|line| line.starts_with("# version: ATT&CK Enterprise ")));
    table(&text)
        .into_iter()
        .map(|row| (row["technique"].clone(), row["tactics"].split(',').map(str::to_owned).collect()))
        .collect()
}

/// The rows of a table whose first line that is no remark names the columns.
fn table(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
    lines
        .map(|line| {
            assert_eq!(line.split('\t').count(), header.len(), "{line}");
            header.iter().zip(line.split('\t')).map(|(name, value)| ((*name).to_owned(), value.to_owned())).collect()
        })
        .collect()
}

/// Returns the folder with outside data, or says that there is none.
fn acceptance() -> Option<PathBuf> {
    let folder = env::var_os("TRAILKEEP_ACCEPTANCE").map(PathBuf::from);
    if folder.is_none() {
        println!("acceptance: not run, TRAILKEEP_ACCEPTANCE is not set");
    }
    folder
}

/// A rule of the mapping alone: `SUBJECT/NAME`, or `SUBJECT/NAME:name` for a rule that feeds a correlation.
fn part(pack: &BTreeMap<String, Vec<u8>>, rule: &str) -> (String, Vec<u8>) {
    let (file, name) = rule.split_once(':').map_or((rule, None), |(file, name)| (file, Some(name)));
    let yaml = pack.get(file).unwrap_or_else(|| panic!("there is no rule `{file}`"));
    let Some(name) = name else { return (file.to_owned(), yaml.clone()) };
    let text = String::from_utf8(yaml.clone()).unwrap();
    let document = text.split("\n---\n").find(|document| document.contains(&format!("\nname: {name}\n")));
    (rule.to_owned(), document.unwrap_or_else(|| panic!("there is no rule `{rule}`")).as_bytes().to_vec())
}

#[test]
fn counterparts_agree_or_the_difference_is_argued() {
    #[derive(Deserialize)]
    struct Theirs {
        rule_id: String,
        expected: bool,
        has_mocks: bool,
        event: Box<RawValue>,
    }
    let pack = pack();
    let mapping = fs::read_to_string(folder().join("panther.tsv")).unwrap();
    let mapping = table(&mapping);
    for row in &mapping {
        assert!(
            row["differs"].is_empty() == row["reason"].is_empty(),
            "{}: a difference and its reason",
            row["panther_rule"]
        );
        row["rules"].split(',').for_each(|rule| drop(part(&pack, rule)));
    }
    let Some(folder) = acceptance() else { return };
    let tests = fs::read_to_string(folder.join("panther/tests.ndjson")).unwrap();
    let tests: Vec<Theirs> = tests.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (mut compared, mut argued, mut wrong) = (0, 0, Vec::new());
    for row in &mapping {
        let files: Vec<(String, Vec<u8>)> = row["rules"].split(',').map(|rule| part(&pack, rule)).collect();
        let rules = load(&files, &Placeholders::new());
        let differs: Vec<usize> = row["differs"].split(',').filter_map(|number| number.parse().ok()).collect();
        let theirs = tests.iter().filter(|test| test.rule_id == row["panther_rule"]).enumerate();
        let mut seen = 0;
        for (at, test) in theirs {
            seen += 1;
            if test.has_mocks {
                continue;
            }
            let found = findings(&rules, test.event.get().as_bytes())
                .iter()
                .any(|finding| row["outcome"] == "any" || finding.outcome == Outcome::Done);
            let differs = differs.contains(&(at + 1));
            if (found != test.expected) != differs {
                wrong.push(format!("{} test {}: found {found}", row["panther_rule"], at + 1));
            }
            compared += 1;
            argued += usize::from(differs);
        }
        assert!(seen > 0, "{}: there is no such rule", row["panther_rule"]);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("acceptance: {compared} tests of {} rules compared, {argued} differences argued", mapping.len());
}

/// Where our pack and the table of firings mean different things, by the table's name of the detection.
#[derive(Debug, Deserialize)]
struct Question {
    detection: String,
    rules: String,
    missed: String,
    more: String,
    reason: String,
}

#[test]
fn firings_on_public_records_agree_or_the_difference_is_argued() {
    let questions: Vec<Question> = table(include_str!("pack-questions.tsv"))
        .into_iter()
        .map(|mut row| {
            let mut take = |name: &str| row.remove(name).unwrap();
            Question {
                detection: take("detection"),
                rules: take("rules"),
                missed: take("missed"),
                more: take("more"),
                reason: take("reason"),
            }
        })
        .collect();
    let Some(folder) = acceptance() else { return };
    let truth = table(&fs::read_to_string(folder.join("truth/detections-truth.tsv")).unwrap());
    let known: BTreeSet<&String> = truth.iter().map(|row| &row["detection"]).collect();
    let asked: BTreeSet<&String> = questions.iter().map(|question| &question.detection).collect();
    assert_eq!(known, asked, "each detection of the table is asked about");
    let fired = fired(&folder);
    let mut wrong = Vec::new();
    for question in &questions {
        let theirs: BTreeSet<String> = truth
            .iter()
            .filter(|row| row["detection"] == question.detection)
            .map(|row| format!("{}:{}", row["source"], row["line"]))
            .collect();
        let rules = question.rules.split(',').filter(|rule| !rule.is_empty());
        let ours: BTreeSet<String> = rules.flat_map(|rule| fired.get(rule).cloned().unwrap_or_default()).collect();
        let list =
            |text: &str| text.split(',').filter(|place| !place.is_empty()).map(str::to_owned).collect::<BTreeSet<_>>();
        let missed: BTreeSet<String> = theirs.difference(&ours).cloned().collect();
        let more: BTreeSet<String> = ours.difference(&theirs).cloned().collect();
        let missed_argued = question.missed == "all" && missed == theirs || list(&question.missed) == missed;
        let more_argued = question.more == "each" || list(&question.more) == more;
        if !missed_argued || !more_argued {
            wrong.push(format!("{}: missed {missed:?}, more {more:?}", question.detection));
        }
        let argued = question.missed.is_empty() && question.more.is_empty();
        assert!(argued == question.reason.is_empty(), "{}: a difference and its reason", question.detection);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("acceptance: {} detections, {} firings compared", questions.len(), truth.len());
}

#[test]
fn records_that_name_a_detection_are_found() {
    let named = table(include_str!("pack-named.tsv"));
    let pack = pack();
    for row in &named {
        row["rules"].split(',').for_each(|rule| assert!(pack.contains_key(rule), "there is no rule `{rule}`"));
    }
    let Some(folder) = acceptance() else { return };
    let found: BTreeSet<(String, String, String, &str)> = on_public_records(&folder)
        .into_iter()
        .map(|(source, finding)| {
            let event = last_event(&finding).unwrap_or_default();
            (source, event, finding.rule.meta.file.clone(), finding.outcome.as_str())
        })
        .collect();
    let mut wrong = Vec::new();
    for row in &named {
        for rule in row["rules"].split(',') {
            let key = (row["source"].clone(), row["event_id"].clone(), rule.to_owned(), row["outcome"].as_str());
            if !found.contains(&key) {
                wrong.push(format!("not found: {key:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("acceptance: {} named records found", named.len());
}

/// By rule of the pack: the places at which it fires, `SOURCE:LINE`.
fn fired(folder: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut fired: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (source, finding) in on_public_records(folder) {
        let number = finding.events.last().map_or(0, |event| event.number);
        fired.entry(finding.rule.meta.file.clone()).or_default().insert(format!("{source}:{number}"));
    }
    fired
}

/// What the pack finds in each file of public records.
fn on_public_records(folder: &Path) -> Vec<(String, Finding)> {
    let files: Vec<(String, Vec<u8>)> = pack().into_iter().collect();
    let rules = load(&files, &Placeholders::new());
    let mut found = Vec::new();
    for path in fs::read_dir(folder.join("records")).unwrap().map(|entry| entry.unwrap().path()) {
        if path.extension().is_none_or(|extension| extension != "ndjson") {
            continue;
        }
        let source = path.file_stem().unwrap().to_string_lossy().into_owned();
        found.extend(findings(&rules, &fs::read(&path).unwrap()).into_iter().map(|finding| (source.clone(), finding)));
    }
    found
}
