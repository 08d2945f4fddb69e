"""Writes small files of made-up trips to which every rule of --quality=standard applies, with values on both sides of each limit.

    edges.py DIR

standard.py --every-rule then checks that tripstats applies the rules to them.
"""

import datetime
import math
import os
import sys

import pyarrow as pa
import pyarrow.parquet as pq

NAN, INF = math.nan, math.inf
WHEN = pa.timestamp("us")


def write(folder, name, columns, rows):
    schema = pa.schema(columns)
    arrays = [pa.array([row[i] for row in rows], field.type) for i, field in enumerate(schema)]
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), os.path.join(folder, name))


def zoned(prefix):
    return {
        f"{prefix}_pickup_datetime": WHEN,
        f"{prefix}_dropoff_datetime": WHEN,
        "PULocationID": pa.int64(),
        "DOLocationID": pa.int64(),
        "passenger_count": pa.float64(),
        "trip_distance": pa.float64(),
        "total_amount": pa.float64(),
        "tip_amount": pa.float64(),
    }


def trip(picked_up, dropped_off="", zones=(74, 75), passengers=1.0, miles=2.5, amount=12.8, tip=1.25):
    """Returns a row of zoned(). If no dropoff is given, the trip takes ten minutes."""
    begin = picked_up and datetime.datetime.fromisoformat(picked_up)
    if dropped_off == "":
        end = begin and begin + datetime.timedelta(minutes=10)
    else:
        end = dropped_off and datetime.datetime.fromisoformat(dropped_off)
    return [begin, end, *zones, passengers, miles, amount, tip]


NOON = "2020-03-10 12:00:00"

MARCH = [
    # Row rules. Cell rules do not apply to a refused row.
    trip(None, "2020-03-10 12:00:00"),
    trip(None, None),
    trip("2020-02-29 23:59:59.999999", miles=NAN, amount=-1.0),
    trip("2020-03-01 00:00:00"),
    trip("2020-03-31 23:59:59.999999"),
    trip("2020-04-01 00:00:00"),
    trip("2020-04-30 23:59:59.999999"),
    trip("2020-05-01 00:00:00", None),
    trip("2020-01-31 23:59:59.999999", zones=(None, 0)),
    trip("2019-03-10 12:00:00"),
    trip("2001-01-01 00:00:00"),
    trip("2088-01-24 00:00:00"),
    # Durations.
    trip(NOON, None),
    trip(NOON, NOON),
    trip(NOON, "2020-03-10 11:59:59.999999"),
    trip(NOON, "2020-03-10 12:00:00.000001"),
    trip(NOON, "2020-03-10 17:00:00"),
    trip(NOON, "2020-03-10 17:00:00.000001"),
    # Values, one in each row.
    *(trip(NOON, miles=v) for v in (None, 0.0, -0.0, 1e-6, -1e-6, 4e-7, -4e-7, 200.0, 200.0000004, 200.000001, 300_000.0, 1e9)),
    *(trip(NOON, amount=v) for v in (None, 0.0, 0.01, -0.01, -3.5, -6000.0, -2e8, 5000.0, 5000.000001, 2e8)),
    *(trip(NOON, tip=v) for v in (None, 0.0, -0.01, -1.0, 5000.0, 5000.000001, 2e8)),
    *(trip(NOON, passengers=v) for v in (None, 0.0, 1.0, 9.0, 9.000001, 10.0, 208.0)),
    *(trip(NOON, **{name: v}) for name in ("passengers", "miles", "amount", "tip") for v in (NAN, INF, -INF, 1e13, -1e13)),
    trip(NOON, passengers=NAN, miles=INF, amount=NAN, tip=-INF),  # one row of not_a_number
    trip(NOON, None, zones=(None, None), passengers=0.0, miles=-1.0, amount=-10.0, tip=-1.0),  # many rules at once
    # Zones.
    *(trip(NOON, zones=z) for z in [(None, 1), (1, None), (None, None), (0, 265), (265, 266), (266, 0), (-1, 99_999), (264, 1), (265, 1)]),
    # The hour from 2:00 on 8 March, which the clock skips.
    trip("2020-03-08 01:30:00", "2020-03-08 01:59:59.999999"),
    trip("2020-03-08 01:59:59.999999", "2020-03-08 02:00:00"),
    trip("2020-03-08 01:59:59.999999", "2020-03-08 03:00:00"),
    trip("2020-03-08 02:00:00", "2020-03-08 02:00:00"),
    trip("2020-03-08 02:59:59.999999", "2020-03-08 03:10:00"),
    trip("2020-03-08 03:00:00", "2020-03-08 03:10:00"),
    trip("2020-03-08 02:30:00", None),
    trip("2020-03-08 01:30:00", None),
    trip("2020-03-08 03:00:00", "2020-03-08 01:59:59"),
    trip("2020-03-08 03:00:00", "2020-03-08 02:59:59"),
    trip("2020-03-07 12:00:00", "2020-03-08 11:59:00"),
    trip(NOON, "2020-03-07 00:00:00"),
    trip(NOON, "2019-12-01 00:00:00"),
    trip(NOON, "2020-11-01 00:59:59"),
    trip(NOON, "2020-11-01 01:00:00"),
    trip(NOON, "2088-01-24 00:00:00"),
    trip(NOON, "1970-01-01 00:00:00"),
]
NOVEMBER = [  # the hour from 1:00 on 1 November, which the clock repeats
    trip("2020-11-01 00:30:00", "2020-11-01 00:59:59.999999"),
    trip("2020-11-01 00:30:00", "2020-11-01 01:00:00"),
    trip("2020-11-01 00:30:00", "2020-11-01 02:00:00"),
    trip("2020-11-01 01:00:00"),
    trip("2020-11-01 01:59:59.999999"),
    trip("2020-11-01 02:00:00"),
    trip("2020-11-01 02:10:00", "2020-11-01 01:59:59.999999"),
    trip("2020-11-01 02:10:00", "2020-11-01 00:50:00"),
    trip("2020-11-01 01:30:00", "2020-11-01 01:30:00"),
    trip("2020-11-01 01:30:00", None),
    trip("2020-10-31 23:50:00", "2020-11-01 02:10:00"),
    trip("2020-11-30 23:50:00", "2021-03-14 01:59:59"),
    trip("2020-11-30 23:50:00", "2021-03-14 02:00:00"),
]
JANUARY = [trip(t) for t in ("2019-12-31 23:59:59", "2020-01-01 00:00:00", "2020-02-01 00:00:00", "2019-11-30 23:59:59", "2021-01-01 00:00:00")]
NO_MONTH = [trip(t) for t in ("2008-12-31 23:59:59.999999", "2009-01-01", "2009-03-08 02:30:00", "2020-11-30 23:59:59.999999", "2020-12-01", "2088-01-24")]
NO_MONTH += [trip(None), trip("2016-05-05 12:00:00", zones=(None, 300), amount=-1.0)]


def as_text(moment):
    return moment and moment.isoformat(" ", "seconds")


def placed(row, text):
    """Returns the row for a file with coordinates."""
    times = [as_text(t) for t in row[:2]] if text else row[:2]
    return [*times, -73.98, 40.75, None, None, *row[4:]]


# Text that is no time, or stands for none, as pickup and dropoff.
GOOD = "2009-03-05 12:00:00"
NO_TIMES = {"2009": [("12 o'clock", GOOD), (GOOD, "2009-02-30 12:00:00"), ("2009-13-01 00:00:00", "later"), ("N/A", GOOD), (GOOD, " "), (f" {GOOD}", f"{GOOD}.5 ")]}


def with_coordinates(names, time):
    return dict(zip(names, [time, time, *[pa.float64()] * 8]))


NAMES_2009 = "Trip_Pickup_DateTime Trip_Dropoff_DateTime Start_Lon Start_Lat End_Lon End_Lat Passenger_Count Trip_Distance Total_Amt Tip_Amt".split()
NAMES_2010 = """pickup_datetime dropoff_datetime pickup_longitude pickup_latitude dropoff_longitude dropoff_latitude
    passenger_count trip_distance total_amount tip_amount""".split()
NAMES_GREEN = """lpep_pickup_datetime Lpep_dropoff_datetime Pickup_longitude Pickup_latitude Dropoff_longitude Dropoff_latitude
    Passenger_count Trip_distance Total_amount Tip_amount""".split()


HIRED = {  # fhvhv's columns, but those of no table
    "hvfhs_license_num": pa.string(), "dispatching_base_num": pa.string(), "request_datetime": WHEN, "on_scene_datetime": WHEN,
    "pickup_datetime": WHEN, "dropoff_datetime": WHEN, "PULocationID": pa.int32(), "DOLocationID": pa.int32(), "trip_miles": pa.float64(), "trip_time": pa.int64(),
    **dict.fromkeys(["base_passenger_fare", "tolls", "bcf", "sales_tax", "congestion_surcharge"], pa.float64()),
    "airport_fee": pa.null(), "tips": pa.float64(), "driver_pay": pa.float64(), "shared_match_flag": pa.string(), "access_a_ride_flag": pa.string(),
}


def ride(row, fare=None, tolls=None, fund=None, tax=None, surcharge=None, flags=("N", "Y")):
    """Returns a row of HIRED of one of trip(): its amount is the fare, unless there are parts."""
    picked_up, dropped_off, *zones, _, miles, amount, tip = row
    asked = picked_up and picked_up - datetime.timedelta(minutes=3, seconds=len(str(miles)))
    return ["HV0003" if miles else "HV0005", "B02764", asked, None, picked_up, dropped_off, *zones, miles, 600, amount if fare is None else fare, tolls, fund, tax, surcharge,
            None, tip, 9.5, *flags]


RIDES = [ride(row) for row in MARCH] + [
    ride(trip(NOON, amount=None, tip=None)),  # no part at all
    ride(trip(NOON, amount=None, tip=None), surcharge=2.75),
    ride(trip(NOON, amount=10.0, tip=0.0), tolls=6.55, fund=0.3, tax=0.89, surcharge=0.0),
    ride(trip(NOON, amount=10.0, tip=1.25), tolls=NAN),
    ride(trip(NOON, amount=10.0, tip=1.25), tolls=INF, fund=-INF),
    ride(trip(NOON, amount=8e12, tip=1.25), tolls=8e12),
    ride(trip(NOON, amount=-0.18, tip=0.0), tolls=0.18),
    ride(trip(NOON, amount=-0.18, tip=0.0)),
    ride(trip(NOON, amount=4999.0, tip=1.0)),
    ride(trip(NOON, amount=4999.0, tip=1.0), tax=0.000001, flags=(None, None)),
]

BASES = {"dispatching_base_num": pa.string(), "pickup_datetime": WHEN, "dropOff_datetime": WHEN, "PUlocationID": pa.float64(), "DOlocationID": pa.float64(), "SR_Flag": pa.null()}


def based(row):
    """Returns a row of BASES of one of trip(): bases report no more."""
    return ["B00001", *row[:4], None]


def main():
    (folder,) = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    yellow, green = zoned("tpep"), zoned("lpep")
    write(folder, "yellow_tripdata_2020-03.parquet", yellow, MARCH)
    write(folder, "yellow_tripdata_2020-11.parquet", yellow, NOVEMBER)
    write(folder, "yellow_tripdata_2020-01.parquet", yellow, JANUARY)
    write(folder, "yellow.parquet", yellow, NO_MONTH)
    write(folder, "green_tripdata_2020-05.parquet", green, [trip(None), trip("2020-04-30 12:00:00"), trip("2008-01-01 00:00:00")])
    write(folder, "green_tripdata_2020-06.parquet", green, [])
    few = dict(list(green.items())[:4])
    write(folder, "green_tripdata_2020-07.parquet", few | {"new_fee": pa.float64(), "duration": pa.int64()},
          [trip("2020-07-04 12:00:00")[:4] + [1.0, None], trip("2020-07-04 12:00:00", None)[:4] + [None, 10]])
    write(folder, "fhvhv_tripdata_2020-03.parquet", HIRED, RIDES)
    write(folder, "fhvhv_tripdata_2020-11.parquet", HIRED, [ride(row) for row in NOVEMBER])
    write(folder, "fhvhv.parquet", HIRED, [ride(row) for row in NO_MONTH])
    few = ["hvfhs_license_num", "dispatching_base_num", "pickup_datetime", "dropoff_datetime", "PULocationID", "DOLocationID"]  # CSV files of 2019
    write(folder, "fhvhv_tripdata_2020-01.parquet", {name: HIRED[name] for name in few}, [[ride(row)[list(HIRED).index(name)] for name in few] for row in JANUARY])
    write(folder, "fhv_tripdata_2020-03.parquet", BASES, [based(row) for row in MARCH])
    write(folder, "fhv_tripdata_2017-05.parquet", BASES, [based(row) for row in [trip("2017-05-05 12:00:00", None), trip("2017-05-05 12:00:00", zones=(None, None))]])
    write(folder, "fhv_tripdata_2017-06.parquet", BASES, [based(row) for row in [trip("2017-06-05 12:00:00", None), trip("2017-06-05 12:00:00", zones=(None, 0))]])
    write(folder, "fhv_tripdata_2016-12.parquet", {"Dispatching_base_num": pa.string(), "Pickup_date": WHEN, "locationID": pa.float64()}, [
        ["B00001", *trip(f"2016-12-{day:02} 12:00:00")[:1], zone] for day, zone in enumerate((7.0, None, 0.0, 265.0, 266.0), 1)
    ])
    for name, names, year, text in [
        ("yellow_tripdata_2009-03.parquet", NAMES_2009, "2009", True),
        ("yellow_tripdata_2010-03.parquet", NAMES_2010, "2010", True),
        ("green_tripdata_2015-03.parquet", NAMES_GREEN, "2015", False),
    ]:
        write(folder, name, with_coordinates(names, pa.string() if text else WHEN), [
            placed(row, text) for row in [
                trip(f"{year}-03-05 12:00:00"),
                trip(f"{year}-03-05 12:00:00", None),
                trip(f"{year}-03-05 12:00:00", f"{year}-03-25 12:00:00"),
                trip(f"{year}-03-05 12:00:00", amount=-3.5, tip=NAN),
                trip(f"{year}-04-01 00:00:00"),
                trip(None),
            ]
        ] + ([[*times, *placed(trip(f"{year}-03-05 12:00:00"), text)[2:]] for times in NO_TIMES.get(year, [])]))


if __name__ == "__main__":
    main()
