"""The questions of questions.sql in DuckDB, straight over the parquet files of yellow taxis: duckdb_questions.py QUESTION FORM THREADS FILE...

FORMS has the formulations that were tried of each question, FASTEST the one that is timed. Numbers are doubles as the files have them, zones
are joined only where a name is asked for, the taxi is a constant. "plain" is the question as a user writes it. "packed" groups by
small numbers in place of dates and makes dates of the groups. "months" groups each file by itself, as many at a time as there are threads, since DuckDB reads a
row group in one and files have one each; it is possible where the groups of files can be added. "counted" counts equal values first and finds the quantiles in the counts. Prints the wall and CPU seconds of the
question, without the start of Python and the import of DuckDB, then with --rows the rows as JSON.
"""

import concurrent.futures
import json
import os
import sys
import time

import duckdb

ZONES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "transforms", "newyork", "taxi_zone_lookup.csv")

PICKUP, DROPOFF = "tpep_pickup_datetime", "tpep_dropoff_datetime"
MONTH = f"CAST(date_trunc('month', {PICKUP}) AS DATE)"
PACKED = f"CAST(year({PICKUP}) * 12 + month({PICKUP}) - 1 AS SMALLINT)"
UNPACKED = "make_date(CAST(m AS INTEGER) // 12, m % 12 + 1, 1)"
MICROS = f"(epoch_us({DROPOFF}) - epoch_us({PICKUP}))"
PU, DO = "CAST(PULocationID AS SMALLINT)", "CAST(DOLocationID AS SMALLINT)"


def once(sql):
    """The formulation is one query over all files."""
    return lambda files, _: duckdb.execute(sql.format(trips=reading(files))).fetchall()


def by_file(each, all_):
    """The formulation is a query over each file, and one over the groups of all of them, in the table g."""

    def run(files, threads):
        duckdb.execute(f"CREATE TABLE g AS {each.format(trips=reading(files[:1]))} LIMIT 0")

        def add(file):
            with duckdb.cursor() as cursor:
                cursor.execute(f"INSERT INTO g {each.format(trips=reading([file]))}")

        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            list(pool.map(add, files))
        return duckdb.execute(all_).fetchall()

    return run


def reading(files):
    return "read_parquet([" + ", ".join("'" + f.replace("'", "''") + "'" for f in files) + "], union_by_name = true)"


SPEED = f"CASE WHEN {DROPOFF} > {PICKUP} THEN trip_distance / ({MICROS} / 36e8) END"
ZONE_TABLE = f"read_csv('{ZONES}', all_varchar = true, nullstr = '\\N')"
AIRPORTS = f"(SELECT CAST(LocationID AS SMALLINT) FROM {ZONE_TABLE} WHERE Zone ILIKE '%airport%')"
BOROUGHS = f"(SELECT CAST(LocationID AS SMALLINT) AS id, Borough AS borough FROM {ZONE_TABLE} WHERE Borough NOT IN ('Unknown', 'N/A'))"
MILES = "CASE WHEN trip_distance < 1 THEN {} WHEN trip_distance < 3 THEN {} WHEN trip_distance < 10 THEN {} ELSE {} END"
NAMED = MILES.format("'under 1'", "'1 to 3'", "'3 to 10'", "'10 and more'")
NUMBERED = MILES.format(0, 1, 2, 3)
FAST = f"{MICROS} BETWEEN 120000000 AND 7200000000 AND trip_distance BETWEEN 0.1 AND 100"
DAY = f"CAST(epoch_us({PICKUP}) // 86400000000 AS INTEGER)"

HOURS = f"""SELECT {PACKED} AS m, CAST(isodow({PICKUP}) * 24 + hour({PICKUP}) AS SMALLINT) AS h, count(*) AS n,
    sum({MICROS}) AS us, count({DROPOFF}) AS timed, sum(total_amount) AS amount, count(total_amount) AS with_amount FROM {{trips}} GROUP BY ALL"""
PAYING = f"""SELECT {PACKED} AS m, CAST(payment_type AS TINYINT) AS payment_type, count(*) AS n, sum(total_amount) AS amount, sum(tip_amount) AS tip, count(tip_amount) AS with_tip,
    sum(fare_amount) AS fare FROM {{trips}} GROUP BY ALL"""
AIRPORT = f"""SELECT {PACKED} AS m, {PU} AS pu, count(*) AS n, sum({MICROS}) AS us, count({DROPOFF}) AS timed,
    count(*) FILTER (WHERE hour({PICKUP}) BETWEEN 6 AND 9) AS morning FROM {{trips}} WHERE DOLocationID IN (1, 132, 138) GROUP BY ALL"""
SPEEDS = f"""SELECT CAST({NUMBERED} AS TINYINT) AS d, isodow({PICKUP}) >= 6 AS weekend, sum(trip_distance) AS miles, sum({MICROS}) AS us, count(*) AS n
    FROM {{trips}} WHERE {FAST} GROUP BY ALL"""
DAYS = f"""SELECT {DAY} AS d, {PU} AS pu, count(*) AS n, sum(total_amount) AS revenue, max(total_amount) AS dearest,
    arg_max(DOLocationID, total_amount) AS dearest_to FROM {{trips}} GROUP BY ALL"""
SHARES = f"SELECT {PACKED} AS m, {PU} AS pu, count(*) AS n FROM {{trips}} GROUP BY ALL"
TOTALS = f"""SELECT count(*) AS n, count(passenger_count) AS with_passengers, sum(passenger_count) AS passengers, sum({SPEED}) AS mph,
    count({SPEED}) AS moving, min({PICKUP}) AS first_pickup, max({PICKUP}) AS last_pickup FROM {{trips}}"""

PRICES = f"""SELECT CAST(year({PICKUP}) AS SMALLINT) AS y, fare_amount AS f, total_amount AS t, count(*) AS n FROM {{trips}}
    WHERE fare_amount > 0 AND total_amount IS NOT NULL GROUP BY ALL"""
OF_COUNTS = """t AS (SELECT y, t, n, sum(n) OVER (PARTITION BY y ORDER BY t) AS upto, sum(n) OVER (PARTITION BY y) AS total FROM (SELECT y, t, sum(n) AS n FROM c GROUP BY ALL)),
        f AS (SELECT y, f, n, sum(n) OVER (PARTITION BY y ORDER BY f) AS upto, sum(n) OVER (PARTITION BY y) AS total FROM (SELECT y, f, sum(n) AS n FROM c GROUP BY ALL)),
        p AS (SELECT y, min(t) FILTER (WHERE upto > floor((total - 1) * 0.05)) AS a, min(t) FILTER (WHERE upto > ceil((total - 1) * 0.05)) AS b, any_value((total - 1) * 0.05) AS at5,
                     min(t) FILTER (WHERE upto > floor((total - 1) * 0.95)) AS c, min(t) FILTER (WHERE upto > ceil((total - 1) * 0.95)) AS d, any_value((total - 1) * 0.95) AS at95,
                     min(t) AS lowest, max(t) AS highest, count(*) AS amounts FROM t GROUP BY y),
        m AS (SELECT y, (min(f) FILTER (WHERE upto > (total - 1) // 2) + min(f) FILTER (WHERE upto > total // 2)) / 2 AS fare FROM f GROUP BY y)
        SELECT 'yellow', y, fare, a + (b - a) * (at5 - floor(at5)), c + (d - c) * (at95 - floor(at95)), lowest, highest, amounts FROM p JOIN m USING (y) ORDER BY ALL"""

ADDED = {  # what is made of groups g, which several files can have
    "hours": f"""SELECT 'yellow', {UNPACKED} AS month_start, h // 24, h % 24, CAST(sum(n) AS BIGINT), sum(us) / sum(timed) / 6e7, sum(amount) / sum(with_amount)
        FROM {{g}} GROUP BY m, h ORDER BY ALL""",
    "paying": f"""SELECT 'yellow', {UNPACKED} AS month_start, payment_type, CAST(sum(n) AS BIGINT), sum(amount), sum(tip) / sum(with_tip), sum(tip) / sum(fare)
        FROM {{g}} GROUP BY m, payment_type ORDER BY ALL""",
    "to_airports": f"""SELECT 'yellow', {UNPACKED} AS month_start, borough, CAST(sum(n) AS BIGINT), sum(us) / sum(timed) / 6e7, CAST(sum(morning) AS BIGINT)
        FROM {{g}} JOIN {BOROUGHS} ON id = pu GROUP BY m, borough ORDER BY ALL""",
    "speeds": """SELECT CASE d WHEN 0 THEN 'under 1' WHEN 1 THEN '1 to 3' WHEN 2 THEN '3 to 10' ELSE '10 and more' END AS miles,
        CASE WHEN weekend THEN 'weekend' ELSE 'weekday' END AS day_, sum(miles) / (sum(us) / 36e8), CAST(sum(n) AS BIGINT) FROM {g} GROUP BY d, weekend ORDER BY ALL""",
    "days": """SELECT 'yellow', DATE '1970-01-01' + d, CAST(sum(n) AS BIGINT), sum(revenue), count(DISTINCT pu), max(dearest), arg_max(dearest_to, dearest)
        FROM {g} GROUP BY d ORDER BY d""",
    "shares": f"""SELECT {UNPACKED} AS month_start, pu, n, n / sum(n) OVER (PARTITION BY m), rank() OVER (PARTITION BY m ORDER BY n DESC) AS place
        FROM (SELECT m, pu, CAST(sum(n) AS BIGINT) AS n FROM {{g}} GROUP BY ALL) ORDER BY month_start, place, pu LIMIT 100""",
    "totals": """SELECT CAST(sum(n) AS BIGINT), CAST(sum(with_passengers) AS BIGINT), sum(passengers), sum(mph) / sum(moving), min(first_pickup), max(last_pickup) FROM {g}""",
}
PARTS = {"hours": HOURS, "paying": PAYING, "to_airports": AIRPORT, "speeds": SPEEDS, "days": DAYS, "shares": SHARES, "totals": TOTALS}


def parts(question):
    return {
        "packed": once(ADDED[question].format(g=f"({PARTS[question]}) AS g")),
        "months": by_file(PARTS[question], ADDED[question].format(g="g")),
    }


FORMS = {
    "hours": {
        "plain": once(f"""SELECT 'yellow', {MONTH} AS month_start, isodow({PICKUP}) AS weekday, hour({PICKUP}) AS h, count(*), avg({MICROS}) / 6e7, avg(total_amount)
            FROM {{trips}} GROUP BY month_start, weekday, h ORDER BY ALL"""),
    } | parts("hours"),
    "paying": {
        "plain": once(f"""SELECT 'yellow', {MONTH} AS month_start, payment_type, count(*), sum(total_amount), avg(tip_amount), sum(tip_amount) / sum(fare_amount)
            FROM {{trips}} GROUP BY month_start, payment_type ORDER BY ALL"""),
    } | parts("paying"),
    "journeys": {
        "plain": once(f"""SELECT 'yellow', {MONTH} AS month_start, PULocationID, DOLocationID, count(*), quantile_disc({MICROS} / 1e6, 0.5)
            FROM {{trips}} GROUP BY month_start, PULocationID, DOLocationID HAVING count(*) >= 10 ORDER BY ALL"""),
        "packed": once(f"""SELECT 'yellow', {UNPACKED}, pu, d, n, us / 1e6 FROM (
            SELECT {PACKED} AS m, {PU} AS pu, {DO} AS d, count(*) AS n, quantile_disc({MICROS}, 0.5) AS us
            FROM {{trips}} GROUP BY ALL HAVING count(*) >= 10) ORDER BY ALL"""),
        "counted": once(f"""WITH c AS (SELECT {PACKED} AS m, {PU} AS pu, {DO} AS d, CAST({MICROS} // 1000000 AS INTEGER) AS s, count(*) AS n FROM {{trips}} GROUP BY ALL),
            w AS (SELECT m, pu, d, s, n, sum(n) OVER (PARTITION BY m, pu, d ORDER BY s) AS upto, sum(n) OVER (PARTITION BY m, pu, d) AS total FROM c)
            SELECT 'yellow', {UNPACKED}, pu, d, CAST(any_value(total) AS BIGINT) AS n, CAST(min(s) FILTER (WHERE upto * 2 >= total) AS DOUBLE)
            FROM w GROUP BY m, pu, d HAVING n >= 10 ORDER BY ALL"""),
    },
    "waits": {
        "plain": once(f"""SELECT 'yellow', {MONTH} AS month_start, PULocationID, count({DROPOFF}), quantile_disc({MICROS} / 6e7, 0.5),
            quantile_disc({MICROS} / 6e7, 0.9), quantile_disc({MICROS} / 6e7, 0.99) FROM {{trips}} GROUP BY month_start, PULocationID ORDER BY ALL"""),
        "packed": once(f"""SELECT 'yellow', {UNPACKED}, pu, n, q[1] / 6e7, q[2] / 6e7, q[3] / 6e7 FROM (
            SELECT {PACKED} AS m, {PU} AS pu, count({DROPOFF}) AS n, quantile_disc({MICROS}, [0.5, 0.9, 0.99]) AS q FROM {{trips}} GROUP BY ALL) ORDER BY ALL"""),
        "counted": once(f"""WITH c AS (SELECT {PACKED} AS m, {PU} AS pu, {MICROS} AS us, count(*) AS n FROM {{trips}} GROUP BY ALL),
            w AS (SELECT m, pu, us, n, sum(n) OVER (PARTITION BY m, pu ORDER BY us) AS upto, sum(n) OVER (PARTITION BY m, pu) AS total FROM c)
            SELECT 'yellow', {UNPACKED}, pu, CAST(any_value(total) AS BIGINT), min(us) FILTER (WHERE upto >= ceil(total * 0.5)) / 6e7,
                   min(us) FILTER (WHERE upto >= ceil(total * 0.9)) / 6e7, min(us) FILTER (WHERE upto >= ceil(total * 0.99)) / 6e7 FROM w GROUP BY m, pu ORDER BY ALL"""),
    },
    "prices": {
        "plain": once(f"""SELECT 'yellow', year({PICKUP}) AS y, median(fare_amount), quantile_cont(total_amount, 0.05), quantile_cont(total_amount, 0.95), min(total_amount), max(total_amount),
            count(DISTINCT total_amount) FROM {{trips}} WHERE fare_amount > 0 AND total_amount IS NOT NULL GROUP BY y ORDER BY ALL"""),
        "packed": once(f"""SELECT 'yellow', y, f, q[1], q[2], a, b, n FROM (
            SELECT CAST(year({PICKUP}) AS SMALLINT) AS y, median(fare_amount) AS f, quantile_cont(total_amount, [0.05, 0.95]) AS q, min(total_amount) AS a, max(total_amount) AS b,
            count(DISTINCT total_amount) AS n FROM {{trips}} WHERE fare_amount > 0 AND total_amount IS NOT NULL GROUP BY y) ORDER BY ALL"""),
        "counted": once(f"WITH c AS MATERIALIZED ({PRICES}), {OF_COUNTS}"),
        "months": by_file(PRICES, f"WITH c AS (SELECT y, f, t, sum(n) AS n FROM g GROUP BY ALL), {OF_COUNTS}"),
    },
    "to_airports": {
        "plain": once(f"""SELECT 'yellow', {MONTH} AS month_start, borough, count(*), avg({MICROS}) / 6e7, count(*) FILTER (WHERE hour({PICKUP}) BETWEEN 6 AND 9)
            FROM {{trips}} JOIN {BOROUGHS} ON id = PULocationID WHERE DOLocationID IN {AIRPORTS} GROUP BY month_start, borough ORDER BY ALL"""),
    } | parts("to_airports"),
    "speeds": {
        "plain": once(f"""SELECT {NAMED} AS miles, CASE WHEN isodow({PICKUP}) IN (6, 7) THEN 'weekend' ELSE 'weekday' END AS day_,
            sum(trip_distance) / (sum({MICROS}) / 36e8), count(*) FROM {{trips}} WHERE {FAST} GROUP BY miles, day_ ORDER BY ALL"""),
    } | parts("speeds"),
    "days": {
        "plain": once(f"""SELECT 'yellow', CAST({PICKUP} AS DATE) AS d, count(*), sum(total_amount), count(DISTINCT PULocationID), max(total_amount), arg_max(DOLocationID, total_amount)
            FROM {{trips}} GROUP BY d ORDER BY d"""),
    } | parts("days"),
    "shares": {
        "plain": once(f"""SELECT {MONTH} AS month_start, PULocationID, count(*), count(*) / sum(count(*)) OVER (PARTITION BY month_start),
            rank() OVER (PARTITION BY month_start ORDER BY count(*) DESC) AS place FROM {{trips}} GROUP BY month_start, PULocationID
            ORDER BY month_start, place, PULocationID LIMIT 100"""),
    } | parts("shares"),
    "totals": {
        "plain": once(f"SELECT count(*), count(passenger_count), sum(passenger_count), avg({SPEED}), min({PICKUP}), max({PICKUP}) FROM {{trips}}"),
    } | parts("totals"),
}

# The fastest formulation of each question, on 24 months with two threads.
FASTEST = dict.fromkeys(["hours", "paying", "to_airports", "speeds", "days", "shares", "totals"], "months") | {"journeys": "packed", "waits": "packed", "prices": "months"}


def main():
    rows = "--rows" in sys.argv
    question, form, threads, *files = (a for a in sys.argv[1:] if a != "--rows")
    duckdb.execute(f"SET threads = {threads}")
    wall, cpu = time.monotonic(), time.process_time()
    found = FORMS[question][FASTEST[question] if form == "fastest" else form](files, int(threads))
    print(time.monotonic() - wall, time.process_time() - cpu, flush=True)
    if rows:
        print(json.dumps(found, default=str))
    sys.stdout.flush()
    os._exit(0)  # what DuckDB takes to unload is not the question's


if __name__ == "__main__":
    main()
