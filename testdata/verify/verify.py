"""Checks the output of a tripstats run with --quality=raw against DuckDB, on the same input files.

    verify.py --output OUT --input GLOB [--input GLOB ...] [--self-test]

This program uses nothing of tripstats. The expected tables come from SQL over the input files, the row counts from their footers as
pyarrow reads them; the columns of the output are repeated below. Groups and counts must be equal, averages within 1e-9 relative. It
prints what was compared, and one line on stderr for each difference. The exit code is 0 if there are none, otherwise 1. --self-test
then damages copies of the output, and fails if a damage goes unnoticed.
"""

import argparse
import datetime
import glob
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq

import shared

TOLERANCE = 1e-9  # of an average, relative
NEAR_ZERO = 1e-3  # differences of smaller averages, in which charges and refunds cancel, are relative to this

AVERAGES = ["avg_passengers", "avg_trip_distance_miles", "avg_trip_duration_minutes", "avg_amount", "avg_tip"]

# The columns of the output in order, with their types as pyarrow, DuckDB and Polars name them.
STRING = (pa.string(), "VARCHAR", polars.String)
INT32 = (pa.int32(), "INTEGER", polars.Int32)
INT64 = (pa.int64(), "BIGINT", polars.Int64)
DATE = (pa.date32(), "DATE", polars.Date)
DOUBLE = (pa.float64(), "DOUBLE", polars.Float64)
MONTH = {"taxi": STRING, "year": INT32, "month_start": DATE}
CONTRACT = {
    "trip_stats": MONTH | {"trip_count": INT64} | {name: DOUBLE for name in AVERAGES},
    "location_stats": MONTH | {"location_id": INT32, "pickups": INT64, "dropoffs": INT64, "zone": STRING, "borough": STRING},
    "zones": {"location_id": INT32} | {name: STRING for name in ("zone", "borough", "service_zone")} | {"longitude": DOUBLE, "latitude": DOUBLE},
}
SORTED_BY = {"trip_stats": ["taxi", "month_start"], "location_stats": ["taxi", "month_start", "location_id"], "zones": ["location_id"]}
METADATA = {"tripstats.quality": r"raw", "tripstats.rules_digest": r".+", "tripstats.version": r".+"}


# The forms of files: which column is what, and by which other a form is told. Columns are in lower case, and None is one that a form does not have.
FORMS = [
    ("yellow", {"picked_up": "tpep_pickup_datetime", "dropped_off": "tpep_dropoff_datetime"}),
    ("green", {"picked_up": "lpep_pickup_datetime", "dropped_off": "lpep_dropoff_datetime"}),
    ("fhvhv", {
        "picked_up": "pickup_datetime", "dropped_off": "dropoff_datetime", "told_by": "hvfhs_license_num", "miles": "trip_miles", "tip": "tips",
        "amount": ["base_passenger_fare", "tolls", "bcf", "sales_tax", "congestion_surcharge", "airport_fee", "cbd_congestion_fee", "tips"],
    }),
    ("fhv", {"picked_up": "pickup_datetime", "dropped_off": "dropoff_datetime", "told_by": "dispatching_base_num"}),
    ("fhv", {"picked_up": "pickup_datetime", "dropped_off": "dropoff_datetime", "told_by": "sr_flag"}),  # of 2020-06, as the next
    ("green", {"picked_up": "pickup_datetime", "dropped_off": "dropoff_datetime", "told_by": "ehail_fee"}),
    ("yellow", {"picked_up": "pickup_datetime", "dropped_off": "dropoff_datetime", "told_by": "pulocationid"}),
    ("fhv", {"picked_up": "pickup_date", "dropped_off": None, "told_by": "dispatching_base_num", "zone_from": "locationid", "zone_to": None}),
]


# The expected tables, from the input files.


def trips_of(path):
    """Returns the taxi of a file and SQL for its trips. Optional columns that it lacks are null."""
    source = f"read_parquet({quoted(path)})"
    columns = {row[0].lower(): row[0] for row in duckdb.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
    taxi, form = next(((taxi, form) for taxi, form in FORMS if form["picked_up"] in columns and form.get("told_by", "") in [*columns, ""]), FORMS[0])

    def column(name, sql_type, required=False):
        if name in columns:
            return f'CAST("{columns[name]}" AS {sql_type})'
        if required:
            sys.exit(f"verify: {path}: no column {name}")
        return f"CAST(NULL AS {sql_type})"

    def total(names):
        """The sum of columns: a null adds nothing, and it is null if all are."""
        parts = [column(name, "DOUBLE") for name in names]
        zeros = " + ".join(f"coalesce({part}, 0)" for part in parts)
        return f"CASE WHEN coalesce({', '.join(parts)}) IS NOT NULL THEN {zeros} END" if len(parts) > 1 else parts[0]

    return taxi, f"""
        SELECT '{taxi}' AS taxi,
               {column(form["picked_up"], "TIMESTAMP", True)} AS picked_up,
               {column(form["dropped_off"], "TIMESTAMP", form["dropped_off"])} AS dropped_off,
               {column(form.get("zone_from", "pulocationid"), "INTEGER", True)} AS zone_from,
               {column(form.get("zone_to", "dolocationid"), "INTEGER", form.get("zone_to", True))} AS zone_to,
               {column("passenger_count", "DOUBLE")} AS passengers,
               {column(form.get("miles", "trip_distance"), "DOUBLE")} AS miles,
               {total(form.get("amount", ["total_amount"]))} AS amount,
               {column(form.get("tip", "tip_amount"), "DOUBLE")} AS tip
        FROM {source}"""


class Expected:
    """Returns the expected tables of the files: groups with their values."""

    def __init__(self, paths):
        duckdb.execute("SET TimeZone = 'UTC'")  # so that a time that is marked as UTC is cast without conversion
        self.files = len(paths)
        self.footer_rows = sum(pq.read_metadata(path).num_rows for path in paths)
        taxis, selects = zip(*(trips_of(path) for path in paths))
        duckdb.execute("CREATE OR REPLACE TEMP VIEW trips AS " + " UNION ALL ".join(selects))

        # favg is avg with a compensated sum, so that DuckDB's rounding makes no difference. Durations are whole microseconds, and their sum
        # is exact.
        self.trip_stats = {
            (taxi, month): values
            for taxi, month, *values in duckdb.execute("""
                SELECT taxi,
                       CAST(date_trunc('month', picked_up) AS DATE) AS month,
                       CAST(extract('year' FROM picked_up) AS INTEGER) AS year,
                       count(*),
                       favg(passengers),
                       favg(miles),
                       avg(epoch_us(dropped_off) - epoch_us(picked_up)) / 60e6,
                       favg(amount),
                       favg(tip)
                FROM trips GROUP BY taxi, month, year""").fetchall()
        }
        # A month in a file's name has a row even if no trip counts.
        for taxi, path in zip(taxis, paths):
            month = month_of(path)
            if month is not None:
                self.trip_stats.setdefault((taxi, month), [month.year, 0] + [None] * len(AVERAGES))

        self.location_stats = {
            (taxi, month, zone): values
            for taxi, month, zone, *values in duckdb.execute("""
                WITH ends AS (
                    SELECT taxi, picked_up, zone_from AS zone, 1 AS pickup, 0 AS dropoff FROM trips
                    UNION ALL
                    SELECT taxi, picked_up, zone_to, 0, 1 FROM trips)
                SELECT taxi,
                       CAST(date_trunc('month', picked_up) AS DATE) AS month,
                       zone,
                       CAST(extract('year' FROM picked_up) AS INTEGER) AS year,
                       CAST(sum(pickup) AS BIGINT),
                       CAST(sum(dropoff) AS BIGINT)
                FROM ends GROUP BY taxi, month, zone, year""").fetchall()
        }
        self.location_stats, self.zones = shared.with_names(self.location_stats), shared.zone_table()


def month_of(path):
    """Returns the first day of the month in a file's base name: the first 20dd-dd that is a month."""
    found = re.search(r"20\d\d-(?:0[1-9]|1[0-2])", os.path.basename(path))
    return datetime.date.fromisoformat(found.group() + "-01") if found else None


# The published tables.


class Output:
    """An output folder as readers see it, and the differences that were found in it."""

    def __init__(self, folder):
        self.folder = folder
        self.wrong = []
        self.largest = 0.0  # relative difference of an average

    def path(self, table):
        return os.path.join(self.folder, table, table + ".parquet")

    def check(self, expected):
        """Compares everything. Returns a list of differences, one line each."""
        for table in CONTRACT:
            if not os.path.isfile(self.path(table)):
                return [f"{self.path(table)}: not there"]
        self.check_folder(expected)
        for table, contract in CONTRACT.items():
            rows = self.read(table, contract)
            if rows is not None:
                self.check_order(table, rows)
                self.check_rows(table, rows, getattr(expected, table))
                self.check_total(table, rows, expected.footer_rows)
        return self.wrong

    def check_folder(self, expected):
        """Checks that the tables are the only .parquet files, also in hidden folders, and that the manifest describes them."""
        with open(os.path.join(self.folder, "_manifest.json"), encoding="utf-8") as f:
            manifest = json.load(f)
        outputs = {entry.get("plain") or entry["path"]: entry for entry in manifest["outputs"]}
        found = {
            os.path.relpath(os.path.join(folder, name), self.folder)
            for folder, _, names in os.walk(self.folder)
            for name in names
            if name.endswith(".parquet")
        }
        by_duckdb = duckdb.execute("SELECT file FROM glob(?)", [self.folder + "/**/*.parquet"]).fetchall()
        self.same("parquet files in the folder", sorted(found), sorted(outputs))
        self.same("DIR/**/*.parquet for DuckDB", sorted(os.path.relpath(f[0], self.folder) for f in by_duckdb), sorted(outputs))
        for table in CONTRACT:
            if f"{table}/{table}.parquet" not in outputs:
                self.wrong.append(f"manifest: no output {table}")
        for path in found & set(outputs):
            with open(os.path.join(self.folder, path), "rb") as f:
                content = f.read()
            self.same(f"manifest: sha256 of {path}", outputs[path]["sha256"], hashlib.sha256(content).hexdigest())
            self.same(f"manifest: bytes of {path}", outputs[path]["bytes"], len(content))
        self.same("manifest: rows", manifest["rows"], expected.footer_rows)
        self.same("manifest: inputs", len(manifest["inputs"]), expected.files)

    def read(self, table, contract):
        """Reads a table with pyarrow, DuckDB and Polars, which must agree. Returns its rows as dicts."""
        path = self.path(table)
        file = pq.ParquetFile(path)
        arrow = file.read()
        by_duckdb = duckdb.execute("SELECT * FROM read_parquet(?)", [path])
        duckdb_schema = [(c[0], str(c[1])) for c in by_duckdb.description]
        duckdb_rows = by_duckdb.fetchall()
        by_polars = polars.read_parquet(path)

        before = len(self.wrong)
        self.same(f"{table}: schema in pyarrow", [(f.name, f.type) for f in arrow.schema], [(n, t[0]) for n, t in contract.items()])
        self.same(f"{table}: schema in DuckDB", duckdb_schema, [(n, t[1]) for n, t in contract.items()])
        self.same(f"{table}: schema in Polars", list(by_polars.schema.items()), [(n, t[2]) for n, t in contract.items()])
        if len(self.wrong) > before:
            return None
        rows = arrow.to_pylist()
        if duckdb_rows != [tuple(row.values()) for row in rows]:
            self.wrong.append(f"{table}: DuckDB reads other rows than pyarrow")
        if by_polars.rows() != duckdb_rows:
            self.wrong.append(f"{table}: Polars reads other rows than pyarrow")

        metadata = {k.decode(): v.decode() for k, v in (file.metadata.metadata or {}).items()}
        for key, pattern in METADATA.items():
            if not re.fullmatch(pattern, metadata.get(key, "")):
                self.wrong.append(f"{table}: metadata {key}: found {metadata.get(key)!r}, expected {pattern}")
        for group in range(file.metadata.num_row_groups):
            for c in range(file.metadata.num_columns):
                self.same(f"{table}: codec", file.metadata.row_group(group).column(c).compression, "ZSTD")
        return rows

    def check_order(self, table, rows):
        keys = [[(row[c] is None, row[c]) for c in SORTED_BY[table]] for row in rows]  # null last
        for i, (key, following) in enumerate(zip(keys, keys[1:])):
            if not key < following:
                self.wrong.append(f"{table}: not sorted, or a group twice: rows {i} and {i + 1}")

    def check_rows(self, table, rows, expected):
        keys = SORTED_BY[table]
        values = [c for c in CONTRACT[table] if c not in keys]
        found = {tuple(row[k] for k in keys): [row[v] for v in values] for row in rows}
        for key in sorted(expected.keys() - found.keys(), key=str):
            self.wrong.append(f"{table}: {label(key)}: no such row, expected {expected[key]}")
        for key in sorted(found.keys() - expected.keys(), key=str):
            self.wrong.append(f"{table}: {label(key)}: a row too many: {found[key]}")
        for key in expected.keys() & found.keys():
            for name, f, e in zip(values, found[key], expected[key]):
                if f is not None and e is not None and name in AVERAGES:
                    difference = abs(f - e) / max(abs(f), abs(e), NEAR_ZERO)
                    self.largest = max(self.largest, difference)
                    equal = difference <= TOLERANCE  # false for NaN
                else:
                    equal = f == e
                if not equal:
                    self.wrong.append(f"{table}: {label(key)}: {name}: found {f!r}, expected {e!r}")

    def check_total(self, table, rows, footer_rows):
        for name in CONTRACT[table].keys() & {"trip_count", "pickups", "dropoffs"}:
            self.same(f"{table}: sum of {name}, rows of the footers", sum(row[name] for row in rows), footer_rows)

    def same(self, what, found, expected):
        if found != expected:
            self.wrong.append(f"{what}: found {found}, expected {expected}")


# The self-test: the check for each damage must notice it.


def change(table, column, pick, new):
    """Returns a copy of a table with another value in the first row that pick accepts."""
    values = table[column].to_pylist()
    row = next(i for i, v in enumerate(values) if pick(v))
    values[row] = new(values[row])
    return replace(table, column, pa.array(values, table.schema.field(column).type))


def replace(table, column, array):
    return table.set_column(table.schema.get_field_index(column), pa.field(column, array.type), array)


def rows_of(table, indices):
    return table.take(indices).replace_schema_metadata(table.schema.metadata)


def move_a_pickup(table):
    """Counts one pickup in the next zone instead, so that every sum stays the same."""
    pickups = table["pickups"].to_pylist()
    pickups[0] -= 1
    pickups[1] += 1
    return replace(table, "pickups", pa.array(pickups, pa.int64()))


def number(v):
    return v is not None and v != 0


DAMAGES = [
    ("one count off by one", "trip_stats", "trip_count: found", lambda t: change(t, "trip_count", number, lambda v: v + 1)),
    ("one average off by 1e-6", "trip_stats", "avg_amount: found", lambda t: change(t, "avg_amount", number, lambda v: v * (1 + 1e-6))),
    ("one average off by 1e-8", "trip_stats", "avg_tip: found", lambda t: change(t, "avg_tip", number, lambda v: v * (1 + 1e-8))),
    ("one average null", "trip_stats", "avg_trip_duration_minutes: found None", lambda t: change(t, "avg_trip_duration_minutes", number, lambda v: None)),
    ("one year off by one", "trip_stats", "year: found", lambda t: change(t, "year", number, lambda v: v + 1)),
    ("one row dropped", "trip_stats", "no such row", lambda t: t.slice(1)),
    ("one row twice", "trip_stats", "a group twice", lambda t: rows_of(t, [0, *range(len(t))])),
    ("two rows swapped", "trip_stats", "not sorted", lambda t: rows_of(t, [1, 0, *range(2, len(t))])),
    ("a count as int32", "trip_stats", "schema in pyarrow", lambda t: replace(t, "trip_count", t["trip_count"].cast(pa.int32()))),
    ("columns in another order", "trip_stats", "schema in DuckDB", lambda t: t.select([*reversed(t.column_names)])),
    ("no metadata", "trip_stats", "metadata tripstats.quality", lambda t: t.replace_schema_metadata(None)),
    ("one pickup in another zone", "location_stats", "pickups: found", move_a_pickup),
    ("one dropoff too many", "location_stats", "sum of dropoffs", lambda t: change(t, "dropoffs", number, lambda v: v + 1)),
    ("the name of another zone", "location_stats", "zone: found", lambda t: change(t, "zone", lambda v: v is not None, lambda v: v + " South")),
    ("a point elsewhere", "zones", "latitude: found", lambda t: change(t, "latitude", number, lambda v: v + 0.1)),
    ("one zone dropped", "location_stats", "no such row", lambda t: t.slice(0, len(t) - 1)),
    ("one zone too many", "location_stats", "a row too many", lambda t: change(t, "location_id", number, lambda v: 99_999)),
]


def damaged(folder, table, damage):
    """Damages a table and updates its digest in the manifest, so that the digest does not reveal the damage."""
    path = f"{table}/{table}.parquet"
    file = os.path.join(folder, path)
    pq.write_table(damage(pq.read_table(file)), file, compression="zstd")
    with open(file, "rb") as f:
        content = f.read()
    name = os.path.join(folder, "_manifest.json")
    with open(name, encoding="utf-8") as f:
        manifest = json.load(f)
    for entry in manifest["outputs"]:
        if (entry.get("plain") or entry["path"]) == path:
            entry.update(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
    with open(name, "w", encoding="utf-8") as f:
        json.dump(manifest, f)


def self_test(folder, expected):
    """Returns a line for each damage that goes unnoticed."""
    unnoticed = []

    def differences(damage):
        with tempfile.TemporaryDirectory() as scratch:
            copy = shutil.copytree(folder, os.path.join(scratch, "out"))
            damage(copy)
            return Output(copy).check(expected)

    for what, table, sign, damage in DAMAGES:
        try:
            found = differences(lambda copy: damaged(copy, table, damage))
        except (StopIteration, IndexError):
            found = ["the output has nothing to do it to; take a larger one"]
        if not any(sign in line for line in found):
            unnoticed.append(f"self-test: {what}: no {sign!r} in the differences found: {found[:5]}")

    found = differences(lambda copy: shutil.copy(Output(copy).path("trip_stats"), os.path.join(copy, "part-0.parquet")))
    if not found:
        unnoticed.append("self-test: a stray parquet file: no difference found")

    found = differences(lambda copy: damaged(copy, "trip_stats", lambda table: table))
    if found:
        unnoticed.append(f"self-test: a table written anew as it was: expected no difference, found {found[:5]}")
    return unnoticed


def label(key):
    return " ".join("null" if k is None else str(k) for k in key)


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True)
    parser.add_argument("--input", action="append", required=True, metavar="GLOB")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()

    paths = sorted({os.path.abspath(p) for pattern in args.input for p in glob.glob(pattern, recursive=True)})
    if not paths:
        sys.exit("verify: no input file matches")
    expected = Expected(paths)
    output = Output(args.output)
    wrong = output.check(expected)
    print(f"{len(paths):>12,} files of {expected.footer_rows:,} rows by their footers")
    print(f"{len(expected.trip_stats):>12,} groups of trip_stats, largest relative difference of an average {output.largest:.1e}")
    print(f"{len(expected.location_stats):>12,} groups of location_stats")
    print("             read alike by DuckDB, Polars and pyarrow")
    if args.self_test and not wrong:
        wrong = self_test(args.output, expected)
        print(f"{len(DAMAGES) + 2:>12,} cases of the self-test")

    most = 20
    for line in wrong[:most]:
        print(f"verify: {line}", file=sys.stderr)
    if len(wrong) > most:
        print(f"verify: and {len(wrong) - most:,} differences more", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
