//! The `correlation` of a rule: which rules, grouped by what, within what time, and when it holds.

use predicate::expr::{Case, Comparison, Expr, Field, TextOp};

use crate::refusal::{Fault, Mark, Parsed};
use crate::sigma::condition::{self, Names};
use crate::yaml::{Entry, Node, Yaml};

/// A correlation as it stands in the file: rules by the names it gives them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Correlation {
    pub rules: Vec<(String, Mark)>,
    pub group_by: Vec<String>,
    pub aliases: Vec<Alias>,
    /// Microseconds.
    pub timespan: i64,
    pub holds: Holds,
    pub generate: bool,
}

/// A name for fields that are called differently in the events of different rules.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Alias {
    pub name: String,
    /// By rule, as the correlation names it: the field.
    pub fields: Vec<(String, String, Mark)>,
}

/// When a correlation holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Holds {
    /// The number of events.
    EventCount(Range),
    /// The number of distinct values of the fields together.
    ValueCount(Vec<String>, Range),
    /// A number made of a field's values.
    Value(String, Aggregate, Range),
    /// The number of rules that matched.
    Temporal { range: Option<Range>, ordered: bool },
    /// Which rules matched, by their places in the list.
    Combination { which: Which, ordered: bool },
}

/// How one number is made of many.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Aggregate {
    Sum,
    Average,
    Least,
    Greatest,
    /// The value below which this many percent lie, by the nearest rank.
    Percentile(f64),
}

/// Comparisons that all have to hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Range(pub Vec<(Bound, f64)>);

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    Is(Comparison),
    Not,
}

/// A condition on which rules matched.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Which {
    Rule(usize),
    All(Vec<Which>),
    Any(Vec<Which>),
    Not(Box<Which>),
}

impl Range {
    pub(crate) fn holds(&self, found: f64) -> bool {
        self.0.iter().all(|(bound, value)| match bound {
            Bound::Is(comparison) => comparison.holds(found, *value),
            Bound::Not => found != *value,
        })
    }

    /// Returns the greatest number in it.
    pub(crate) fn greatest(&self) -> f64 {
        self.0.iter().map(|(_, value)| *value).fold(0.0, f64::max)
    }
}

impl Which {
    pub(crate) fn holds(&self, matched: &impl Fn(usize) -> bool) -> bool {
        match self {
            Which::Rule(at) => matched(*at),
            Which::All(parts) => parts.iter().all(|part| part.holds(matched)),
            Which::Any(parts) => parts.iter().any(|part| part.holds(matched)),
            Which::Not(part) => !part.holds(matched),
        }
    }
}

/// Reads `30s`, `10m`, `1h` or `7d` as microseconds.
pub(crate) fn timespan(node: &Node, what: &str) -> Parsed<i64> {
    let text = node.text(what)?;
    let refuse =
        || Fault::new(node.mark, format!("{what} `{text}` is not a number and one of s, m, h, d, such as `10m`"));
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        _ => return Err(refuse()),
    };
    let number = text.get(..text.len() - 1).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    let number: i64 = number.and_then(|number| number.parse().ok()).filter(|number| *number > 0).ok_or_else(refuse)?;
    number.checked_mul(unit * event::time::SECOND).ok_or_else(refuse)
}

/// Reads the `correlation` of a document. `generate` may stand beside it.
pub(crate) fn read(document: &Node) -> Parsed<Correlation> {
    let Some(node) = document.get("correlation") else {
        return Err(Fault::new(document.mark, "there is no `correlation`"));
    };
    let (mut rules, mut group_by, mut aliases) = (Vec::new(), Vec::new(), Vec::new());
    let (mut kind, mut span, mut condition) = (None, None, None);
    let mut generate = document.get("generate").map(|value| value.boolean("`generate`")).transpose()?.unwrap_or(false);
    for Entry { key, mark, value } in node.entries("`correlation`")? {
        match key.as_str() {
            "type" => kind = Some((value.text("`type`")?, value.mark)),
            "rules" => rules = value.texts("`rules`")?,
            "group-by" => group_by = value.texts("`group-by`")?.into_iter().map(|(text, _)| text).collect(),
            "timespan" => span = Some(timespan(value, "`timespan`")?),
            "condition" => condition = Some(value),
            "aliases" => aliases = read_aliases(value)?,
            "generate" => generate = value.boolean("`generate`")?,
            _ => return Err(Fault::new(*mark, format!("the attribute `{key}` of a correlation is not known"))),
        }
    }
    let missing = |what: &str| Fault::new(node.mark, format!("the correlation has no `{what}`"));
    let (kind, mark) = kind.ok_or_else(|| missing("type"))?;
    if rules.is_empty() {
        return Err(missing("rules"));
    }
    for (at, (rule, mark)) in rules.iter().enumerate() {
        if rules.iter().take(at).any(|(other, _)| other == rule) {
            return Err(Fault::new(*mark, format!("the rule `{rule}` stands in `rules` twice")));
        }
    }
    let holds = read_holds(&kind, mark, condition, &rules).map_err(|fault| match fault.mark.line {
        0 => Fault::new(node.mark, fault.reason),
        _ => fault,
    })?;
    let timespan = span.ok_or_else(|| missing("timespan"))?;
    Ok(Correlation { rules, group_by, aliases, timespan, holds, generate })
}

fn read_aliases(node: &Node) -> Parsed<Vec<Alias>> {
    let read = |entry: &Entry| {
        let fields = entry.value.entries(&format!("the alias `{}`", entry.key))?.iter();
        let fields = fields.map(|field| Ok((field.key.clone(), field.value.text("an alias")?, field.mark)));
        Ok(Alias { name: entry.key.clone(), fields: fields.collect::<Parsed<_>>()? })
    };
    node.entries("`aliases`")?.iter().map(read).collect()
}

/// What a condition in the form of a map says.
#[derive(Default)]
struct Condition {
    bounds: Vec<(Bound, f64)>,
    fields: Vec<String>,
    percentile: Option<f64>,
}

fn read_holds(kind: &str, mark: Mark, condition: Option<&Node>, rules: &[(String, Mark)]) -> Parsed<Holds> {
    let temporal = match kind {
        "temporal" => Some(false),
        "temporal_ordered" => Some(true),
        _ => None,
    };
    if let (Some(ordered), Some(Node { value: Yaml::Text(text), mark })) = (temporal, condition) {
        let which = which(&condition::parse(text, *mark, &Rules(rules))?);
        return Ok(Holds::Combination { which, ordered });
    }
    let said = condition.map(read_condition).transpose()?;
    let said_mark = condition.map_or(mark, |node| node.mark);
    let refuse = |reason: &str| Err(Fault::new(said_mark, format!("a correlation of type `{kind}` {reason}")));
    if let Some(ordered) = temporal {
        return match said {
            None => Ok(Holds::Temporal { range: None, ordered }),
            Some(said) if !said.fields.is_empty() || said.percentile.is_some() => {
                refuse("counts rules, and no `field`")
            }
            Some(said) => Ok(Holds::Temporal { range: Some(Range(said.bounds)), ordered }),
        };
    }
    let Some(Condition { bounds, mut fields, percentile }) = said else { return refuse("has no `condition`") };
    if bounds.is_empty() {
        return refuse("has no bound such as `gte`");
    }
    if percentile.is_some() && kind != "value_percentile" {
        return refuse("has no `percentile`");
    }
    let range = Range(bounds);
    let aggregate = match kind {
        "event_count" if fields.is_empty() => return Ok(Holds::EventCount(range)),
        "event_count" => return refuse("counts events, and no `field`: that is `value_count`"),
        "value_count" if !fields.is_empty() => return Ok(Holds::ValueCount(fields, range)),
        "value_sum" => Aggregate::Sum,
        "value_avg" => Aggregate::Average,
        "value_min" => Aggregate::Least,
        "value_max" => Aggregate::Greatest,
        "value_median" => Aggregate::Percentile(50.0),
        "value_percentile" => Aggregate::Percentile(percentile.unwrap_or(50.0)),
        "value_count" => return refuse("has no `field` in its condition"),
        _ => return Err(Fault::new(mark, format!("the type of correlation `{kind}` is not known"))),
    };
    match (fields.pop(), fields.is_empty()) {
        (Some(field), true) => Ok(Holds::Value(field, aggregate, range)),
        _ => refuse("has exactly one `field` in its condition"),
    }
}

fn read_condition(node: &Node) -> Parsed<Condition> {
    let mut condition = Condition::default();
    for Entry { key, mark, value } in node.entries("the condition of a correlation")? {
        let number = || match &value.value {
            Yaml::Number(text) => {
                text.parse::<f64>().map_err(|_| Fault::new(value.mark, format!("`{text}` is no number")))
            }
            _ => Err(Fault::new(value.mark, format!("`{key}` must be a number"))),
        };
        let bound = match key.as_str() {
            "gt" => Bound::Is(Comparison::Greater),
            "gte" => Bound::Is(Comparison::GreaterOrEqual),
            "lt" => Bound::Is(Comparison::Less),
            "lte" => Bound::Is(Comparison::LessOrEqual),
            "eq" => Bound::Is(Comparison::Equal),
            "neq" => Bound::Not,
            "field" => {
                condition.fields = value.texts("`field`")?.into_iter().map(|(text, _)| text).collect();
                continue;
            }
            "percentile" => {
                let percent = number()?;
                if !(percent > 0.0 && percent <= 100.0) {
                    return Err(Fault::new(value.mark, "`percentile` is over 0 and at most 100"));
                }
                condition.percentile = Some(percent);
                continue;
            }
            _ => return Err(Fault::new(*mark, format!("`{key}` in the condition of a correlation is not known"))),
        };
        condition.bounds.push((bound, number()?));
    }
    Ok(condition)
}

/// The rules of a correlation, for a condition that names them.
struct Rules<'a>(&'a [(String, Mark)]);

impl Names for Rules<'_> {
    fn expr(&self, name: &str) -> Option<Expr> {
        let at = self.0.iter().position(|(rule, _)| rule == name)?;
        Some(Expr::text(Field::given(at), TextOp::Equals, Case::Sensitive, [name]))
    }

    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(rule, _)| rule.as_str()).collect()
    }
}

/// Turns the tree of a condition on rules into what is asked of their places.
fn which(expr: &Expr) -> Which {
    match expr {
        Expr::All(parts) => Which::All(parts.iter().map(which).collect()),
        Expr::Any(parts) => Which::Any(parts.iter().map(which).collect()),
        Expr::Not(part) => Which::Not(Box::new(which(part))),
        Expr::Leaf(leaf) => Which::Rule(leaf.field.given_number().unwrap_or(usize::MAX)),
        Expr::Element { holds, .. } => which(holds),
    }
}
