#!/usr/bin/env bash
# check.sh TRIPSTATS DIR: makes outputs and their pages in DIR/pages, and opens them, with those that are there, in Chromium. See check.mjs.
set -euo pipefail
tripstats=$1 dir=$2
pages=$dir/pages
here=$(dirname "$0")

# page NAME FLAGS...: an output and its page.
page() {
  "$tripstats" --output="$pages/$1" "${@:2}" >/dev/null 2>"$pages/$1.log" || { cat "$pages/$1.log"; exit 1; }
  "$tripstats" report "$pages/$1" --to="$pages/$1.html"
}
page sample --input=sample --tables=standard,by_hour,payment,zone_minutes,daily,airport,fares,od
page one-taxi --input=sample --taxi=green
page raw --input=sample --quality=raw
with=(sample one-taxi raw)
if [[ -d ${TRIPSTATS_DATA:-} ]]; then
  page real --input="$TRIPSTATS_DATA/raw_data/**/*.parquet,$TRIPSTATS_DATA/csv/fhvhv*sample.csv" --tables=standard,by_hour
  with+=(real)
else
  echo "report-test: the page of real trips: SKIPPED: TRIPSTATS_DATA is not there"
fi
list=()
for html in "$pages"/*.html; do
  name=$(basename "$html" .html)
  if [[ " ${with[*]} " == *" $name "* ]]; then list+=("$html=$pages/$name"); else list+=("$html"); fi
done
node "$here/check.mjs" "$dir" "$tripstats" "${list[@]}"
