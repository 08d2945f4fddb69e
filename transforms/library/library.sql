-- trips, minutes and total by hour of the day and day of the week
CREATE TABLE by_hour AS
SELECT taxi, month_start, weekday, pickup_hour, count(*) AS trips, avg(trip_duration_minutes) AS minutes, avg(total_amount) AS amount
FROM trips GROUP BY taxi, month_start, weekday, pickup_hour;

-- how passengers pay, and what share of the fare is tipped
CREATE TABLE payment AS
SELECT taxi, month_start, payment_type, count(*) AS trips, sum(total_amount) AS revenue, avg(tip_amount) AS avg_tip,
       sum(tip_amount) / sum(fare_amount) AS tip_share
FROM trips GROUP BY ALL;

-- trips and median seconds from zone to zone, for pairs with ten trips or more in the month
CREATE TABLE od AS
SELECT taxi, month_start, pickup_location_id, dropoff_location_id, count(*) AS trips, quantile_disc(trip_duration_seconds, 0.5) AS median_seconds
FROM trips GROUP BY ALL HAVING count(*) >= 10;

-- how many minutes trips from each zone take: half of them, nine of ten, 99 of 100
CREATE TABLE zone_minutes AS
SELECT taxi, month_start, pickup_location_id, count(trip_duration_minutes) AS timed,
       quantile_disc(trip_duration_minutes, 0.5) AS p50, quantile_disc(trip_duration_minutes, 0.9) AS p90, quantile_disc(trip_duration_minutes, 0.99) AS p99
FROM trips GROUP BY ALL;

-- what trips cost in a year: the median fare, and the ends of the totals
CREATE TABLE fares AS
SELECT taxi, year, median(fare_amount) AS median_fare, quantile_cont(total_amount, 0.05) AS p05, quantile_cont(total_amount, 0.95) AS p95,
       min(total_amount) AS least, max(total_amount) AS most, count(DISTINCT total_amount) AS prices
FROM trips WHERE fare_amount > 0 AND total_amount IS NOT NULL GROUP BY taxi, year;

-- trips to the airports, by the borough where they begin
CREATE TABLE airport AS
SELECT taxi, month_start, pickup_borough, count(*) AS trips, avg(trip_duration_minutes) AS minutes,
       count(*) FILTER (WHERE pickup_hour BETWEEN 6 AND 9) AS morning
FROM trips WHERE dropoff_zone ILIKE '%airport%' AND pickup_borough NOT IN ('Unknown', 'N/A') GROUP BY taxi, month_start, pickup_borough;

-- trips and revenue of each day, and where its dearest trip went
CREATE TABLE daily AS
SELECT taxi, pickup_date, count(*) AS trips, sum(total_amount) AS revenue, count(DISTINCT pickup_location_id) AS zones,
       max(total_amount) AS dearest, arg_max(dropoff_location_id, total_amount) AS dearest_to
FROM trips GROUP BY taxi, pickup_date ORDER BY taxi, pickup_date;
