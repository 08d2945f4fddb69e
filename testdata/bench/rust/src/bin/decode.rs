//! What decoding the eight columns of the job costs in parquet-rs, with nothing else done:
//! `decode FORM THREADS FILE...` prints the number of values that were not null.
//!
//! Threads take column chunks from one queue, in the order of the files. The forms:
//!
//! - `columns`: the column readers, into buffers that are used again.
//! - `batches`: the reader of Arrow's record batches, as most programs use it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::{env, error::Error, fs::File, thread};

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::file::reader::{FileReader, SerializedFileReader};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Rows that are decoded at a time.
const BATCH: usize = 8192;

const COLUMNS: [&str; 8] = [
    "pickup_datetime",
    "dropoff_datetime",
    "PULocationID",
    "DOLocationID",
    "trip_distance",
    "passenger_count",
    "total_amount",
    "tip_amount",
];

/// Whether a column is one of the job's: times have the taxi's prefix, tpep or lpep.
fn wanted(name: &str) -> bool {
    COLUMNS.contains(&name) || name.split_once('_').is_some_and(|(_, rest)| COLUMNS[..2].contains(&rest))
}

/// A column chunk.
struct Chunk {
    file: usize,
    row_group: usize,
    column: usize,
}

fn chunks(files: &[String]) -> Result<Vec<Chunk>> {
    let mut all = Vec::new();
    for (file, path) in files.iter().enumerate() {
        let reader = SerializedFileReader::new(File::open(path)?)?;
        let schema = reader.metadata().file_metadata().schema_descr();
        let columns: Vec<usize> = (0..schema.num_columns()).filter(|&i| wanted(schema.column(i).name())).collect();
        if columns.len() != COLUMNS.len() {
            return Err(format!("{path}: {} of the job's {} columns", columns.len(), COLUMNS.len()).into());
        }
        for row_group in 0..reader.num_row_groups() {
            all.extend(columns.iter().map(|&column| Chunk { file, row_group, column }));
        }
    }
    Ok(all)
}

/// Buffers of one thread.
#[derive(Default)]
struct Buffers {
    levels: Vec<i16>,
    ints: Vec<i32>,
    longs: Vec<i64>,
    doubles: Vec<f64>,
}

fn drain<T: DataType>(mut reader: ColumnReaderImpl<T>, levels: &mut Vec<i16>, values: &mut Vec<T::T>) -> Result<u64> {
    let mut total = 0;
    loop {
        levels.clear();
        values.clear();
        let (records, present, _) = reader.read_records(BATCH, Some(levels), None, values)?;
        if records == 0 {
            return Ok(total);
        }
        total += present as u64;
    }
}

fn decode_column(path: &str, chunk: &Chunk, b: &mut Buffers) -> Result<u64> {
    let reader = SerializedFileReader::new(File::open(path)?)?;
    match reader.get_row_group(chunk.row_group)?.get_column_reader(chunk.column)? {
        ColumnReader::Int32ColumnReader(r) => drain(r, &mut b.levels, &mut b.ints),
        ColumnReader::Int64ColumnReader(r) => drain(r, &mut b.levels, &mut b.longs),
        ColumnReader::DoubleColumnReader(r) => drain(r, &mut b.levels, &mut b.doubles),
        _ => Err(format!("{path}: column {} is no number", chunk.column).into()),
    }
}

fn decode_batches(path: &str, chunk: &Chunk) -> Result<u64> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?;
    let mask = ProjectionMask::leaves(builder.parquet_schema(), [chunk.column]);
    let reader = builder.with_row_groups(vec![chunk.row_group]).with_projection(mask).with_batch_size(BATCH).build()?;
    let mut total = 0;
    for batch in reader {
        let column = batch?.column(0).clone();
        total += (column.len() - column.null_count()) as u64;
    }
    Ok(total)
}

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [form, threads, files @ ..] = args.as_slice() else {
        return Err("usage: decode FORM THREADS FILE...".into());
    };
    if form != "columns" && form != "batches" {
        return Err(format!("form {form:?} is neither columns nor batches").into());
    }
    let (chunks, next, total) = (chunks(files)?, AtomicUsize::new(0), AtomicU64::new(0));
    let work = || -> Result<()> {
        let mut buffers = Buffers::default();
        while let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
            let path = &files[chunk.file];
            let n = if form == "columns" { decode_column(path, chunk, &mut buffers)? } else { decode_batches(path, chunk)? };
            total.fetch_add(n, Ordering::Relaxed);
        }
        Ok(())
    };
    thread::scope(|s| -> Result<()> {
        let workers: Vec<_> = (0..threads.parse::<usize>()?).map(|_| s.spawn(work)).collect();
        for worker in workers {
            worker.join().expect("a thread panicked")?;
        }
        Ok(())
    })?;
    println!("{}", total.into_inner());
    Ok(())
}
