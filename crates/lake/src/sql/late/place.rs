//! `geo_city_name`, `as_number` and their like: where an event's source address is, and whose.
//!
//! Databases of addresses are somebody else's and change every week, so nothing of them is stored: they are asked when a
//! query names one of the columns. Which databases there are is the caller's to say ([`AddressBook`]); without one there
//! are no such columns.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Builder, StringBuilder, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{Column, DataFusionError, Result, ScalarValue};
use datafusion::execution::context::SessionContext;
use datafusion::functions::core::expr_fn::get_field;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::sql::views::FLAT;

/// The columns of text, in the order of [`texts`].
const TEXTS: [&str; 6] = [
    "geo_country_iso_code",
    "geo_country_name",
    "geo_region_name",
    "geo_city_name",
    "geo_location",
    "as_organization_name",
];
/// The column of numbers.
const NUMBER: &str = "as_number";
/// Name of the function in plans.
const NAME: &str = "place_of";

/// Databases that say where addresses are, and whose.
pub trait AddressBook: fmt::Debug + Send + Sync {
    /// Opens the databases, which are asked from now on.
    ///
    /// # Errors
    /// If one is missing, damaged, or about something else.
    fn open(&self) -> std::result::Result<(), Box<dyn StdError + Send + Sync>>;

    /// Returns what is known of an address.
    fn look_up(&self, address: IpAddr) -> AddressFacts;
}

/// What databases know of an address.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AddressFacts {
    /// ISO 3166-1 code of the country, two letters.
    pub country_iso_code: Option<String>,
    /// Its name in English.
    pub country_name: Option<String>,
    /// Name of the region within it.
    pub region_name: Option<String>,
    /// Name of the city.
    pub city_name: Option<String>,
    /// Latitude and longitude in degrees.
    pub location: Option<(f64, f64)>,
    /// Number of the autonomous system.
    pub as_number: Option<u32>,
    /// Whose it is.
    pub as_organization_name: Option<String>,
}

/// The databases of a session of SQL, if it has any.
pub(in crate::sql) struct Book(pub(in crate::sql) Option<Arc<dyn AddressBook>>);

/// Returns true if a statement names one of the columns.
pub(super) fn is_named(mut has: impl FnMut(&str) -> bool) -> bool {
    TEXTS.iter().any(|name| has(name)) || has(NUMBER)
}

/// Returns true if a column comes from databases of addresses.
pub(in crate::sql) fn is_column(name: &str) -> bool {
    is_named(|column| column == name)
}

/// Returns the columns as expressions over the flat table; none without databases.
pub(super) fn columns(ctx: &SessionContext) -> Result<Vec<Expr>> {
    let book = ctx.state().config().get_extension::<Book>();
    let Some(book) = book.and_then(|book| book.0.clone()) else { return Ok(Vec::new()) };
    book.open().map_err(DataFusionError::External)?;
    let function = ScalarUDF::new_from_impl(PlaceOf { book, signature: Signature::any(1, Volatility::Stable) });
    let place = function.call(vec![Expr::Column(Column::new(Some(FLAT), "sourceipaddress"))]);
    let names = TEXTS.into_iter().chain([NUMBER]);
    Ok(names.map(|name| get_field(place.clone(), name).alias(name)).collect())
}

/// From an address to what is known of it.
#[derive(Debug)]
struct PlaceOf {
    book: Arc<dyn AddressBook>,
    signature: Signature,
}

impl PartialEq for PlaceOf {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.book, &other.book)
    }
}

impl Eq for PlaceOf {}

impl Hash for PlaceOf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        NAME.hash(state);
    }
}

fn fields() -> Fields {
    let texts = TEXTS.iter().map(|name| Field::new(*name, DataType::Utf8, true));
    texts.chain([Field::new(NUMBER, DataType::Int64, true)]).collect()
}

fn texts(facts: &AddressFacts) -> [Option<String>; 6] {
    [
        facts.country_iso_code.clone(),
        facts.country_name.clone(),
        facts.region_name.clone(),
        facts.city_name.clone(),
        facts.location.map(|(latitude, longitude)| format!("{latitude},{longitude}")),
        facts.as_organization_name.clone(),
    ]
}

impl ScalarUDFImpl for PlaceOf {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(fields()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let Some(addresses) = args.args.first() else {
            return Err(DataFusionError::Internal(format!("`{NAME}` was called without an address")));
        };
        let addresses = cast(&addresses.to_array(rows)?, &DataType::Utf8)?;
        let addresses = addresses.as_string::<i32>();
        // An address comes again and again.
        let mut known: HashMap<&str, AddressFacts> = HashMap::new();
        let mut columns = TEXTS.map(|_| StringBuilder::new());
        let mut numbers = Int64Builder::new();
        let nothing = AddressFacts::default();
        for row in 0..rows {
            let text = addresses.is_valid(row).then(|| addresses.value(row));
            let facts = match text {
                Some(text) => known.entry(text).or_insert_with(|| {
                    // A service stands in the place of an address, too.
                    text.parse().map_or_else(|_| AddressFacts::default(), |address| self.book.look_up(address))
                }),
                None => &nothing,
            };
            columns.iter_mut().zip(texts(facts)).for_each(|(column, text)| column.append_option(text));
            numbers.append_option(facts.as_number.map(i64::from));
        }
        let mut arrays: Vec<ArrayRef> = columns.map(|mut column| Arc::new(column.finish()) as ArrayRef).to_vec();
        arrays.push(Arc::new(numbers.finish()));
        let array: ArrayRef = Arc::new(StructArray::try_new(fields(), arrays, None)?);
        Ok(match constant {
            true => ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?),
            false => ColumnarValue::Array(array),
        })
    }
}
