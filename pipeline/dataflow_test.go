package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dataflowFlags are the flags that every submission needs. The tests have neither network nor credentials.
var dataflowFlags = []string{"--runner=dataflow", "--dry_run", "--project=project", "--region=europe-west1", "--staging_location=gs://bucket/staging"}

// dryRun returns the description of the job.
func dryRun(t *testing.T, args ...string) (job struct {
	Name, ProjectID, Type string
	Steps                 []struct{ Name, Kind string }
	Environment           struct {
		ServiceAccountEmail string
		WorkerPools         []struct {
			MachineType, Subnetwork, IPConfiguration string
			NumWorkers                               int
			DiskSizeGb                               int
			AutoscalingSettings                      struct{ MaxNumWorkers int }
			Packages                                 []struct{ Name, Location string }
		}
	}
}, text string,
) {
	t.Helper()
	r := runOnce(t, command{args: append(slices.Clone(dataflowFlags), args...), dir: t.TempDir(), env: []string{"HOME=" + t.TempDir(), "GOOGLE_APPLICATION_CREDENTIALS="}})
	if r.code != 0 || r.stderr != sampleNote {
		t.Fatalf("exit code %d: %s", r.code, r.stderr)
	}
	if err := json.Unmarshal([]byte(r.stdout), &job); err != nil {
		t.Fatal(err)
	}
	return job, r.stdout
}

func TestADryRunDescribesADataflowJob(t *testing.T) {
	job, text := dryRun(t, "--input=sample", "--output=gs://bucket/stats", "--worker_machine_type=n2-standard-4", "--max_num_workers=5", "--num_workers=2",
		"--disk_size_gb=30", "--service_account_email=worker@project.example", "--no_use_public_ips", "--subnetwork=regions/europe-west1/subnetworks/s")
	if job.Type != "JOB_TYPE_BATCH" || job.Name != "tripstats" || job.ProjectID != "project" {
		t.Errorf("found a %s named %s in %s", job.Type, job.Name, job.ProjectID)
	}
	kinds := map[string]string{}
	for _, s := range job.Steps {
		kinds[s.Name] = s.Kind
	}
	for name, kind := range map[string]string{
		"source.Described/source.describeFn":                                     "beam:transform:pardo:v1",
		"source.Works/source.worksFn":                                            "beam:transform:pardo:v1",
		"source.Read/source.ReadFn":                                              "beam:transform:pardo:v1",
		"trip.Map(fields)/trip.fieldsFn":                                         "beam:transform:pardo:v1",
		"trip.Map(derive)/trip.deriveFn":                                         "beam:transform:pardo:v1",
		"quality.Map(judge)/quality.judgeFn":                                     "beam:transform:pardo:v1",
		"aggregate.Partials/aggregate.partialFn":                                 "beam:transform:pardo:v1",
		"aggregate.Table(trip_stats)/CombinePerKey(monthly)/CombinePerKey/CoGBK": "beam:transform:group_by_key:v1",
		"publish.Publish/publish.publishFn":                                      "beam:transform:pardo:v1",
	} {
		if kinds[name] != kind {
			t.Errorf("step %s: found %q, expected %s", name, kinds[name], kind)
		}
	}
	reshuffled := slices.ContainsFunc(job.Steps, func(s struct{ Name, Kind string }) bool { return strings.HasPrefix(s.Name, "Reshuffle/") })
	if !reshuffled {
		t.Error("found no Reshuffle: all works would stay on one worker")
	}
	env := job.Environment
	if len(env.WorkerPools) != 1 || env.ServiceAccountEmail != "worker@project.example" {
		t.Fatalf("found the environment %+v, expected one worker pool and the service account", env)
	}
	pool := env.WorkerPools[0]
	if pool.MachineType != "n2-standard-4" || pool.NumWorkers != 2 || pool.AutoscalingSettings.MaxNumWorkers != 5 || pool.DiskSizeGb != 30 ||
		pool.IPConfiguration != "WORKER_IP_PRIVATE" || pool.Subnetwork != "regions/europe-west1/subnetworks/s" {
		t.Errorf("found workers %+v, expected what the flags say", pool)
	}
	if len(pool.Packages) != 1 || !strings.HasPrefix(pool.Packages[0].Location, "gs://bucket/staging/") {
		t.Errorf("found packages %+v, expected the program in the staging folder", pool.Packages)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{os.TempDir() + "/", "\"" + os.TempDir(), here, program(t), filepath.Dir(program(t)), "file://"} {
		if strings.Contains(text, path) {
			t.Errorf("found the local path %s in the job", path)
		}
	}
}

func TestDataflowSaysWhatItNeeds(t *testing.T) {
	remote := []string{"--input=sample", "--output=gs://bucket/stats"}
	for _, c := range []struct {
		args []string
		word string
	}{
		{append(slices.Clone(dataflowFlags), "--input=sample", "--output=out"), "--output=out is a local path"},
		{append([]string{"--runner=dataflow", "--dry_run", "--project=p", "--region=r"}, remote...), "--staging_location"},
		{append([]string{"--runner=dataflow", "--dry_run", "--project=p", "--staging_location=gs://b/s"}, remote...), "--region"},
	} {
		runOnce(t, command{args: c.args, dir: t.TempDir(), env: []string{"HOME=" + t.TempDir()}}).fails(t, 2, c.word)
	}
}

// TestTheFlexTemplateHasTheProgramsFlags submits a flag of each parameter of the template as Dataflow's launcher would.
func TestTheFlexTemplateHasTheProgramsFlags(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "runners", "dataflow", "metadata.json"))
	if err != nil {
		t.Fatal(err)
	}
	var metadata struct {
		Parameters []struct {
			Name    string
			Regexes []string
		}
	}
	if err := json.Unmarshal(content, &metadata); err != nil {
		t.Fatal(err)
	}
	examples := map[string]string{
		"input": "sample", "output": "gs://bucket/stats", "taxi": "yellow", "quality": "standard", "same-month": "merge", "utc": "wall", "dates": "dmy",
		"limits": "duration_over=240", "as-of": "2023-12", "max-rejected": "1%", "require-complete": "false", "unknown-columns": "report",
		"max-memory": "256MiB", "tables": "standard,by_hour", "max-groups": "5000", "gcs-anonymous": "true", "allow-http": "false", "months": "2019-01..2019-02", "source": "https://host.example/{year}", "missing": "skip", "decoder": "own",
		"dataset": "gs://bucket/chicago.yaml", "existing": "replace", "reuse": "false", "max-bytes": "10GB", "keep-versions": "5",
	}
	var args []string
	for _, p := range metadata.Parameters {
		pattern, err := regexp.Compile(p.Regexes[0])
		if err != nil || !pattern.MatchString(examples[p.Name]) {
			t.Errorf("parameter %s: %q takes no %q (%v)", p.Name, p.Regexes[0], examples[p.Name], err)
		}
		if !slices.Contains([]string{"months", "source", "missing", "dataset"}, p.Name) { // the first three replace input, and a dataset is read at once
			args = append(args, "--"+p.Name+"="+examples[p.Name])
		}
	}
	if job, _ := dryRun(t, args...); len(job.Steps) == 0 {
		t.Error("found no steps")
	}
	dockerfile, err := os.ReadFile(filepath.Join("..", "runners", "dataflow", "Dockerfile"))
	if err != nil || !strings.Contains(string(dockerfile), "COPY tripstats-linux-amd64 /template/tripstats\nENV FLEX_TEMPLATE_GO_BINARY=/template/tripstats\n") {
		t.Errorf("the Dockerfile does not start the program that it copies (%v)", err)
	}
}
