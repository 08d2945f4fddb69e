#!/bin/sh
# pack.sh TRIPSTATS FOLDER VERSION...: packs into FOLDER and FOLDER.tar.xz what cores.py needs on a machine without network. VERSION is a version of Python that the
# machine may have, such as 3.12: DuckDB's library is made for one version. The machine needs python3 and xz: tar xf FOLDER.tar.xz && FOLDER/run.sh
set -eu
program=$1 folder=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$folder" "$folder.tar.xz"
mkdir -p "$folder/bin" "$folder/testdata/bench" "$folder/transforms/newyork"
cp "$program" "$folder/bin/tripstats"
go build -ldflags='-s -w' -o "$folder/bin/gen" "$here/../gen"
for file in common.py cores.py duckdb_peer.py duckdb_questions.py peer.py programs.py published_rows.csv queries.py questions.sql report.py; do
	cp "$here/$file" "$folder/testdata/bench/"
done
cp "$here/../../transforms/newyork/taxi_zone_lookup.csv" "$folder/transforms/newyork/" # duckdb_questions.py joins it
for version; do
	python3 -m pip --disable-pip-version-check install --quiet --root-user-action ignore --no-deps --no-compile --only-binary :all: --python-version "$version" \
		--implementation cp --target "$folder/python/$version" "$(grep '^duckdb==' "$here/../verify/requirements.txt")"
done
cat >"$folder/run.sh" <<'RUN'
#!/bin/sh
# run.sh [FLAG...]: see testdata/bench/cores.py. The files are made here, once, and measured; nothing is read from a network.
here=$(cd "$(dirname "$0")" && pwd)
version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
export PYTHONPATH="$here/python/$version" PYTHONDONTWRITEBYTECODE=1 TRIPSTATS_BENCH_GEN="$here/bin/gen" TRIPSTATS_BENCH_DIR="${TRIPSTATS_BENCH_DIR:-$here/data}"
exec python3 "$here/testdata/bench/cores.py" "$here/bin/tripstats" "$@"
RUN
chmod +x "$folder/run.sh"
tar -C "$(dirname "$folder")" -c "$(basename "$folder")" | xz -6 -T0 >"$folder.tar.xz"
bytes=$(wc -c <"$folder.tar.xz") most=$((64 << 20))
echo "$folder.tar.xz: $((bytes >> 20)) MiB, for Python $*"
[ "$bytes" -lt $most ] || { echo "pack.sh: $folder.tar.xz: found $bytes bytes, expected less than $most" >&2; exit 1; }
