"""Asks DuckDB what a table or a question has, and compares. Other scripts import it.

The dialect of tripstats is a part of DuckDB's. Where DuckDB leaves to chance which of several rows or values comes first, tripstats has a
rule: the keys of the groups, then the smallest value; single trips are in the order of the files and their rows. told() adds that
rule to a text, in words that DuckDB knows, so that DuckDB leaves nothing to chance.
"""

import datetime
import decimal
import math
import re

import duckdb
import pyarrow as pa

AGGREGATES = {"count", "sum", "avg", "min", "max", "median", "quantile_cont", "quantile_disc", "arg_min", "arg_max"}
CLAUSES = ["select", "from", "where", "group", "having", "order", "limit"]
TOKEN = re.compile(r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+|\w+|<=|>=|<>|!=|//|::|\s+|.""", re.S)

# TLC's names of columns that have others in trips.
ALIASES = {
    "pulocationid": "pickup_location_id", "dolocationid": "dropoff_location_id",
    **dict.fromkeys(["tpep_pickup_datetime", "lpep_pickup_datetime"], "pickup_datetime"),
    **dict.fromkeys(["tpep_dropoff_datetime", "lpep_dropoff_datetime"], "dropoff_datetime"),
}

TOLERANCE = 1e-9  # of a DOUBLE, relative


def tokens(text):
    return [t for t in TOKEN.findall(text) if not t.isspace() and not t.startswith(("--", "/*"))]


def join(parts):
    return " ".join(parts)


def split(parts, at):
    """Splits tokens at a token outside of brackets."""
    out, depth = [[]], 0
    for t in parts:
        depth += (t == "(") - (t == ")")
        if t == at and depth == 0:
            out.append([])
        else:
            out[-1].append(t)
    return out


def closing(parts, opening):
    """Returns the index of the bracket that closes the one at an index."""
    depth = 0
    for i in range(opening, len(parts)):
        depth += (parts[i] == "(") - (parts[i] == ")")
        if depth == 0:
            return i
    raise ValueError(f"brackets: {join(parts)}")


def clauses(parts):
    """Returns the clauses of a SELECT by their first word, without it and without BY."""
    found, depth, name = {}, 0, None
    for t in parts:
        depth += (t == "(") - (t == ")")
        if depth == 0 and t.lower() in CLAUSES:
            name = t.lower()
            found[name] = []
        elif not (t.lower() == "by" and found[name] == []):
            found[name].append(t)
    return found


def statements(text, name=None):
    """Yields the name and the SELECT of each statement of a file. name is that of a bare SELECT."""
    for parts in split(tokens(text), ";"):
        if not parts:
            continue
        if parts[0].lower() == "create":
            yield parts[2].strip('"').lower(), join(parts[4:])
        else:
            yield name, join(parts)


def aggregates(parts):
    """Tells whether tokens call an aggregate."""
    return any(t.lower() in AGGREGATES and after == "(" for t, after in zip(parts, [*parts[1:], ""]))


class Item:
    """An item of SELECT: its tokens without the name, and the name."""

    def __init__(self, parts):
        named = len(parts) > 2 and parts[-2].lower() == "as"
        self.parts, self.name = (parts[:-2], parts[-1].lower()) if named else (parts, None)


def keys(sql):
    """Returns the expressions by which a SELECT groups, as text; None if it does not group."""
    c = clauses(tokens(sql))
    items = [Item(parts) for parts in split(c["select"], ",")]
    if "group" not in c:
        return [] if any(aggregates(item.parts) for item in items) or "having" in c else None
    if [t.lower() for t in c["group"]] == ["all"]:
        return [join(item.parts) for item in items if not aggregates(item.parts)]
    found = []
    for parts in split(c["group"], ","):
        if len(parts) == 1 and parts[0].isdigit():
            parts = items[int(parts[0]) - 1].parts
        elif len(parts) == 1:
            parts = next((item.parts for item in items if item.name == parts[0].lower()), parts)
        found.append(join(parts))
    return [text for text in found if not re.fullmatch(r"[\d.]+|'.*'|true|false|null", text, re.I)]  # a number would be a position


def arguments(parts, i):
    """Returns the arguments of the call at an index, and the index after it."""
    end = closing(parts, i + 1)
    return split(parts[i + 2 : end], ","), end + 1


def with_smallest(parts):
    """Has arg_min and arg_max, of several values that are equal, take the smallest."""
    out, i = [], 0
    while i < len(parts):
        name = parts[i].lower()
        if name not in ("arg_min", "arg_max") or parts[i + 1 : i + 2] != ["("]:
            out.append(parts[i])
            i += 1
            continue
        (value, by), i = arguments(parts, i)
        value, by = join(value), join(by)
        condition = f"({value}) IS NOT NULL AND ({by}) IS NOT NULL"
        if [t.lower() for t in parts[i : i + 1]] == ["filter"]:
            end = closing(parts, i + 1)
            condition += f" AND ({join(parts[i + 3 : end])})"
            i = end + 1
        out.append(f"first({value} ORDER BY {by} {'DESC' if name == 'arg_max' else 'ASC'}, {value}) FILTER (WHERE {condition})")
    return out


def with_keys(parts, by):
    """Has row_number and lag number equal rows by the keys of their groups."""
    out, i = [], 0
    while i < len(parts):
        if parts[i].lower() in ("row_number", "lag") and parts[i + 1 : i + 2] == ["("]:
            start = closing(parts, i + 1) + 2  # after OVER
            end = closing(parts, start)
            inside = parts[start + 1 : end]
            if by:
                ordered = any(t.lower() == "order" for t in inside)
                inside = [*inside, *([","] if ordered else ["ORDER", "BY"]), ", ".join(by)]
            out += [*parts[i:start], "(", *inside, ")"]
            i = end + 1
        else:
            out.append(parts[i])
            i += 1
    return out


def told(sql):
    """Returns a SELECT in which DuckDB leaves nothing to chance."""
    by = keys(sql)
    c = clauses(with_keys([ALIASES.get(t.lower(), t) for t in tokens(sql)], by))
    order = by if by is not None else ["source_", "row_number_"]
    if by is None and "order" not in c and c["select"] == ["*"]:
        c["select"] = ["* EXCLUDE (source_, row_number_)"]
    c["order"] = [*c.get("order", []), *([","] if "order" in c and order else []), ", ".join(order)]
    if not join(c["order"]).strip():
        del c["order"]
    words = {"group": "GROUP BY", "order": "ORDER BY"}
    return " ".join(f"{words.get(name, name.upper())} {join(with_smallest(c[name]))}" for name in CLAUSES if name in c)


def ask(sql):
    """Returns the columns, as name and type of Arrow, and the rows of a SELECT."""
    result = duckdb.execute(sql)
    names = [(column[0].lower(), arrow(str(column[1]))) for column in result.description]
    return names, result.fetchall()


def arrow(sql_type):
    """Returns the type that a column of DuckDB's has in a published table."""
    if found := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", sql_type):
        return pa.decimal128(int(found[1]), int(found[2]))
    return {
        "BOOLEAN": pa.bool_(), "INTEGER": pa.int32(), "BIGINT": pa.int64(), "HUGEINT": pa.decimal128(38, 0), "DOUBLE": pa.float64(),
        "VARCHAR": pa.string(), "DATE": pa.date32(), "TIMESTAMP": pa.timestamp("us"),
    }[sql_type]


def same(found, expected):
    """Tells whether two values are equal: floats within the tolerance, all else exactly."""
    if isinstance(found, float) and isinstance(expected, float):
        if found == expected or math.isnan(found) and math.isnan(expected):
            return True
        return abs(found - expected) <= TOLERANCE * max(abs(found), abs(expected))
    number = (int, decimal.Decimal)
    if isinstance(found, number) and isinstance(expected, number) and not isinstance(found, bool) and not isinstance(expected, bool):
        return found == expected
    return type(found) is type(expected) and found == expected


def differences(table, columns, rows, most=3):
    """Compares an Arrow table with what DuckDB gave. Returns a line for each difference, at most so many."""
    have = [(field.name, field.type) for field in table.schema]
    if have != columns:
        return [f"columns: found {pairs(have)}, expected {pairs(columns)}"]
    out = []
    if len(table) != len(rows):
        out.append(f"found {len(table):,} rows, expected {len(rows):,}")
    found = list(zip(*(table.column(i).to_pylist() for i in range(len(columns))))) if columns else []
    for i, (f, e) in enumerate(zip(found, rows)):
        for (name, _), a, b in zip(columns, f, e):
            if not same(a, b):
                out.append(f"row {i}: {name}: found {shown(a)}, expected {shown(b)}, in {tuple(map(shown, e))}")
                break
        if len(out) >= most:
            break
    return out


def pairs(columns):
    return ", ".join(f"{name} {type_}" for name, type_ in columns)


def shown(value):
    if isinstance(value, decimal.Decimal | datetime.date | datetime.datetime):
        return str(value)
    return repr(value)
