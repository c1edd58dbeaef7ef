//! `FROM`: arrays that are unnested beside the table they come from.

use datafusion::sql::sqlparser::ast::{
    FunctionArg, FunctionArgExpr, Join, JoinConstraint, JoinOperator, TableFactor, TableWithJoins,
};

/// Puts each table and the `UNNEST` that follows it into a nested join, which `unnest` plans as one.
pub(super) fn nest_unnests(from: &mut Vec<TableWithJoins>) {
    let mut nested: Vec<TableWithJoins> = Vec::with_capacity(from.len());
    for mut table in std::mem::take(from) {
        as_unnest(&mut table.relation);
        for join in &mut table.joins {
            as_unnest(&mut join.relation);
        }
        // `FROM t, UNNEST(t.x)` is a cross join with all that stands before.
        match nested.last_mut() {
            Some(left) if is_unnest(&table.relation) => {
                let join = Join {
                    relation: table.relation,
                    global: false,
                    join_operator: JoinOperator::CrossJoin(JoinConstraint::None),
                };
                left.joins.push(join);
                left.joins.extend(table.joins);
            }
            _ => nested.push(table),
        }
    }
    *from = nested.into_iter().map(nest).collect();
}

fn nest(table: TableWithJoins) -> TableWithJoins {
    let mut relation = table.relation;
    let mut joins = Vec::new();
    for join in table.joins {
        let closes = is_unnest(&join.relation);
        joins.push(join);
        if closes {
            let inner = TableWithJoins { relation, joins: std::mem::take(&mut joins) };
            relation = TableFactor::NestedJoin { table_with_joins: Box::new(inner), alias: None };
        }
    }
    TableWithJoins { relation, joins }
}

fn is_unnest(relation: &TableFactor) -> bool {
    matches!(relation, TableFactor::UNNEST { .. })
}

/// Reads `LATERAL unnest(..)` and `unnest(..)` as a table's call as `UNNEST(..)`.
fn as_unnest(relation: &mut TableFactor) {
    let (name, args, alias) = match relation {
        TableFactor::Function { name, args, alias, .. } => (name, &*args, alias),
        TableFactor::Table { name, args: Some(args), alias, .. } => (name, &args.args, alias),
        _ => return,
    };
    if !name.to_string().eq_ignore_ascii_case("unnest") {
        return;
    }
    let array_exprs = args
        .iter()
        .filter_map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
            _ => None,
        })
        .collect();
    *relation = TableFactor::UNNEST {
        alias: alias.take(),
        array_exprs,
        with_offset: false,
        with_offset_alias: None,
        with_ordinality: false,
    };
}

/// Returns the names by which the tables of a `FROM` are called.
pub(super) fn table_names(from: &[TableWithJoins]) -> Vec<String> {
    let mut names = Vec::new();
    for table in from {
        collect(&table.relation, &mut names);
        for join in &table.joins {
            collect(&join.relation, &mut names);
        }
    }
    names
}

/// Returns the names that values which were unnested have as tables and as columns: `UNNEST(resources) AS r`.
pub(super) fn unnested_names(from: &[TableWithJoins]) -> Vec<String> {
    let relations = from
        .iter()
        .flat_map(|table| std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation)));
    relations
        .flat_map(|relation| match relation {
            TableFactor::UNNEST { alias: Some(alias), .. } if alias.columns.is_empty() => {
                vec![alias.name.value.to_ascii_lowercase()]
            }
            TableFactor::NestedJoin { table_with_joins, .. } => unnested_names(std::slice::from_ref(table_with_joins)),
            _ => Vec::new(),
        })
        .collect()
}

fn collect(relation: &TableFactor, names: &mut Vec<String>) {
    match relation {
        TableFactor::Table { name, alias, .. } => {
            let last = name.0.last().and_then(|part| part.as_ident());
            names.extend(alias.as_ref().map(|alias| &alias.name).or(last).map(|name| name.value.to_ascii_lowercase()));
        }
        TableFactor::Derived { alias: Some(alias), .. } | TableFactor::UNNEST { alias: Some(alias), .. } => {
            names.push(alias.name.value.to_ascii_lowercase());
        }
        TableFactor::NestedJoin { table_with_joins, .. } => {
            names.extend(table_names(std::slice::from_ref(table_with_joins)))
        }
        _ => {}
    }
}
