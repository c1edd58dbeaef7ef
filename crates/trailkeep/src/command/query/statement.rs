//! Where one statement ends and the next begins: at a `;` outside of quotes and comments.

/// Splits text into the statements that are complete and the rest. A statement comes without its `;`.
pub(super) fn split(text: &str) -> (Vec<&str>, &str) {
    let (mut statements, mut start) = (Vec::new(), 0);
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\'' | b'"' | b'`' => at = after(text, at + 1, char::from(*byte), 1),
            b'-' if text[at..].starts_with("--") => at = after(text, at + 2, '\n', 1),
            b'/' if text[at..].starts_with("/*") => {
                at = text[at + 2..].find("*/").map_or(text.len(), |end| at + end + 4)
            }
            b';' => {
                statements.push(text[start..at].trim());
                at += 1;
                start = at;
            }
            _ => at += 1,
        }
    }
    statements.retain(|statement| !is_blank(statement));
    (statements, &text[start..])
}

/// Returns whether text holds nothing but blanks and comments.
pub(super) fn is_blank(text: &str) -> bool {
    let mut rest = text.trim_start();
    loop {
        rest = match (rest.strip_prefix("--"), rest.strip_prefix("/*")) {
            (Some(comment), _) => comment.split_once('\n').map_or("", |(_, rest)| rest).trim_start(),
            (_, Some(comment)) => comment.split_once("*/").map_or("", |(_, rest)| rest).trim_start(),
            _ => return rest.is_empty(),
        }
    }
}

/// Returns the place after the next `end`, or the end of the text.
fn after(text: &str, from: usize, end: char, length: usize) -> usize {
    text[from..].find(end).map_or(text.len(), |found| from + found + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_semicolons() {
        let cases: [(&str, &[&str], &str); 9] = [
            ("select 1", &[], "select 1"),
            ("select 1; select 2", &["select 1"], " select 2"),
            ("select ';'; select \";\";", &["select ';'", "select \";\""], ""),
            ("select 'it''s; one';", &["select 'it''s; one'"], ""),
            ("select 1 -- not; here\n;", &["select 1 -- not; here"], ""),
            ("/* a;b */ select 1;", &["/* a;b */ select 1"], ""),
            (";; ;", &[], ""),
            ("select 'open; ", &[], "select 'open; "),
            ("select 'ä;'; ö", &["select 'ä;'"], " ö"),
        ];
        for (text, statements, rest) in cases {
            assert_eq!(split(text), (statements.to_vec(), rest), "{text}");
        }
    }

    #[test]
    fn knows_blanks() {
        for (text, expect) in [("", true), (" -- only\n /* this */ ", true), ("-- a\nselect 1", false), ("-", false)] {
            assert_eq!(is_blank(text), expect, "{text}");
        }
    }
}
