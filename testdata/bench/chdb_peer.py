"""The same job in chdb, which is ClickHouse in a library. See peer.py for its arguments.

One query groups all trips, by month and both zones packed in one number. A key of three columns and grouping sets both need
more CPU time. Month by month only one core would work, because a file has one row group.
"""

import os

from chdb import session

import peer

STRUCTURE = "{pickup} Nullable(DateTime64(6)), {dropoff} Nullable(DateTime64(6)), PULocationID Nullable(Int32), DOLocationID Nullable(Int32), " + ", ".join(
    f"{c} Nullable(Float64)" for c in ("passenger_count", "trip_distance", "total_amount", "tip_amount"))

# The key: the month as 202305, 0 for none; then 16 bits for each zone, 65535 for none.
GROUPS = """
    CREATE TABLE groups ENGINE = Memory AS
    SELECT intDiv(key, 4294967296) AS month, nullIf(toInt32(bitAnd(intDiv(key, 65536), 65535)), 65535) AS zone_from,
           nullIf(toInt32(bitAnd(key, 65535)), 65535) AS zone_to, sums.* EXCEPT key
    FROM (
        SELECT toUInt64(if(isNull({pickup}), 0, toYYYYMM(assumeNotNull({pickup})))) * 4294967296
                   + ifNull(PULocationID, 65535) * 65536 + ifNull(DOLocationID, 65535) AS key,
               count() AS trips, sum(passenger_count) AS passengers, count(passenger_count) AS with_passengers,
               sum(trip_distance) AS miles, count(trip_distance) AS with_miles,
               sum(reinterpretAsInt64({dropoff}) - reinterpretAsInt64({pickup})) AS us, count({dropoff}) AS with_us,
               sum(total_amount) AS amount, count(total_amount) AS with_amount, sum(tip_amount) AS tip, count(tip_amount) AS with_tip
        FROM {trips} GROUP BY key) AS sums"""

MONTH = "if(month = 0, NULL, toInt32(intDiv(month, 100))) AS year, if(month = 0, NULL, toDate32(YYYYMMDDToDate32(month * 100 + 1))) AS month_start"

TABLES = {
    "trip_stats": f"""
        SELECT '{{taxi}}' AS taxi, {MONTH}, toInt64(sum(trips)) AS trip_count, sum(passengers) / sum(with_passengers) AS avg_passengers,
               sum(miles) / sum(with_miles) AS avg_trip_distance_miles, sum(us) / sum(with_us) / 60e6 AS avg_trip_duration_minutes,
               sum(amount) / sum(with_amount) AS avg_amount, sum(tip) / sum(with_tip) AS avg_tip
        FROM groups GROUP BY month ORDER BY month_start""",
    "location_stats": f"""
        SELECT '{{taxi}}' AS taxi, {MONTH}, location_id, toInt64(sum(p)) AS pickups, toInt64(sum(d)) AS dropoffs
        FROM (SELECT month, zone_from AS location_id, trips AS p, 0 AS d FROM groups
              UNION ALL SELECT month, zone_to, 0, trips FROM groups)
        GROUP BY month, location_id ORDER BY month_start, location_id""",
}


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def job(threads, out, files):
    db = session.Session()
    db.query(f"SET max_threads = {threads}, session_timezone = 'UTC', engine_file_truncate_on_insert = 1")
    pickup, dropoff = peer.times(files)
    structure = STRUCTURE.format(pickup=pickup, dropoff=dropoff)
    folder = os.path.commonpath([os.path.dirname(f) for f in files])
    names = ",".join(os.path.relpath(f, folder) for f in files)
    trips = f"file({quoted(f'{folder}/{{{names}}}')}, Parquet, {quoted(structure)})"
    db.query(GROUPS.format(pickup=pickup, dropoff=dropoff, trips=trips))
    for table, sql in TABLES.items():
        db.query(f"INSERT INTO FUNCTION file({quoted(peer.table_path(out, table))}, Parquet) {sql.format(taxi=peer.taxi(files))}")


if __name__ == "__main__":
    peer.run({"one-group-by": job})
