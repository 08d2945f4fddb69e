//! The same job in DataFusion: `datafusion_peer FORM THREADS OUT FILE...`
//!
//! It writes OUT/trip_stats/trip_stats.parquet and OUT/location_stats/location_stats.parquet. The forms:
//!
//! - `talk`: select, derive, then one group by for the averages and one each for the zones of pickup and dropoff, each a
//!   query of its own.
//! - `one-group-by`: one scan, grouped by month and both zones; the tables are made of these groups.
//! - `month-by-month`: the same of each file, as many at a time as there are threads: groups of one month are fewer.
//!
//! A key of all three packed in one integer takes more CPU seconds.

use std::sync::{Arc, Mutex};
use std::{env, error::Error, path::Path};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::dataframe::{DataFrame, DataFrameWriteOptions};
use datafusion::functions::datetime::expr_fn::{date_part, date_trunc};
use datafusion::functions_aggregate::expr_fn::{avg, count, sum};
use datafusion::logical_expr::{Expr, SortExpr, cast, ident, lit};
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use tokio::task::JoinSet;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// What is averaged: the name of the values and that of their mean.
const MEANS: [(&str, &str); 5] = [
    ("passenger_count", "avg_passengers"),
    ("trip_distance", "avg_trip_distance_miles"),
    ("trip_duration_minutes", "avg_trip_duration_minutes"),
    ("total_amount", "avg_amount"),
    ("tip_amount", "avg_tip"),
];

/// Selects the columns of the job and derives the duration.
async fn trips(ctx: &SessionContext, files: &[String], taxi: &str) -> Result<DataFrame> {
    let prefix = if taxi == "green" { "lpep" } else { "tpep" };
    let (pickup, dropoff) = (format!("{prefix}_pickup_datetime"), format!("{prefix}_dropoff_datetime"));
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    // Types differ between months: these are those that all fit in.
    let schema = Schema::new(vec![
        Field::new(&pickup, time.clone(), true),
        Field::new(&dropoff, time, true),
        Field::new("PULocationID", DataType::Int32, true),
        Field::new("DOLocationID", DataType::Int32, true),
        Field::new("trip_distance", DataType::Float64, true),
        Field::new("passenger_count", DataType::Float64, true),
        Field::new("total_amount", DataType::Float64, true),
        Field::new("tip_amount", DataType::Float64, true),
    ]);
    let micros = |name: &str| cast(ident(name), DataType::Int64);
    let minutes = cast(micros(&dropoff) - micros(&pickup), DataType::Float64) / lit(60e6);
    let all = ctx.read_parquet(files.to_vec(), ParquetReadOptions::default().schema(&schema)).await?;
    Ok(all.select(vec![
        ident(&pickup).alias("pickup"),
        ident("PULocationID").alias("pickup_location_id"),
        ident("DOLocationID").alias("dropoff_location_id"),
        ident("trip_distance"),
        ident("passenger_count"),
        ident("total_amount"),
        ident("tip_amount"),
        minutes.alias("trip_duration_minutes"),
    ])?)
}

fn ascending(name: &str) -> SortExpr {
    ident(name).sort(true, false)
}

fn year(time: Expr) -> Expr {
    cast(date_part(lit("year"), time), DataType::Int32)
}

/// Sorts a table and writes it to one file.
async fn write(table: DataFrame, out: &str, name: &str, order: &[&str]) -> Result<()> {
    let path = Path::new(out).join(name);
    std::fs::create_dir_all(&path)?;
    let file = path.join(format!("{name}.parquet"));
    let sorted = table.sort(order.iter().map(|c| ascending(c)).collect())?;
    let options = DataFrameWriteOptions::new().with_single_file_output(true);
    sorted.write_parquet(file.to_str().ok_or("OUT is no UTF-8")?, options, None).await?;
    Ok(())
}

async fn write_months(months: DataFrame, out: &str, taxi: &str) -> Result<()> {
    let mut columns = vec![
        lit(taxi).alias("taxi"),
        ident("year"),
        cast(ident("month_start"), DataType::Date32).alias("month_start"),
        ident("trip_count"),
    ];
    columns.extend(MEANS.iter().map(|(_, mean)| ident(*mean)));
    write(months.select(columns)?, out, "trip_stats", &["month_start"]).await
}

/// Adds up the two sides of trips: rows of year, month_start, location_id, pickups and dropoffs.
async fn write_zones(sides: DataFrame, out: &str, taxi: &str) -> Result<()> {
    let zones = sides
        .aggregate(
            vec![ident("year"), ident("month_start"), ident("location_id")],
            vec![sum(ident("pickups")).alias("pickups"), sum(ident("dropoffs")).alias("dropoffs")],
        )?
        .select(vec![
            lit(taxi).alias("taxi"),
            ident("year"),
            cast(ident("month_start"), DataType::Date32).alias("month_start"),
            ident("location_id"),
            ident("pickups"),
            ident("dropoffs"),
        ])?;
    write(zones, out, "location_stats", &["month_start", "location_id"]).await
}

/// One side of trips: their pickups or their dropoffs.
fn side(groups: DataFrame, zone: &str, trips: Expr, pickups: bool) -> Result<DataFrame> {
    let zero = lit(0i64);
    let (p, d) = if pickups { (trips, zero) } else { (zero, trips) };
    Ok(groups.select(vec![
        ident("year"),
        ident("month_start"),
        ident(zone).alias("location_id"),
        p.alias("pickups"),
        d.alias("dropoffs"),
    ])?)
}

async fn talk(trips: DataFrame, out: &str, taxi: &str) -> Result<()> {
    let df = trips
        .with_column("year", year(ident("pickup")))?
        .with_column("month_start", date_trunc(lit("month"), ident("pickup")))?;
    let month = vec![ident("year"), ident("month_start")];
    let mut averages = vec![count(lit(1)).alias("trip_count")];
    averages.extend(MEANS.iter().map(|(value, mean)| avg(ident(*value)).alias(*mean)));
    write_months(df.clone().aggregate(month.clone(), averages)?, out, taxi).await?;

    let mut sides = Vec::new();
    for zone in ["pickup_location_id", "dropoff_location_id"] {
        let mut key = month.clone();
        key.push(ident(zone));
        let groups = df.clone().aggregate(key, vec![count(lit(1)).alias("trips")])?;
        sides.push(side(groups, zone, ident("trips"), zone == "pickup_location_id")?);
    }
    let (dropoffs, pickups) = (sides.pop().unwrap(), sides.pop().unwrap());
    write_zones(pickups.union(dropoffs)?, out, taxi).await
}

/// What is added up in each group of trips.
fn sums() -> Vec<Expr> {
    let mut sums = vec![count(lit(1)).alias("trips")];
    for (value, _) in MEANS {
        sums.push(sum(ident(value)).alias(value));
        sums.push(count(ident(value)).alias(format!("with_{value}")));
    }
    sums
}

/// Makes both tables of groups by month_start, pickup_location_id and dropoff_location_id.
async fn roll_up(groups: DataFrame, out: &str, taxi: &str) -> Result<()> {
    let groups = groups.with_column("year", year(ident("month_start")))?.cache().await?;
    let mut totals = vec![sum(ident("trips")).alias("trip_count")];
    for (value, mean) in MEANS {
        let with = sum(ident(format!("with_{value}")));
        totals.push((sum(ident(value)) / cast(with, DataType::Float64)).alias(mean));
    }
    write_months(groups.clone().aggregate(vec![ident("year"), ident("month_start")], totals)?, out, taxi).await?;
    let pickups = side(groups.clone(), "pickup_location_id", ident("trips"), true)?;
    let dropoffs = side(groups, "dropoff_location_id", ident("trips"), false)?;
    write_zones(pickups.union(dropoffs)?, out, taxi).await
}

/// Groups trips by month and both zones.
fn one_group_by(trips: DataFrame) -> Result<DataFrame> {
    let keys = vec![
        date_trunc(lit("month"), ident("pickup")).alias("month_start"),
        ident("pickup_location_id"),
        ident("dropoff_location_id"),
    ];
    Ok(trips.aggregate(keys, sums())?)
}

/// Groups each file in a query of its own that uses one thread, as many at a time as there are threads.
async fn month_by_month(threads: usize, files: &[String], taxi: &'static str) -> Result<DataFrame> {
    let queue = Arc::new(Mutex::new(files.to_vec().into_iter()));
    let mut workers = JoinSet::new();
    for _ in 0..threads {
        let queue = queue.clone();
        workers.spawn(async move {
            let mut groups = Vec::new();
            loop {
                let Some(file) = queue.lock().unwrap().next() else { return Ok(groups) };
                let trips = trips(&session(1), &[file], taxi).await?;
                groups.extend(one_group_by(trips)?.collect().await?);
            }
        });
    }
    let mut all = Vec::new();
    while let Some(groups) = workers.join_next().await {
        let groups: Result<Vec<RecordBatch>> = groups?;
        all.extend(groups?);
    }
    Ok(session(threads).read_batches(all)?)
}

fn session(threads: usize) -> SessionContext {
    SessionContext::new_with_config(SessionConfig::new().with_target_partitions(threads))
}

async fn run(form: &str, threads: usize, out: &str, files: &[String]) -> Result<()> {
    let name = Path::new(&files[0]).file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let taxi = if name.starts_with("green") { "green" } else { "yellow" };
    let all = trips(&session(threads), files, taxi).await?;
    let groups = match form {
        "talk" => return talk(all, out, taxi).await,
        "one-group-by" => one_group_by(all)?,
        "month-by-month" => month_by_month(threads, files, taxi).await?,
        _ => return Err(format!("no form {form:?}").into()),
    };
    roll_up(groups, out, taxi).await
}

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [form, threads, out, files @ ..] = args.as_slice() else {
        return Err("usage: datafusion_peer FORM THREADS OUT FILE...".into());
    };
    if files.is_empty() {
        return Err("usage: datafusion_peer FORM THREADS OUT FILE...".into());
    }
    let threads: usize = threads.parse()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    runtime.block_on(run(form, threads, out, files))
}
