package runners

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/dataflow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/dataflow/dataflowlib"
	df "google.golang.org/api/dataflow/v1b3"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"tripstats/transforms/fault"
)

// dataflowEngine submits to Google Cloud Dataflow, with Beam's own runner.
type dataflowEngine struct{}

func (dataflowEngine) here(Flags) bool { return false }

func (dataflowEngine) check(f Flags, places []Place) (notes []string, err error) {
	for _, needed := range []struct{ name, example string }{
		{"project", "the project's id"}, {"region", "such as europe-west1"}, {"staging_location", "a folder such as gs://bucket/staging"},
	} {
		if f.Value(needed.name) == "" && (needed.name != "project" || cloudProject(context.Background()) == "") {
			return nil, fmt.Errorf("--runner=dataflow: found no --%s, expected %s", needed.name, needed.example)
		}
	}
	for _, p := range places {
		if p.Local {
			return nil, fmt.Errorf("%s is a local path, which Dataflow's workers do not see; expected an address such as gs://bucket/path", p.What)
		}
	}
	if _, err := workerBinary(f); err != nil && !f.IsSet("dry_run") {
		return nil, err
	}
	return nil, nil
}

func (dataflowEngine) run(ctx context.Context, f Flags, p *beam.Pipeline, _ func(Status)) (Outcome, error) {
	if !f.IsSet("dry_run") {
		binary, err := workerBinary(f)
		if err != nil {
			return Outcome{}, err
		}
		f = f.with("worker_binary", binary)
	}
	f.with("job_name", cmp.Or(f.Value("job_name"), "tripstats")).forDataflow()
	wait := !f.Detach && !f.IsSet("dry_run") && f.Value("template_location") == ""
	var said collected
	if f.IsSet("dry_run") {
		log.SetLogger(&said)
	}
	result, err := dataflow.Execute(ctx, p)
	if err != nil {
		return Outcome{}, fault.New(fault.Failed, "--runner=dataflow: %v", err)
	}
	switch {
	case f.IsSet("dry_run"):
		dry, err := said.job()
		return Outcome{Detached: true, Dry: dry}, err
	case result == nil: // a template was written
		return Outcome{Detached: true}, nil
	}
	id := result.JobID()
	if !wait {
		return Outcome{Job: id, Detached: true}, nil
	}
	return Outcome{Job: id}, awaitDataflow(ctx, f.Value("dataflow_endpoint"), id)
}

// awaitDataflow follows a job to its end. When ctx ends first it cancels the job.
func awaitDataflow(ctx context.Context, endpoint, id string) error {
	away := context.WithoutCancel(ctx)
	client, err := dataflowlib.NewClient(away, endpoint)
	if err != nil {
		return fault.New(fault.Failed, "--runner=dataflow: job %s runs, but cannot be followed: %v", id, err)
	}
	project, region := cloudProject(away), cloudRegion(away)
	ended := make(chan error, 1)
	go func() { ended <- dataflowlib.WaitForCompletion(away, client, project, region, id) }()
	select {
	case err := <-ended:
		if err == nil {
			return nil
		}
		if f := fault.Find(err); f != nil {
			return f
		}
		return fault.New(fault.Failed, "--runner=dataflow: %v; the job's log says more", err)
	case <-ctx.Done():
	}
	_, err = client.Projects.Locations.Jobs.Update(project, region, id, &df.Job{RequestedState: "JOB_STATE_CANCELLED"}).Context(away).Do()
	if err != nil {
		return &Stopped{What: fmt.Sprintf("job %s could not be cancelled (%v): it may still run and publish", id, err), unknown: true}
	}
	return &Stopped{What: fmt.Sprintf("job %s is being cancelled", id)}
}

// collected keeps what Beam logs: a dry run tells the job's description no other way.
type collected struct {
	mu    sync.Mutex
	texts []string
}

// Log keeps a message.
func (c *collected) Log(_ context.Context, _ log.Severity, _ int, msg string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.texts = append(c.texts, msg)
}

// job is the description of the job: the last message that is a JSON object, and with it, as steps, the leaves of the
// model, which Beam logs as text and a job that is submitted would have in a file of its own.
func (c *collected) job() (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var model pipepb.Pipeline
	var job map[string]any
	for _, text := range c.texts {
		if json.Unmarshal([]byte(text), &job) == nil {
			continue
		}
		if m := new(pipepb.Pipeline); prototext.Unmarshal([]byte(text), m) == nil && len(m.GetRootTransformIds()) > 0 {
			model.Reset()
			proto.Merge(&model, m)
		}
	}
	if job == nil || len(model.GetRootTransformIds()) == 0 {
		return "", fault.New(fault.Failed, "--runner=dataflow: the dry run described no job")
	}
	type step struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
	}
	var steps []step
	for _, t := range model.GetComponents().GetTransforms() {
		if len(t.GetSubtransforms()) == 0 {
			steps = append(steps, step{t.GetUniqueName(), t.GetSpec().GetUrn()})
		}
	}
	slices.SortFunc(steps, func(a, b step) int { return strings.Compare(a.Name, b.Name) })
	job["steps"] = steps
	b, err := json.MarshalIndent(job, "", "  ")
	return string(b), err
}
