"""The same job in Polars, lazy and streaming, month by month. See peer.py for its arguments.

One query of all files needs much more memory and CPU time, because Polars begins to read all of them at once. One group by
month and both zones, the best form in other engines, is no faster here than these three groups. One packed key of all three
is no faster either, and dt.truncate is slower than year and month.
"""

import os

import peer

os.environ["POLARS_MAX_THREADS"] = str(peer.arguments()[1])  # read at the import

import polars as pl  # noqa: E402

MEANS = {"passengers": "avg_passengers", "miles": "avg_trip_distance_miles", "us": "avg_trip_duration_minutes",
         "amount": "avg_amount", "tip": "avg_tip"}


def scan_csv(file, pickup, dropoff):
    """Returns the trips of a CSV file. Times with the form given are read faster than those that Polars recognises."""
    types = {"BIGINT": pl.Int64, "INTEGER": pl.Int32, "DOUBLE": pl.Float64}
    schema = {name: types.get(peer.TYPES.get(name), pl.String) for name in peer.names(file)}
    times = [pl.col(c).str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=True) for c in (pickup, dropoff)]
    return pl.scan_csv(file, schema=schema).with_columns(times)


def groups(file):
    """Returns the sums by month, the pickups by month and zone, and the dropoffs by month and zone of one file."""
    pickup, dropoff = peer.times([file])
    trips = (scan_csv(file, pickup, dropoff) if peer.is_text([file]) else pl.scan_parquet(file)).select(
        zone_from=pl.col("PULocationID").cast(pl.Int32), zone_to=pl.col("DOLocationID").cast(pl.Int32),
        month=pl.col(pickup).dt.year().cast(pl.Int32) * 12 + pl.col(pickup).dt.month().cast(pl.Int32) - 1,
        passengers=pl.col("passenger_count").cast(pl.Float64), miles="trip_distance",
        us=(pl.col(dropoff) - pl.col(pickup)).dt.total_microseconds(), amount="total_amount", tip="tip_amount")
    count, none = pl.len().cast(pl.Int64), pl.lit(0, pl.Int64)
    return pl.collect_all([
        trips.group_by("month").agg(count.alias("trip_count"), pl.sum(*MEANS), pl.count(*MEANS).cast(pl.Int64).name.prefix("with_")),
        trips.group_by("month", location_id="zone_from").agg(pickups=count).with_columns(dropoffs=none),
        trips.group_by("month", location_id="zone_to").agg(dropoffs=count).select("month", "location_id", none.alias("pickups"), "dropoffs"),
    ], engine="streaming")


def month_by_month(_, out, files):
    months, pickups, dropoffs = (pl.concat(frames) for frames in zip(*map(groups, files)))
    first = [pl.lit(peer.taxi(files)).alias("taxi"), (pl.col("month") // 12).alias("year"),
             pl.date(pl.col("month") // 12, pl.col("month") % 12 + 1, 1).alias("month_start")]
    sums = months.group_by("month").sum().with_columns(pl.col("us") / 60e6)
    means = [pl.when(pl.col("with_" + c) > 0).then(pl.col(c) / pl.col("with_" + c)).alias(mean) for c, mean in MEANS.items()]
    write(sums.select(*first, "trip_count", *means), out, "trip_stats", "month_start")
    zones = pl.concat([pickups, dropoffs]).group_by("month", "location_id").sum()
    write(zones.select(*first, "location_id", "pickups", "dropoffs"), out, "location_stats", "month_start", "location_id")


def write(table, out, name, *order):
    table.sort(*order, nulls_last=True).write_parquet(peer.table_path(out, name), compression="zstd")


if __name__ == "__main__":
    peer.run({"month-by-month": month_by_month})
