"""What the checks of tables share."""

import csv
import os

import pyarrow as pa

NEWYORK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "transforms", "newyork")


def zone_table():
    """Returns the table zones by its key, from TLC's table and the points: the other values of a row."""
    with open(os.path.join(NEWYORK, "taxi_zone_points.csv"), encoding="utf-8") as f:
        points = {row["location_id"]: [float(row["longitude"]), float(row["latitude"])] for row in csv.DictReader(f)}
    with open(os.path.join(NEWYORK, "taxi_zone_lookup.csv"), encoding="utf-8") as f:
        return {
            (int(row["LocationID"]),): [row["Zone"], row["Borough"], row["service_zone"], *points.get(row["LocationID"], [None, None])]
            for row in csv.DictReader(f)
        }


def with_names(locations):
    """Returns the rows of location_stats, whose keys end with the zone, with its name and its borough."""
    known = zone_table()
    return {key: [*values, *known.get((key[-1],), [None, None])[:2]] for key, values in locations.items()}


def label(values):
    return " ".join("null" if v is None else str(v) for v in values)


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def change(table, column, pick, new):
    """Returns a copy of a table with another value in the first row that pick accepts."""
    rows = table.to_pylist()
    row = next(row for row in rows if pick(row))
    row[column] = new(row[column])
    return pa.Table.from_pylist(rows, table.schema)


def busy(column):
    return lambda row: row[column]
