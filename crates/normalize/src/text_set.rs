//! Texts in the order in which they came, each once.

use std::borrow::Cow;
use std::collections::HashSet;

/// A list of texts without duplicates.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextSet<'t> {
    texts: Vec<Cow<'t, str>>,
    /// The same texts, once they are too many to be compared one by one.
    index: HashSet<Cow<'t, str>>,
}

/// Most texts that are compared one by one.
const COMPARED_MAX: usize = 32;

impl<'t> TextSet<'t> {
    /// Adds a text and returns true, unless it is there already.
    pub(crate) fn insert(&mut self, text: Cow<'t, str>) -> bool {
        if self.contains(&text) {
            return false;
        }
        if self.texts.len() == COMPARED_MAX {
            self.index.extend(self.texts.iter().cloned());
        }
        if self.texts.len() >= COMPARED_MAX {
            self.index.insert(text.clone());
        }
        self.texts.push(text);
        true
    }

    fn contains(&self, text: &str) -> bool {
        match self.texts.len() {
            0..=COMPARED_MAX => self.texts.iter().any(|known| known == text),
            _ => self.index.contains(text),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Cow<'t, str>> {
        self.texts.iter()
    }

    /// Puts the texts into the order of their UTF-16 units, which is how Java sorts strings.
    pub(crate) fn sorted(mut self) -> Self {
        self.texts.sort_unstable_by(|a, b| {
            if a.is_ascii() && b.is_ascii() { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
        });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_once_in_order() {
        let mut set = TextSet::default();
        for round in 0..2 {
            for nth in 0..100 {
                assert_eq!(set.insert(format!("text {nth}").into()), round == 0, "{nth}");
            }
        }
        assert_eq!(set.iter().count(), 100);
        assert_eq!(set.iter().next().map(AsRef::as_ref), Some("text 0"));
    }

    #[test]
    fn sorts_as_java_does() {
        // U+1F600 begins with the unit D83D, which comes before U+FF5E.
        let mut set = TextSet::default();
        for text in ["～", "😀", "b", "B"] {
            set.insert(text.into());
        }
        assert_eq!(set.sorted().texts, ["B", "b", "😀", "～"]);
    }
}
