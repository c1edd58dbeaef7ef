//! The functions that queries may call beyond those of the engine: one file a family, one line here for each.

mod arn;
mod count;
mod function;
mod growth;
mod json;
mod json_text;
mod net;
mod over_text;
mod partition;
mod path;
mod pattern;
mod record;
mod text;
mod time;

pub(super) use count::CountTexts;
pub(super) use function::{Function, is_text};
pub(super) use growth::{MAKERS, made};
pub(super) use net::{ADDRESS, address_texts};
pub(super) use over_text::{over_text, register as register_over_text};
pub(super) use partition::PARTITION_TEXT;
pub(super) use text::text_concat;

/// Returns every scalar function of ours.
pub(super) fn functions() -> Vec<Function> {
    [
        arn::functions(),
        json::functions(),
        net::functions(),
        partition::functions(),
        record::functions(),
        text::functions(),
        time::functions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
