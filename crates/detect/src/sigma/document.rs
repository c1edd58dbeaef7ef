//! A document of a rule file: what kind it is, and what it says about itself.

use crate::refusal::{Fault, Mark, Parsed};
use crate::yaml::{Entry, Node, Yaml};

/// What a rule says about itself; it travels with every finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// The id; of a rule without one its name, or else its title.
    pub id: String,
    /// The title.
    pub title: String,
    /// The name by which correlations may refer to it.
    pub name: Option<String>,
    /// How grave a match is.
    pub level: Option<Level>,
    /// `stable`, `test`, `experimental`, `deprecated` or `unsupported`.
    pub status: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Its licence.
    pub license: Option<String>,
    /// What it detects.
    pub description: Option<String>,
    /// Where more is to be read.
    pub references: Vec<String>,
    /// Tags such as `attack.t1098.001`.
    pub tags: Vec<String>,
    /// What else may match.
    pub falsepositives: Vec<String>,
    /// The file it stands in, as it was given.
    pub file: String,
    /// Where in the file.
    pub mark: Mark,
}

/// How grave a match is, as Sigma counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Enriches events; nobody is told.
    Informational,
    /// Worth a look in numbers.
    Low,
    /// Worth a regular look.
    Medium,
    /// Worth a prompt look.
    High,
    /// An incident.
    Critical,
}

impl Level {
    const ALL: [Level; 5] = [Level::Informational, Level::Low, Level::Medium, Level::High, Level::Critical];

    /// Returns the level's name in a rule file.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Informational => "informational",
            Level::Low => "low",
            Level::Medium => "medium",
            Level::High => "high",
            Level::Critical => "critical",
        }
    }
}

/// The kinds of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Rule,
    Correlation,
    Filter,
}

/// A document and what it says about itself.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub kind: Kind,
    pub meta: Meta,
    /// True if it gave an id, and not only a name or a title.
    pub has_id: bool,
    pub node: Node,
}

/// Attributes that any document may have and that carry no logic.
const PLAIN: &[&str] = &[
    "title",
    "id",
    "name",
    "status",
    "level",
    "author",
    "license",
    "description",
    "references",
    "tags",
    "falsepositives",
    "date",
    "modified",
    "related",
    "taxonomy",
    "fields",
    "scope",
    "logsource",
    "regression_tests_path",
    "simulation",
    "sigma-version",
];

const STATUSES: &[&str] = &["stable", "test", "experimental", "deprecated", "unsupported"];

/// Puts an `action: global` document under those that follow it, and takes documents with an `action` out.
pub(crate) fn apply_actions(nodes: Vec<Node>) -> (Vec<Node>, Vec<Fault>) {
    let mut global: Option<Node> = None;
    let (mut documents, mut faults) = (Vec::new(), Vec::new());
    for mut node in nodes {
        let action = node.get("action").map(|action| (action.scalar_text().unwrap_or_default(), action.mark));
        if let Yaml::Map(entries) = &mut node.value {
            entries.retain(|entry| entry.key != "action");
        }
        match action {
            None => documents.push(match &global {
                Some(global) => merged(global.clone(), node),
                None => node,
            }),
            Some((name, _)) if name == "global" => {
                global = Some(match global {
                    Some(global) => merged(global, node),
                    None => node,
                });
            }
            Some((name, _)) if name == "reset" => global = None,
            Some((name, mark)) => {
                let reason = format!("the action `{name}` is not known: `global` and `reset` are");
                faults.push(Fault::new(mark, reason));
            }
        }
    }
    (documents, faults)
}

/// Puts `over` on top of `under`: maps grow together, anything else is replaced.
fn merged(under: Node, over: Node) -> Node {
    match (under.value, over.value) {
        (Yaml::Map(mut entries), Yaml::Map(more)) => {
            for entry in more {
                match entries.iter_mut().find(|known| known.key == entry.key) {
                    Some(known) => {
                        let below = std::mem::replace(&mut known.value, Node { mark: entry.mark, value: Yaml::Null });
                        known.value = merged(below, entry.value);
                        known.mark = entry.mark;
                    }
                    None => entries.push(entry),
                }
            }
            Node { mark: over.mark, value: Yaml::Map(entries) }
        }
        (_, value) => Node { mark: over.mark, value },
    }
}

/// Returns what a document can be called before it is known to be good.
pub(crate) fn label(node: &Node) -> Option<String> {
    node.get("title").or_else(|| node.get("id")).and_then(Node::scalar_text)
}

/// Reads what a document says about itself. `None` if it is for another log source.
pub(crate) fn read(file: &str, node: Node) -> Parsed<Option<Document>> {
    let entries = node.entries("a rule")?;
    let has = |key: &str| entries.iter().any(|entry| entry.key == key);
    let kind = match (has("detection"), has("correlation"), has("filter")) {
        (true, false, false) => Kind::Rule,
        (false, true, false) => Kind::Correlation,
        (false, false, true) => Kind::Filter,
        (false, false, false) => {
            return Err(Fault::new(node.mark, "there is no `detection`, no `correlation` and no `filter`"));
        }
        _ => return Err(Fault::new(node.mark, "`detection`, `correlation` and `filter` exclude each other")),
    };
    let own: &[&str] = match kind {
        Kind::Rule => &["detection", "trailkeep"],
        Kind::Correlation => &["correlation", "generate", "trailkeep"],
        Kind::Filter => &["filter"],
    };
    // A document for other logs is none of our business, whatever it holds.
    let ours = match node.get("logsource") {
        Some(logsource) => is_cloudtrail(logsource)?,
        None if kind == Kind::Correlation => true,
        None => return Err(Fault::new(node.mark, "there is no `logsource`")),
    };
    if !ours {
        return Ok(None);
    }
    if let Some(Entry { key, mark, .. }) =
        entries.iter().find(|entry| !PLAIN.contains(&entry.key.as_str()) && !own.contains(&entry.key.as_str()))
    {
        return Err(Fault::new(*mark, format!("the attribute `{key}` is not known")));
    }
    let (meta, has_id) = meta(file, &node)?;
    Ok(Some(Document { kind, meta, has_id, node }))
}

fn meta(file: &str, node: &Node) -> Parsed<(Meta, bool)> {
    let title = node.get("title").ok_or_else(|| Fault::new(node.mark, "there is no `title`"))?.text("`title`")?;
    let optional =
        |key: &str| node.get(key).filter(|value| value.value != Yaml::Null).map(|value| value.text(key)).transpose();
    let list = |key: &str| -> Parsed<Vec<String>> {
        let texts = node.get(key).map(|value| value.texts(&format!("`{key}`"))).transpose()?;
        Ok(texts.unwrap_or_default().into_iter().map(|(text, _)| text).collect())
    };
    let one_of = |key: &str, known: &[&str]| -> Parsed<Option<String>> {
        let Some(text) = optional(key)? else { return Ok(None) };
        if known.contains(&text.as_str()) {
            return Ok(Some(text));
        }
        let mark = node.get(key).map_or(node.mark, |value| value.mark);
        Err(Fault::new(mark, format!("the {key} `{text}` is not one of {}", known.join(", "))))
    };
    let level = one_of("level", &Level::ALL.map(Level::as_str))?;
    let id = optional("id")?;
    let name = optional("name")?;
    let has_id = id.is_some();
    let meta = Meta {
        id: id.or_else(|| name.clone()).unwrap_or_else(|| title.clone()),
        level: level.and_then(|text| Level::ALL.into_iter().find(|level| level.as_str() == text)),
        status: one_of("status", STATUSES)?,
        author: optional("author")?,
        license: optional("license")?,
        description: optional("description")?,
        references: list("references")?,
        tags: list("tags")?,
        falsepositives: list("falsepositives")?,
        file: file.to_owned(),
        mark: node.mark,
        title,
        name,
    };
    Ok((meta, has_id))
}

/// Returns true if a log source is CloudTrail, or so general that CloudTrail is part of it.
fn is_cloudtrail(node: &Node) -> Parsed<bool> {
    let mut ours = true;
    let mut named = false;
    for Entry { key, mark: _, value } in node.entries("`logsource`")? {
        if value.value == Yaml::Null {
            continue;
        }
        let text = value.text(&format!("`logsource.{key}`"))?;
        match key.as_str() {
            "product" => (ours, named) = (ours && text == "aws", true),
            "service" => (ours, named) = (ours && text == "cloudtrail", true),
            "category" => (ours, named) = (false, true),
            // The specification lets a log source say more, for people.
            _ => {}
        }
    }
    if !named {
        return Err(Fault::new(node.mark, "`logsource` names no product, service or category"));
    }
    Ok(ours)
}
