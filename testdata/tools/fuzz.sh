#!/usr/bin/env bash
# Runs every fuzz target of the packages: fuzz.sh guided|plain TIME PACKAGE...
#
# Guided by coverage, all dependencies are compiled anew with counters in them, which takes minutes the first time. Plain
# uses what is compiled: inputs are mutated blindly, which a few seconds in CI are good for.
set -euo pipefail
mode=$1 time=$2
cache=$PWD/.cache/fuzz
mkdir -p "$cache"

# fuzz COMMAND...: Go's fuzzer may call it a failure that its time is over while a worker is busy. An input
# that fails is always written to a file, and that is said.
fuzz() {
  local log=$cache/log
  "$@" 2>&1 | tee "$log" && return
  grep -q '^ *context deadline exceeded$' "$log" && ! grep -q 'Failing input written' "$log"
}

for package in "${@:3}"; do
  go test -c -o "$cache/fuzz.test" "$package"
  for target in $("$cache/fuzz.test" -test.list '^Fuzz' | grep '^Fuzz'); do
    echo "fuzz: $package $target"
    if [[ $mode == guided ]]; then
      fuzz go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package"
    else
      (cd "$package" && fuzz "$cache/fuzz.test" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$time" -test.fuzzcachedir "$cache")
    fi
  done
done
