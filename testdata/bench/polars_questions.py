"""The questions of questions.sql in Polars, lazy and streaming: polars_questions.py QUESTION THREADS FILE...

Each file is selected from by itself, as types differ between months, and they are grouped together. Prints the wall and CPU seconds of the question,
without the start of Python and the import of Polars, then with --rows the rows as JSON.
"""

import json
import os
import sys
import time

if __name__ == "__main__":
    os.environ["POLARS_MAX_THREADS"] = sys.argv[2]  # read at the import

import polars as pl  # noqa: E402

ZONES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "transforms", "newyork", "taxi_zone_lookup.csv")

PICKUP, DROPOFF = pl.col("tpep_pickup_datetime"), pl.col("tpep_dropoff_datetime")
MICROS = (DROPOFF - PICKUP).dt.total_microseconds()
MONTH = (PICKUP.dt.year().cast(pl.Int32) * 12 + PICKUP.dt.month().cast(pl.Int32) - 1).alias("m")
UNPACKED = pl.date(pl.col("m") // 12, pl.col("m") % 12 + 1, 1).alias("month_start")
YELLOW = pl.lit("yellow").alias("taxi")
PU, DO = pl.col("PULocationID").cast(pl.Int32).alias("pu"), pl.col("DOLocationID").cast(pl.Int32).alias("do")
US, AMOUNT, TIP, FARE = MICROS.alias("us"), pl.col("total_amount").alias("amount"), pl.col("tip_amount").alias("tip"), pl.col("fare_amount").alias("fare")
MILES = pl.col("trip_distance").alias("miles")
N = pl.len().cast(pl.Int64).alias("n")


def trips(files, *columns, where=None):
    scans = [pl.scan_parquet(f) for f in files]
    return pl.concat([(s if where is None else s.filter(where)).select(*columns) for s in scans])


def disc(column, fraction):
    return pl.col(column).quantile(fraction, "equiprobable")


def hours(files):
    t = trips(files, MONTH, PICKUP.dt.weekday().alias("weekday"), PICKUP.dt.hour().alias("hour"), US, AMOUNT)
    return t.group_by("m", "weekday", "hour").agg(N, pl.mean("us") / 6e7, pl.mean("amount")).select(YELLOW, UNPACKED, "weekday", "hour", "n", "us", "amount").sort("month_start", "weekday", "hour")


def paying(files):
    t = trips(files, MONTH, pl.col("payment_type").cast(pl.Int32), AMOUNT, TIP, FARE)
    g = t.group_by("m", "payment_type").agg(N, pl.sum("amount"), pl.mean("tip").alias("avg_tip"), (pl.sum("tip") / pl.sum("fare")).alias("share"))
    return g.select(YELLOW, UNPACKED, "payment_type", "n", "amount", "avg_tip", "share").sort("month_start", "payment_type", nulls_last=True)


def journeys(files):
    g = trips(files, MONTH, PU, DO, US).group_by("m", "pu", "do").agg(N, disc("us", 0.5) / 1e6).filter(pl.col("n") >= 10)
    return g.select(YELLOW, UNPACKED, "pu", "do", "n", "us").sort("month_start", "pu", "do", nulls_last=True)


def waits(files):
    g = trips(files, MONTH, PU, US).group_by("m", "pu").agg(pl.count("us").cast(pl.Int64).alias("n"), *((disc("us", q) / 6e7).alias(f"p{q}") for q in (0.5, 0.9, 0.99)))
    return g.select(YELLOW, UNPACKED, "pu", "n", "p0.5", "p0.9", "p0.99").sort("month_start", "pu", nulls_last=True)


def prices(files):
    t = trips(files, PICKUP.dt.year().alias("y"), FARE, AMOUNT, where=(pl.col("fare_amount") > 0) & pl.col("total_amount").is_not_null())
    return t.group_by("y").agg(
        pl.median("fare"), pl.col("amount").quantile(0.05, "linear").alias("p05"), pl.col("amount").quantile(0.95, "linear").alias("p95"),
        pl.min("amount").alias("a"), pl.max("amount").alias("b"), pl.n_unique("amount").cast(pl.Int64).alias("n")).select(YELLOW, pl.all()).sort("y")


def to_airports(files):
    zones = pl.read_csv(ZONES, null_values=[], infer_schema=False).select(pl.col("LocationID").cast(pl.Int32).alias("pu"), "Borough", "Zone")
    airports = zones.filter(pl.col("Zone").str.contains("(?i)airport"))["pu"].to_list()
    boroughs = zones.filter(~pl.col("Borough").is_in(["Unknown", "N/A"])).select("pu", "Borough")
    t = trips(files, MONTH, PU, US, PICKUP.dt.hour().is_between(6, 9).alias("morning"), where=pl.col("DOLocationID").is_in(airports))
    g = t.group_by("m", "pu").agg(N, pl.sum("us"), pl.count("us").alias("timed"), pl.sum("morning")).join(boroughs.lazy(), on="pu").group_by("m", "Borough").agg(
        pl.sum("n"), pl.sum("us") / pl.sum("timed") / 6e7, pl.sum("morning").cast(pl.Int64))
    return g.select(YELLOW, UNPACKED, "Borough", "n", "us", "morning").sort("month_start", "Borough")


def speeds(files):
    fast = MICROS.is_between(120_000_000, 7_200_000_000) & pl.col("trip_distance").is_between(0.1, 100)
    d = (MILES >= 1).cast(pl.Int8) + (MILES >= 3).cast(pl.Int8) + (MILES >= 10).cast(pl.Int8)
    g = trips(files, d.alias("d"), (PICKUP.dt.weekday() >= 6).alias("weekend"), MILES, US, where=fast).group_by("d", "weekend").agg(
        (pl.sum("miles") / (pl.sum("us") / 36e8)).alias("mph"), N)
    names = pl.col("d").replace_strict({0: "under 1", 1: "1 to 3", 2: "3 to 10", 3: "10 and more"}, return_dtype=pl.String).alias("miles")
    return g.select(names, pl.when("weekend").then(pl.lit("weekend")).otherwise(pl.lit("weekday")).alias("day_"), "mph", "n").sort("miles", "day_")


def days(files):
    t = trips(files, PICKUP.dt.date().alias("d"), PU, DO, AMOUNT)
    return t.group_by("d").agg(N, pl.sum("amount").alias("revenue"), pl.n_unique("pu").cast(pl.Int64).alias("zones"), pl.max("amount").alias("dearest"),
                               pl.col("do").get(pl.col("amount").arg_max()).alias("dearest_to")).select(YELLOW, pl.all()).sort("d")


def shares(files):
    g = trips(files, MONTH, PU).group_by("m", "pu").agg(N).collect(engine="streaming").lazy()
    g = g.with_columns((pl.col("n") / pl.sum("n").over("m")).alias("share"), pl.col("n").rank("min", descending=True).over("m").cast(pl.Int64).alias("place"))
    return g.select(UNPACKED, "pu", "n", "share", "place").sort("month_start", "place", "pu").head(100)


def totals(files):
    speed = pl.when(DROPOFF > PICKUP).then(pl.col("trip_distance") / (MICROS / 36e8)).alias("mph")
    return trips(files, pl.col("passenger_count").cast(pl.Float64).alias("p"), speed, PICKUP.alias("at")).select(
        N, pl.count("p").cast(pl.Int64).alias("with"), pl.sum("p"), pl.mean("mph"), pl.min("at").alias("first"), pl.max("at").alias("last"))


QUESTIONS = {f.__name__: f for f in (hours, paying, journeys, waits, prices, to_airports, speeds, days, shares, totals)}


def main():
    rows = "--rows" in sys.argv
    question, _, *files = (a for a in sys.argv[1:] if a != "--rows")
    wall, cpu = time.monotonic(), time.process_time()
    found = QUESTIONS[question](files).collect(engine="streaming")
    print(time.monotonic() - wall, time.process_time() - cpu, flush=True)
    if rows:
        print(json.dumps(found.rows(), default=str))
    sys.stdout.flush()
    os._exit(0)  # what Polars takes to unload is not the question's


if __name__ == "__main__":
    main()
