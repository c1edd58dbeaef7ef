//! A table to the SQL engine: a stock Parquet scan over the live files that can hold what a query asks for.
//!
//! Files are pruned by the ranges that the table's log tells; row groups and pages by their own statistics and bloom
//! filters. Files come newest first and no order is declared: so the newest 50 events are found in a few files
//! (measured: `docs/why/newest-first.md`).

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int64Array, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{Column, ColumnStatistics, DFSchema, ScalarValue, Statistics};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use event::schema::timestamp;

use crate::table::Table;
use crate::table::files::{Bound, LiveFile};

/// Bytes read from the end of a file at once: the footer, and mostly all of the metadata.
const METADATA_HINT_BYTES: usize = 64 << 10;

/// The live files of a table at one version, as a table of SQL.
pub(crate) struct Provider {
    name: &'static str,
    /// Columns of the files, then the partition column.
    schema: SchemaRef,
    table_schema: TableSchema,
    files: Ranges,
    store: Arc<dyn object_store::ObjectStore>,
    store_url: ObjectStoreUrl,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("table", &self.name).field("files", &self.files.files.len()).finish()
    }
}

impl Table {
    /// Returns the table as it is now, for one or more queries.
    pub(crate) fn provider(&self) -> datafusion::common::Result<Provider> {
        let mut files = self.live_files();
        // Newest first; files without a time last.
        files.sort_by_key(|file| std::cmp::Reverse(file.times().map(|(_, newest)| newest)));
        let partition = self.partitioned.then(|| Arc::new(Field::new("eventdate", DataType::Date32, true)));
        let mut fields = self.schema.fields().to_vec();
        fields.extend(partition.clone());
        let schema = Arc::new(Schema::new(fields));
        let table_schema = TableSchema::builder(self.schema.clone())
            .with_table_partition_cols(partition.into_iter().collect::<Vec<_>>())
            .build();
        let store = self.store();
        // Each table's store has a name of its own, by which the engine's caches tell their files apart.
        let store_url = ObjectStoreUrl::parse(format!(
            "trailkeep-{}-{:p}://",
            // A scheme has no underscores.
            self.name.replace('_', "-"),
            Arc::as_ptr(&self.log_store).cast::<()>()
        ))?;
        Ok(Provider {
            name: self.name,
            files: Ranges { schema: schema.clone(), files },
            schema,
            table_schema,
            store,
            store_url,
        })
    }
}

impl Provider {
    /// Makes the table's store known to a session, which every session that reads it needs.
    pub(crate) fn register(&self, ctx: &datafusion::prelude::SessionContext) {
        ctx.register_object_store(self.store_url.as_ref(), self.store.clone());
    }

    fn surviving(&self, state: &dyn Session, filters: &[Expr]) -> datafusion::common::Result<Vec<Arc<LiveFile>>> {
        let Some(filter) = conjunction(filters.to_vec()) else { return Ok(self.files.files.clone()) };
        let filter = state.create_physical_expr(filter, &DFSchema::try_from(self.schema.as_ref().clone())?)?;
        let Some(predicate) = PruningPredicateBuilder::new().with_file_schema(self.schema.clone()).build(filter) else {
            return Ok(self.files.files.clone());
        };
        let keep = predicate.prune(&self.files)?;
        Ok(self.files.files.iter().zip(keep).filter(|(_, keep)| *keep).map(|(file, _)| file.clone()).collect())
    }

    fn partitioned_file(&self, file: &LiveFile) -> PartitionedFile {
        let mut partitioned = PartitionedFile::new(file.path.clone(), file.bytes);
        if self.schema.fields().len() > self.table_schema.file_schema().fields().len() {
            partitioned = partitioned.with_partition_values(vec![ScalarValue::Date32(file.date)]);
        }
        partitioned.with_statistics(Arc::new(self.statistics(file)))
    }

    /// What is known of a file's own columns. The bounds are true ones though perhaps not reached, which pruning may
    /// rely on; the scan as a whole claims only its number of rows, so that no answer is made from bounds.
    fn statistics(&self, file: &LiveFile) -> Statistics {
        let column = |field: &Arc<Field>| {
            let mut statistics = ColumnStatistics::new_unknown();
            if let Some((min, max)) = file.bounds.get(field.name()) {
                statistics.min_value = Precision::Exact(scalar(min));
                statistics.max_value = Precision::Exact(scalar(max));
            }
            statistics
        };
        Statistics {
            num_rows: Precision::Exact(file.rows as usize),
            total_byte_size: Precision::Inexact(file.bytes as usize),
            column_statistics: self.table_schema.file_schema().fields().iter().map(column).collect(),
        }
    }
}

fn scalar(bound: &Bound) -> ScalarValue {
    match bound {
        Bound::Text(text) => ScalarValue::Utf8(Some(text.clone())),
        Bound::Integer(integer) => ScalarValue::Int64(Some(*integer)),
        Bound::Time(micros) => ScalarValue::TimestampMicrosecond(Some(*micros), Some("UTC".into())),
    }
}

#[async_trait]
impl TableProvider for Provider {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> datafusion::common::Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> datafusion::common::Result<Arc<dyn ExecutionPlan>> {
        let files = self.surviving(state, filters)?;
        let rows = files.iter().map(|file| file.rows as usize).sum();
        let bytes = files.iter().map(|file| file.bytes as usize).sum();
        let partitions = state.config().target_partitions().clamp(1, files.len().max(1));
        // Dealt out like cards, so that every part of the query begins with the newest.
        let mut groups = vec![Vec::new(); partitions];
        for (place, file) in files.iter().enumerate() {
            groups[place % partitions].push(self.partitioned_file(file));
        }
        let options = datafusion::common::config::TableParquetOptions {
            global: state.config_options().execution.parquet.clone(),
            ..Default::default()
        };
        let cache = state.runtime_env().cache_manager.get_file_metadata_cache();
        let source = ParquetSource::new(self.table_schema.clone())
            .with_table_parquet_options(options)
            .with_metadata_size_hint(METADATA_HINT_BYTES)
            .with_parquet_file_reader_factory(Arc::new(CachedParquetFileReaderFactory::new(self.store.clone(), cache)));
        let mut total = Statistics::new_unknown(&self.schema);
        total.num_rows = Precision::Exact(rows);
        total.total_byte_size = Precision::Inexact(bytes);
        let config = FileScanConfigBuilder::new(self.store_url.clone(), Arc::new(source))
            .with_file_groups(groups.into_iter().map(FileGroup::new).collect())
            .with_statistics(total)
            .with_projection_indices(projection.cloned())?
            // A limit may cut only where no filter is left to be applied.
            .with_limit(limit.filter(|_| filters.is_empty()))
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// The ranges of all files, a row each, as pruning wants them.
struct Ranges {
    schema: SchemaRef,
    files: Vec<Arc<LiveFile>>,
}

impl Ranges {
    fn bounds(&self, column: &Column, end: impl Fn(&(Bound, Bound)) -> Bound) -> Option<ArrayRef> {
        let field = self.schema.field_with_name(column.name()).ok()?;
        if field.name() == "eventdate" {
            return Some(Arc::new(Date32Array::from_iter(self.files.iter().map(|file| file.date))));
        }
        if !self.files.iter().any(|file| file.bounds.contains_key(field.name())) {
            return None;
        }
        let bound = |file: &Arc<LiveFile>| file.bounds.get(field.name()).map(&end);
        let integer = |file: &Arc<LiveFile>| match bound(file) {
            Some(Bound::Integer(value) | Bound::Time(value)) => Some(value),
            _ => None,
        };
        match field.data_type() {
            DataType::Utf8 => Some(Arc::new(StringArray::from_iter(self.files.iter().map(|file| match bound(file) {
                Some(Bound::Text(text)) => Some(text),
                _ => None,
            })))),
            DataType::Int64 => Some(Arc::new(Int64Array::from_iter(self.files.iter().map(integer)))),
            DataType::Timestamp(..) => {
                let times = TimestampMicrosecondArray::from_iter(self.files.iter().map(integer));
                Some(Arc::new(times.with_data_type(timestamp())))
            }
            _ => None,
        }
    }
}

impl PruningStatistics for Ranges {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, |(min, _)| min.clone())
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, |(_, max)| max.clone())
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        (column.name() == "eventdate").then(|| {
            let nulls = self.files.iter().map(|file| if file.date.is_none() { file.rows } else { 0 });
            Arc::new(UInt64Array::from_iter_values(nulls)) as ArrayRef
        })
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(UInt64Array::from_iter_values(self.files.iter().map(|file| file.rows))))
    }

    fn contained(&self, _column: &Column, _values: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
