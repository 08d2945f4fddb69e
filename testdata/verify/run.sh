#!/usr/bin/env bash
# Runs tripstats on several inputs and has verify.py check what it publishes, then runs it again on every runner, with
# one core and with two, and with its files in reverse: the tables must be the same bytes each time.
#
#   run.sh TRIPSTATS PYTHON       TRIPSTATS_DATA: folder of real data (default ../shared/data), skipped if it is not there
set -euo pipefail
tripstats=$1 python=$2
here=$(dirname "$0")
data=${TRIPSTATS_DATA:-../shared/data}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# run OUT INPUT [FLAG...]: says nothing unless it fails.
run() {
  "$tripstats" --input="$2" --quality=raw --output="$1" "${@:3}" >/dev/null 2>"$scratch/stderr" ||
    { cat "$scratch/stderr" >&2; echo "verify: tripstats failed on $2 ${*:3}" >&2; exit 1; }
}

digests() { (cd "$1" && find . -name '*.parquet' -exec sha256sum {} + | sort -k 2); }

# again TITLE INPUT FLAG...: another run, which must give the bytes of the first.
again() {
  run "$scratch/again" "${@:2}"
  diff <(digests "$scratch/out") <(digests "$scratch/again") || { echo "verify: $1: other bytes with ${*:3}" >&2; exit 1; }
  rm -rf "$scratch/again"
}

# check TITLE INPUT FILES [OPTION...]: INPUT as tripstats gets it, FILES the same as a glob, OPTIONs for verify.py.
check() {
  local title=$1 input=$2 files=$3 reversed
  echo "== $title"
  rm -rf "$scratch"/out*
  run "$scratch/out" "$input"
  "$python" "$here/verify.py" --output "$scratch/out" --input "$files" "${@:4}"
  reversed=$("$python" -c 'import glob, sys; print(",".join(sorted(glob.glob(sys.argv[1], recursive=True), reverse=True)))' "$files")
  for cores in 1 2; do
    GOMAXPROCS=$cores again "$title" "$input" --runner=direct
    GOMAXPROCS=$cores again "$title" "$input" --runner=prism
  done
  again "$title" "$reversed" --runner=direct
  again "$title" "$reversed" --runner=prism
  echo "             same bytes on direct and prism, GOMAXPROCS 1 and 2, files in reverse"
}

check "the sample" sample "$here/../sample/*.parquet" --self-test
"$python" "$here/foreign.py" "$scratch/foreign"
check "files of other writers" "$scratch/foreign/*.parquet" "$scratch/foreign/*.parquet" --self-test
# Trips of for-hire vehicles in every form of their files.
generate() { (cd "$here" && go run ../gen --quiet --flat --out "$scratch/hired" "$@"); }
generate --taxi fhvhv --months 2019-03,2021-08,2023-02,2025-11 --rows 30000
generate --taxi fhv --months 2015-11,2017-03,2018-05,2020-04,2024-03 --rows 20000 --row-groups 3
generate --taxi fhvhv --months 2019-11,2020-06 --rows 10000 --old-names --seed 2
generate --taxi fhv --months 2016-03,2017-05,2017-12,2018-03,2020-06 --rows 10000 --old-names
generate --taxi yellow,green --months 2020-06 --rows 10000 --old-names
check "for-hire vehicles, generated" "$scratch/hired/*.parquet" "$scratch/hired/*.parquet" --self-test
if [[ -d $data/wild ]]; then
  check "real trips of for-hire vehicles" "$data/wild/fhv*_tripdata_2020-04.parquet" "$data/wild/fhv*_tripdata_2020-04.parquet"
fi
if [[ -d $data/raw_data ]]; then
  check "real months" "$data/raw_data/**/*.parquet" "$data/raw_data/**/*.parquet" --self-test
  for odd in string_ids spark_int96 five_columns; do
    check "real, rewritten by others: $odd" "$data/odd/*$odd.parquet" "$data/odd/*$odd.parquet"
  done
  echo "== questions about single trips: real months"
  "$python" "$here/rows.py" "$tripstats" "$data/raw_data"
else
  echo "verify: SKIPPED: real data: no folder $data/raw_data (TRIPSTATS_DATA says where)"
fi

echo "== tables of Delta Lake, and folders with keys"
"$python" "$here/tables.py" "$tripstats" --count 60

# standard INPUT FILES [OPTION...]: the rules, against a program written from their table alone.
standard() {
  local input=$1 files=$2
  rm -rf "$scratch"/out* "$scratch"/kept*
  for runner in direct prism; do
    "$tripstats" --quality=standard --runner=$runner --input="$input" --output="$scratch/out-$runner" \
      --quarantine="$scratch/kept-$runner" --quarantine-cells >/dev/null 2>"$scratch/stderr" ||
      { cat "$scratch/stderr" >&2; echo "verify: tripstats --quality=standard failed on $input" >&2; exit 1; }
  done
  for folder in out kept; do
    diff <(digests "$scratch/$folder-direct") <(digests "$scratch/$folder-prism") || { echo "verify: standard: other bytes in $folder on prism" >&2; exit 1; }
  done
  "$python" "$here/standard.py" --output "$scratch/out-direct" --quarantine "$scratch/kept-direct" --input "$files" "${@:3}"
}

echo "== standard: edges of every rule"
"$python" "$here/edges.py" "$scratch/edges"
standard "$scratch/edges/*.parquet" "$scratch/edges/*.parquet" --every-rule --self-test
echo "== standard: for-hire vehicles, generated"
standard "$scratch/hired/*.parquet" "$scratch/hired/*.parquet" --self-test
if [[ -d $data/wild ]]; then
  echo "== standard: real trips of for-hire vehicles"
  standard "$data/wild/fhv*_tripdata_2020-04.parquet" "$data/wild/fhv*_tripdata_2020-04.parquet" # no rule applies to any: nothing to damage
fi
if [[ -d $data/raw_data ]]; then
  echo "== standard: real months, and TLC's own figures"
  standard "$data/raw_data/**/*.parquet" "$data/raw_data/**/*.parquet" --reference "$data/reference" --self-test
fi

if [[ -d $data/csv ]]; then
  echo "== files that others wrote: pipeline/testdata/found.txt is what DuckDB gives"
  diff <("$python" "$here/found.py" "$data") "$here/../../pipeline/testdata/found.txt" || { echo "verify: found.txt is not what found.py prints" >&2; exit 1; }
fi

echo "== declared tables, against DuckDB"
"$python" "$here/queries.py" "$tripstats" --data "$data"
