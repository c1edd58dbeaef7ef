//! JSON paths as Trino and DuckDB write them: `$.a.b[0]`, `$['a']`, `$.a[*].b`, `lax $.a`, `/a/b`, and a bare member
//! name.

use datafusion::common::{Result, plan_err};

use super::json_text::{Elements, Members, compact, element, member};

/// Longest path, in steps.
const STEPS_MAX: usize = 256;

/// One step of a path.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(i64),
    Every,
}

/// A path, parsed once.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Path(Vec<Step>);

impl Path {
    /// Parses a path.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let path = text.trim();
        let path = path.strip_prefix("lax ").or_else(|| path.strip_prefix("strict ")).unwrap_or(path).trim_start();
        let steps = if let Some(rest) = path.strip_prefix('$') {
            dollar(rest).ok_or_else(|| bad_path(text))?
        } else if let Some(pointer) = path.strip_prefix('/') {
            pointer.split('/').map(|part| Step::Member(part.replace("~1", "/").replace("~0", "~"))).collect()
        } else {
            vec![Step::Member(text.to_owned())]
        };
        if steps.len() > STEPS_MAX {
            return plan_err!("the JSON path has {} steps, at most {STEPS_MAX} are allowed", steps.len());
        }
        Ok(Self(steps))
    }

    /// Returns the value at the path as compact JSON or as a part of `json`; what `*` finds comes as one array.
    pub(crate) fn find(&self, json: &str) -> Option<String> {
        let mut found = vec![json.trim_ascii()];
        let mut many = false;
        for step in &self.0 {
            let mut next = Vec::with_capacity(found.len());
            for value in found {
                match step {
                    Step::Member(name) => next.extend(member(value, name)),
                    Step::Element(index) => next.extend(element(value, *index)),
                    Step::Every => {
                        next.extend(Elements::of(value).into_iter().flatten());
                        next.extend(Members::of(value).into_iter().flatten().map(|(_, value)| value));
                    }
                }
            }
            many |= *step == Step::Every;
            found = next;
        }
        if many {
            Some(compact(&format!("[{}]", found.join(","))))
        } else {
            found.first().map(|value| (*value).to_owned())
        }
    }
}

fn bad_path(text: &str) -> datafusion::error::DataFusionError {
    datafusion::error::DataFusionError::Plan(format!(
        "`{text}` is no JSON path; write one such as `$.a.b[0]` or `$['a']`"
    ))
}

/// Parses what stands behind `$`.
fn dollar(mut rest: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix('[') {
            let (step, tail) = bracket(tail)?;
            steps.push(step);
            rest = tail;
            continue;
        }
        let tail = rest.strip_prefix('.')?;
        if let Some(quoted) = tail.strip_prefix('"') {
            let (name, tail) = quoted.split_once('"')?;
            steps.push(Step::Member(name.to_owned()));
            rest = tail;
            continue;
        }
        let end = tail.find(['.', '[']).unwrap_or(tail.len());
        let (name, tail) = tail.split_at(end);
        steps.push(match name {
            "" => return None,
            "*" => Step::Every,
            name => Step::Member(name.to_owned()),
        });
        rest = tail;
    }
    Some(steps)
}

/// Parses `0]`, `'a']`, `"a"]` or `*]`.
fn bracket(text: &str) -> Option<(Step, &str)> {
    for quote in ['\'', '"'] {
        if let Some(quoted) = text.strip_prefix(quote) {
            let (name, tail) = quoted.split_once(quote)?;
            return Some((Step::Member(name.to_owned()), tail.strip_prefix(']')?));
        }
    }
    let (inside, tail) = text.split_once(']')?;
    let step = match inside.trim() {
        "*" => Step::Every,
        // DuckDB counts from the end with `#-1`.
        index => Step::Element(index.strip_prefix('#').unwrap_or(index).parse().ok()?),
    };
    Some((step, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds() {
        let json = r#"{"a":{"b":[10,{"c.d":"x"}]},"l":[{"n":1},{"n":2},{}]}"#;
        let cases = [
            ("$", Some(json)),
            ("$.a.b[0]", Some("10")),
            ("$.a.b[1]['c.d']", Some("\"x\"")),
            ("$.a.b[1].\"c.d\"", Some("\"x\"")),
            ("lax $.a.b[#-1]", Some(r#"{"c.d":"x"}"#)),
            ("/a/b", Some(r#"[10,{"c.d":"x"}]"#)),
            ("$.l[*].n", Some("[1,2]")),
            ("l", Some(r#"[{"n":1},{"n":2},{}]"#)),
            ("$.x.y", None),
        ];
        for (path, expect) in cases {
            assert_eq!(Path::parse(path).expect("a path").find(json).as_deref(), expect, "{path}");
        }
        for bad in ["$a", "$.", "$[", "$['a'", "$[x]"] {
            assert!(Path::parse(bad).is_err(), "{bad}");
        }
    }
}
