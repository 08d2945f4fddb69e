-- The ten questions that queries.py times. How the peers are asked them is in duckdb_questions.py and polars_questions.py.

CREATE TABLE hours AS
SELECT taxi, month_start, weekday, pickup_hour, count(*) AS trips, avg(trip_duration_minutes) AS minutes, avg(total_amount) AS amount
FROM trips GROUP BY taxi, month_start, weekday, pickup_hour;

CREATE TABLE paying AS
SELECT taxi, month_start, payment_type, count(*) AS trips, sum(total_amount) AS revenue, avg(tip_amount) AS tip, sum(tip_amount) / sum(fare_amount) AS tip_share
FROM trips GROUP BY taxi, month_start, payment_type;

CREATE TABLE journeys AS
SELECT taxi, month_start, pickup_location_id, dropoff_location_id, count(*) AS trips, quantile_disc(trip_duration_seconds, 0.5) AS seconds
FROM trips GROUP BY ALL HAVING count(*) >= 10;

CREATE TABLE waits AS
SELECT taxi, month_start, pickup_location_id, count(trip_duration_minutes) AS timed,
       quantile_disc(trip_duration_minutes, 0.5) AS p50, quantile_disc(trip_duration_minutes, 0.9) AS p90, quantile_disc(trip_duration_minutes, 0.99) AS p99
FROM trips GROUP BY taxi, month_start, pickup_location_id;

CREATE TABLE prices AS
SELECT taxi, year, median(fare_amount) AS fare, quantile_cont(total_amount, 0.05) AS p05, quantile_cont(total_amount, 0.95) AS p95,
       min(total_amount) AS lowest, max(total_amount) AS highest, count(DISTINCT total_amount) AS amounts
FROM trips WHERE fare_amount > 0 AND total_amount IS NOT NULL GROUP BY taxi, year;

CREATE TABLE to_airports AS
SELECT taxi, month_start, pickup_borough, count(*) AS trips, avg(trip_duration_minutes) AS minutes, count(*) FILTER (WHERE pickup_hour BETWEEN 6 AND 9) AS morning
FROM trips WHERE dropoff_zone ILIKE '%airport%' AND pickup_borough NOT IN ('Unknown', 'N/A') GROUP BY taxi, month_start, pickup_borough;

CREATE TABLE speeds AS
SELECT CASE WHEN trip_distance < 1 THEN 'under 1' WHEN trip_distance < 3 THEN '1 to 3' WHEN trip_distance < 10 THEN '3 to 10' ELSE '10 and more' END AS miles,
       CASE WHEN weekday IN (6, 7) THEN 'weekend' ELSE 'weekday' END AS day_,
       sum(trip_distance) / (sum(trip_duration_minutes) / 60) AS mph, count(*) AS trips
FROM trips WHERE trip_duration_minutes BETWEEN 2 AND 120 AND trip_distance BETWEEN 0.1 AND 100 GROUP BY ALL;

CREATE TABLE days AS
SELECT taxi, pickup_date, count(*) AS trips, sum(total_amount) AS revenue, count(DISTINCT pickup_location_id) AS zones,
       max(total_amount) AS dearest, arg_max(dropoff_location_id, total_amount) AS dearest_to
FROM trips GROUP BY taxi, pickup_date ORDER BY taxi, pickup_date;

CREATE TABLE shares AS
SELECT month_start, pickup_location_id, count(*) AS trips, count(*) / sum(count(*)) OVER (PARTITION BY month_start) AS share,
       rank() OVER (PARTITION BY month_start ORDER BY count(*) DESC) AS place
FROM trips GROUP BY month_start, pickup_location_id ORDER BY month_start, place, pickup_location_id LIMIT 100;

CREATE TABLE totals AS
SELECT count(*) AS trips, count(passenger_count) AS with_passengers, sum(passenger_count) AS passengers, avg(speed_mph) AS mph,
       min(pickup_datetime) AS first_pickup, max(pickup_datetime) AS last_pickup
FROM trips;
