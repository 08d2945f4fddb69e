package docs

import (
	"os/exec"
	"strings"
	"testing"
)

// TestThePackagesForPythonDoNotMixTables gives whole outputs to pandas and pyarrow, which would take all files below a folder as one table: they
// must fail, and name the text that says what to do. A pattern of DuckDB and Polars must still match the tables and nothing else.
func TestThePackagesForPythonDoNotMixTables(t *testing.T) {
	s := newSession(t)
	if s.python == "" || exec.Command(s.python, "-c", "import pandas, pyarrow, duckdb, polars, deltalake").Run() != nil {
		t.Skip("needs Python with pandas, pyarrow, DuckDB, Polars and deltalake in .venv (make verify)")
	}
	for _, form := range []string{"parquet", "delta"} {
		if out, _ := s.run(t, program, "--input=sample", "--output="+form, "--format="+form); strings.Contains(out, "(exit status") {
			t.Fatal(out)
		}
	}
	for _, c := range []struct{ code, want string }{
		{`import pandas; pandas.read_parquet("parquet")`, "parquet/README.txt"},
		{`import pandas; pandas.read_parquet("parquet/")`, "parquet/README.txt"},
		{`import pandas; pandas.read_parquet("parquet", columns=["taxi"])`, "parquet/README.txt"},
		{`import pandas; pandas.read_parquet("delta")`, "delta/README.txt"},
		{`import pyarrow.parquet as p; p.read_table("parquet")`, "parquet/README.txt"},
		{`import pyarrow.parquet as p; p.ParquetDataset("parquet").read()`, "parquet/README.txt"},
		{`import pyarrow.dataset as d; d.dataset("parquet").to_table()`, "parquet/README.txt"},
		{`import pyarrow.dataset as d; d.dataset("parquet").count_rows()`, "parquet/README.txt"},
		{`import polars as p; p.read_parquet("parquet")`, "parquet/README.txt"},
		{`import pandas; print(len(pandas.read_parquet("parquet/trip_stats")), "rows")`, "8 rows"},
		{`import pyarrow.dataset as d; print(d.dataset("parquet/trip_stats").count_rows(), "rows")`, "8 rows"},
		{`import deltalake as d; print(d.DeltaTable("delta/trip_stats").to_pyarrow_table().num_rows, "rows")`, "8 rows"},
		{`import duckdb; print(*(f for f, in duckdb.sql("FROM glob('parquet/**/*.parquet') ORDER BY ALL").fetchall()))`, "parquet/quality/quality.parquet parquet/trip_stats/trip_stats.parquet"},
		{`import polars as p; p.scan_parquet("parquet/**/*.parquet", extra_columns="ignore", missing_columns="insert").select("taxi").collect(); print("read")`, "read"},
	} {
		if printed, _ := s.run(t, s.python, "-c", c.code); !strings.Contains(printed, c.want) {
			t.Errorf("%s: found %q, expected %q in it", c.code, printed, c.want)
		}
	}
}
