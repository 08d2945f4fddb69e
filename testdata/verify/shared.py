"""Functions that standard.py and quarantine.py share."""

import pyarrow as pa


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
