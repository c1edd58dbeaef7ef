//! The program that called: Elasticsearch's `user_agent` processor (section "External data" of the mapping).
//!
//! The patterns are uap-core's; `data/README.md` says which release and why. They are compiled when the first user
//! agent is met.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use saphyr::{LoadableYamlNode, Yaml};
use ua_parser::{Extractor, device, os, user_agent};

use crate::ecs::geo::Object;

/// uap-core's lists.
const PATTERNS: &str = include_str!("../../data/regexes.yaml");

/// Longest text that is searched. CloudTrail cuts user agents at one KB.
const SEARCHED_BYTES_MAX: usize = 16 << 10;

/// Returns `user_agent` of a document.
pub(super) fn json(text: &str) -> Arc<str> {
    let searched = text.get(..text.floor_char_boundary(SEARCHED_BYTES_MAX)).unwrap_or(text);
    let (agent, system, device) = extractor().extract(searched);
    let name_or_other = |name: Option<&str>| name.filter(|name| !name.is_empty()).unwrap_or("Other").to_owned();

    let mut device_object = Object::default();
    device_object.text("name", Some(&name_or_other(device.as_ref().map(|device| device.device.as_ref()))));

    let mut object = Object::default();
    object.raw("device", &device_object.finish().unwrap_or_default());
    object.text("name", Some(&name_or_other(agent.as_ref().map(|agent| agent.family.as_ref()))));
    object.text("original", Some(text));
    if let Some(system) = system.filter(|system| !system.os.is_empty()) {
        let parts = [&system.major, &system.minor, &system.patch, &system.patch_minor];
        object.raw("os", &system_json(&system.os, joined(parts.map(|part| part.as_deref()))));
    }
    let version = agent.map(|agent| joined([agent.major, agent.minor, agent.patch, agent.patch_minor]));
    object.text("version", version.as_deref());
    object.finish().unwrap_or_default()
}

fn system_json(name: &str, version: String) -> Arc<str> {
    let mut object = Object::default();
    if !version.is_empty() {
        object.text("full", Some(&format!("{name} {version}")));
    }
    object.text("name", Some(name));
    object.text("version", Some(&version));
    object.finish().unwrap_or_default()
}

/// Joins the parts of a version, up to the first that is missing.
fn joined(parts: [Option<&str>; 4]) -> String {
    let known: Vec<&str> = parts.into_iter().map_while(|part| part.filter(|part| !part.is_empty())).collect();
    known.join(".")
}

fn extractor() -> &'static Extractor<'static> {
    static EXTRACTOR: OnceLock<Extractor<'static>> = OnceLock::new();
    EXTRACTOR
        .get_or_init(|| compiled(PATTERNS).expect("the patterns are part of the program, and a test compiles them"))
}

/// One pattern of a list: its members by name.
struct Pattern<'y>(&'y Yaml<'y>);

impl Pattern<'_> {
    fn member(&self, name: &str) -> Option<Cow<'static, str>> {
        let text = self.0.as_mapping_get(name).and_then(Yaml::as_str)?;
        Some(Cow::Owned(text.to_owned()))
    }

    fn regex(&self) -> Cow<'static, str> {
        self.member("regex").unwrap_or_default()
    }

    /// A name in which, as Elasticsearch does it, group 1 alone is filled in, and only once.
    fn name(&self, member: &str) -> Option<Cow<'static, str>> {
        let text = self.member(member)?;
        let Some((before, after)) = text.split_once("$1") else { return Some(literal(&text)) };
        Some(Cow::Owned(format!("{}$1{}", literal(before), literal(after))))
    }

    /// A part of a version, in which nothing is filled in.
    fn version(&self, member: &str) -> Option<Cow<'static, str>> {
        self.member(member).map(|text| literal(&text))
    }
}

/// Protects a text from being taken for a template.
fn literal(text: &str) -> Cow<'static, str> {
    Cow::Owned(text.replace('$', "$$"))
}

fn compiled(patterns: &str) -> Result<Extractor<'static>, Box<dyn std::error::Error>> {
    let documents = Yaml::load_from_str(patterns)?;
    let list = |name: &str| {
        let list = documents.first().and_then(|lists| lists.as_mapping_get(name)).and_then(Yaml::as_vec);
        list.ok_or_else(|| format!("`{name}` is no list")).map(|list| list.iter().map(Pattern))
    };
    let mut agents = user_agent::Builder::new();
    for pattern in list("user_agent_parsers")? {
        agents = agents.push(user_agent::Parser {
            regex: pattern.regex(),
            // This list alone is not templated by its crate, but for `$1`.
            family_replacement: pattern.member("family_replacement"),
            v1_replacement: pattern.member("v1_replacement"),
            v2_replacement: pattern.member("v2_replacement"),
            v3_replacement: pattern.member("v3_replacement"),
            v4_replacement: pattern.member("v4_replacement"),
        })?;
    }
    let mut systems = os::Builder::new();
    for pattern in list("os_parsers")? {
        systems = systems.push(os::Parser {
            regex: pattern.regex(),
            os_replacement: pattern.name("os_replacement"),
            os_v1_replacement: pattern.version("os_v1_replacement"),
            os_v2_replacement: pattern.version("os_v2_replacement"),
            os_v3_replacement: pattern.version("os_v3_replacement"),
            os_v4_replacement: pattern.version("os_v4_replacement"),
        })?;
    }
    let mut devices = device::Builder::new();
    for pattern in list("device_parsers")? {
        devices = devices.push(device::Parser {
            regex: pattern.regex(),
            regex_flag: pattern.member("regex_flag").map(|_| device::Flag::IgnoreCase),
            device_replacement: pattern.name("device_replacement"),
            // Neither brand nor model is asked for.
            brand_replacement: None,
            model_replacement: None,
        })?;
    }
    Ok(Extractor { ua: agents.build()?, os: systems.build()?, dev: devices.build()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_agents() {
        let cases = [
            ("signin.amazonaws.com", r#"{"device":{"name":"Other"},"name":"Other","original":"signin.amazonaws.com"}"#),
            (
                "aws-cli/1.16.310 Python/3.8.1 Darwin/18.7.0 botocore/1.13.46",
                r#"{"device":{"name":"Spider"},"name":"aws-cli","original":"aws-cli/1.16.310 Python/3.8.1 Darwin/18.7.0 botocore/1.13.46","version":"1.16.310"}"#,
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/111.0.0.0 Safari/537.36",
                r#"{"device":{"name":"Other"},"name":"Chrome","original":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/111.0.0.0 Safari/537.36","os":{"full":"Windows 10","name":"Windows","version":"10"},"version":"111.0.0.0"}"#,
            ),
            // A version that the list gives as `$1` stays so.
            (
                "Win 95",
                r#"{"device":{"name":"Other"},"name":"Other","original":"Win 95","os":{"full":"Windows $1","name":"Windows","version":"$1"}}"#,
            ),
            // Group 2 of a name is never filled in.
            (
                "x; SAMSUNG SM-G900/ABC Build/1",
                r#"{"device":{"name":"Samsung $2"},"name":"Other","original":"x; SAMSUNG SM-G900/ABC Build/1"}"#,
            ),
        ];
        for (text, expect) in cases {
            assert_eq!(json(text).as_ref(), expect, "{text}");
        }
    }

    #[test]
    fn no_name_goes_on_right_behind_its_group() {
        // `$1x` would be taken for a group of that name.
        let follows = |name: &str| name.split("$1").nth(1).and_then(|rest| rest.chars().next());
        let glued = |line: &str| follows(line).is_some_and(|next| next.is_alphanumeric() || next == '_');
        let names: Vec<&str> = PATTERNS.lines().filter(|line| line.contains("_replacement:")).collect();
        assert!(names.len() > 1_000);
        assert_eq!(names.into_iter().filter(|line| glued(line)).collect::<Vec<_>>(), [""; 0]);
    }
}
