"""Runs queries in DuckDB over a table trips, for the tests of this package.

stdin: {"zones": path of TLC's table of zones, "columns": [[name, type]], "rows": [[text or null]], "derived": [[name, SQL]],
"queries": [SQL]}. stdout: for each query {"types": [...], "rows": [[text or null]]} or {"error": text}. Values are as a cast to
VARCHAR gives them. The settings are those that the dialect follows: one thread, rows in their order.
"""
import json
import sys

import duckdb

asked = json.load(sys.stdin)
c = duckdb.connect()
c.execute("set threads = 1")
c.execute(f"""create table z as select LocationID::int id, Zone zone, Borough borough, service_zone
  from read_csv('{asked["zones"]}', all_varchar=true, nullstr='\\N')""")
c.execute("create table r (nr int, " + ", ".join(f'"{n}" {t}' for n, t in asked["columns"]) + ")")
if asked["rows"]:
    c.executemany("insert into r values (" + ", ".join("?" * (1 + len(asked["columns"]))) + ")",
                  [[i] + row for i, row in enumerate(asked["rows"])])
derived = ", ".join(f'{sql} as "{n}"' for n, sql in asked["derived"])
c.execute(f"""create table trips as select * exclude (nr) from (select r.*, {derived}
  from r left join z p on p.id = pickup_location_id left join z d on d.id = dropoff_location_id order by nr)""")

answers = []
for query in asked["queries"]:
    try:
        types = [row[1] for row in c.execute("describe " + query).fetchall()]
        rows = c.execute(f"select cast(columns(*) as varchar) from ({query})").fetchall()
        answers.append({"types": types, "rows": rows})
    except Exception as e:
        answers.append({"error": str(e).splitlines()[0]})
json.dump(answers, sys.stdout)
