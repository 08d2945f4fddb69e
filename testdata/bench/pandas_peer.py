"""The same job in pandas on pyarrow, month by month. See peer.py for its arguments.

pyarrow does the grouping, because it needs less CPU time than pandas. Within one month only the reading uses more than one
core, so as many months are worked on at the same time as there are threads.
"""

import concurrent.futures

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import peer

MEANS = {"passengers": "avg_passengers", "miles": "avg_trip_distance_miles", "us": "avg_trip_duration_minutes",
         "amount": "avg_amount", "tip": "avg_tip"}


def read(file):
    """Returns the columns that the job needs of one file, as an Arrow table."""
    pickup, dropoff = peer.times([file])
    t = pq.read_table(file, columns=[pickup, dropoff, "PULocationID", "DOLocationID", "passenger_count", "trip_distance", "total_amount", "tip_amount"])
    t = t.rename_columns(["pickup", "dropoff", "zone_from", "zone_to", "passengers", "miles", "amount", "tip"])
    us = pc.subtract(t["dropoff"].cast(pa.int64()), t["pickup"].cast(pa.int64()))
    return t.append_column("us", us).drop_columns(["dropoff"])


def grouped(file):
    """Groups one file by month, pickup zone and dropoff zone."""
    t = read(file)
    t = t.set_column(t.schema.get_field_index("pickup"), "month", pc.floor_temporal(t["pickup"], unit="month"))
    g = t.group_by(["month", "zone_from", "zone_to"]).aggregate([([], "count_all"), *((c, how) for c in MEANS for how in ("sum", "count"))])
    return g.rename_columns({"count_all": "trips"}).to_pandas()


def month_by_month(threads, out, files):
    pa.set_cpu_count(threads)
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        groups = pd.concat(pool.map(grouped, files))
    groups["month"] = groups["month"].astype("datetime64[us]")

    taxi, sums = peer.taxi(files), groups.drop(columns=["zone_from", "zone_to"]).groupby("month", dropna=False).sum()
    months = pd.DataFrame({"trip_count": sums["trips"]} | {
        mean: sums[f"{c}_sum"] / sums[f"{c}_count"] / (60e6 if c == "us" else 1) for c, mean in MEANS.items()})
    write(out, taxi, "trip_stats", months)

    sides = [groups.groupby(["month", zone], dropna=False)["trips"].sum().rename_axis(["month", "location_id"]).rename(name)
             for zone, name in (("zone_from", "pickups"), ("zone_to", "dropoffs"))]
    write(out, taxi, "location_stats", pd.concat(sides, axis=1).fillna(0))


TYPES = {"year": pa.int32(), "month_start": pa.date32(), "location_id": pa.int32(), **dict.fromkeys(("trip_count", "pickups", "dropoffs"), pa.int64())}


def write(out, taxi, table, df):
    df = df.sort_index(na_position="last").reset_index().rename(columns={"month": "month_start"})
    df.insert(0, "taxi", taxi)
    df.insert(1, "year", df["month_start"].dt.year)
    t = pa.Table.from_pandas(df, preserve_index=False)
    columns = [t[c].cast(TYPES[c], safe=False) if c in TYPES else t[c] for c in t.column_names]
    pq.write_table(pa.table(columns, t.column_names), peer.table_path(out, table), compression="zstd")


if __name__ == "__main__":
    peer.run({"month-by-month": month_by_month})
