//! Regular expressions that take exponential time in an engine that backtracks.
//!
//! The engine used here never backtracks. But a rule with such an expression cannot be used anywhere else, always says
//! less plainly what a simpler one says, and is mostly a slip: so it is refused rather than carried along.

use regex_syntax::hir::{Hir, HirKind, Repetition};

/// Returns the reason if a repetition can match one text in exponentially many ways: `(a+)+`, `(a*b?)*`, `(ab|ab)+`.
pub(crate) fn reason(hir: &Hir) -> Option<&'static str> {
    let mut open = vec![hir];
    while let Some(hir) = open.pop() {
        match hir.kind() {
            HirKind::Repetition(repetition) => {
                if is_unbounded(repetition) && (has_unbounded_core(&repetition.sub) || has_same_choice(&repetition.sub))
                {
                    return Some("a repetition inside a repetition can match the same text in exponentially many ways");
                }
                open.push(&repetition.sub);
            }
            HirKind::Capture(capture) => open.push(&capture.sub),
            HirKind::Concat(parts) | HirKind::Alternation(parts) => open.extend(parts),
            HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => {}
        }
    }
    None
}

fn is_unbounded(repetition: &Repetition) -> bool {
    repetition.max.is_none()
}

/// Returns true if the whole of a repeated part may be one unbounded repetition, so that two turns of the outer one are
/// the same text as one turn.
fn has_unbounded_core(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Repetition(repetition) => is_unbounded(repetition) || has_unbounded_core(&repetition.sub),
        HirKind::Capture(capture) => has_unbounded_core(&capture.sub),
        HirKind::Alternation(parts) => parts.iter().any(has_unbounded_core),
        HirKind::Concat(parts) => parts.iter().enumerate().any(|(at, part)| {
            let others_may_be_empty =
                parts.iter().enumerate().all(|(other, part)| other == at || part.properties().minimum_len() == Some(0));
            others_may_be_empty && has_unbounded_core(part)
        }),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => false,
    }
}

/// Returns true if two branches of a choice are the same: each turn of the repetition around it doubles the ways.
fn has_same_choice(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Repetition(repetition) => has_same_choice(&repetition.sub),
        HirKind::Capture(capture) => has_same_choice(&capture.sub),
        HirKind::Alternation(parts) => {
            let again = |at: usize, part: &Hir| parts.iter().skip(at + 1).any(|other| other == part);
            parts.iter().enumerate().any(|(at, part)| again(at, part)) || parts.iter().any(has_same_choice)
        }
        HirKind::Concat(parts) => parts.iter().any(has_same_choice),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => false,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn exponential_expressions_are_found() {
        let cases = [
            ("(a+)+$", true),
            ("^(?:a*)*b", true),
            (r"x(\s*\w+)*y", true),
            ("((a|b+)c?)+", true),
            ("(?:ab+|ab+)*", true),
            ("((a{2,}))+", true),
            (r"(\w+\s)+", false),
            ("(ab*)+", false),
            ("(a{1,3})+", false),
            ("(?:[A-Za-z0-9+/]{4})*", false),
            (".+:assumed-role/aws:.+", false),
            ("^a+b+$", false),
        ];
        for (pattern, expect) in cases {
            let hir = regex_syntax::parse(pattern).unwrap();
            assert_eq!(super::reason(&hir).is_some(), expect, "{pattern}");
        }
    }
}
