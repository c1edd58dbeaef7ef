//! Tags, as requests bring them.

use std::collections::HashSet;

use trail::model::{TAGS_MAX, Tag};

use crate::fault::{Code, Fault, Result};

/// Most characters of a key.
const KEY_MAX: usize = 128;
/// Most characters of a value.
const VALUE_MAX: usize = 256;

/// Checks the tags that a resource is to have.
///
/// # Errors
/// `TagsLimitExceededException` and `InvalidTagParameterException`.
pub(crate) fn check(tags: &[Tag]) -> Result<()> {
    if tags.len() > TAGS_MAX {
        let message = format!("A resource can have up to {TAGS_MAX} tags. It would have {}.", tags.len());
        return Err(Fault::new(Code::TagsLimitExceededException, message));
    }
    let mut keys = HashSet::new();
    for tag in tags {
        let key_length = tag.key.chars().count();
        let value_length = tag.value.as_deref().unwrap_or_default().chars().count();
        let message = if !(1..=KEY_MAX).contains(&key_length) {
            format!("The key of a tag has 1 to {KEY_MAX} characters, not {key_length}.")
        } else if value_length > VALUE_MAX {
            format!("The value of the tag {} has up to {VALUE_MAX} characters, not {value_length}.", tag.key)
        } else if !keys.insert(tag.key.as_str()) {
            format!("The key {} is given more than once.", tag.key)
        } else {
            continue;
        };
        return Err(Fault::new(Code::InvalidTagParameterException, message));
    }
    Ok(())
}

/// Adds tags to those of a resource; one with a key that is there replaces it.
///
/// # Errors
/// Those of [`check`].
pub(crate) fn add(tags: &mut Vec<Tag>, added: Vec<Tag>) -> Result<()> {
    check(&added)?;
    for tag in added {
        match tags.iter_mut().find(|there| there.key == tag.key) {
            Some(there) => *there = tag,
            None => tags.push(tag),
        }
    }
    check(tags)
}

/// Takes tags away: those with the keys, and with the values where some are given.
pub(crate) fn remove(tags: &mut Vec<Tag>, removed: &[Tag]) {
    let is_removed = |tag: &Tag| {
        let mut same_key = removed.iter().filter(|removed| removed.key == tag.key);
        same_key.any(|removed| removed.value.is_none() || removed.value == tag.value)
    };
    tags.retain(|tag| !is_removed(tag));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(text: &str) -> Vec<Tag> {
        let tag = |text: &str| match text.split_once('=') {
            Some((key, value)) => Tag { key: key.to_owned(), value: Some(value.to_owned()) },
            None => Tag { key: text.to_owned(), value: None },
        };
        text.split_whitespace().map(tag).collect()
    }

    #[test]
    fn tags_are_added_by_key_and_removed_by_key_and_value() {
        let mut there = tags("a=1 b=2 c");
        add(&mut there, tags("b=3 d=4")).unwrap();
        assert_eq!(there, tags("a=1 b=3 c d=4"));
        remove(&mut there, &tags("a=2 b=3 c x=1"));
        assert_eq!(there, tags("a=1 d=4"));
        remove(&mut there, &tags("a d=4"));
        assert_eq!(there, []);
    }

    #[test]
    fn tags_have_limits() {
        let many = |count: usize| (0..count).map(|n| format!("k{n}")).collect::<Vec<_>>().join(" ");
        let cases = [
            (many(50), None),
            (many(51), Some(Code::TagsLimitExceededException)),
            ("a=1 a=2".to_owned(), Some(Code::InvalidTagParameterException)),
            ("a a".to_owned(), Some(Code::InvalidTagParameterException)),
            ("=1".to_owned(), Some(Code::InvalidTagParameterException)),
            ("a=".to_owned(), None),
            ("k".repeat(128), None),
            ("k".repeat(129), Some(Code::InvalidTagParameterException)),
            (format!("k={}", "v".repeat(256)), None),
            (format!("k={}", "v".repeat(257)), Some(Code::InvalidTagParameterException)),
        ];
        for (given, expected) in cases {
            assert_eq!(check(&tags(&given)).err().map(|fault| fault.code), expected, "{given}");
        }
    }
}
