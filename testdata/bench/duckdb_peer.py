"""The same job in DuckDB, in one scan of the files.

    duckdb_peer.py FORM OUT FILE...     writes both tables and prints the seconds it took, without the import of DuckDB
    duckdb_peer.py agree OURS THEIRS    exits non-zero unless both outputs hold the same rows
"""

import os
import sys
import time

import duckdb

THREADS = 2

# How the sums are made. What reads best, and the fastest of those tried: the sums of a trip are added up once and not
# three times, at the price of some hundred thousand groups; a month that is a small number is a cheaper key than a time.
FORMS = {
    "grouping-sets": """
        CREATE TEMP TABLE monthly AS
        SELECT CAST(date_trunc('month', tpep_pickup_datetime) AS DATE) AS month_start, PULocationID, DOLocationID,
               grouping(PULocationID, DOLocationID) AS level, count(*) AS trips,
               avg(passenger_count) AS avg_passengers, avg(trip_distance) AS avg_trip_distance_miles,
               avg(date_diff('us', tpep_pickup_datetime, tpep_dropoff_datetime)) / 60e6 AS avg_trip_duration_minutes,
               avg(total_amount) AS avg_amount, avg(tip_amount) AS avg_tip
        FROM trips GROUP BY GROUPING SETS ((month_start), (month_start, PULocationID), (month_start, DOLocationID));

        CREATE TEMP VIEW months AS SELECT * FROM monthly WHERE level = 3;
        CREATE TEMP VIEW zones AS
        SELECT month_start, if(level = 1, PULocationID, DOLocationID) AS zone,
               if(level = 1, trips, 0) AS pickups, if(level = 2, trips, 0) AS dropoffs
        FROM monthly WHERE level <> 3;
        """,
    "one-group-by": """
        CREATE TEMP TABLE pairs AS
        SELECT CAST(year(tpep_pickup_datetime) * 12 + month(tpep_pickup_datetime) - 1 AS SMALLINT) AS month,
               CAST(PULocationID AS SMALLINT) AS zone_from, CAST(DOLocationID AS SMALLINT) AS zone_to, count(*) AS trips,
               sum(passenger_count) AS passengers, count(passenger_count) AS with_passengers,
               sum(trip_distance) AS miles, count(trip_distance) AS with_miles,
               sum(date_diff('us', tpep_pickup_datetime, tpep_dropoff_datetime)) AS us, count(tpep_dropoff_datetime) AS with_us,
               sum(total_amount) AS amount, count(total_amount) AS with_amount, sum(tip_amount) AS tip, count(tip_amount) AS with_tip
        FROM trips GROUP BY ALL;

        CREATE TEMP VIEW months AS
        SELECT make_date(CAST(month AS INTEGER) // 12, month % 12 + 1, 1) AS month_start, CAST(sum(trips) AS BIGINT) AS trips,
               sum(passengers) / sum(with_passengers) AS avg_passengers, sum(miles) / sum(with_miles) AS avg_trip_distance_miles,
               sum(us) / sum(with_us) / 60e6 AS avg_trip_duration_minutes,
               sum(amount) / sum(with_amount) AS avg_amount, sum(tip) / sum(with_tip) AS avg_tip
        FROM pairs GROUP BY month;
        CREATE TEMP VIEW zones AS
        SELECT make_date(CAST(month AS INTEGER) // 12, month % 12 + 1, 1) AS month_start, zone, pickups, dropoffs
        FROM (SELECT month, zone_from AS zone, trips AS pickups, 0 AS dropoffs FROM pairs
              UNION ALL SELECT month, zone_to, 0, trips FROM pairs);
        """,
}

TABLES = {
    "trip_stats": """
        SELECT 'yellow' AS taxi, CAST(year(month_start) AS INTEGER) AS year, month_start, trips AS trip_count,
               avg_passengers, avg_trip_distance_miles, avg_trip_duration_minutes, avg_amount, avg_tip
        FROM months ORDER BY month_start""",
    "location_stats": """
        SELECT 'yellow' AS taxi, CAST(year(month_start) AS INTEGER) AS year, month_start, CAST(zone AS INTEGER) AS location_id,
               CAST(sum(pickups) AS BIGINT) AS pickups, CAST(sum(dropoffs) AS BIGINT) AS dropoffs
        FROM zones GROUP BY ALL ORDER BY month_start, location_id""",
}


def job(form, out, files):
    duckdb.execute(f"SET threads = {THREADS}")
    names = ", ".join("'" + f.replace("'", "''") + "'" for f in files)
    # By name: what some months call passenger_count, BIGINT, is DOUBLE in others.
    duckdb.execute(f"CREATE TEMP VIEW trips AS SELECT * FROM read_parquet([{names}], union_by_name = true)")
    duckdb.execute(FORMS[form])
    for table, sql in TABLES.items():
        os.makedirs(os.path.join(out, table), exist_ok=True)
        duckdb.execute(f"COPY ({sql}) TO '{out}/{table}/{table}.parquet' (FORMAT parquet, COMPRESSION zstd)")


def agree(ours, theirs):
    for table in TABLES:
        a, b = (duckdb.execute(f"SELECT * FROM '{out}/{table}/{table}.parquet'").fetchall() for out in (ours, theirs))
        if len(a) != len(b) or not all(map(same_row, a, b)):
            sys.exit(f"bench: {table} differs between {ours} and {theirs}")


def same_row(a, b):
    # An average close to zero is compared as if it were a thousandth: charges and refunds cancel.
    return len(a) == len(b) and all(
        x == y or isinstance(x, float) and isinstance(y, float) and abs(x - y) <= 1e-9 * max(abs(x), abs(y), 1e-3)
        for x, y in zip(a, b))


def main():
    what, *rest = sys.argv[1:]
    if what == "agree":
        agree(*rest)
        return
    start = time.monotonic()
    job(what, rest[0], rest[1:])
    print(time.monotonic() - start)


if __name__ == "__main__":
    main()
