"""Writes trip files like programs other than TLC's: foreign.py DIR

The columns have every physical type, encoding and codec that a reader must understand, with nulls wherever nulls are possible. pyarrow
writes them, not the Parquet library with which tripstats reads. The bytes are the same each time.
"""

import datetime
import os
import random
import sys

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 20_000
OPTIONAL = ["passenger_count", "trip_distance", "total_amount", "tip_amount"]


def trips(seed, year, month, nulls):
    """Returns columns of made-up trips, nearly all of one month. Amounts and miles have two decimals, like TLC's."""
    r = random.Random(seed)

    def some(value):
        return None if r.random() < nulls else value

    rows = []
    start = datetime.datetime(year, month, 1)
    for i in range(ROWS):
        pickup = start + datetime.timedelta(seconds=r.randrange(28 * 86_400))
        if r.random() < 0.001:
            pickup = pickup.replace(year=r.choice([2001, 2008, 2009, 2088]))
        dropoff = pickup + datetime.timedelta(seconds=r.choice([-60, 0, 86_399, *range(60, 3_600, 7)]))
        rows.append((
            some(pickup), some(dropoff), some(r.randrange(1, 266)), some(r.randrange(1, 266)), some(r.randrange(0, 7)),
            some(r.randrange(0, 3_000) / 100), some(r.randrange(-5_000, 20_000) / 100), some(r.randrange(0, 2_000) / 100)))
    names = ["pickup", "dropoff", "pulocationid", "dolocationid", *OPTIONAL]
    return dict(zip(names, map(list, zip(*rows))))


MICROS, MILLIS, NANOS = pa.timestamp("us"), pa.timestamp("ms"), pa.timestamp("ns")

# Name; share of nulls; types of times, zones and passengers; spelling of names; options for writing. If the type of passengers is
# None, the file has no passengers and no other optional columns.
FILES = [
    ("yellow_tripdata_2016-01", 0, MICROS, pa.string(), pa.int32(), str.lower, {"use_deprecated_int96_timestamps": True, "compression": "snappy"}),
    ("yellow_tripdata_2016-02", 0.05, MICROS, pa.string(), pa.string(), str.upper, {"use_deprecated_int96_timestamps": True, "use_dictionary": False}),
    ("yellow_tripdata_2016-03", 0.05, NANOS, pa.large_string(), pa.float32(), str.lower, {"version": "2.6", "data_page_version": "2.0", "compression": "zstd"}),
    ("yellow_tripdata_2016-04", 0.05, MILLIS, pa.uint32(), pa.int8(), str.title, {"row_group_size": 1_777, "compression": "gzip"}),
    ("yellow_tripdata_2016-05", 0.05, MILLIS, pa.int64(), pa.float64(), str.lower, {"compression": "brotli", "data_page_size": 999, "write_batch_size": 100}),
    ("yellow_tripdata_2016-06", 0, MICROS, pa.int32(), pa.uint64(), str.lower, {
        "compression": "lz4", "use_dictionary": False, "use_byte_stream_split": ["trip_distance", "total_amount", "tip_amount"],
        "data_page_version": "2.0"}),
    ("yellow_tripdata_2016-07", 0.05, MICROS, pa.float64(), pa.int64(), str.lower, {
        "compression": "none", "use_dictionary": False,
        "column_encoding": {"tpep_pickup_datetime": "DELTA_BINARY_PACKED", "tpep_dropoff_datetime": "DELTA_BINARY_PACKED", "passenger_count": "DELTA_BINARY_PACKED"}}),
    ("green_tripdata_2016-01", 0.05, MICROS, pa.int64(), None, str.lower, {}),
    ("green_tripdata_2016-02", 0.5, MICROS, pa.int16(), pa.null(), str.lower, {"write_page_index": True}),
    ("green_tripdata_2016-03", 1, MICROS, pa.int32(), pa.int64(), str.lower, {}),
    ("green_tripdata_2016-04", None, MICROS, pa.int32(), pa.int64(), str.lower, {}),
    ("green_tripdata_2016-05", 0.05, pa.null(), pa.null(), pa.int64(), str.lower, {}),
]


def write(folder, seed, name, nulls, times, zones, passengers, spelling, how):
    taxi, month = name.split("_")[0], name[-7:]
    columns = trips(seed, int(month[:4]), int(month[5:]), nulls or 0)
    prefix = "tpep" if taxi == "yellow" else "lpep"
    types = {"pickup": times, "dropoff": times, "pulocationid": zones, "dolocationid": zones}
    if passengers is not None:
        types |= {"passenger_count": passengers} | {c: pa.float64() for c in OPTIONAL[1:]}
    arrays, names = [], []
    for column, to in reversed(types.items()):  # TLC's order is not the order to rely on
        values = [] if nulls is None else columns[column]
        if pa.types.is_null(to):
            values = [None] * len(values)
        elif pa.types.is_string(to) or pa.types.is_large_string(to):
            values = [None if v is None else str(v) for v in values]
        arrays.append(pa.array(values, to))
        names.append(spelling(f"{prefix}_{column}_datetime" if column in ("pickup", "dropoff") else column))
    pq.write_table(pa.table(arrays, names), os.path.join(folder, name + ".parquet"), **how)


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    for seed, file in enumerate(FILES):
        write(sys.argv[1], seed, *file)


if __name__ == "__main__":
    main()
