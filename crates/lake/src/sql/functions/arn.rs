//! Parts of ARNs: `arn:partition:service:region:account:resource`.

use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};

use super::function::{Function, by_rows, takes_text, text_column};

/// The ARN family. A text that is no ARN, and an empty part, give NULL.
pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("arn_service", types, |_, args| part(args, 2)),
        Function::new("arn_region", types, |_, args| part(args, 3)),
        Function::new("arn_account", types, |_, args| part(args, 4)),
        Function::new("arn_resource", types, |_, args| part(args, 5)),
    ]
}

fn types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    Ok((takes_text("arn_account", types, 1, 1)?, DataType::Utf8))
}

/// The resource is all that follows the fifth colon, colons and slashes included.
const PARTS: usize = 6;

fn part(args: ScalarFunctionArgs, index: usize) -> Result<ColumnarValue> {
    by_rows(args, |args| {
        let arns = args.texts(0)?;
        text_column(args.rows, |row| {
            let parts: Option<Vec<&str>> =
                arns.at(row).filter(|arn| arn.starts_with("arn:")).map(|arn| arn.splitn(PARTS, ':').collect());
            Ok(parts
                .filter(|parts| parts.len() == PARTS)
                .and_then(|parts| parts.get(index).copied())
                .filter(|part| !part.is_empty()))
        })
    })
}
