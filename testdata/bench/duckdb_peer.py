"""The same job in DuckDB, in one scan of each file. See peer.py for its arguments."""

import concurrent.futures

import duckdb

import peer

# Two forms of the job: what is selected of the trips, and how the two views for the tables are made of it. GROUPING_SETS is the
# form that reads best. ONE_GROUP_BY is faster: each trip is added up once and not three times, although there are many more
# groups, and a month as a small number is a cheaper key than a time. Month by month it is faster again, because the groups of
# one month fit in the cache.
GROUPING_SETS = ("""
    SELECT CAST(date_trunc('month', pickup) AS DATE) AS month_start, PULocationID, DOLocationID,
           grouping(PULocationID, DOLocationID) AS level, count(*) AS trips,
           avg(passenger_count) AS avg_passengers, avg(trip_distance) AS avg_trip_distance_miles,
           avg(date_diff('us', pickup, dropoff)) / 60e6 AS avg_trip_duration_minutes,
           avg(total_amount) AS avg_amount, avg(tip_amount) AS avg_tip
    FROM {trips} GROUP BY GROUPING SETS ((month_start), (month_start, PULocationID), (month_start, DOLocationID))""", """
    CREATE TEMP VIEW months AS SELECT * FROM groups WHERE level = 3;
    CREATE TEMP VIEW zones AS
    SELECT month_start, if(level = 1, PULocationID, DOLocationID) AS zone,
           if(level = 1, trips, 0) AS pickups, if(level = 2, trips, 0) AS dropoffs
    FROM groups WHERE level <> 3""")
ONE_GROUP_BY = ("""
    SELECT CAST(year(pickup) * 12 + month(pickup) - 1 AS SMALLINT) AS month,
           CAST(PULocationID AS SMALLINT) AS zone_from, CAST(DOLocationID AS SMALLINT) AS zone_to, count(*) AS trips,
           sum(passenger_count) AS passengers, count(passenger_count) AS with_passengers,
           sum(trip_distance) AS miles, count(trip_distance) AS with_miles,
           sum(epoch_us(dropoff) - epoch_us(pickup)) AS us, count(dropoff) AS with_us,
           sum(total_amount) AS amount, count(total_amount) AS with_amount, sum(tip_amount) AS tip, count(tip_amount) AS with_tip
    FROM {trips} GROUP BY ALL""", """
    CREATE TEMP VIEW months AS
    SELECT make_date(CAST(month AS INTEGER) // 12, month % 12 + 1, 1) AS month_start, CAST(sum(trips) AS BIGINT) AS trips,
           sum(passengers) / sum(with_passengers) AS avg_passengers, sum(miles) / sum(with_miles) AS avg_trip_distance_miles,
           sum(us) / sum(with_us) / 60e6 AS avg_trip_duration_minutes,
           sum(amount) / sum(with_amount) AS avg_amount, sum(tip) / sum(with_tip) AS avg_tip
    FROM groups GROUP BY month;
    CREATE TEMP VIEW zones AS
    SELECT make_date(CAST(month AS INTEGER) // 12, month % 12 + 1, 1) AS month_start, zone, pickups, dropoffs
    FROM (SELECT month, zone_from AS zone, trips AS pickups, 0 AS dropoffs FROM groups
          UNION ALL SELECT month, zone_to, 0, trips FROM groups)""")

TABLES = {
    "trip_stats": """
        SELECT '{taxi}' AS taxi, CAST(year(month_start) AS INTEGER) AS year, month_start, trips AS trip_count,
               avg_passengers, avg_trip_distance_miles, avg_trip_duration_minutes, avg_amount, avg_tip
        FROM months ORDER BY month_start""",
    "location_stats": """
        SELECT '{taxi}' AS taxi, CAST(year(month_start) AS INTEGER) AS year, month_start, CAST(zone AS INTEGER) AS location_id,
               CAST(sum(pickups) AS BIGINT) AS pickups, CAST(sum(dropoffs) AS BIGINT) AS dropoffs
        FROM zones GROUP BY ALL ORDER BY month_start, location_id""",
}


def trips(files):
    """Returns the text of a query of all columns of files. What some months call passenger_count, BIGINT, is DOUBLE in others."""
    names = ", ".join("'" + f.replace("'", "''") + "'" for f in files)
    pickup, dropoff = peer.times(files)
    more = ""
    if peer.taxi(files) == "fhvhv":
        has = {row[0] for row in duckdb.cursor().execute(f"DESCRIBE SELECT * FROM read_parquet([{names}], union_by_name = true)").fetchall()}
        paid = [f"CAST({c} AS DOUBLE)" for c in peer.PAID if c in has]
        more = f"""
            , CAST(NULL AS DOUBLE) AS passenger_count, trip_miles AS trip_distance, tips AS tip_amount,
            CASE WHEN coalesce({", ".join(paid)}) IS NOT NULL THEN {" + ".join(f"coalesce({c}, 0)" for c in paid)} END AS total_amount"""
    source = f"read_parquet([{names}], union_by_name = true)"
    if peer.is_text(files):
        types = peer.TYPES | dict.fromkeys((pickup, dropoff), "TIMESTAMP")
        columns = {name: types.get(name, "VARCHAR") for name in peer.names(files[0])}
        source = f"""read_csv([{names}], columns = {columns}, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"')"""
    return f"(SELECT *, {pickup} AS pickup, {dropoff} AS dropoff{more} FROM {source}) AS trips"


def all_at_once(select, threads, files):
    duckdb.execute(f"CREATE TABLE groups AS {select.format(trips=trips(files))}")


def month_by_month(select, threads, files):
    """Works on as many months at a time as there are threads: DuckDB reads a row group in one thread, and a file has one."""
    duckdb.execute(f"CREATE TABLE groups AS {select.format(trips=trips(files[:1]))} LIMIT 0")

    def add(file):
        with duckdb.cursor() as cursor:
            cursor.execute(f"INSERT INTO groups {select.format(trips=trips([file]))}")

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        list(pool.map(add, files))


def job(group, form):
    select, views = form

    def run(threads, out, files):
        duckdb.execute(f"SET threads = {threads}")
        group(select, threads, files)
        duckdb.execute(views)
        for table, sql in TABLES.items():
            duckdb.execute(f"COPY ({sql.format(taxi=peer.taxi(files))}) TO '{peer.table_path(out, table)}' (FORMAT parquet, COMPRESSION zstd)")

    return run


FORMS = {
    "grouping-sets": job(all_at_once, GROUPING_SETS),
    "one-group-by": job(all_at_once, ONE_GROUP_BY),
    "month-by-month": job(month_by_month, ONE_GROUP_BY),
}

if __name__ == "__main__":
    peer.run(FORMS)
