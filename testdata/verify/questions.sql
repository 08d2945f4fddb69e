-- Tables and questions that queries.py compares with DuckDB, in the dialect of declared tables.

-- GROUP BY: names, positions, expressions, ALL, and no keys
CREATE TABLE hours AS
SELECT taxi, pickup_hour, count(*) AS trips, count(trip_duration_minutes) AS timed, avg(trip_duration_minutes) AS minutes, sum(total_amount) AS revenue
FROM trips GROUP BY taxi, pickup_hour;

CREATE TABLE quarters AS
SELECT quarter(pickup_datetime) AS q, year, count(*) AS trips, sum(passenger_count) AS passengers, min(pickup_date) AS first_day, max(pickup_datetime) AS last_pickup
FROM trips GROUP BY 1, year;

CREATE TABLE weeks AS
SELECT date_trunc('week', pickup_datetime) AS week, store_and_fwd_flag, count(*) AS trips, avg(fare_amount) AS fare, count(airport_fee) AS fees, sum(airport_fee) AS airport
FROM trips GROUP BY ALL;

CREATE TABLE whole AS
SELECT count(*) AS trips, count(DISTINCT pickup_location_id) AS zones, count(DISTINCT taxi) AS taxis, sum(total_amount) AS revenue, avg(speed_mph) AS mph, median(trip_duration_seconds) AS seconds,
       min(dropoff_zone) AS first_zone, max(dropoff_zone) AS last_zone, sum(vendorid) AS vendors, sum(trip_duration_seconds) AS busy
FROM trips;

-- WHERE that leaves nothing
CREATE TABLE nothing AS
SELECT count(*) AS trips, sum(total_amount) AS revenue, min(taxi) AS taxi FROM trips WHERE pickup_datetime < TIMESTAMP '1900-01-01 00:00:00';

CREATE TABLE no_groups AS
SELECT taxi, count(*) AS trips FROM trips WHERE FALSE GROUP BY taxi;

-- quantiles of every type
CREATE TABLE quantiles AS
SELECT taxi, weekday, median(total_amount) AS amount, quantile_cont(tip_amount, 0.25) AS tip, quantile_disc(trip_distance, 0.75) AS miles, quantile_cont(passenger_count, 0.9) AS passengers,
       quantile_disc(pickup_datetime, 0.5) AS middle, quantile_disc(pickup_hour, 0.1) AS early, median(pickup_hour) AS hour_, quantile_cont(speed_mph, 0.5) AS mph, quantile_disc(dropoff_borough, 0.5) AS borough
FROM trips GROUP BY taxi, weekday;

CREATE TABLE spread AS
SELECT month_start, payment_type, quantile_cont(total_amount, 0) AS least_, quantile_cont(total_amount, 1) AS most, quantile_disc(total_amount, 0) AS least_disc, quantile_disc(total_amount, 1) AS most_disc,
       max(total_amount) - min(total_amount) AS span, median(pickup_date) AS middle_day
FROM trips GROUP BY month_start, payment_type;

-- distinct values
CREATE TABLE kinds AS
SELECT taxi, year, count(DISTINCT total_amount) AS amounts, count(DISTINCT dropoff_location_id) AS zones, count(DISTINCT pickup_date) AS days, count(DISTINCT trip_duration_seconds) AS durations,
       count(DISTINCT pickup_borough) AS boroughs, count(DISTINCT pickup_datetime) AS moments, count(DISTINCT is_refund) AS refunds, count(DISTINCT round(trip_distance, 1)) AS tenths
FROM trips GROUP BY taxi, year;

-- the largest and the smallest, with ties
CREATE TABLE dearest AS
SELECT pickup_date, arg_max(pickup_location_id, total_amount) AS dearest_from, arg_min(dropoff_zone, trip_distance) AS shortest_to, arg_max(pickup_datetime, tip_amount) AS tipped_at,
       arg_max(total_amount, trip_duration_minutes) AS longest, arg_min(payment_type, fare_amount) FILTER (WHERE fare_amount > 0) AS cheapest_paid, arg_max(taxi, pickup_hour) AS latest
FROM trips GROUP BY pickup_date;

-- CASE, FILTER, three-valued logic
CREATE TABLE purses AS
SELECT CASE WHEN total_amount < 0 THEN 'refund' WHEN total_amount < 10 THEN 'small' WHEN total_amount < 50 THEN 'medium' WHEN total_amount IS NULL THEN 'none' ELSE 'large' END AS purse,
       count(*) AS trips, count(*) FILTER (WHERE tip_amount > 0) AS tipped, avg(tip_amount) FILTER (WHERE payment_type = 1) AS card_tip,
       sum(tolls_amount) FILTER (WHERE NOT (tolls_amount = 0 OR pickup_borough = dropoff_borough)) AS tolls, count(DISTINCT vendorid) FILTER (WHERE is_refund) AS refunding
FROM trips GROUP BY 1;

CREATE TABLE logic AS
SELECT congestion_surcharge > 0 AS congested, is_refund, count(*) AS trips, count(*) FILTER (WHERE congestion_surcharge > 0 AND passenger_count > 1) AS both_, count(*) FILTER (WHERE congestion_surcharge > 0 OR passenger_count > 1) AS any_,
       count(*) FILTER (WHERE passenger_count NOT IN (1, 2)) AS many, count(*) FILTER (WHERE passenger_count NOT BETWEEN 1 AND 4) AS odd, count(*) FILTER (WHERE payment_type IN (1, NULL)) AS paid
FROM trips GROUP BY ALL;

-- names of zones; several zones have one name
CREATE TABLE names AS
SELECT pickup_zone, count(*) AS trips, count(DISTINCT pickup_location_id) AS ids, avg(total_amount) AS amount FROM trips GROUP BY pickup_zone;

CREATE TABLE boroughs AS
SELECT pickup_borough, dropoff_borough, count(*) AS trips, avg(trip_distance) AS miles, median(total_amount) AS amount FROM trips GROUP BY pickup_borough, dropoff_borough HAVING count(*) > 20 AND avg(trip_distance) > 1;

CREATE TABLE parks AS
SELECT lower(dropoff_zone) AS zone_, upper(dropoff_service_zone) AS service, count(*) AS trips FROM trips
WHERE dropoff_zone ILIKE '%park%' AND dropoff_zone NOT LIKE 'P%' OR pickup_zone LIKE '_ast%' GROUP BY ALL;

-- ORDER BY and LIMIT, with ties
CREATE TABLE busiest AS
SELECT taxi, pickup_location_id, dropoff_location_id, count(*) AS trips FROM trips GROUP BY ALL ORDER BY trips DESC, taxi LIMIT 50;

CREATE TABLE rare AS
SELECT ratecodeid, trip_type, extra, count(*) AS trips FROM trips GROUP BY ratecodeid, trip_type, extra ORDER BY count(*), extra DESC LIMIT 40;

-- windows over the finished rows
CREATE TABLE ranks AS
SELECT taxi, pickup_date, count(*) AS trips, rank() OVER (PARTITION BY taxi ORDER BY count(*) DESC) AS place, row_number() OVER (PARTITION BY taxi ORDER BY count(*)) AS nr,
       lag(count(*)) OVER (PARTITION BY taxi ORDER BY pickup_date) AS day_before, sum(count(*)) OVER (PARTITION BY taxi ORDER BY pickup_date) AS so_far, count(*) OVER (PARTITION BY taxi) AS days
FROM trips GROUP BY taxi, pickup_date;

CREATE TABLE shares AS
SELECT month_start, payment_type, count(*) AS trips, count(*) / sum(count(*)) OVER (PARTITION BY month_start) AS share, sum(total_amount) - lag(sum(total_amount), 1, 0) OVER (PARTITION BY payment_type ORDER BY month_start) AS more
FROM trips GROUP BY month_start, payment_type ORDER BY share DESC NULLS LAST, month_start LIMIT 60;

-- arithmetic over columns and over aggregates
CREATE TABLE ratios AS
SELECT taxi, weekday, sum(tip_amount) / sum(fare_amount) AS tip_share, sum(trip_distance) / (sum(trip_duration_minutes) / 60) AS mph, avg(total_amount - tip_amount) AS without_tip, sum(fare_amount + extra + mta_tax) AS metered,
       sum(total_amount * passenger_count) AS weighted, max(trip_distance / nullif(trip_duration_minutes, 0)) AS fastest, 100.0 * count(*) FILTER (WHERE tip_amount > 0) / count(*) AS tipped
FROM trips GROUP BY taxi, weekday HAVING count(*) >= 1;

CREATE TABLE rounded AS
SELECT floor(trip_distance) AS mile, round(total_amount, -1) AS tens, pickup_hour // 6 AS part, count(*) AS trips, ceil(avg(total_amount)) AS amount, greatest(max(tip_amount), max(tolls_amount)) AS most, coalesce(sum(ehail_fee), 0) AS ehail,
       least(min(fare_amount), 0) AS low, abs(min(total_amount)) AS refund
FROM trips WHERE trip_distance BETWEEN 0 AND 30 AND total_amount BETWEEN -100 AND 200 GROUP BY 1, 2, 3;

CREATE TABLE calendar AS
SELECT extract(month FROM pickup_datetime) AS month_, day(pickup_datetime) AS day_, minute(pickup_datetime) // 15 AS quarter_hour, count(*) AS trips, avg(trip_duration_minutes) AS minutes
FROM trips WHERE pickup_datetime >= DATE '2018-01-01' AND CAST(pickup_datetime AS DATE) < DATE '2026-01-01' AND weekday IN (6, 7) GROUP BY ALL HAVING count(*) > 3;

-- many groups
CREATE TABLE pairs AS
SELECT pickup_location_id, dropoff_location_id, pickup_hour, count(*) AS trips, quantile_disc(total_amount, 0.5) AS amount FROM trips GROUP BY pickup_location_id, dropoff_location_id, pickup_hour;

-- tables whose groups have trips of one taxi and month only, although their keys are not taxi and month_start
CREATE TABLE of_one_taxi AS
SELECT year, month(pickup_datetime) AS month_, pickup_location_id, count(*) AS trips, median(fare_amount) AS fare, max(tip_amount) AS tip FROM trips WHERE taxi = 'green' AND fare_amount > 3 GROUP BY ALL HAVING count(*) > 1;

CREATE TABLE of_one_month AS
SELECT taxi, year, month(pickup_datetime) AS month_, dropoff_location_id, count(*) AS trips, quantile_disc(trip_duration_seconds, 0.9) AS seconds FROM trips GROUP BY ALL;
