//! The tables that queries see: AWS's nested names over the lake's flat columns.
//!
//! Each view is a projection of the flat table. The engine sees through `named_struct`, so a filter on
//! `userIdentity.arn` reaches the flat column and prunes as a filter on that column does.

use std::sync::Arc;

use datafusion::catalog::view::ViewTable;
use datafusion::common::{Column, JoinType, NullEquality, Result, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::context::SessionContext;
use datafusion::functions::core::expr_fn::named_struct;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use datafusion::scalar::ScalarValue;
use event::schema::{COLUMNS, added, stored};

use super::Tables;
use super::functions::PARTITION_TEXT;
use crate::schema::LOG_FILES;

/// Name of the flat table.
pub(super) const FLAT: &str = "events_flat";
/// Names of the views over it.
pub(super) const NAMES: &[&str] = &["events", "aws_cloudtrail_log", "conflicts"];

/// How a view spells AWS's names.
type Spell = fn(&str) -> String;

/// Registers the tables and the views over the flat one.
pub(super) fn register(ctx: &SessionContext, tables: Tables) -> Result<()> {
    let flat = LogicalPlanBuilder::scan(FLAT, provider_as_source(Arc::clone(&tables.events)), None)?.build()?;
    ctx.register_table(FLAT, tables.events)?;
    ctx.register_table("rejects", tables.rejects)?;
    ctx.register_table(LOG_FILES, tables.log_files)?;
    for (name, plan) in plans(ctx, flat, &Ok, &[])? {
        ctx.register_table(name, Arc::new(ViewTable::new(plan, None)))?;
    }
    Ok(())
}

/// Returns each view's name and plan. `join` brings in what the columns `more` are made of.
pub(super) fn plans(
    ctx: &SessionContext,
    flat: LogicalPlan,
    join: &dyn Fn(LogicalPlan) -> Result<LogicalPlan>,
    more: &[Expr],
) -> Result<Vec<(&'static str, LogicalPlan)>> {
    let conflicting = conflicting(flat.clone())?;
    let mut views = Vec::with_capacity(NAMES.len());
    for name in NAMES {
        let (base, mut columns) = match *name {
            "aws_cloudtrail_log" => (flat.clone(), tailpipe(ctx)?),
            "conflicts" => (conflicting.clone(), athena(ctx)?),
            _ => (flat.clone(), athena(ctx)?),
        };
        columns.extend_from_slice(more);
        views.push((*name, LogicalPlanBuilder::from(join(base)?).project(columns)?.build()?));
    }
    Ok(views)
}

/// Returns how a view spells a name of AWS's, or one of the lake's own.
pub(super) fn spelled(view: &str, name: &str) -> String {
    if view == "aws_cloudtrail_log" { snake_case(name) } else { name.to_ascii_lowercase() }
}

/// Turns AWS's camel case into snake case: `sourceIPAddress` to `source_ip_address`, `eventID` to `event_id`.
pub(super) fn snake_case(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (i, c) in chars.iter().enumerate() {
        let follows_small = i > 0 && !chars[i - 1].is_ascii_uppercase();
        let before_small = chars.get(i + 1).is_some_and(char::is_ascii_lowercase);
        if c.is_ascii_uppercase() && i > 0 && (follows_small || before_small) {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn flat(name: &str) -> Expr {
    Expr::Column(Column::new(Some(FLAT), name))
}

fn call(ctx: &SessionContext, name: &str, args: Vec<Expr>) -> Result<Expr> {
    Ok(ctx.udf(name)?.call(args))
}

/// The columns of `events`: Athena's names, then what is computed, then what the lake adds.
fn athena(ctx: &SessionContext) -> Result<Vec<Expr>> {
    let mut columns = members(ctx, |name| name.to_ascii_lowercase())?;
    let record = record(ctx)?;
    let region = flat("awsregion");
    columns.extend([
        flat(added::UNMAPPED).alias(added::UNMAPPED),
        record.clone().alias("record"),
        record.alias("eventjson"),
        lit(ScalarValue::Utf8(None)).alias("eventjsonchecksum"),
        partition(ctx, "year")?.alias("year"),
        partition(ctx, "month")?.alias("month"),
        partition(ctx, "day")?.alias("day"),
        region.clone().alias("region"),
        partition(ctx, "date")?.alias("date_partition"),
        region.alias("region_partition"),
        flat("recipientaccountid").alias("account_partition"),
    ]);
    columns.extend(added_by_lake());
    Ok(columns)
}

/// The columns of `aws_cloudtrail_log`: Tailpipe's names.
fn tailpipe(ctx: &SessionContext) -> Result<Vec<Expr>> {
    let mut columns = members(ctx, snake_case)?;
    let address = call(ctx, "ip_text", vec![call(ctx, "ipaddress", vec![flat("sourceipaddress")])?])?;
    let user = flat("useridentity_username");
    let issuer = flat("useridentity_sessioncontext_sessionissuer_username");
    columns.extend([
        flat(added::UNMAPPED).alias(added::UNMAPPED),
        record(ctx)?.alias("record"),
        flat("eventtime").alias("tp_timestamp"),
        flat(stored::EVENT_DATE).alias("tp_date"),
        flat("sourceipaddress").alias("tp_source_ip"),
        flat("recipientaccountid").alias("tp_index"),
        flat("eventid").alias("tp_id"),
        call(ctx, "text_list", vec![address])?.alias("tp_ips"),
        call(ctx, "text_list", vec![user, issuer])?.alias("tp_usernames"),
        call(ctx, "resource_arns", vec![flat("resources")])?.alias("tp_akas"),
        lit("aws_cloudtrail_log").alias("tp_table"),
        lit("aws_cloudtrail_log").alias("tp_source_type"),
        flat("recipientaccountid").alias("tp_partition"),
        flat(stored::COLLECTED_AT).alias("tp_ingest_timestamp"),
        flat(stored::LOG_FILE).alias("tp_source_location"),
    ]);
    columns.extend(added_by_lake());
    Ok(columns)
}

fn added_by_lake() -> Vec<Expr> {
    [
        stored::SEQ,
        stored::LOG_FILE,
        stored::LOG_FILE_ETAG,
        added::LOG_NUMBER,
        added::CWL_TIME,
        added::ENVELOPE,
        stored::COLLECTED_AT,
        stored::CONFLICT,
        stored::EVENT_DATE,
    ]
    .into_iter()
    .map(|name| flat(name).alias(name))
    .collect()
}

/// The members of the record: plain ones as columns, nested ones as structs where their first member stands.
fn members(ctx: &SessionContext, spell: Spell) -> Result<Vec<Expr>> {
    let mut columns = Vec::new();
    let mut done: Vec<&str> = Vec::new();
    for column in COLUMNS {
        let Some(top) = column.path.first().filter(|top| !done.contains(top)) else { continue };
        done.push(top);
        let value = match column.path {
            ["resources"] => call(ctx, "resource_list", vec![flat(column.name)])?,
            [_] => flat(column.name),
            _ => structure(&[top], spell),
        };
        columns.push(value.alias(spell(top)));
    }
    Ok(columns)
}

/// Builds the struct of the members below `prefix`.
fn structure(prefix: &[&str], spell: Spell) -> Expr {
    let mut fields = Vec::new();
    let mut done: Vec<&str> = Vec::new();
    for column in COLUMNS.iter().filter(|column| column.path.len() > prefix.len() && column.path.starts_with(prefix)) {
        let name = column.path[prefix.len()];
        if done.contains(&name) {
            continue;
        }
        done.push(name);
        let below = [prefix, &[name]].concat();
        let value = if column.path.len() == below.len() { flat(column.name) } else { structure(&below, spell) };
        fields.extend([lit(spell(name)), value]);
    }
    named_struct(fields)
}

fn record(ctx: &SessionContext) -> Result<Expr> {
    let columns = std::iter::once(stored::SHAPE).chain(COLUMNS.iter().map(|column| column.name));
    call(ctx, "rebuild_record", columns.map(flat).collect())
}

fn partition(ctx: &SessionContext, part: &str) -> Result<Expr> {
    call(ctx, PARTITION_TEXT, vec![flat(stored::EVENT_DATE), lit(part)])
}

/// Keeps the events whose ID and account are also those of an event that is marked as a conflict.
fn conflicting(flat_table: LogicalPlan) -> Result<LogicalPlan> {
    let keys = ["eventid", "recipientaccountid"];
    let of = |table: &'static str| keys.map(|key| Column::new(Some(TableReference::bare(table)), key)).to_vec();
    let marked = LogicalPlanBuilder::from(flat_table.clone())
        .filter(flat(stored::CONFLICT).and(flat("eventid").is_not_null()))?
        .project(keys.map(flat))?
        .alias("marked")?
        .build()?;
    let keys = (of(FLAT), of("marked"));
    LogicalPlanBuilder::from(flat_table)
        .join_detailed(marked, JoinType::LeftSemi, keys, None, NullEquality::NullEqualsNull)?
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_snake_case() {
        let cases = [
            ("eventTime", "event_time"),
            ("sourceIPAddress", "source_ip_address"),
            ("eventID", "event_id"),
            ("sharedEventID", "shared_event_id"),
            ("vpcEndpointId", "vpc_endpoint_id"),
            ("webIdFederationData", "web_id_federation_data"),
            ("ec2IssuedInVpc", "ec2_issued_in_vpc"),
            ("readOnly", "read_only"),
            ("resources", "resources"),
        ];
        for (name, expect) in cases {
            assert_eq!(snake_case(name), expect);
        }
    }
}
