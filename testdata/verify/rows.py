"""Compares the answers of `tripstats query` to questions about single trips with the first rows that DuckDB finds, by the name of the file and
the row in it. Every runner must write the same bytes.

  rows.py TRIPSTATS FOLDER     FOLDER has the files, *.parquet in it or below
"""

import csv
import glob
import io
import os
import subprocess
import sys

import duckdb
import pyarrow.parquet as pq

# The columns of a question, and what they are in a file.
COLUMNS = {
    "pickup_datetime": ("{time}pep_pickup_datetime", "TIMESTAMP"),
    "dropoff_datetime": ("{time}pep_dropoff_datetime", "TIMESTAMP"),
    "pickup_location_id": ("pulocationid", "INTEGER"),
    "trip_distance": ("trip_distance", "DECIMAL(38,6)"),
    "store_and_fwd_flag": ("store_and_fwd_flag", "VARCHAR"),
    "tip_amount": ("tip_amount", "DECIMAL(38,6)"),
    "total_amount": ("total_amount", "DECIMAL(38,6)"),
    "airport_fee": ("airport_fee", "DECIMAL(38,6)"),
    "payment_type": ("payment_type", "BIGINT"),
}
SELECT = f"SELECT taxi, {', '.join(COLUMNS)}, CAST(pickup_datetime AS DATE) AS day, tip_amount > 2 AS generous, trip_distance * 2 AS miles"
CONDITIONS = ["TRUE", "tip_amount > 50", "airport_fee IS NOT NULL AND hour(pickup_datetime) = 3", "taxi = 'yellow' AND pickup_location_id = 1", "total_amount > 1000000"]
LIMITS = [1, 37, 10_000]


def view(files):
    """Returns a connection with the view trips, which has each file's place and each row's number too."""
    parts = []
    for place, path in enumerate(files):
        names = {name.lower(): name for name in pq.ParquetFile(path).schema_arrow.names}
        time = "t" if "tpep_pickup_datetime" in names else "l"
        columns = []
        for column, (name, kind) in COLUMNS.items():
            name = name.format(time=time)
            columns.append((f'CAST("{names[name]}" AS {kind})' if name in names else f"CAST(NULL AS {kind})") + f" AS {column}")
        taxi = {"t": "yellow", "l": "green"}[time]
        parts.append(f"SELECT {place} AS place, file_row_number AS row, '{taxi}' AS taxi, {', '.join(columns)} FROM read_parquet('{path}', file_row_number = true)")
    connection = duckdb.connect()
    connection.execute("CREATE VIEW trips AS " + " UNION ALL ".join(parts))
    return connection


def answer(tripstats, question, folder, runner):
    command = [tripstats, "query", question, "--quality=raw", f"--input={folder}/**/*.parquet", f"--runner={runner}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"rows: {' '.join(command)}: found exit code {done.returncode}: {done.stderr}")
    return done.stdout


def main(tripstats, folder):
    files = sorted(glob.glob(f"{folder}/**/*.parquet", recursive=True), key=os.fsencode)
    connection = view(files)
    compared = 0
    for condition in CONDITIONS:
        for limit in LIMITS:
            question = f"{SELECT} FROM trips WHERE {condition} LIMIT {limit}"
            texts = f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({SELECT} FROM trips WHERE {condition} ORDER BY place, row LIMIT {limit})"
            want = connection.execute(texts).fetchall()
            found = answer(tripstats, question, folder, "direct")
            if answer(tripstats, question, folder, "prism") != found:
                sys.exit(f"rows: {question}: found other bytes on prism")
            rows = [tuple(cell or None for cell in row) for row in csv.reader(io.StringIO(found))][1:]
            if rows != want:
                differ = next((i for i, (a, b) in enumerate(zip(rows, want)) if a != b), min(len(rows), len(want)))
                sys.exit(f"rows: {question}: found {len(rows)} rows, expected {len(want)}; they differ in row {differ}:\n"
                         f"  found    {rows[differ:differ + 1]}\n  expected {want[differ:differ + 1]}")
            compared += len(rows)
    print(f"             {len(CONDITIONS) * len(LIMITS)} questions about single trips, {compared} rows as DuckDB has them")


main(*sys.argv[1:])
