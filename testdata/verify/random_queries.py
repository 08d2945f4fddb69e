"""Compares random tables over random small files with DuckDB: random_queries.py TRIPSTATS [--count N] [--seed N] [--keep DIR]

Each batch has files of its own: both taxis, some months, with nulls, ties and extremes, in several row groups, raw or with the rules. Its tables are
made by one run of tripstats; some questions about single trips are answered by tripstats query. Whole numbers, decimals and texts must be
those of DuckDB, floats within 1e-9 relative; ties are broken by the documented rule. Sums of floats are compared with Python's math.fsum,
which is exact. A table may have no value, an overflow, only if DuckDB has none too. --keep has the files and tables of batches with a difference.
"""

import argparse
import collections
import datetime
import fractions
import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import reference
import trips
from queries import arrow_of, path_of

BATCH = 30  # tables a run
REFUSED = 0.1  # the largest share of texts that the dialect may refuse

NAN, INF = math.nan, math.inf

# The files.


def moment(r, year, month):
    """A time in µs."""
    start = int(datetime.datetime(year, month, 1, tzinfo=datetime.timezone.utc).timestamp())
    return r.choice([
        start * 10**6 + r.randrange(28 * 86_400) * 10**6, start * 10**6 + r.randrange(28 * 86_400) * 10**6, start * 10**6 + r.randrange(5) * 3_600_000_000,
        start * 10**6 + r.randrange(40) * 86_400_000_000 + r.choice([0, 1, 999_999]),
    ])


def money(r, wild, judged):
    kind = r.random()
    if kind < 0.4:
        return r.choice([0.0, 2.5, 12.8, 52.0, 7.3])
    if kind < 0.8:
        return r.randrange(-500, 9_000) / 100
    if kind < 0.85:
        return r.randrange(10**6) / 10**6
    if not wild:
        return float(r.randrange(30))
    return r.choice([-0.0, 1e-6, -1e-6, 99_999_999.99, -99_999_999.99, 100_000_000.0, -5_000.01, 5_000.0, 199.99, *[NAN, INF, -INF, 1e13, 8e12, -8e12] * judged])


def column(r, n, make, nulls=None):
    share = r.choice([0, 0, 0.02, 0.3, 1]) if nulls is None else nulls
    return [None if r.random() < share else make() for _ in range(n)]


PARTS = ["base_passenger_fare", "tolls", "bcf", "sales_tax", "congestion_surcharge", "airport_fee", "cbd_congestion_fee", "tips"]


def hired(r, n, taxi, times, places, wild, judged):
    """Returns the columns of trips of for-hire vehicles. The parts of the total are not so wild that how they are added up would matter."""
    (pickups, dropoffs), (start, end) = times, places
    if taxi == "fhv":
        return {"dispatching_base_num": (column(r, n, lambda: "B00001"), pa.string()), "pickup_datetime": pickups, "dropOff_datetime": dropoffs, "PUlocationID": start, "DOlocationID": end}
    asked = [p if p is None else p - r.randrange(-60, 900) * 10**6 for p in pickups[0]]
    out = {
        "hvfhs_license_num": (column(r, n, lambda: r.choice(["HV0003", "HV0003", "HV0005", *["?"] * wild])), pa.string()),
        "request_datetime": (asked, pa.timestamp("us")), "pickup_datetime": pickups, "dropoff_datetime": dropoffs, "PULocationID": start, "DOLocationID": end,
        "trip_miles": (column(r, n, lambda: money(r, wild, judged), 0), pa.float64()),
        "trip_time": (column(r, n, lambda: r.randrange(4_000)), pa.int64()),
        "driver_pay": (column(r, n, lambda: money(r, wild, judged)), pa.float64()),
        "shared_match_flag": (column(r, n, lambda: r.choice(["N", "N", "Y"])), pa.string()),
    }
    for name in PARTS:
        if r.random() < 0.9:
            out[name] = (column(r, n, lambda: money(r, False, judged)), pa.float64())
    return out


def write_file(r, folder, taxi, year, month, wild, judged):
    n = r.choice([0, 1, 60, 300, 300, 1_000, 1_000, 3_000])
    zones = [r.randrange(1, 266) for _ in range(r.choice([2, 10, 200]))] + ([None, 0, -1, 264, 265, 266, 99_999, *[2**31 - 1] * (r.random() < 0.2)] if wild else [264, 56, 57, 132])
    extreme = [-1, 0, 951_782_399_999_999, -62_000_000_000_000_000, 9_000_000_000_000_000, 3_730_000_000_000_000] if wild else []
    pickups = column(r, n, lambda: r.choice(extreme) if extreme and r.random() < 0.03 else moment(r, year, month), r.choice([0, 0, 0.02]))
    dropoffs = [
        None if r.random() < 0.02 else r.choice(extreme) if extreme and r.random() < 0.02 else (p or 0) + r.choice([600, 600, 0, -60, 86_399, r.randrange(4_000)]) * 10**6 + r.choice([0, 0, 0, 1, 999_999])
        for p in pickups
    ]
    if judged:  # the rules know New York's clock of some centuries only
        dropoffs = [d if d is None or d > 0 else 10**15 for d in dropoffs]
    prefix = "tpep" if taxi == "yellow" else "lpep"
    if taxi in ("fhvhv", "fhv"):
        places = [(column(r, n, lambda: r.choice(zones), 0), pa.int64()) for _ in range(2)]
        return written(r, folder, taxi, year, month, hired(r, n, taxi, [(t, pa.timestamp("us")) for t in (pickups, dropoffs)], places, wild, judged))
    columns = {
        "VendorID": (column(r, n, lambda: r.choice([1, 2, 2, 6])), pa.int64()),
        f"{prefix}_pickup_datetime": (pickups, pa.timestamp("us")),
        f"{prefix}_dropoff_datetime": (dropoffs, pa.timestamp("us")),
        "passenger_count": (column(r, n, lambda: float(r.choice([0, 1, 1, 2, 3, 6, 9, 10]))), r.choice([pa.int64(), pa.float64()])),
        "trip_distance": (column(r, n, lambda: money(r, wild, judged), 0), pa.float64()),
        "RatecodeID": (column(r, n, lambda: r.choice([1, 1, 2, 99])), r.choice([pa.int64(), pa.float64()])),
        "store_and_fwd_flag": (column(r, n, lambda: r.choice(["N", "N", "Y"])), r.choice([pa.string(), pa.large_string()])),
        "PULocationID": (column(r, n, lambda: r.choice(zones), 0), pa.int64() if r.random() < 0.7 else pa.int32()),
        "DOLocationID": (column(r, n, lambda: r.choice(zones), 0), pa.int64()),
        "payment_type": (column(r, n, lambda: r.choice([0, 1, 1, 2, 2, 3, 4, *[-1, 2**40] * wild])), pa.int64()),
    }
    for name in ("fare_amount", "extra", "mta_tax", "tip_amount", "tolls_amount", "improvement_surcharge", "total_amount", "congestion_surcharge"):
        columns[name] = (column(r, n, lambda: money(r, wild, judged)), pa.float64())
    for name in ("cbd_congestion_fee", "airport_fee" if taxi == "yellow" else "ehail_fee"):
        if r.random() < 0.7:
            columns[name] = (column(r, n, lambda: money(r, wild, judged)), pa.float64())
    if taxi == "green":
        columns["trip_type"] = (column(r, n, lambda: r.choice([1, 2])), r.choice([pa.int64(), pa.float64()]))
    if r.random() < 0.15:
        del columns[r.choice(["extra", "congestion_surcharge", "tip_amount", "passenger_count", "store_and_fwd_flag", "payment_type"])]
    return written(r, folder, taxi, year, month, columns)


def written(r, folder, taxi, year, month, columns):
    """Writes a file and returns its path."""
    table = pa.table({name: pa.array(values if to != pa.int64() else [None if v is None else int(v) for v in values], to) for name, (values, to) in columns.items()})
    path = os.path.join(folder, f"{taxi}_tripdata_{year}-{month:02}.parquet")
    pq.write_table(table, path, row_group_size=r.choice([7, 100, 1_000, None]) or 10**6, use_dictionary=r.random() < 0.7, compression=r.choice(["none", "snappy", "zstd"]))
    return path


def write_files(r, folder, judged):
    wild = r.random() < 0.6
    months = r.sample([(2019, 12), (2020, 3), (2020, 11), (2021, 1), (2023, 5), (2025, 2)], r.choice([1, 2, 3]))
    return sorted(write_file(r, folder, taxi, *month, wild, judged) for taxi in r.choice([["yellow"], ["green"], ["green", "yellow"], ["green", "yellow"], ["fhvhv"], ["fhvhv", "fhv", "yellow"]]) for month in months)


# The texts. An expression is (type, text, text for DuckDB). Types: int, dec, dbl, text, date, time, bool.

Expr = collections.namedtuple("Expr", "type ours duck")
COLUMNS = {
    "int": "pickup_location_id dropoff_location_id vendorid ratecodeid payment_type trip_type hvfhs_license_num year pickup_hour weekday".split(),
    "dec": """passenger_count trip_distance fare_amount extra mta_tax tip_amount tolls_amount improvement_surcharge total_amount congestion_surcharge
        airport_fee ehail_fee cbd_congestion_fee sales_tax driver_pay trip_time""".split(),
    "dbl": "trip_duration_minutes trip_duration_seconds wait_minutes speed_mph".split(),
    "text": "taxi store_and_fwd_flag shared_match_flag pickup_zone pickup_borough pickup_service_zone dropoff_zone dropoff_borough dropoff_service_zone".split(),
    "date": ["month_start", "pickup_date"],
    "time": ["pickup_datetime", "dropoff_datetime", "request_datetime"],
    "bool": ["is_refund"],
}
LITERALS = {
    "int": ["0", "1", "2", "3", "132", "264", "-1"],
    "dec": ["0", "0.5", "2.50", "10", "-3", "12.8", "100.25"],
    "dbl": ["0e0", "1e0", "10e0", "2.5e0", "6e1", "1e-3"],
    "text": ["'yellow'", "'N'", "'Queens'", "'Newark Airport'", "''", "'It''s'"],
    "date": ["DATE '2020-03-01'", "DATE '2023-05-14'", "DATE '1970-01-01'"],
    "time": ["TIMESTAMP '2020-03-08 02:30:00'", "TIMESTAMP '2021-01-01 00:00:00.000001'", "DATE '2023-05-02'"],
    "bool": ["TRUE", "FALSE"],
}
ORDERED = ["int", "dec", "dbl", "text", "date", "time", "bool"]
NUMBERS = ["int", "dec", "dbl"]


class Texts:
    """Makes random texts."""

    def __init__(self, r):
        self.r = r

    def one(self, *of):
        return self.r.choice(of)

    def same(self, type_, text):
        return Expr(type_, text, text)

    def call(self, type_, form, *args):
        return Expr(type_, form.format(*(a.ours for a in args)), form.format(*(a.duck for a in args)))

    def scalar(self, type_, depth=2):
        """An expression of the values of a trip."""
        r = self.r
        if depth <= 0 or r.random() < 0.45:
            return self.same(type_, r.choice(COLUMNS[type_] if r.random() < 0.9 else LITERALS[type_]))
        a = self.scalar(type_, depth - 1)
        general = r.random()
        if general < 0.12:
            return self.call(type_, "CASE WHEN {} THEN {} ELSE {} END", self.condition(depth - 1), a, self.scalar(type_, depth - 1))
        if general < 0.18:
            return self.call(type_, "coalesce({}, {})", a, self.scalar(type_, depth - 1))
        if general < 0.24:
            return self.call(type_, self.one("least", "greatest") + "({}, {})", a, self.scalar(type_, depth - 1))
        if general < 0.28:
            return self.call(type_, "nullif({}, {})", a, self.scalar(type_, 0))
        return getattr(self, type_)(a, depth)

    def int(self, a, depth):
        r = self.r
        if r.random() < 0.4:
            part = self.one("hour", "day", "isodow", "month", "quarter", "year", "minute", "second", "week")
            of = self.scalar(self.one("time", "date") if part not in ("hour", "minute", "second") else "time", depth - 1)
            return self.call("int", "extract(" + part + " FROM {})" if r.random() < 0.5 else part + "({})", of)
        return self.call("int", self.one("({} + {})", "({} - {})", "({0} // 10)", "({0} % 7)", "({} * 2)", "abs({})", "- {}"), a, self.scalar("int", 0))

    def dec(self, a, depth):
        b = self.scalar("dec", depth - 1)
        form = self.one("({} + {})", "({} - {})", "({0} * 2)", "round({0}, 1)", "floor({0})", "ceil({0})", "abs({0})", "- {0}", "round({0})", "({0} * 0.5)", "CAST({0} AS DECIMAL(18,2))", "round({0}, -1)")
        return self.call("dec", form, a, b)

    def dbl(self, a, depth):
        b = self.scalar(self.one("dec", "dbl", "int"), depth - 1)
        return self.call("dbl", self.one("({0} + {1})", "({0} - {1})", "({0} / {1})", "({1} / nullif({0}, 0))", "({0} * 2)", "abs({0})", "round({0}, 2)", "floor({0})", "CAST({1} AS DOUBLE)"), a, b)

    def text(self, a, depth):
        return self.call("text", self.one("lower({})", "upper({})"), a)

    def date(self, a, depth):
        return self.call("date", "CAST({} AS DATE)", self.scalar("time", depth - 1)) if self.r.random() < 0.6 else a

    def time(self, a, depth):
        part = self.one("year", "quarter", "month", "week", "day", "hour", "minute", "second")
        return self.call("time", "date_trunc('" + part + "', {})", a) if self.r.random() < 0.7 else self.call("time", "CAST({} AS TIMESTAMP)", self.scalar("date", depth - 1))

    def bool(self, a, depth):
        return self.condition(depth)

    def condition(self, depth=2):
        r = self.r
        if depth > 0 and r.random() < 0.3:
            return self.call("bool", self.one("({} AND {})", "({} OR {})", "(NOT {})"), self.condition(depth - 1), self.condition(depth - 1))
        type_ = self.one(*ORDERED[:6])
        a, b = self.scalar(type_, depth - 1), self.scalar(type_, depth - 1)
        kind = r.random()
        if kind < 0.15:
            return self.call("bool", self.one("({} IS NULL)", "({} IS NOT NULL)"), a)
        if kind < 0.3:
            values = ", ".join(LITERALS[type_][:3] + ["NULL"] * (r.random() < 0.2))
            return self.call("bool", "({} " + self.one("IN", "NOT IN") + " (" + values + "))", a)
        if kind < 0.45:
            return self.call("bool", "({} " + self.one("BETWEEN", "NOT BETWEEN") + " {} AND {})", a, self.same(type_, r.choice(LITERALS[type_])), b)
        if kind < 0.6:
            return self.call("bool", "({} " + self.one("LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE") + " " + self.one("'%airport%'", "'_ast%'", "'%e%'", "'Queens'", "'%'", "'%e_'", "'yel%w'") + ")", self.scalar("text", depth - 1))
        if kind < 0.65:
            return self.same("bool", "is_refund")
        return self.call("bool", "({} " + self.one("=", "<>", "<", "<=", ">", ">=") + " {})", a, b if r.random() < 0.4 else self.same(type_, r.choice(LITERALS[type_])))

    def aggregate(self):
        """An aggregate of the trips of a group."""
        r = self.r
        condition = self.condition(1) if r.random() < 0.3 else None
        filtered = self.call("", " FILTER (WHERE {})", condition) if condition else self.same("", "")

        def make(type_, ours, duck=None):
            return Expr(type_, ours + filtered.ours, (duck or ours) + filtered.duck)

        kind = self.one("count*", "count", "distinct", "sum", "sum", "avg", "avg", "min", "max", "quantile", "quantile", "median", "arg", "arg")
        depth = self.one(0, 0, 1, 2)
        if kind == "count*":
            return make("int", "count(*)")
        if kind in ("count", "distinct"):
            a = self.scalar(self.one(*ORDERED), depth)
            word = "DISTINCT " if kind == "distinct" else ""
            return make("int", f"count({word}{a.ours})", f"count({word}{a.duck})")
        if kind in ("sum", "avg"):
            a = self.scalar(self.one(*NUMBERS), depth)
            if a.type == "dbl":
                plain = f"{kind}({a.duck}){filtered.duck}"  # of what is not finite, of which DuckDB makes NULL in Python
                return Expr("dbl", f"{kind}({a.ours})" + filtered.ours, f"CASE WHEN isfinite({plain}) THEN exact_{kind}(list({a.duck}){filtered.duck}) ELSE {plain} END")
            return make("dbl" if kind == "avg" else "dec", f"{kind}({a.ours})", f"{kind}({a.duck})")
        if kind in ("min", "max"):
            a = self.scalar(self.one(*ORDERED), depth)
            return make(a.type, f"{kind}({a.ours})", f"{kind}({a.duck})")
        if kind == "median":
            a = self.scalar(self.one(*NUMBERS), depth)
            return make("dbl" if a.type == "int" else a.type, f"median({a.ours})", f"median({a.duck})")
        if kind == "quantile":
            which, fraction = self.one("quantile_cont", "quantile_disc"), self.one("0", "0.05", "0.25", "0.5", "0.9", "0.99", "1")
            a = self.scalar(self.one(*NUMBERS, *(["text", "date", "time"] if which == "quantile_disc" else [])), depth)
            return make("dbl" if a.type == "int" and which == "quantile_cont" else a.type, f"{which}({a.ours}, {fraction})", f"{which}({a.duck}, {fraction})")
        a, b = self.scalar(self.one(*ORDERED), depth), self.scalar(self.one(*ORDERED[:6]), 0)
        which = self.one("arg_min", "arg_max")
        return make(a.type, f"{which}({a.ours}, {b.ours})", f"{which}({a.duck}, {b.duck})")

    def finished(self, aggregates):
        """An expression over aggregates."""
        numbers = [a for a in aggregates if a.type in NUMBERS]
        if not numbers or self.r.random() < 0.7:
            return self.aggregate()
        a = self.r.choice(numbers)
        return self.call("dbl", self.one("({} / nullif({}, 0))", "({0} * 2)", "({0} + 1)", "round({0}, 1)", "coalesce({0}, 0)", "- {0}", "CASE WHEN {0} > 10 THEN 1 ELSE 0 END"), a, self.call("dbl", "count(*)"))

    def window(self, keys, aggregates):
        r = self.r
        exact = [a for a in aggregates if a.type == "int"] or [self.same("int", "count(*)")]
        a = r.choice(exact)
        partition = f"PARTITION BY {keys[0].ours} " if keys and r.random() < 0.6 else ""
        order = f"ORDER BY {a.ours}{self.one('', ' DESC')}"
        kind = self.one("rank", "row_number", "lag", "sum", "share", "count")
        if kind == "rank":
            return [f"rank() OVER ({partition}{order})".replace(a.ours, which) for which in (a.ours, a.duck)]
        if kind == "row_number":
            return [f"row_number() OVER ({partition}ORDER BY {which} DESC)" for which in (a.ours, a.duck)]
        if kind == "lag":
            return [f"lag({which}) OVER ({partition}ORDER BY {which})" for which in (a.ours, a.duck)]
        if kind == "share":
            return [f"{which} / sum({which}) OVER ({partition.strip()})" for which in (a.ours, a.duck)]
        if kind == "count":
            return [f"count(*) OVER ({partition}ORDER BY {which})" for which in (a.ours, a.duck)]
        return [f"sum({which}) OVER ({partition}ORDER BY {which})" for which in (a.ours, a.duck)]

    def table(self):
        """Returns a SELECT with groups, as ours and DuckDB's."""
        r = self.r
        keys = []
        for _ in range(self.one(0, 1, 1, 2, 2, 3)):
            key = self.scalar(self.one(*ORDERED, "int", "text", "date"), self.one(0, 0, 0, 1, 2))
            if re.search("[a-z_]{4}", key.ours) and not re.fullmatch(r"(DATE|TIMESTAMP)? ?'.*'|TRUE|FALSE", key.ours):  # a constant may be a position
                keys.append(key)
        made = []
        for _ in range(self.one(1, 2, 3, 4)):
            made.append(self.finished(made))
        items = [(k.ours, k.duck, True) for k in keys] + [(a.ours, a.duck, False) for a in made]
        by = self.one("names", "positions", "all", "aliases")
        if keys and r.random() < 0.15:
            items.append((*self.window(keys, made), False))
            by = "names" if by == "all" else by  # DuckDB takes some windows for keys of ALL
        if by == "names" and r.random() < 0.4:
            r.shuffle(items)
        if by == "names" and r.random() < 0.2 and keys:
            items.remove((keys[0].ours, keys[0].duck, True))
        names = [f"c{i}" for i in range(len(items))]
        where = self.condition() if r.random() < 0.45 else None
        having = r.choice([a for a in made if a.type in ("int", "dec")] or [self.call("int", "count(*)")]) if r.random() < 0.25 else None
        order = None
        if r.random() < 0.4:
            order = ", ".join(str(i + 1) + self.one("", " DESC", " NULLS FIRST", " DESC NULLS LAST") for i in r.sample(range(len(items)), self.one(1, min(2, len(items)))))
        limit = self.one(0, 1, 5, 20, 100, 100, 300) if r.random() < 0.25 else None
        more, than = self.one(">", ">=", "<>", "<"), self.one("0", "1", "10", "1.5")

        def text(which):
            out = "SELECT " + ", ".join(f"{item[which]} AS {name}" for item, name in zip(items, names)) + " FROM trips"
            out += f" WHERE {where[which + 1]}" if where else ""
            if keys:
                out += " GROUP BY " + {
                    "names": ", ".join(k[which + 1] for k in keys), "all": "ALL", "positions": ", ".join(str(i + 1) for i in range(len(keys))), "aliases": ", ".join(names[: len(keys)]),
                }[by]
            out += f" HAVING {having[which + 1]} {more} {than}" if having else ""
            out += f" ORDER BY {order}" if order else ""
            return out + (f" LIMIT {limit}" if limit is not None else "")

        return text(0), text(1)

    def answer(self):
        """Returns a SELECT of single trips."""
        r = self.r
        items = [self.scalar(self.one(*ORDERED), self.one(0, 0, 1, 2)) for _ in range(self.one(1, 2, 4))]
        where = self.condition() if r.random() < 0.6 else None
        limit = self.one(1, 10, 1_000, 10_000)

        def text(which):
            out = "SELECT " + ", ".join(f"{item[which + 1]} AS c{i}" for i, item in enumerate(items)) + " FROM trips"
            return out + (f" WHERE {where[which + 1]}" if where else "") + f" LIMIT {limit}"

        return text(0), text(1)


# The comparison.


def exact_sum(values):
    values = [v for v in values or [] if v is not None]
    if not values:
        return None
    return math.fsum(values)


def exact_avg(values):
    values = [fractions.Fraction(v) for v in values or [] if v is not None]
    return float(sum(values) / len(values)) if values else None


class Batch:
    """One run and its differences."""

    def __init__(self, program, scratch, seed, number):
        self.program, self.scratch = program, scratch
        self.r = random.Random(f"{seed} {number}")
        self.judged = self.r.random() < 0.3
        self.paths = write_files(self.r, scratch, self.judged)
        self.pattern = os.path.join(scratch, "*.parquet")
        self.runner = "prism" if self.r.random() < 0.1 else "direct"
        self.flags = [f"--quality={'standard' if self.judged else 'raw'}", f"--runner={self.runner}"]
        self.refused, self.compared, self.failed, self.wrong = [], 0, 0, []

    def run(self, *args):
        return subprocess.run([self.program, *args, *self.flags], capture_output=True, text=False, check=False)

    def make(self, texts):
        """Makes tables t0, t1, ... and returns the exit code, stderr and their folder. The n-th text is in line n + 1."""
        file, out = os.path.join(self.scratch, "tables.sql"), tempfile.mkdtemp(dir=self.scratch)
        with open(file, "w", encoding="utf-8") as f:
            f.writelines(f"CREATE TABLE t{i} AS {text};\n" for i, text in enumerate(texts))
        done = self.run(f"--input={self.pattern}", f"--output={out}", f"--tables={file}", "--max-groups=10000000")
        return done.returncode, done.stderr.decode(errors="replace"), out

    def compare(self, n, answers):
        trips.standard([self.pattern]) if self.judged else trips.raw(self.paths)
        texts = Texts(self.r)
        chosen = [texts.table() for _ in range(n)]
        code, stderr, out = self.make([ours for ours, _ in chosen])
        while code == 2 and "goroutine" not in stderr and (lines := {int(m) for m in re.findall(r"tables\.sql:(\d+):\d+: ", stderr)}):
            self.refused += [(chosen[i - 1][0], m) for i in lines for m in re.findall(rf"tables\.sql:{i}:\d+: (.*)", stderr)[:1]]
            chosen = [c for i, c in enumerate(chosen) if i + 1 not in lines]
            if not chosen:
                return
            code, stderr, out = self.make([ours for ours, _ in chosen])
        if code == 0:
            for i, (ours, duck) in enumerate(chosen):
                self.one(ours, duck, lambda i=i: pq.read_table(path_of(out, f"t{i}")))
        else:  # find out which
            for ours, duck in chosen:
                code, stderr, out = self.make([ours])
                self.one(ours, duck, (lambda out=out: pq.read_table(path_of(out, "t0"))) if code == 0 else None, f"exit {code}: {stderr.strip()[-700:]}")
        for _ in range(answers):
            ours, duck = texts.answer()
            done = self.run("query", ours, f"--input={self.pattern}", "--as=arrow")
            if done.returncode == 2:
                message = done.stderr.decode().strip().splitlines()
                self.refused.append((ours, message[0]))
                if "goroutine" in done.stderr.decode():
                    self.wrong.append((ours, message[:3]))
                continue
            self.one(ours, duck, (lambda done=done: arrow_of(done.stdout)) if done.returncode == 0 else None, f"exit {done.returncode}: {done.stderr.decode(errors='replace').strip()[-700:]}")

    def one(self, ours, duck, table, error=""):
        """Compares a table. table is None if there is an error in its place."""
        self.compared += 1
        try:
            columns, rows = reference.ask(reference.told(duck))
        except (duckdb.OutOfRangeException, duckdb.ConversionException, duckdb.InvalidInputException) as e:
            if table is None:
                self.failed += 1
            else:
                self.wrong.append((ours, [f"DuckDB has no value: {e}"]))
            return
        except duckdb.Error as e:
            self.wrong.append((ours, [f"DuckDB refuses it: {str(e)[:500]}"]))
            return
        if table is None and not rows and "too large" in error:
            self.failed += 1  # DuckDB knows without computing it that nothing is left
            return
        if table is None:
            self.wrong.append((ours, [error]))
            return
        try:
            found = reference.differences(table(), columns, rows)
        except (pa.ArrowInvalid, OSError) as e:
            found = [f"it cannot be read: {e}"]
        if found:
            self.wrong.append((ours, found))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tripstats")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, help="this batch alone")
    parser.add_argument("--answers", type=int, default=2, help="questions about single trips, a batch (default 2)")
    parser.add_argument("--keep", help="a folder for the files and tables of batches with a difference")
    parser.add_argument("--refusals", action="store_true", help="print the texts that are refused")
    args = parser.parse_args()
    duckdb.create_function("exact_sum", exact_sum, ["DOUBLE[]"], "DOUBLE", null_handling="special")
    duckdb.create_function("exact_avg", exact_avg, ["DOUBLE[]"], "DOUBLE", null_handling="special")
    reference.AGGREGATES |= {"exact_sum", "exact_avg", "list"}
    compared = failed = differences = 0
    refused = []
    batches = [args.batch] if args.batch is not None else range(-(-args.count // BATCH))
    for number in batches:
        with tempfile.TemporaryDirectory() as scratch:
            batch = Batch(os.path.abspath(args.tripstats), scratch, args.seed, number)
            batch.compare(min(BATCH, args.count - number * BATCH) if args.batch is None else BATCH, args.answers)
            for ours, lines in batch.wrong:
                print(f"random_queries: batch {number} of seed {args.seed}, {' '.join(batch.flags)}: {ours}\n  " + "\n  ".join(lines), file=sys.stderr, flush=True)
            if batch.wrong and args.keep:
                shutil.copytree(scratch, os.path.join(args.keep, f"batch-{args.seed}-{number}"), dirs_exist_ok=True)
            compared, failed, differences = compared + batch.compared, failed + batch.failed, differences + len(batch.wrong)
            refused += batch.refused
    if args.refusals:
        print(json.dumps(refused, indent=1))
    print(f"random_queries: {compared} tables and answers as DuckDB gives them, but {differences}; {failed} of them without a value in both; {len(refused)} texts refused (seed {args.seed})")
    if differences or len(refused) > REFUSED * (compared + len(refused)) + 3:
        for text, message in refused[:5]:
            print(f"random_queries: refused: {text}\n  {message}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
