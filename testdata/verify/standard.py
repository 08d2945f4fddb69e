"""Checks the output of a tripstats run with --quality=standard against DuckDB, on the same input files.

    standard.py --output OUT --input GLOB [--input GLOB ...] [--as-of MONTH] [--quarantine DIR] [--reference [DIR]]
                [--every-rule] [--self-test]

This program uses nothing of tripstats except its table of rules, which is repeated below as SQL. It computes all three tables
from the input files. They must be the same: counts and sums exactly, averages within 1e-9 relative, the ledger line by line. No
row may be lost between the footers, the ledger and the tables. --quarantine is for a run with --quarantine=DIR
--quarantine-cells: each row in DIR is compared, its rule and its columns, with the row of the input that has its number.
--reference compares the months with TLC's own figures and prints the table. --self-test damages copies of the output and of
DIR, and fails if a damage goes unnoticed. Each difference is one line on stderr. The exit code is 0 if there are none, otherwise 1.
"""

import argparse
import calendar
import collections
import csv
import datetime
import glob
import math
import os
import re
import shutil
import sys
import tempfile
import zoneinfo
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import quarantine
from shared import busy, change, label, quoted, with_names, zone_table

UNIT = 10**6  # dollars, miles and passengers are counted in millionths, durations in microseconds

# The variants of files, by the names of columns in lower case. All columns except the times and either zones or coordinates may be
# missing, and are then null. Columns that are not listed are unknown.
Variant = collections.namedtuple("Variant", "taxi times coordinates measures others zones told_by lacks", defaults=(["pulocationid", "dolocationid"], None, {}))
COORDINATES = ["pickup_longitude", "pickup_latitude", "dropoff_longitude", "dropoff_latitude"]
MEASURES = {"passengers": "passenger_count", "distance": "trip_distance", "amount": "total_amount", "tip": "tip_amount"}
SINCE_2011 = """vendorid ratecodeid store_and_fwd_flag payment_type fare_amount extra mta_tax tolls_amount
    improvement_surcharge congestion_surcharge cbd_congestion_fee request_source"""
VARIANTS = [
    Variant("yellow", ["tpep_pickup_datetime", "tpep_dropoff_datetime"], COORDINATES, MEASURES, SINCE_2011 + " airport_fee"),
    Variant("green", ["lpep_pickup_datetime", "lpep_dropoff_datetime"], COORDINATES, MEASURES, SINCE_2011 + " ehail_fee trip_type"),
    Variant(  # 2010, and up to 2014 with coordinates
        "yellow",
        ["pickup_datetime", "dropoff_datetime"],
        COORDINATES,
        MEASURES,
        "vendor_id rate_code store_and_fwd_flag payment_type fare_amount surcharge mta_tax tolls_amount __index_level_0__",
    ),
    Variant(  # 2009
        "yellow",
        ["trip_pickup_datetime", "trip_dropoff_datetime"],
        ["start_lon", "start_lat", "end_lon", "end_lat"],
        MEASURES | {"amount": "total_amt", "tip": "tip_amt"},
        "vendor_name rate_code store_and_forward payment_type fare_amt surcharge mta_tax tolls_amt",
    ),
]
# The same of for-hire vehicles. The amount is the sum of several columns. told_by is the column that tells the variant from others with these times.
# lacks has what trips need not have, up to a month or in all: no rule is about its nulls.
PARTS = ["base_passenger_fare", "tolls", "bcf", "sales_tax", "congestion_surcharge", "airport_fee", "cbd_congestion_fee", "tips"]
VARIANTS[:0] = [
    Variant(
        "fhvhv",
        ["pickup_datetime", "dropoff_datetime"],
        [],
        {"distance": "trip_miles", "amount": PARTS, "tip": "tips"},
        """hvfhs_license_num dispatching_base_num originating_base_num request_datetime on_scene_datetime trip_time driver_pay shared_request_flag
        shared_match_flag access_a_ride_flag wav_request_flag wav_match_flag sr_flag vendorid""",
        told_by="hvfhs_license_num",
    ),
    Variant(
        "fhv",
        ["pickup_datetime", "dropoff_datetime"],
        [],
        {},
        "dispatching_base_num dispatching_base_number affiliated_base_number sr_flag vendorid",
        told_by="dispatching_base_num",
        lacks={"dropoff": datetime.date(2017, 5, 1), "zones": datetime.date.max},
    ),
    Variant(  # 2020-06, as the next two
        "fhv", ["pickup_datetime", "dropoff_datetime"], [], {}, "vendorid sr_flag", told_by="sr_flag", lacks={"zones": datetime.date.max}
    ),
    Variant("green", ["pickup_datetime", "dropoff_datetime"], [], MEASURES, SINCE_2011 + " ehail_fee trip_type", told_by="ehail_fee"),
    Variant("yellow", ["pickup_datetime", "dropoff_datetime"], [], MEASURES, SINCE_2011, told_by="pulocationid"),
    Variant(  # 2015 and 2016
        "fhv",
        ["pickup_date"],
        [],
        {},
        "dispatching_base_num",
        zones=["locationid"],
        told_by="dispatching_base_num",
        lacks={"dropoff": datetime.date.max, "zones": datetime.date.max},
    ),
]

# The rules. Limits are exclusive.
LIMITS = {
    "duration_over": 300,
    "distance_over": 200,
    "amount_over": 5000,
    "tip_over": 5000,
    "passengers_over": 9,
}
ROW_RULES = [  # the first that applies refuses the row. months: the pickup's month minus the file's, null if the file has none
    ("pickup_not_a_time", "no_pickup"),
    ("pickup_missing", "picked_up IS NULL"),
    ("pickup_adjacent_month", "abs(months) = 1"),
    ("pickup_stray", "months <> 0 OR (months IS NULL AND (picked_up < TIMESTAMP '2009-01-01' OR picked_up >= {end}))"),
]
CELL_RULES = [  # all that apply take effect: what they leave out, the rule, its condition
    (None, "not_a_time", "no_dropoff"),
    (None, "dropoff_missing", "dropped_off IS NULL AND NOT lacks_dropoff AND NOT no_dropoff"),
    ("duration", "dropoff_before_pickup", "duration < 0"),
    ("duration", "duration_zero", "duration = 0"),
    ("duration", "duration_over", f"duration > {LIMITS['duration_over'] * 60 * UNIT}"),
    ("duration", "clock_change", "change_ends > least(picked_up, dropped_off)"),
    ("distance", "distance_negative", "distance < 0"),
    ("distance", "distance_over", f"distance > {LIMITS['distance_over'] * UNIT}"),
    ("amount", "amount_negative", "amount < 0"),
    ("amount", "amount_over", f"amount > {LIMITS['amount_over'] * UNIT}"),
    ("tip", "tip_negative", "tip < 0"),
    ("tip", "tip_over", f"tip > {LIMITS['tip_over'] * UNIT}"),
    ("passengers", "passengers_zero", "passengers = 0"),
    ("passengers", "passengers_over", f"passengers > {LIMITS['passengers_over'] * UNIT}"),
    (None, "not_a_number", " OR ".join(f"(raw_{m} IS NOT NULL AND {m} IS NULL)" for m in MEASURES)),
    (None, "zone_missing", "NOT has_zones"),
    (None, "pickup_zone_missing", "has_zones AND zone_from IS NULL AND NOT lacks_zones"),
    (None, "dropoff_zone_missing", "has_zones AND zone_to IS NULL AND NOT lacks_zones"),
    (None, "pickup_zone_unknown", "zone_from NOT BETWEEN 1 AND 265"),
    (None, "dropoff_zone_unknown", "zone_to NOT BETWEEN 1 AND 265"),
]
UNKNOWN_ZONE = 264

# The tables: columns in order with their types, and the columns by which they are sorted.
AVERAGED = {  # measure: its average, its sum, how many of its units are one of the column's
    "passengers": ("avg_passengers", "passengers_sum", UNIT),
    "distance": ("avg_trip_distance_miles", "distance_sum", UNIT),
    "duration": ("avg_trip_duration_minutes", "duration_minutes_sum", 60 * UNIT),
    "amount": ("avg_amount", "amount_sum", UNIT),
    "tip": ("avg_tip", "tip_sum", UNIT),
}
INT64, DECIMAL = pa.int64(), pa.decimal128(38, 6)
MONTH = {"taxi": pa.string(), "year": pa.int32(), "month_start": pa.date32()}
CONTRACT = {
    "trip_stats": MONTH
    | {"trip_count": INT64}
    | {average: pa.float64() for average, _, _ in AVERAGED.values()}
    | {f"{measure}_counted": INT64 for measure in AVERAGED}
    | {total: INT64 if total == "passengers_sum" else DECIMAL for _, total, _ in AVERAGED.values()}
    | {"refund_rows": INT64, "refund_sum": DECIMAL},
    "location_stats": MONTH | {"location_id": pa.int32(), "pickups": INT64, "dropoffs": INT64, "zone": pa.string(), "borough": pa.string()},
    "quality": {"taxi": pa.string(), "source": pa.string(), "month_start": pa.date32()}
    | {"rule": pa.string(), "scope": pa.string(), "rows": INT64},
    "zones": {"location_id": pa.int32()}
    | {name: pa.string() for name in ("zone", "borough", "service_zone")}
    | {"longitude": pa.float64(), "latitude": pa.float64()},
}
KEYS = {
    "trip_stats": ["taxi", "month_start"],
    "location_stats": ["taxi", "month_start", "location_id"],
    "quality": ["taxi", "source", "month_start", "rule", "scope"],
    "zones": ["location_id"],
}
TOLERANCE = 1e-9  # of an average, relative


# The expected tables, from the input files.


def clock_changes(first=1880, last=2200):
    """Returns the hours that New York's clock skips or shows twice: from and until."""
    zone, day = zoneinfo.ZoneInfo("America/New_York"), datetime.timedelta(days=1)

    def offset(moment):
        return moment.replace(tzinfo=datetime.timezone.utc).astimezone(zone).utcoffset()

    at, changes = datetime.datetime(first, 1, 1), []
    before = offset(at)
    while at.year < last:
        after = offset(at + day)
        if after != before:
            low, high = 0, 86_400  # seconds after at; the change is in between
            while high - low > 1:
                middle = (low + high) // 2
                if offset(at + datetime.timedelta(seconds=middle)) == before:
                    low = middle
                else:
                    high = middle
            instant = at + datetime.timedelta(seconds=high)
            changes.append((min(instant + before, instant + after), max(instant + before, instant + after)))
        at, before = at + day, after
    return changes


class Source:
    """One input file: its name in the ledger, taxi, month, rows in the footer, and columns."""

    def __init__(self, path, name):
        self.path, self.name = path, name
        self.rows = pq.read_metadata(path).num_rows
        described = duckdb.execute("DESCRIBE SELECT * FROM read_parquet(?)", [path]).fetchall()
        self.columns = {row[0].lower(): row[0] for row in described}
        self.texts = {row[0].lower() for row in described if row[1] == "VARCHAR"}
        self.variant = next((v for v in VARIANTS if v.times[0] in self.columns and (v.told_by or v.times[0]) in self.columns), None)
        if self.variant is None:
            sys.exit(f"standard: {path}: no column with the time of the pickup")
        self.taxi = self.variant.taxi
        self.has_zones = all(zone in self.columns for zone in self.variant.zones)
        if not self.has_zones and not all(name in self.columns for name in self.variant.coordinates):
            sys.exit(f"standard: {path}: neither zones nor coordinates")
        _, times, coordinates, measures, others, zones, _, _ = self.variant
        self.measured = [name for names in measures.values() for name in ([names] if isinstance(names, str) else names)]
        self.unknown = self.columns.keys() - {*times, *zones, *coordinates, *self.measured, *others.split()}
        found = re.search(r"20\d\d-(?:0[1-9]|1[0-2])", os.path.basename(path))
        self.month = datetime.date.fromisoformat(found.group() + "-01") if found else None

    def lacks(self, what):
        """Tells whether no rule is about nulls of the dropoff or the zones."""
        last = self.variant.lacks.get(what)
        return last is not None and (self.month is None or self.month <= last)

    def measure(self, m):
        """Returns SQL for a measure as a double: a column, or a sum to which nulls add nothing."""
        names = self.variant.measures.get(m, "")
        if isinstance(names, str):
            return self.column(names, "DOUBLE")
        parts = [self.column(name, "DOUBLE") for name in names]
        zeros = " + ".join(f"coalesce({part}, 0)" for part in parts)
        return f"CASE WHEN coalesce({', '.join(parts)}) IS NOT NULL THEN {zeros} END"

    def column(self, name, sql_type):
        return f'CAST("{self.columns[name]}" AS {sql_type})' if name in self.columns else f"CAST(NULL AS {sql_type})"

    def time(self, name):
        """Returns SQL for a time, and for whether it is text that is none. An empty text and N/A are null."""
        if name not in self.texts:
            return self.column(name, "TIMESTAMP"), "FALSE"
        text = f"nullif(nullif(trim({self.column(name, 'VARCHAR')}), ''), 'N/A')"
        return f"TRY_CAST({text} AS TIMESTAMP)", f"({text} IS NOT NULL AND TRY_CAST({text} AS TIMESTAMP) IS NULL)"

    def trips(self, end):
        """Returns SQL for the trips and the row rule that refuses them. Values are rounded to millionths. How ties are rounded
        that a double cannot represent exactly is not checked."""
        pickup, dropoff = [*self.variant.times, ""][:2]
        (picked_up, no_pickup), (dropped_off, no_dropoff) = self.time(pickup), self.time(dropoff)
        zones = [*self.variant.zones, ""][:2]
        raw = ", ".join(f"{self.measure(m)} AS raw_{m}" for m in MEASURES)
        grid = ", ".join(
            f"CASE WHEN isfinite(raw_{m}) AND abs(raw_{m} * {UNIT}) < 9223372036854775808::DOUBLE"
            f" THEN CAST(round(raw_{m} * {UNIT}) AS BIGINT) END AS {m}"
            for m in MEASURES
        )
        month = f"DATE '{self.month}'" if self.month else "CAST(NULL AS DATE)"
        refused = " ".join(f"WHEN {condition.format(end=end)} THEN '{rule}'" for rule, condition in ROW_RULES)
        return f"""
            SELECT *,
                   epoch_us(dropped_off) - epoch_us(picked_up) AS duration,
                   date_diff('month', {month}, picked_up) AS months,
                   CASE {refused} END AS refused,
                   CASE WHEN refused IS NULL THEN CAST(date_trunc('month', picked_up) AS DATE) END AS month,
                   {self.has_zones} AS has_zones,
                   {self.lacks("dropoff")} AS lacks_dropoff,
                   {self.lacks("zones")} AS lacks_zones,
                   {grid}
            FROM (SELECT {picked_up} AS picked_up,
                         {no_pickup} AS no_pickup,
                         {dropped_off} AS dropped_off,
                         {no_dropoff} AS no_dropoff,
                         {self.column(zones[0], "BIGINT")} AS zone_from,
                         {self.column(zones[1], "BIGINT")} AS zone_to,
                         file_row_number AS number,
                         {raw}
                  FROM read_parquet({quoted(self.path)}, file_row_number = true))"""

    def read_columns(self):
        """The names of the columns that the job reads, in lower case."""
        zones = self.variant.zones if self.has_zones else []
        return {*self.variant.times, *zones, *self.measured} & self.columns.keys()


class Expected:
    """The expected tables of the files: the other values by key."""

    def __init__(self, sources, as_of):
        self.sources = sources
        if as_of is None:
            as_of = max((s.month for s in sources if s.month), default=None)
        self.end = f"TIMESTAMP '{next_month(as_of)}'" if as_of else "TIMESTAMP 'infinity'"
        duckdb.execute("SET TimeZone = 'UTC'")
        # For every day, the last change of the clock before the end of the day, and the change before that.
        begins, ends = zip(*clock_changes())
        duckdb.execute("""
            CREATE OR REPLACE TEMP TABLE days AS
            WITH changes AS (
                SELECT begins, ends, lag(ends) OVER (ORDER BY begins) AS ends_before
                FROM (SELECT unnest($1::TIMESTAMP[]) AS begins, unnest($2::TIMESTAMP[]) AS ends))
            SELECT day, begins, ends, ends_before
            FROM range(TIMESTAMP '1880-01-01', TIMESTAMP '2200-01-01', INTERVAL 1 DAY) r (day)
            ASOF JOIN changes ON day + INTERVAL 1 DAY > begins""", [list(begins), list(ends)])

        self.ledger = collections.Counter()
        self.months = collections.defaultdict(collections.Counter)
        self.zones = collections.defaultdict(lambda: [0, 0])
        for source in sources:
            self.add(source)
        self.tables = {
            "trip_stats": {key: self.statistics(key[1].year, c) for key, c in self.months.items()},
            "location_stats": with_names({key: [key[1].year, *counts] for key, counts in self.zones.items()}),
            "quality": {key: [rows] for key, rows in self.ledger.items()},
            "zones": zone_table(),
        }

    def view(self, source):
        """Makes the view trips from the source."""
        duckdb.execute(f"""
            CREATE OR REPLACE TEMP VIEW trips AS
            SELECT rows_.*,
                   -- A change touches the trip if the last that begins by its later end ends after its earlier one.
                   CASE WHEN later >= begins THEN ends ELSE ends_before END AS change_ends
            FROM (SELECT *, greatest(picked_up, dropped_off) AS later FROM ({source.trips(self.end)})) AS rows_
            LEFT JOIN days ON least(date_trunc('day', later), TIMESTAMP '2199-12-31') = day""")

    def rules(self, source):
        """Returns SQL for the source's rows to which a rule applies: number, rule."""
        self.view(source)
        cells = ", ".join(f"CASE WHEN {condition} THEN '{rule}' END" for _, rule, condition in CELL_RULES)
        return f"""
            SELECT number, rule
            FROM (SELECT number, unnest(CASE WHEN refused IS NULL THEN [{cells}] ELSE [refused] END) AS rule FROM trips)
            WHERE rule IS NOT NULL"""

    def add(self, source):
        self.view(source)
        rules = [f"count(*) FILTER ({condition}) AS {rule}" for _, rule, condition in CELL_RULES]
        counted = []
        for measure in AVERAGED:
            left_out = " OR ".join(condition for m, _, condition in CELL_RULES if m == measure)
            keep = f"{measure} IS NOT NULL AND NOT coalesce({left_out}, false)"
            counted.append(f"count(*) FILTER ({keep}) AS {measure}_counted")
            counted.append(f"coalesce(sum({measure}) FILTER ({keep}), 0) AS {measure}_sum")
        refunds = ["count(*) FILTER (amount < 0) AS refund_rows", "coalesce(sum(amount) FILTER (amount < 0), 0) AS refund_sum"]
        rows = named(f"""
            SELECT refused, month, count(*) AS trip_count, {", ".join(rules + counted + refunds)}
            FROM trips
            GROUP BY ALL""")

        def line(month, rule, scope, n):
            self.ledger[source.taxi, source.name, month, rule, scope] += n

        line(source.month, "rows_read", "file", sum(row["trip_count"] for row in rows))
        line(source.month, "rows_counted", "file", sum(row["trip_count"] for row in rows if row["refused"] is None))
        if source.unknown:
            line(source.month, "column_unknown", "file", source.rows)
        if source.month:
            self.months[source.taxi, source.month].update({"trip_count": 0})
        for row in rows:
            refused, month = row.pop("refused"), row.pop("month")
            if refused:
                line(source.month, refused, "row", row["trip_count"])
                continue
            for _, rule, _ in CELL_RULES:
                n = row.pop(rule)
                if n:
                    line(month, rule, "cell", n)
            self.months[source.taxi, month].update(row)

        zone = f"CASE WHEN {{0}} BETWEEN 1 AND 265 THEN {{0}} ELSE {UNKNOWN_ZONE} END"
        for month, zone_from, zone_to, n in duckdb.execute(f"""
                SELECT month, {zone.format("zone_from")} AS a, {zone.format("zone_to")} AS b, count(*)
                FROM trips WHERE refused IS NULL GROUP BY ALL""").fetchall():
            self.zones[source.taxi, month, zone_from][0] += n
            self.zones[source.taxi, month, zone_to][1] += n

    @staticmethod
    def statistics(year, c):
        """Returns a row of trip_stats without its key, from the sums of a month."""
        averages = [
            float(Fraction(c[f"{m}_sum"], c[f"{m}_counted"] * unit)) if c[f"{m}_counted"] else None
            for m, (_, _, unit) in AVERAGED.items()
        ]
        types = [CONTRACT["trip_stats"][total] for _, total, _ in AVERAGED.values()]
        sums = [decimal(c[f"{m}_sum"], unit) for m, (_, _, unit) in AVERAGED.items()]
        return [
            *(year, c["trip_count"], *averages),
            *(c[f"{m}_counted"] for m in AVERAGED),
            *(int(s.quantize(1, ROUND_HALF_UP)) if type_ == INT64 else s for s, type_ in zip(sums, types)),
            *(c["refund_rows"], decimal(c["refund_sum"], UNIT)),
        ]


def decimal(n, unit):
    """n / unit with six decimals, rounded half away from zero."""
    whole = (abs(n) * 2 * UNIT + unit) // (2 * unit)
    return Decimal(whole if n >= 0 else -whole).scaleb(-6)


def next_month(month):
    return (month.replace(day=1) + datetime.timedelta(days=31)).replace(day=1)


def named(sql):
    cursor = duckdb.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor.fetchall()]


def sources_of(patterns):
    """Returns each file once. Its name is the path below the fixed prefix of the pattern that matches it, the shortest if several do;
    a file that is listed has its base name. Equal names are made longer by the names of folders above."""
    names = {}
    for pattern in patterns:
        pattern = os.path.abspath(pattern)
        parts = pattern.split(os.sep)
        fixed = next((i for i, part in enumerate(parts) if re.search(r"[*?\[]", part)), len(parts) - 1)
        for path in glob.glob(pattern, recursive=True):
            kept = len(path.split(os.sep)) - fixed
            names[path] = min(names.get(path, kept), kept)  # how many of its parts
    while True:
        named = {path: os.sep.join(path.split(os.sep)[-kept:]) for path, kept in names.items()}
        clashing = {name for name, n in collections.Counter(named.values()).items() if n > 1}
        if not clashing:
            return [Source(path, named[path]) for path in sorted(named)]
        names = {path: kept + (named[path] in clashing) for path, kept in names.items()}


# The published tables.


class Output:
    """An output folder, and the differences that were found in it."""

    def __init__(self, folder):
        self.folder = folder
        self.wrong = []
        self.largest = 0.0  # relative difference of an average
        self.tables = {}

    def path(self, table):
        return os.path.join(self.folder, table, table + ".parquet")

    def check(self, expected):
        """Compares everything. Returns a list of differences, one line each."""
        for table in CONTRACT:
            if not os.path.isfile(self.path(table)):
                return [f"{self.path(table)}: not there"]
        for table, contract in CONTRACT.items():
            file = pq.ParquetFile(self.path(table))
            arrow = file.read()
            self.same(f"{table}: schema", [(f.name, f.type) for f in arrow.schema], list(contract.items()))
            metadata = {k.decode(): v.decode() for k, v in (file.metadata.metadata or {}).items()}
            self.same(f"{table}: metadata tripstats.quality", metadata.get("tripstats.quality"), "standard")
            if table == "quality" and not any(all(f"{k}={v}" in text for k, v in LIMITS.items()) for text in metadata.values()):
                self.wrong.append("quality: metadata: the limits in force are not there")
            self.tables[table] = arrow.to_pylist()
        if self.wrong:
            self.tables = {}
            return self.wrong
        for table, rows in self.tables.items():
            self.check_order(table, rows)
            self.check_rows(table, rows, expected.tables[table])
        self.check_identities(expected.sources)
        return self.wrong

    def check_order(self, table, rows):
        keys = [[(row[c] is None, row[c]) for c in KEYS[table]] for row in rows]  # null last
        for i, (key, following) in enumerate(zip(keys, keys[1:])):
            if not key < following:
                self.wrong.append(f"{table}: not sorted, or a group twice: rows {i} and {i + 1}")

    def check_rows(self, table, rows, expected):
        keys = KEYS[table]
        values = [c for c in CONTRACT[table] if c not in keys]
        found = {tuple(row[k] for k in keys): [row[v] for v in values] for row in rows}
        for key in sorted(expected.keys() - found.keys(), key=str):
            self.wrong.append(f"{table}: {label(key)}: no such row, expected {label(expected[key])}")
        for key in sorted(found.keys() - expected.keys(), key=str):
            self.wrong.append(f"{table}: {label(key)}: a row too many: {label(found[key])}")
        for key in sorted(expected.keys() & found.keys(), key=str):
            for name, f, e in zip(values, found[key], expected[key]):
                equal = f == e
                if isinstance(f, float) and isinstance(e, float):
                    difference = abs(f - e) / max(abs(f), abs(e)) if f != e else 0.0
                    self.largest = max(self.largest, difference)
                    equal = difference <= TOLERANCE  # false for NaN
                if not equal:
                    self.wrong.append(f"{table}: {label(key)}: {name}: found {f}, expected {e}")

    def check_identities(self, sources):
        """Checks that every row of the footers is in the ledger, and that the rows it counts are in the tables."""
        read, counted, refused = collections.Counter(), collections.Counter(), collections.Counter()
        for row in self.tables["quality"]:
            file = (row["taxi"], row["source"])
            if row["scope"] == "row":
                refused[file] += row["rows"]
            elif row["rule"] == "rows_read":
                read[file] += row["rows"]
            elif row["rule"] == "rows_counted":
                counted[file] += row["rows"]
        self.same("identity: files with rows_read", sorted(read), sorted((s.taxi, s.name) for s in sources))
        self.same("identity: files with rows_counted", sorted(counted), sorted(read))
        for s in sources:
            file = (s.taxi, s.name)
            self.same(f"identity: {s.name}: rows_read, rows of the footer", read[file], s.rows)
            self.same(f"identity: {s.name}: rows_counted + rows refused, rows_read", counted[file] + refused[file], read[file])
        total = sum(counted.values())
        for table, column in [("trip_stats", "trip_count"), ("location_stats", "pickups"), ("location_stats", "dropoffs")]:
            self.same(f"identity: sum of {column}, of rows_counted", sum(row[column] for row in self.tables[table]), total)

    def same(self, what, found, expected):
        if found != expected:
            self.wrong.append(f"{what}: found {found}, expected {expected}")


# TLC's own figures for the same months.


def check_reference(folder, output, sources):
    """Prints months beside TLC's own figures. Returns the months whose difference is too large."""
    if not os.path.isdir(folder):
        return [f"reference: no folder {os.path.normpath(folder)}"]
    published = {}
    with open(os.path.join(folder, "monthly_row_counts.csv"), encoding="utf-8") as f:
        for row in csv.DictReader(f):
            published[row["type"], month_of(row["month"])] = int(row["rows"])
    indicators = {}
    with open(os.path.join(folder, "tlc_monthly_indicators.csv"), encoding="utf-8") as f:
        for row in csv.DictReader(f):
            key = (row["License Class"].strip().lower(), month_of(row["Month/Year"].strip()))
            columns = ("Trips Per Day", "Avg Minutes Per Trip", "Farebox Per Day")
            indicators[key] = [number(row[column]) for column in columns]
    rows = collections.Counter()
    for s in sources:
        rows[s.taxi, s.month] += s.rows

    wrong, months, samples, near = [], 0, 0, 0
    print("month           rows  published |  trips/day    TLC's   diff | minutes  TLC's   diff | farebox/day       TLC's   diff")
    for row in output.tables["trip_stats"]:
        key = taxi, month = row["taxi"], row["month_start"]
        if key not in indicators or key not in published:
            continue
        months += 1
        title = f"{taxi} {month:%Y-%m}"
        trips, minutes, farebox = indicators[key]
        days = calendar.monthrange(month.year, month.month)[1]
        minutes_off = (row["avg_trip_duration_minutes"] or math.nan) - minutes
        text = f"{title:<14} {rows[key]:>7,} {published[key]:>10,} |"
        apart = f"| {row['avg_trip_duration_minutes'] or math.nan:>7.2f} {minutes:>6.1f} {minutes_off:>+6.2f} |"
        if rows[key] < published[key] / 2:  # a sample: no figure per day
            print(f"{text} {'':>27} {apart} sample")
            if taxi == "yellow" and 2018 <= month.year <= 2020:
                samples, near = samples + 1, near + (abs(minutes_off) <= 0.35)
            continue
        trips_off = row["trip_count"] / days - trips
        revenue = float(row["amount_sum"] + row["refund_sum"] - row["tip_sum"]) / days
        revenue_off = revenue / farebox - 1
        print(f"{text} {row['trip_count'] / days:>10,.1f} {trips:>8,.0f} {trips_off:>+7.1f} {apart} "
              f"{revenue:>11,.0f} {farebox:>11,.0f} {revenue_off:>+6.2%}")
        if rows[key] != published[key]:
            wrong.append(f"reference: {title}: {rows[key]} rows, published are {published[key]}")
        if taxi != "green":
            continue
        if 2022 <= month.year <= 2024 and not abs(trips_off) <= 2:
            wrong.append(f"reference: {title}: trips a day {trips_off:+.1f} from TLC's")
        if not abs(minutes_off) <= 0.35:
            wrong.append(f"reference: {title}: average minutes {minutes_off:+.2f} from TLC's")
        if not abs(revenue_off) <= 0.025:
            wrong.append(f"reference: {title}: farebox a day {revenue_off:+.2%} from TLC's")
    if not months:
        wrong.append("reference: no month to compare")
    if samples:
        print(f"yellow samples of 2018 to 2020: average minutes within 0.35 of TLC's in {near} of {samples} months")
        if near < samples - 1:
            wrong.append(f"reference: yellow samples: average minutes of {samples - near} of {samples} months more than 0.35 from TLC's")
    return wrong


def month_of(text):
    return datetime.date.fromisoformat(text[:7] + "-01")


def number(text):
    text = text.strip().replace(",", "")
    return math.nan if text in ("", "-") else float(text)


# The self-test: the check for each damage must notice it.


def without(table, pick):
    rows = table.to_pylist()
    rows.remove(next(row for row in rows if pick(row)))
    return pa.Table.from_pylist(rows, table.schema)


def rows_of(table, indices):
    return pa.Table.from_pylist([table.to_pylist()[i] for i in indices], table.schema)


def move(table, column):
    """Moves one from the first row that has any to the next row, so that every sum stays the same."""
    rows = table.to_pylist()
    i = next(i for i, row in enumerate(rows[:-1]) if row[column])
    rows[i][column] -= 1
    rows[i + 1][column] += 1
    return pa.Table.from_pylist(rows, table.schema)


def with_idle_rule(table):
    rows = table.to_pylist()
    rows.append({**rows[-1], "rule": "zone_missing", "scope": "row", "rows": 0})
    return pa.Table.from_pylist(rows, table.schema)


def rule(name):
    return lambda row: row["rule"] == name


CENT = Decimal("0.01")
DAMAGES = [
    ("a cell rule's count off by one", "quality", "rows: found", lambda t: change(t, "rows", lambda r: r["scope"] == "cell", lambda n: n + 1)),
    ("a row rule's count off by one", "quality", "rows refused, rows_read", lambda t: change(t, "rows", lambda r: r["scope"] == "row", lambda n: n + 1)),
    ("rows_read off by one", "quality", "rows of the footer", lambda t: change(t, "rows", rule("rows_read"), lambda n: n - 1)),
    ("rows_counted off by one", "quality", "identity: sum of trip_count", lambda t: change(t, "rows", rule("rows_counted"), lambda n: n + 1)),
    ("a line of another rule", "quality", "a row too many", lambda t: change(t, "rule", rule("duration_zero"), lambda _: "duration_none")),
    ("a line of another scope", "quality", "no such row", lambda t: change(t, "scope", lambda r: r["scope"] == "row", lambda _: "cell")),
    ("a line of another source", "quality", "files with rows_read", lambda t: change(t, "source", rule("rows_read"), lambda s: "x/" + s)),
    ("a line without its month", "quality", "no such row", lambda t: change(t, "month_start", rule("rows_read"), lambda _: None)),
    ("a line lost", "quality", "no such row", lambda t: without(t, lambda r: r["scope"] == "cell")),
    ("a line at zero rows too many", "quality", "a row too many", with_idle_rule),
    ("two lines swapped", "quality", "not sorted", lambda t: rows_of(t, [1, 0, *range(2, len(t))])),
    ("a sum off by a cent", "trip_stats", "amount_sum: found", lambda t: change(t, "amount_sum", busy("amount_sum"), lambda v: v + CENT)),
    ("the minutes' sum off by a millionth", "trip_stats", "duration_minutes_sum: found", lambda t: change(t, "duration_minutes_sum", busy("duration_minutes_sum"), lambda v: v + Decimal("0.000001"))),
    ("the refunds off by a cent", "trip_stats", "refund_sum: found", lambda t: change(t, "refund_sum", lambda r: True, lambda v: v - CENT)),
    ("a counted cell too many", "trip_stats", "tip_counted: found", lambda t: change(t, "tip_counted", busy("tip_counted"), lambda n: n + 1)),
    ("an average off by 1e-8", "trip_stats", "avg_trip_duration_minutes: found", lambda t: change(t, "avg_trip_duration_minutes", busy("avg_trip_duration_minutes"), lambda v: v * (1 + 1e-8))),
    ("an average null", "trip_stats", "avg_tip: found None", lambda t: change(t, "avg_tip", busy("avg_tip"), lambda _: None)),
    ("a month lost", "trip_stats", "no such row", lambda t: rows_of(t, range(1, len(t)))),
    ("a trip in another month", "trip_stats", "trip_count: found", lambda t: move(t, "trip_count")),
    ("a pickup in another zone", "location_stats", "pickups: found", lambda t: move(t, "pickups")),
    ("a zone by another name", "location_stats", "a row too many", lambda t: change(t, "location_id", lambda r: True, lambda z: z + 1000)),
    ("a dropoff too many", "location_stats", "identity: sum of dropoffs", lambda t: change(t, "dropoffs", busy("dropoffs"), lambda n: n + 1)),
    ("a sum as a float", "trip_stats", "schema", lambda t: t.set_column(t.schema.get_field_index("tip_sum"), "tip_sum", t["tip_sum"].cast(pa.float64()))),
    ("no metadata", "quality", "metadata", lambda t: t.replace_schema_metadata(None)),
]


def self_test(folder, expected):
    """Returns a line for each damage that goes unnoticed."""
    unnoticed = []
    for what, table, sign, damage in [*DAMAGES, ("a table written anew as it was", "quality", None, lambda t: t)]:
        with tempfile.TemporaryDirectory() as scratch:
            copy = Output(shutil.copytree(folder, os.path.join(scratch, "out")))
            try:
                pq.write_table(damage(pq.read_table(copy.path(table))), copy.path(table), compression="zstd")
                found = copy.check(expected)
            except StopIteration:
                found = ["the output has nothing to do it to; take a larger one"]
        if found if sign is None else not any(sign in line for line in found):
            unnoticed.append(f"self-test: {what}: expected {sign!r} in the differences, found {found[:5]}")
    return unnoticed


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    beside = os.path.join(os.environ.get("TRIPSTATS_DATA", os.path.join(here, "../../../shared/data")), "reference")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True)
    parser.add_argument("--input", action="append", required=True, metavar="GLOB")
    parser.add_argument("--as-of", type=month_of, metavar="MONTH", help="as the run had it; default: the last month a file is named for")
    parser.add_argument("--quarantine", metavar="DIR", help="also compare the rows that the run kept there, those of cell rules too")
    parser.add_argument("--reference", nargs="?", const=beside, metavar="DIR", help="also compare with TLC's figures (default DIR: %(const)s)")
    parser.add_argument("--every-rule", action="store_true", help="fail where a rule never fires")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()

    sources = sources_of(args.input)
    if not sources:
        sys.exit("standard: no input file matches")
    expected = Expected(sources, args.as_of)
    output = Output(args.output)
    wrong = list(output.check(expected))
    cells = sum(len(CONTRACT[t]) * len(rows) for t, rows in output.tables.items())
    print(f"{len(sources):>12,} files of {sum(s.rows for s in sources):,} rows by their footers")
    for table, rows in expected.tables.items():
        print(f"{len(rows):>12,} rows of {table}")
    print(f"{cells:>12,} values compared, largest relative difference of an average {output.largest:.1e}")
    fired = collections.Counter()
    for key, rows in expected.ledger.items():
        fired[key[3]] += rows
    for name in [r[-2] for r in ROW_RULES + CELL_RULES]:
        print(f"{fired[name]:>12,} {name}")
        if args.every_rule and not fired[name]:
            wrong.append(f"{name} never fires on these files")
    if args.quarantine:
        kept = quarantine.Quarantine(args.quarantine)
        wrong += kept.check(expected)
        print(f"{kept.rows:>12,} rows in quarantine, one for each row and rule")
    if args.reference and output.tables:
        wrong += check_reference(args.reference, output, sources)
    if args.self_test and not wrong:
        wrong += self_test(args.output, expected)
        cases = len(DAMAGES) + 1
        if args.quarantine:
            wrong += quarantine.self_test(args.quarantine, expected)
            cases += len(quarantine.DAMAGES)
        print(f"{cases:>12,} cases of the self-test")

    most = 40
    for line in wrong[:most]:
        print(f"standard: {line}", file=sys.stderr)
    if len(wrong) > most:
        print(f"standard: and {len(wrong) - most:,} differences more", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
