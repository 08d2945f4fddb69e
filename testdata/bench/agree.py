"""agree.py OURS THEIRS: exits non-zero unless the tables in both folders hold the same rows."""

import sys

import duckdb

import peer


def same_row(a, b):
    # An average close to zero is compared as if it were a thousandth: charges and refunds cancel.
    return len(a) == len(b) and all(
        x == y or isinstance(x, float) and isinstance(y, float) and abs(x - y) <= 1e-9 * max(abs(x), abs(y), 1e-3)
        for x, y in zip(a, b))


def main():
    ours, theirs = sys.argv[1:]
    for table in peer.TABLES:
        selects = [f"SELECT COLUMNS(lambda c: c NOT IN {peer.NAMES}) FROM '{out}/{table}/{table}.parquet'" for out in (ours, theirs)]
        names, other_names = ([(c[0], str(c[1])) for c in duckdb.execute(s).description] for s in selects)
        if names != other_names:
            sys.exit(f"bench: {table}: columns {other_names} in {theirs}, expected {names}")
        a, b = (duckdb.execute(s).fetchall() for s in selects)
        if len(a) != len(b):
            sys.exit(f"bench: {table}: {len(b)} rows in {theirs}, expected {len(a)}")
        for x, y in zip(a, b):
            if not same_row(x, y):
                sys.exit(f"bench: {table}: {y} in {theirs}, expected {x}")


if __name__ == "__main__":
    main()
