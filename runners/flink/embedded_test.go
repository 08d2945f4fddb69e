//go:build unix

package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"tripstats/runners/flink/cluster"
	"tripstats/testdata/fakes"
	"tripstats/testdata/forms"
)

// inputs are the inputs for which every engine must give the same bytes as direct.
func inputs(t *testing.T) map[string][]string {
	questions, err := filepath.Abs(filepath.Join("..", "..", "testdata", "verify", "questions.sql"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{
		"sample":           {"--input=sample"},
		"12 x 1 million":   {"--input=" + months(t)},
		"sample, all rows": {"--input=sample", "--quality=raw"},
		"the library":      {"--input=sample", "--tables=standard,by_hour,payment,od,zone_minutes,fares,airport,daily"},
		"for-hire":         {"--input=" + hired(t)},
		"tables of a file": {"--input=sample", "--tables=" + questions, "--quality=raw"},
		"CSV":              {"--input=" + text(t)},
	}
	written, err := forms.Write(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range written {
		all["form: "+f.Name] = f.Args
	}
	if dir := realData(t); dir != "" {
		all["real months"] = []string{"--input=" + filepath.Join(dir, "raw_data", "**", "*.parquet")}
	}
	return all
}

// giveTheSameBytes runs every input on direct and on an engine.
func giveTheSameBytes(t *testing.T, engine ...string) {
	for name, args := range inputs(t) {
		t.Run(name, func(t *testing.T) {
			want, d := direct(t, args...)
			out := filepath.Join(t.TempDir(), "out")
			r := begin(t, append(append([]string{"--output=" + out}, args...), engine...)...).ends(t, 0, "done runner=")
			same(t, out, want, 1)
			t.Logf("wall %.1f s, direct %.1f s; CPU of this program and the workers in it %.1f s, direct %.1f s", r.wall.Seconds(), d.wall.Seconds(), r.cpu(), d.cpu())
		})
	}
}

func TestEmbeddedFlinkGivesTheSameBytes(t *testing.T) {
	needs(t, "embedded")
	c := up(t, cluster.Config{})
	engine := []string{"--runner=flink", "--endpoint=" + c.Endpoint()}
	giveTheSameBytes(t, engine...)

	t.Run("with a quarantine", func(t *testing.T) {
		dir := t.TempDir()
		args := func(to string) []string {
			return []string{"--input=sample", "--output=" + filepath.Join(dir, to), "--quarantine=" + filepath.Join(dir, "kept-"+to)}
		}
		begin(t, args("direct")...).ends(t, 0)
		begin(t, append(args("flink"), engine...)...).ends(t, 0, "quarantined=")
		want, got := outcome(t, filepath.Join(dir, "kept-direct", "rows")), outcome(t, filepath.Join(dir, "kept-flink", "rows"))
		if len(want) == 0 || len(got) != len(want) {
			t.Errorf("found %v, expected %v", got, want)
		}
	})

	t.Run("an input that cannot be read", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "yellow_tripdata_2019-01.parquet")
		if err := os.WriteFile(path, []byte("PAR1 this is none PAR1"), 0o666); err != nil {
			t.Fatal(err)
		}
		begin(t, append([]string{"--input=" + path, "--output=" + t.TempDir()}, engine...)...).ends(t, 3, "yellow_tripdata_2019-01.parquet")
	})

	t.Run("the quality gate", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "out")
		begin(t, append([]string{"--input=sample", "--max-rejected=0.0001%", "--output=" + out}, engine...)...).ends(t, 5, "--max-rejected")
		if got := outcome(t, out); len(got) > 0 {
			t.Errorf("found %v, expected nothing to be published", got)
		}
	})

	t.Run("Ctrl-C", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "out")
		gate := fakes.NewGate(t, 5, small(t)...)
		r := begin(t, append([]string{"--input=" + gate.Addresses, "--output=" + out}, engine...)...)
		untilHeld(t, r, gate)
		if err := r.cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		r.ends(t, 130, "stopped by interrupt", "is cancelled")
		if got := outcome(t, out); len(got) > 0 {
			t.Errorf("found %v, expected nothing to be published", got)
		}
	})

	t.Run("a job server that goes away", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "out")
		gate := fakes.NewGate(t, 5, small(t)...)
		r := begin(t, append([]string{"--input=" + gate.Addresses, "--output=" + out}, engine...)...)
		untilHeld(t, r, gate)
		if err := c.RestartJobServer(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.ends(t, 7, "lost the job server at "+c.Endpoint())
		if got := outcome(t, out); len(got) > 0 {
			t.Errorf("found %v, expected nothing to be published", got)
		}
		begin(t, append([]string{"--input=sample", "--output=" + out}, engine...)...).ends(t, 0)
	})
}

// TestSparkGivesTheSameBytes takes minutes.
func TestSparkGivesTheSameBytes(t *testing.T) {
	needs(t, "spark")
	c := up(t, cluster.Config{Spark: true})
	giveTheSameBytes(t, "--runner=spark", "--endpoint="+c.Endpoint())
}

// text writes two months of CSV, one of them packed, with malformed lines, and returns a pattern of them. The plain one has several units.
func text(t *testing.T) string {
	dir := t.TempDir()
	for month, rows := range map[int]int{8: 150_000, 9: 20_000} {
		var b bytes.Buffer
		b.WriteString("tpep_pickup_datetime,tpep_dropoff_datetime,passenger_count,trip_distance,PULocationID,DOLocationID,total_amount,tip_amount\r\n\r\n")
		for i := range rows {
			if i%1000 == 0 {
				b.WriteString("cut,\"line\n")
			}
			day := fmt.Sprintf("2019-%02d-%02d", month, 1+i%28)
			fmt.Fprintf(&b, "%s 10:%02d:00,%s 11:00:%02d,%d,%d.5,%d,7,%d.25,1\n", day, i%60, day, i%60, 1+i%4, i%9, 1+i%200, i%90)
		}
		name, content := fmt.Sprintf("yellow_tripdata_2019-%02d.csv", month), b.Bytes()
		if month == 9 {
			var packed bytes.Buffer
			z := gzip.NewWriter(&packed)
			if _, err := z.Write(content); err != nil {
				t.Fatal(err)
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			name, content = name+".gz", packed.Bytes()
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "*")
}
