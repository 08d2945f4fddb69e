"""Reads random combinations of what pyarrow writes: combinations.py TRIPSTATS [COUNT] [SEED]

Each file has a random version, page version, encodings, codec, page size, dictionary, statistics, checksum, row group size and types of
columns. The tables that tripstats publishes, with either decoder, must be those that Python's integers give for the rows that were
written. No file may be refused, because tripstats reads every form that pyarrow writes.
"""

import collections
import datetime
import decimal
import os
import random
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq

BATCH = 25  # files a run
UNIT = 10**6
NAMES = dict(pickup="tpep_pickup_datetime", dropoff="tpep_dropoff_datetime", start="PULocationID", end="DOLocationID",
             passengers="passenger_count", miles="trip_distance", amount="total_amount", tip="tip_amount")
MEASURES = ["passengers", "miles", "minutes", "amount", "tip"]
TYPES = {
    "time": [pa.timestamp("us"), pa.timestamp("ms"), pa.timestamp("ns"), pa.string()],
    "zone": [pa.int64(), pa.int32(), pa.int16(), pa.uint32(), pa.uint64(), pa.float64(), pa.float32(), pa.string(), pa.large_string(), pa.decimal128(9, 0), pa.decimal128(30, 10)],
    "count": [pa.int64(), pa.int32(), pa.int8(), pa.uint64(), pa.float64(), pa.float32(), pa.string(), pa.decimal128(5, 2)],
    "money": [pa.float64(), pa.string(), pa.large_string(), pa.decimal128(9, 2), pa.decimal128(18, 4), pa.decimal128(38, 9), pa.decimal256(60, 20)],
}
KIND = dict(pickup="time", dropoff="time", start="zone", end="zone", passengers="count", miles="money", amount="money", tip="money")
ENCODINGS = {
    "int": ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"],
    "float": ["PLAIN", "BYTE_STREAM_SPLIT"],
    "text": ["PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"],
    "int96": ["PLAIN"],
    "fixed": ["PLAIN", "BYTE_STREAM_SPLIT", "DELTA_BYTE_ARRAY"],
}


def rows_of(r, year, month):
    """Made-up trips: lists by column. Times are in seconds, amounts and miles in hundredths, so that every type can hold them."""
    n = r.choice([0, 1, 7, 8, 9, 100, 1_000, 5_000, 17_000])
    start = int(datetime.datetime(year, month, 1, tzinfo=datetime.timezone.utc).timestamp())
    pickups = [start + r.randrange(28 * 86_400) for _ in range(n)]
    if r.random() < 0.3:
        pickups.sort()
    few = r.random() < 0.5
    columns = {
        "pickup": pickups,
        "dropoff": [p + r.randrange(-60, 7_200) for p in pickups],
        "start": [r.randrange(1, 266) for _ in range(n)],
        "end": [r.choice([132, 138]) if few else r.randrange(1, 266) for _ in range(n)],
        "passengers": [r.randrange(7) for _ in range(n)],
        "miles": [r.randrange(30 if few else 3_000) for _ in range(n)],
        "amount": [r.randrange(-500, 20_000) for _ in range(n)],
        "tip": [0 if few else r.randrange(2_000) for _ in range(n)],
    }
    for name, values in columns.items():
        share = r.choice([0, 0, 0.01, 0.1, 0.5, 1])
        if name == "pickup":  # without a pickup time a row has no month
            share = 0
        runs = r.random() < 0.3
        for i in range(n):
            if (i * 5 // n % 2 == 0 and share > 0) if runs else r.random() < share:
                values[i] = None
    return columns


def as_type(kind, values, to):
    """Returns an array of a column's values in a type."""
    if pa.types.is_timestamp(to):
        scale = {"ms": 10**3, "us": UNIT, "ns": 10**9}[to.unit]
        return pa.array([None if v is None else v * scale for v in values], pa.int64()).cast(to)
    if kind == "time":  # with a T or a space, with or without a fraction
        form = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f"]
        return pa.array([None if v is None else datetime.datetime.fromtimestamp(v, datetime.timezone.utc).strftime(form[i % 3]) for i, v in enumerate(values)], to)
    if pa.types.is_decimal(to):
        unit = decimal.Decimal(1) / (100 if kind == "money" else 1)
        return pa.array([None if v is None else v * unit for v in values], to)
    if pa.types.is_string(to) or pa.types.is_large_string(to):
        return pa.array([None if v is None else f"{decimal.Decimal(v) / 100:.2f}" if kind == "money" else str(v) for v in values], to)
    if kind == "money":
        return pa.array([None if v is None else v / 100 for v in values], to)
    return pa.array(values, to)


def write(r, path, columns):
    """Writes a file and returns how, for a message."""
    int96, integers = r.random() < 0.15, r.random() < 0.5  # integers: for decimals of up to 18 digits
    arrays, fields, encodings, dictionaries = [], [], {}, []
    for name, values in columns.items():
        to = r.choice(TYPES[KIND[name]])
        nullable = None in values or r.random() < 0.6
        array = as_type(KIND[name], values, to)
        arrays.append(array)
        fields.append(pa.field(NAMES[name], array.type, nullable))
        if pa.types.is_timestamp(array.type):
            family = "int96" if int96 else "int"
        elif pa.types.is_decimal(array.type):
            family = "int" if integers and array.type.precision <= 18 else "fixed"
        else:
            family = "float" if pa.types.is_floating(array.type) else "int" if pa.types.is_integer(array.type) else "text"
        if r.random() < 0.5:
            dictionaries.append(NAMES[name])
        else:
            encodings[NAMES[name]] = r.choice(ENCODINGS[family])
    codec = r.choice(["none", "snappy", "gzip", "brotli", "lz4", "zstd"])
    how = dict(
        version=r.choice(["1.0", "2.4", "2.6"]),
        data_page_version=r.choice(["1.0", "2.0"]),
        compression=codec,
        use_dictionary=dictionaries or False,
        column_encoding=encodings or None,
        write_statistics=r.random() < 0.7,
        write_page_checksum=r.random() < 0.5,
        write_page_index=r.random() < 0.3,
        data_page_size=r.choice([100, 1_000, 30_000, None]),
        dictionary_pagesize_limit=r.choice([500, None]),
        write_batch_size=r.choice([16, 100, 1_000, None]),
        max_rows_per_page=r.choice([10, 1_000, None]),
        row_group_size=r.choice([97, 1_024, 6_000, None]),
        store_schema=r.random() < 0.5,
        use_deprecated_int96_timestamps=int96,
        store_decimal_as_integer=integers,
    )
    how = {k: v for k, v in how.items() if v is not None}
    order = list(range(len(fields)))
    r.shuffle(order)
    table = pa.Table.from_arrays([arrays[i] for i in order], schema=pa.schema([fields[i] for i in order]))
    try:
        pq.write_table(table, path, **how)
    except TypeError:  # an older pyarrow
        how.pop("max_rows_per_page", None)
        pq.write_table(table, path, **how)
    types = {f.name: str(f.type) + ("" if f.nullable else " not null") for f in fields}
    return f"{len(table)} rows, {how}, {types}"


def expected(columns):
    """Returns (trips, sums and counts of the measures, zones) like --quality=raw."""
    measures = {m: (0, 0) for m in MEASURES}
    for name in ("passengers", "miles", "amount", "tip"):
        values = [v for v in columns[name] if v is not None]
        measures[name] = (sum(values) * (UNIT if name == "passengers" else UNIT // 100), len(values))
    spans = [(d - p) for p, d in zip(columns["pickup"], columns["dropoff"]) if d is not None]
    measures["minutes"] = (sum(spans) * UNIT, len(spans))  # seconds at 10^-6
    zones = collections.Counter()
    for side in ("start", "end"):
        for v in columns[side]:
            zones[v, side] += 1
    return len(columns["pickup"]), measures, zones


def average(total, count, per):
    return None if count == 0 else total / (count * per)


def differences(stats, places, month, want):
    """Returns the differences of the tables for a month."""
    trips, measures, zones = want
    row = stats.get(month)
    if row is None:
        return [] if trips == 0 else [f"no row, expected {trips} trips"]
    found = []
    if row["trip_count"] != trips:
        found.append(f"{row['trip_count']} trips, expected {trips}")
    for name, column, per in [("passengers", "avg_passengers", UNIT), ("miles", "avg_trip_distance_miles", UNIT), ("minutes", "avg_trip_duration_minutes", 60 * UNIT),
                              ("amount", "avg_amount", UNIT), ("tip", "avg_tip", UNIT)]:
        value = average(*measures[name], per)
        if (value is None) != (row[column] is None) or value is not None and abs(value - row[column]) > 1e-12 * max(1, abs(value)):
            found.append(f"{column} {row[column]}, expected {value}")
    got = collections.Counter()
    for place in places.get(month, []):
        got[place["location_id"], "start"] += place["pickups"]
        got[place["location_id"], "end"] += place["dropoffs"]
    if +got != +zones:
        found.append(f"zones differ: {sorted(map(str, (got - zones) + (zones - got)))[:5]}")
    return found


def tables(folder):
    stats = {row["month_start"]: row for row in pq.read_table(os.path.join(folder, "trip_stats", "trip_stats.parquet")).to_pylist()}
    places = collections.defaultdict(list)
    for row in pq.read_table(os.path.join(folder, "location_stats", "location_stats.parquet")).to_pylist():
        places[row["month_start"]].append(row)
    return stats, places


def run(program, scratch, paths, decoder):
    out = os.path.join(scratch, "out")
    done = subprocess.run([program, "--quality=raw", f"--decoder={decoder}", "--output=" + out, "--input=" + ",".join(paths)], capture_output=True, text=True)
    return None if done.returncode == 0 else f"exit {done.returncode}: {done.stderr.strip().splitlines()[-1]}", out


def main():
    program, count, seed = sys.argv[1], int((sys.argv[2:] or [100])[0]), int((sys.argv[3:] or [1])[0])
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        for first in range(0, count, BATCH):
            files = []
            for i in range(min(BATCH, count - first)):
                year, month = 2016 + i // 12, i % 12 + 1
                path = os.path.join(scratch, f"yellow_tripdata_{year}-{month:02}.parquet")
                r = random.Random(f"{seed} {first + i}")
                columns = rows_of(r, year, month)
                files.append((first + i, path, datetime.date(year, month, 1), write(r, path, columns), expected(columns)))
            for decoder in ("own", "library"):
                refused, out = run(program, scratch, [f[1] for f in files], decoder)
                for number, path, month, how, want in files:
                    found = []
                    if refused:  # find out which file it was
                        alone, out = run(program, scratch, [path], decoder)
                        found = [alone] if alone else []
                    if not found:
                        found = differences(*tables(out), month, want)
                    if found:
                        wrong += 1
                        print(f"combinations: file {number} of seed {seed}, --decoder={decoder}: {'; '.join(found)}\n  {how}", file=sys.stderr)
    if wrong:
        sys.exit(f"combinations: {wrong} of {count} files were read wrong or refused")
    print(f"combinations {count} files of random forms, read right with both decoders (seed {seed})")


if __name__ == "__main__":
    main()
