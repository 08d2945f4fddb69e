"""The table trips in DuckDB, as declared tables and questions see it, from trip files of any era. Other scripts import it.

raw(paths) makes it of every row as it is. standard(patterns) applies the rules of standard.py. This program uses nothing of tripstats
but TLC's table of zones.
"""

import os

import duckdb
import pyarrow.parquet as pq

import standard as rules
from shared import quoted

ZONES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "transforms", "newyork", "taxi_zone_lookup.csv")

# A column of trips: the names that files have for it, in lower case.
TIMES = {
    "pickup_datetime": "tpep_pickup_datetime lpep_pickup_datetime trip_pickup_datetime pickup_datetime pickup_date",
    "dropoff_datetime": "tpep_dropoff_datetime lpep_dropoff_datetime trip_dropoff_datetime dropoff_datetime",
}
PLACES = {"pickup_location_id": "pulocationid locationid", "dropoff_location_id": "dolocationid"}
NUMBERS = {
    "passenger_count": "passenger_count",
    "trip_distance": "trip_distance trip_miles",
}
MONEY = {
    "fare_amount": "fare_amount fare_amt base_passenger_fare",
    "extra": "extra surcharge",
    "mta_tax": "mta_tax",
    "tip_amount": "tip_amount tip_amt tips",
    "tolls_amount": "tolls_amount tolls_amt tolls",
    "improvement_surcharge": "improvement_surcharge",
    "total_amount": "total_amount total_amt",
    "congestion_surcharge": "congestion_surcharge",
    "airport_fee": "airport_fee",
    "ehail_fee": "ehail_fee",
    "cbd_congestion_fee": "cbd_congestion_fee",
}
CODES = {
    "vendorid": "vendorid vendor_id vendor_name",
    "ratecodeid": "ratecodeid rate_code",
    "payment_type": "payment_type",
    "trip_type": "trip_type",
}
# The taxi by a column that tells it, in this order.
TAXIS = {
    "hvfhs_license_num": "fhvhv", "dispatching_base_num": "fhv", "lpep_pickup_datetime": "green",
    "tpep_pickup_datetime": "yellow", "sr_flag": "fhv", "ehail_fee": "green", **dict.fromkeys(["trip_pickup_datetime", "pickup_datetime"], "yellow"),
}
FLAG = "store_and_fwd_flag store_and_forward"
# The columns that only fhvhv has, in their order after those above. Its total is the sum of PARTS.
HIRED_MONEY = {"black_car_fund": "bcf", "sales_tax": "sales_tax", "driver_pay": "driver_pay", "trip_time": "trip_time"}
HIRED_TIMES = ["request_datetime", "on_scene_datetime"]
LICENCE = "hvfhs_license_num"
HIRED_FLAGS = ["shared_request_flag", "shared_match_flag", "access_a_ride_flag", "wav_request_flag", "wav_match_flag"]
PARTS = ["base_passenger_fare", "tolls", "bcf", "sales_tax", "congestion_surcharge", "airport_fee", "cbd_congestion_fee", "tips"]
TEXTS = {  # the codes of before 2011
    "vendorid": {"CMT": 1, "VTS": 2},
    "payment_type": {
        **dict.fromkeys(["CRD", "Credit", "CREDIT", "Cre"], 1),
        **dict.fromkeys(["CSH", "Cash", "CASH", "Cas"], 2),
        **dict.fromkeys(["NOC", "No Charge", "No "], 3),
        **dict.fromkeys(["DIS", "Dispute", "Dis"], 4),
        "UNK": 5,
    },
    LICENCE: {"HV0002": 2, "HV0003": 3, "HV0004": 4, "HV0005": 5},
}

# The measures that rules look at, as standard.py calls them.
JUDGED = {"passenger_count": "passengers", "trip_distance": "distance", "total_amount": "amount", "tip_amount": "tip"}

WIDEST = 9_000_000_000_000  # larger money is not_a_number, whatever it is of
UNITS = "CAST(CAST({} AS DECIMAL(19,0)) * CAST(0.000001 AS DECIMAL(7,6)) AS DECIMAL(38,6))"  # millionths as what they are of

# What follows from the columns of files. micros is the duration.
DERIVED = """
    CAST(year(pickup_datetime) AS INTEGER) AS year,
    CAST(date_trunc('month', pickup_datetime) AS DATE) AS month_start,
    CAST(pickup_datetime AS DATE) AS pickup_date,
    CAST(hour(pickup_datetime) AS INTEGER) AS pickup_hour,
    CAST(isodow(pickup_datetime) AS INTEGER) AS weekday,
    micros / 6e7 AS trip_duration_minutes,
    micros / 1e6 AS trip_duration_seconds,
    (epoch_us(pickup_datetime) - epoch_us(request_datetime)) / 6e7 AS wait_minutes,
    CASE WHEN micros > 0 THEN CAST(trip_distance AS DOUBLE) / (micros / 36e8) END AS speed_mph,
    p.zone AS pickup_zone, p.borough AS pickup_borough, p.service_zone AS pickup_service_zone,
    d.zone AS dropoff_zone, d.borough AS dropoff_borough, d.service_zone AS dropoff_service_zone,
    coalesce(recorded_total_amount < 0, false) AS is_refund"""


def columns_of(path):
    """Returns SQL for the columns of a file, as trips has them, and the taxi. What the file lacks is NULL."""
    names = {name.lower().strip(): name for name in pq.read_schema(path).names}

    def found(known):
        return next((f'"{names[name]}"' for name in known.split() if name in names), None)

    def cast(known, sql_type):
        return f"TRY_CAST({found(known) or 'NULL'} AS {sql_type})"

    def code(column, known):
        name = found(known)
        if name is None or column not in TEXTS:
            return cast(known, "BIGINT")
        texts = " ".join(f"WHEN {quoted(text)} THEN {number}" for text, number in TEXTS[column].items())
        return f"CASE CAST({name} AS VARCHAR) {texts} ELSE TRY_CAST({name} AS BIGINT) END"

    def flag(known):
        text = f"CAST({found(known) or 'NULL'} AS VARCHAR)"
        return f"CASE WHEN {text} IN ('Y', '1') THEN 'Y' WHEN {text} IN ('N', '0') THEN 'N' END"

    taxi = next(taxi for name, taxi in TAXIS.items() if name in names)
    parts = {column: cast(known, "TIMESTAMP") for column, known in TIMES.items()}
    parts |= {column: cast(known, "INTEGER") for column, known in PLACES.items()}
    parts |= {column: cast(known, "DECIMAL(38,6)") for column, known in NUMBERS.items()}
    parts["store_and_fwd_flag"] = flag(FLAG)
    parts |= {column: cast(known, "DECIMAL(38,6)") for column, known in MONEY.items()}
    if taxi == "fhvhv":
        added = [cast(name, "DECIMAL(38,6)") for name in PARTS]
        zeros = " + ".join(f"coalesce({sql}, 0)" for sql in added)
        parts["total_amount"] = f"CASE WHEN coalesce({', '.join(added)}) IS NOT NULL THEN CAST({zeros} AS DECIMAL(38,6)) END"
    parts |= {column: code(column, known) if taxi in ("yellow", "green") else "CAST(NULL AS BIGINT)" for column, known in CODES.items()}
    parts |= {column: cast(known, "DECIMAL(38,6)") for column, known in HIRED_MONEY.items()}
    parts |= {column: cast(column, "TIMESTAMP") for column in HIRED_TIMES}
    parts[LICENCE] = code(LICENCE, LICENCE)
    parts |= {column: flag(column) for column in HIRED_FLAGS}
    return parts, taxi


def rows_of(path):
    """Returns SQL for the rows of a file: the taxi, the columns of files, and the number of the row."""
    parts, taxi = columns_of(path)
    listed = ", ".join(f"{sql} AS {column}" for column, sql in parts.items())
    return f"SELECT '{taxi}' AS taxi, {listed}, file_row_number AS row_number_ FROM read_parquet({quoted(path)}, file_row_number = true)"


def make(selects):
    """Makes the table trips of SELECTs that have the columns of files, row_number_, source_, micros and recorded_total_amount."""
    duckdb.execute("SET TimeZone = 'UTC'")
    duckdb.execute("SET order_by_non_integer_literal = true")  # the dialect has constants there
    # Text stays text: in a zone's name or borough N/A is no null.
    duckdb.execute(f"""
        CREATE OR REPLACE TABLE zones_ AS
        SELECT CAST(LocationID AS INTEGER) AS id, "Zone" AS zone, "Borough" AS borough, service_zone
        FROM read_csv({quoted(ZONES)}, all_varchar = true, nullstr = '\\N')""")
    duckdb.execute(f"""
        CREATE OR REPLACE TABLE trips AS
        SELECT r.* EXCLUDE (micros, recorded_total_amount, row_number_, source_), {DERIVED}, source_, row_number_
        FROM ({" UNION ALL ".join(selects)}) AS r
        LEFT JOIN zones_ AS p ON p.id = pickup_location_id LEFT JOIN zones_ AS d ON d.id = dropoff_location_id""")
    return duckdb.execute("SELECT count(*) FROM trips").fetchone()[0]


def raw(paths):
    """Makes trips of every row of the files, in their order, as --quality=raw counts it. Returns the number of rows."""
    return make(
        f"SELECT *, epoch_us(dropoff_datetime) - epoch_us(pickup_datetime) AS micros, total_amount AS recorded_total_amount, {i} AS source_ FROM ({rows_of(path)})"
        for i, path in enumerate(paths)
    )


def standard(patterns):
    """Makes trips of the rows that no rule refuses, without the values that rules leave out. Returns the number of rows."""
    sources = rules.sources_of(patterns)
    expected = rules.Expected(sources, None)
    duckdb.execute("DROP TABLE IF EXISTS judged_")
    selects = []
    for i, source in enumerate(sources):
        left_out = {}
        for measure, _, condition in rules.CELL_RULES:
            if measure:
                left_out.setdefault(measure, []).append(condition)
        kept = ", ".join(
            f"CASE WHEN NOT coalesce({' OR '.join(conditions)}, false) THEN {measure} END AS kept_{measure}" for measure, conditions in left_out.items()
        )
        zones = ", ".join(f"CASE WHEN {z} BETWEEN 1 AND 265 THEN {z} ELSE {rules.UNKNOWN_ZONE} END AS kept_{z}" for z in ("zone_from", "zone_to"))
        expected.view(source)
        duckdb.execute(f"CREATE OR REPLACE TABLE judged_{i} AS SELECT number, amount AS recorded, {kept}, {zones} FROM temp.trips WHERE refused IS NULL")
        replaced = [f"{UNITS.format('kept_' + measure)} AS {column}" for column, measure in JUDGED.items()]
        wide = {column: f"CASE WHEN abs({column}) <= {WIDEST} THEN {column} END" for column in [*MONEY, *HIRED_MONEY] if column not in JUDGED}
        replaced += [f"{sql} AS {column}" for column, sql in wide.items()]
        replaced += ["CAST(kept_zone_from AS INTEGER) AS pickup_location_id", "CAST(kept_zone_to AS INTEGER) AS dropoff_location_id"]
        selects.append(f"""
            SELECT f.* REPLACE ({", ".join(replaced)}), kept_duration AS micros, {UNITS.format("recorded")} AS recorded_total_amount, {i} AS source_
            FROM ({rows_of(source.path)}) AS f JOIN judged_{i} ON number = row_number_""")
    duckdb.execute("DROP VIEW IF EXISTS temp.trips")
    rows = make(selects)
    for i in range(len(sources)):
        duckdb.execute(f"DROP TABLE judged_{i}")
    return rows
