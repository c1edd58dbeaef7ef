//! From a tree to a [`Predicate`]: fields resolved, tests compiled, what is cheap put before what is dear.

use arrow::array::BooleanArray;
use arrow::buffer::BooleanBuffer;
use event::schema::COLUMNS;

use crate::address::{Address, At, Source};
use crate::batch::Rows;
use crate::check::Check;
use crate::error::Result;
use crate::expr::{Case, Expr, Field, Leaf, Place, Segment, Test, TextOp};
use crate::record::{Element, Record};
use crate::text;
use crate::value;

/// A condition on one event, ready to be evaluated.
#[derive(Debug, Clone)]
pub struct Predicate {
    root: Node,
    needs: Needs,
    pub(crate) witness: Witness,
}

/// What a predicate reads of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// Bit by column of [`COLUMNS`].
    pub columns: u128,
    /// True if the column of members without a column is read.
    pub unmapped: bool,
    /// True if records are rebuilt, for which all columns and the shapes are read.
    pub record: bool,
    /// True if values are read that the caller gives beside the event.
    pub given: bool,
}

impl Needs {
    /// Returns what two predicates read together.
    pub fn and(self, other: Needs) -> Needs {
        Needs {
            columns: self.columns | other.columns,
            unmapped: self.unmapped || other.unmapped,
            record: self.record || other.record,
            given: self.given || other.given,
        }
    }

    pub(crate) fn add(&mut self, address: &Address) {
        match address.at {
            At::Column(column) => self.columns |= 1 << column,
            At::Unmapped => self.unmapped = true,
            At::Record | At::Anywhere => self.record = true,
            At::Given(_) => self.given = true,
            At::Category => self.columns |= 1 << category_column(),
            At::Element => {}
        }
    }
}

/// Values of which an event must have one for the predicate to hold, in lower case; `None` where any will do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Witness {
    pub names: Option<Vec<Box<[u8]>>>,
    pub sources: Option<Vec<Box<[u8]>>>,
}

#[derive(Debug, Clone)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Leaf { address: Address, check: Check },
    Element { address: Address, holds: Box<Node> },
}

impl Predicate {
    /// Compiles a tree.
    ///
    /// # Errors
    /// If a regular expression, a network or a set of literals cannot be used.
    pub fn compile(expr: &Expr) -> Result<Predicate> {
        let mut needs = Needs::default();
        let root = Node::compile(expr, Address::resolve, &mut needs)?;
        let witness = Witness { names: witness(expr, "eventName"), sources: witness(expr, "eventSource") };
        Ok(Predicate { root, needs, witness })
    }

    /// Returns what it reads of a batch.
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// Returns true if it holds for a record.
    pub fn matches(&self, record: &Record<'_>) -> bool {
        self.root.holds(record)
    }

    /// Returns, for each event of a batch, whether it holds.
    ///
    /// # Errors
    /// If the batch lacks a column that is read, or a record cannot be rebuilt.
    pub fn mask(&self, rows: &Rows<'_>) -> Result<BooleanArray> {
        rows.check(self.needs)?;
        let mut selection = rows.all();
        self.select(rows, &mut selection);
        rows.outcome()?;
        let mut mask = vec![false; rows.len()];
        for row in selection {
            if let Some(bit) = mask.get_mut(row as usize) {
                *bit = true;
            }
        }
        Ok(BooleanArray::new(BooleanBuffer::from(mask), None))
    }

    /// Returns true if it holds for one event of a batch.
    ///
    /// # Errors
    /// As [`Predicate::mask`].
    pub fn holds(&self, rows: &Rows<'_>, row: usize) -> Result<bool> {
        rows.check(self.needs)?;
        let holds = row < rows.len() && self.root.holds(&rows.event(row));
        rows.outcome()?;
        Ok(holds)
    }

    /// Keeps those of the selected rows for which it holds; the rows are in ascending order, and stay so.
    pub(crate) fn select(&self, rows: &Rows<'_>, selection: &mut Vec<u32>) {
        self.root.select(rows, selection);
    }
}

impl Node {
    fn compile(expr: &Expr, resolve: fn(&Field) -> Address, needs: &mut Needs) -> Result<Node> {
        let mut parts = |exprs: &[Expr]| -> Result<Vec<Node>> {
            let mut nodes =
                exprs.iter().map(|expr| Node::compile(expr, resolve, needs)).collect::<Result<Vec<Node>>>()?;
            nodes.sort_by_key(Node::cost);
            Ok(nodes)
        };
        Ok(match expr {
            Expr::All(exprs) => Node::All(parts(exprs)?),
            Expr::Any(exprs) => Node::Any(parts(exprs)?),
            Expr::Not(expr) => Node::Not(Box::new(Node::compile(expr, resolve, needs)?)),
            Expr::Leaf(leaf) => {
                let address = resolve(&leaf.field);
                let check = Check::compile(&leaf.test, resolve)?;
                needs.add(&address);
                if let Check::Field { other, .. } = &check {
                    needs.add(other);
                }
                Node::Leaf { address, check }
            }
            Expr::Element { of, holds } => {
                let address = resolve(of);
                needs.add(&address);
                Node::Element { address, holds: Box::new(Node::compile(holds, Address::resolve_in_element, needs)?) }
            }
        })
    }

    fn cost(&self) -> u32 {
        match self {
            Node::All(nodes) | Node::Any(nodes) => nodes.iter().map(Node::cost).fold(0, u32::saturating_add),
            Node::Not(node) => node.cost(),
            Node::Leaf { address, check } => address.cost().saturating_add(check.cost()),
            Node::Element { address, holds } => address.cost().saturating_add(holds.cost()),
        }
    }

    fn holds<S: Source>(&self, source: &S) -> bool {
        match self {
            Node::All(nodes) => nodes.iter().all(|node| node.holds(source)),
            Node::Any(nodes) => nodes.iter().any(|node| node.holds(source)),
            Node::Not(node) => !node.holds(source),
            Node::Leaf { address, check } => check.holds(source, address),
            Node::Element { address, holds } => source.base(address.at, |base| {
                value::any_element(base, &address.rest, &mut |json| holds.holds_in(source, json))
            }),
        }
    }

    /// An element inside an element would make the type of the source grow without end.
    fn holds_in<S: Source>(&self, around: &S, json: &str) -> bool {
        let element = Element { json };
        match self {
            Node::All(nodes) => nodes.iter().all(|node| node.holds_in(around, json)),
            Node::Any(nodes) => nodes.iter().any(|node| node.holds_in(around, json)),
            Node::Not(node) => !node.holds_in(around, json),
            Node::Leaf { address, check } if address.at == At::Element => check.holds(&element, address),
            Node::Leaf { address, check } => check.holds(around, address),
            Node::Element { address, holds } => element.base(address.at, |base| {
                value::any_element(base, &address.rest, &mut |json| holds.holds_in(around, json))
            }),
        }
    }

    fn select(&self, rows: &Rows<'_>, selection: &mut Vec<u32>) {
        if selection.is_empty() {
            return;
        }
        match self {
            Node::All(nodes) => {
                for node in nodes {
                    node.select(rows, selection);
                }
            }
            Node::Any(nodes) => {
                let mut rest = std::mem::take(selection);
                for node in nodes {
                    let mut held = rest.clone();
                    node.select(rows, &mut held);
                    subtract(&mut rest, &held);
                    selection.append(&mut held);
                }
                selection.sort_unstable();
            }
            Node::Not(node) => {
                let mut held = selection.clone();
                node.select(rows, &mut held);
                subtract(selection, &held);
            }
            Node::Leaf { address, check } => rows.retain(address, check, selection),
            Node::Element { .. } => selection.retain(|row| self.holds(&rows.event(*row as usize))),
        }
    }
}

/// Returns the place of the column that holds the category, a derived one too.
pub(crate) fn category_column() -> usize {
    event::schema::column_index("eventcategory").unwrap_or_default()
}

/// Takes the rows of `less` away from those of `from`; both are in ascending order.
fn subtract(from: &mut Vec<u32>, less: &[u32]) {
    let mut less = less.iter().peekable();
    from.retain(|row| {
        while less.peek().is_some_and(|other| *other < row) {
            less.next();
        }
        less.peek() != Some(&row)
    });
}

/// Returns the values, as they are written, of which a member of the record must have one for an expression to hold, in
/// whatever case; `None` if it may hold for any. No event that lacks all of them meets the expression; one that has one
/// need not.
pub fn demanded(expr: &Expr, member: &str) -> Option<Vec<String>> {
    values_of(expr, member, &|value| Some(value.to_owned()))
}

/// Returns the values of which the member must have one, in lower case, or `None` if the expression does not say.
fn witness(expr: &Expr, member: &str) -> Option<Vec<Box<[u8]>>> {
    // A value too long to be looked up makes the whole set useless, not wrong.
    values_of(expr, member, &|value| text::with_folded(Case::Insensitive, value, |folded| Some(folded.into())))
}

fn values_of<T: Ord>(expr: &Expr, member: &str, give: &impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    match expr {
        Expr::Leaf(Leaf { field, test: Test::Text { op: TextOp::Equals, values, .. } }) => {
            let Place::Path(path) = &field.place else { return None };
            if !matches!(path.as_slice(), [Segment::Member(name)] if name == member) {
                return None;
            }
            values.iter().map(|value| give(value)).collect()
        }
        Expr::All(exprs) => exprs.iter().filter_map(|expr| values_of(expr, member, give)).min_by_key(Vec::len),
        Expr::Any(exprs) => {
            let sets = exprs.iter().map(|expr| values_of(expr, member, give)).collect::<Option<Vec<_>>>()?;
            let mut values: Vec<_> = sets.into_iter().flatten().collect();
            values.sort_unstable();
            values.dedup();
            Some(values)
        }
        Expr::Leaf(_) | Expr::Not(_) | Expr::Element { .. } => None,
    }
}

// The needs are one bit a column.
const _: () = assert!(COLUMNS.len() <= 128);
