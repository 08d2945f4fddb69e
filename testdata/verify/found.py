"""Prints what becomes of each file that others wrote: found.py DATA > pipeline/testdata/found.txt

DATA has the folders csv and wild. Each file is read by DuckDB with the expressions below, which say by hand what its columns mean. The figures of
all rows are DuckDB's; how many rows count under the rules comes from csvtext.py. A test in package pipeline compares them with those of the
program. What is refused is written here by hand, with words of its message.
"""

import collections
import glob
import json
import os
import sys
import tarfile
import tempfile

import duckdb

import csvtables
import csvtext

# How a file is read: input below DATA, flags, taxi, and SQL for the values of a row. What is not given is null.
Read = collections.namedtuple("Read", "input flags taxi values", defaults=[""])


def values(pickup, dropoff, start=None, end=None, passengers=None, distance=None, amount=None, tip=None):
    names = ["pickup", "dropoff", "zone_from", "zone_to", "passengers", "distance", "amount", "tip"]
    given = [pickup, dropoff, start, end, passengers, distance, amount, tip]
    types = ["TIMESTAMP", "TIMESTAMP", "INTEGER", "INTEGER", *["DECIMAL(18,6)"] * 4]
    return ", ".join(f"CAST({sql or 'NULL'} AS {type_}) AS {name}" for name, sql, type_ in zip(names, given, types))


TLC = ["passenger_count", "trip_distance", "total_amount", "tip_amount"]
YELLOW = values("tpep_pickup_datetime", "tpep_dropoff_datetime", "PULocationID", "DOLocationID", *TLC)
GREEN = values("lpep_pickup_datetime", "lpep_dropoff_datetime", "PULocationID", "DOLocationID", *TLC)
CAMEL = ["passengerCount", "tripDistance", "totalAmount", "tipAmount"]
DAYS = "strptime({}, '%d/%m/%Y %H:%M')"
PAID = " + ".join(f"coalesce(CAST({c} AS DECIMAL(18,6)), 0)" for c in "base_passenger_fare tolls bcf sales_tax congestion_surcharge airport_fee tips".split())
FHV = values("pickup_datetime", "dropOff_datetime", "PUlocationID", "DOlocationID")
FHVHV = values("pickup_datetime", "dropoff_datetime", "PULocationID", "DOLocationID", None, "trip_miles", PAID, "tips")

WALL = "CAST(left({}, 19) AS TIMESTAMP)"
NEW_YORK = "(CAST({} AS TIMESTAMPTZ) AT TIME ZONE 'America/New_York')"
PART = ["pickup_location_id", "dropoff_location_id", *TLC]
UTC = "(({}) AT TIME ZONE 'UTC')"

READ = [
    Read("csv/azure_green_2016-01.csv", "", "'green'", values("lpepPickupDatetime", "lpepDropoffDatetime", "puLocationId", "doLocationId", *CAMEL)),
    Read("csv/fhv_tripdata_2020-04_sample.csv", "", "'fhv'", FHV),
    Read("csv/fhvhv_tripdata_2020-04_sample.csv", "", "'fhvhv'", FHVHV),
    Read("csv/green_2013-08_part.csv", "--utc=wall", "taxi_type", values(WALL.format("pickup_datetime"), WALL.format("dropoff_datetime"), *PART)),
    Read("csv/green_2013-08_part.csv", "--utc=convert", "taxi_type", values(NEW_YORK.format("pickup_datetime"), NEW_YORK.format("dropoff_datetime"), *PART)),
    Read("csv/green_tripdata_2020-04_sample.csv", "", "'green'", GREEN),
    Read("csv/yellow_2021-01_course_head.csv", "", "'yellow'", YELLOW),
    Read("csv/yellow_2021-01_excel_dates.csv", "", "'yellow'", values(DAYS.format("tpep_pickup_datetime"), DAYS.format("tpep_dropoff_datetime"), "PULocationID", "DOLocationID", *TLC)),
    Read("csv/yellow_tripdata_2015-01_lonlat.csv", "", "'yellow'", values("tpep_pickup_datetime", "tpep_dropoff_datetime", None, None, *TLC)),
    Read("wild/delta_yellow.tar.gz/delta_yellow", "", "'yellow'", YELLOW),
    Read("wild/fhv_tripdata_2020-04.parquet", "", "'fhv'", FHV),
    Read("wild/fhvhv_tripdata_2020-04.parquet", "", "'fhvhv'", FHVHV),
    Read("wild/two_taxis_in_one_file.parquet", "", "color", YELLOW),
    Read("wild/yellow_2016-01_azure.parquet", "", "'yellow'", values("tpepPickupDateTime", "tpepDropoffDateTime", "puLocationId", "doLocationId", *CAMEL)),
    Read("wild/yellow_2025-02_bigquery_names.parquet", "", "'yellow'", values("pickup_datetime", "dropoff_datetime", *PART)),
    Read("wild/yellow_2025-02_decimal.parquet", "", "'yellow'", YELLOW),
    Read("wild/yellow_2025-02_dlt_names.parquet", "", "'yellow'", values("tpep_pickup_datetime", "tpep_dropoff_datetime", "pu_location_id", "do_location_id", *TLC)),
    Read("wild/yellow_2025-02_fastparquet.parquet", "--utc=wall", "'yellow'", values(UTC.format("tpep_pickup_datetime"), UTC.format("tpep_dropoff_datetime"), "PULocationID", "DOLocationID", *TLC)),
    Read("wild/yellow_2025-02_text_times.parquet", "", "'yellow'", YELLOW),
]

# What is refused: input, flags, and words that the message has.
REFUSED = [
    ("csv/green_2013-08_part.csv", "", "--utc=wall"),
    ("csv/tlc_csv_heads_2009_to_2021.tar.gz", "", "tlc_csv_heads_2009_to_2021.tar.gz"),
    ("csv/yellow_2021-01_*.csv", "", "2021-01"),  # two files of one month
    ("wild/delta_yellow.tar.gz", "", "delta_yellow.tar.gz"),
    ("wild/taxi_zone_lookup.parquet", "", "not a TLC trip-record file"),
    ("wild/unknown_logical_type.parquet", "", "not a TLC trip-record file"),
    ("wild/yellow_2025-02_*.parquet", "", "2025-02"),
    ("wild/yellow_2025-02_fastparquet.parquet", "", "--utc=wall"),
]


def source(data, scratch, name):
    """Returns SQL for the rows of a file as text or as they are. A name in an archive is unpacked."""
    archive, sep, inside = name.partition(".tar.gz/")
    if sep:
        with tarfile.open(os.path.join(data, archive + ".tar.gz")) as f:
            f.extractall(scratch, filter="data")
        files = live(os.path.join(scratch, inside))
        return f"read_parquet({files})"
    path = os.path.join(data, name)
    return f"read_csv('{path}', all_varchar = true, header = true)" if name.endswith(".csv") else f"read_parquet('{path}')"


def live(folder):
    """Returns the files of the latest version of a Delta table, by its commits alone."""
    files = {}
    for log in sorted(glob.glob(os.path.join(folder, "_delta_log", "*.json"))):
        with open(log, encoding="utf-8") as f:
            for action in map(json.loads, f):
                if "add" in action:
                    files[action["add"]["path"]] = True
                if "remove" in action:
                    files.pop(action["remove"]["path"], None)
    return [os.path.join(folder, path) for path in files]


def figures(rows):
    """Returns a line for each taxi and month of a relation."""
    # favg is avg with a compensated sum, so that DuckDB's rounding makes no difference.
    return duckdb.execute(f"""
        SELECT taxi, strftime(pickup, '%Y-%m'), count(*), favg(passengers), favg(distance),
               avg(epoch_us(dropoff) - epoch_us(pickup)) / 60e6, favg(amount), favg(tip), count(zone_from), count(zone_to)
        FROM ({rows}) GROUP BY ALL ORDER BY ALL""").fetchall()


def counted(rows, name, scratch):
    """Returns how many rows count under the rules, by taxi."""
    month = name.rsplit("/", 1)[-1]
    out = {}
    for (taxi,) in duckdb.execute(f"SELECT DISTINCT taxi FROM ({rows}) ORDER BY ALL").fetchall():
        path = os.path.join(scratch, os.path.splitext(month)[0] + f".{taxi}.csv")
        duckdb.execute(f"""
            COPY (SELECT pickup AS tpep_pickup_datetime, dropoff AS tpep_dropoff_datetime, zone_from AS PULocationID, zone_to AS DOLocationID,
                         passengers AS passenger_count, distance AS trip_distance, amount AS total_amount, tip AS tip_amount
                  FROM ({rows}) WHERE taxi = '{taxi}') TO '{path}' (FORMAT csv, HEADER)""")
        ledger = csvtables.Judged([csvtext.Source(path, month)]).ledger
        out[taxi] = sum(n for key, n in ledger.items() if key[3] == "rows_counted")
    return out


def shown(value):
    return "-" if value is None else f"{value:.12g}" if isinstance(value, float) else str(value)


def main():
    (data,) = sys.argv[1:]
    duckdb.execute("SET TimeZone = 'UTC'")
    print("# Written by testdata/verify/found.py. Averages are of all rows, as are the counts of zones; counted is how many count under the rules.")
    print("# input flags taxi month trips passengers miles minutes amount tip pickup-zones dropoff-zones")
    for read in READ:
        with tempfile.TemporaryDirectory() as scratch:
            rows = f"SELECT {read.taxi} AS taxi, {read.values} FROM {source(data, scratch, read.input)}"
            for line in figures(rows):
                print("read", read.input, read.flags or "-", *map(shown, line))
            for taxi, n in counted(rows, read.input, scratch).items():
                print("counted", read.input, read.flags or "-", taxi, n)
    for name, flags, words in REFUSED:
        print("refused", name, flags or "-", words)


if __name__ == "__main__":
    main()
