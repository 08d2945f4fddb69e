package runners

import (
	"context"
	"strings"
	"time"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"google.golang.org/protobuf/encoding/protowire"
)

// Status is what a job server tells of a job that runs.
type Status struct {
	Job      string           // its id
	State    string           // such as running or done
	Counters map[string]int64 // of this program, by name; some job servers tell them only at the end
}

// Telling returns the runner with a function that it calls again and again with the status of a job elsewhere. It is not called after Run has
// returned.
func (r Runner) Telling(told func(Status)) Runner {
	r.told = told
	return r
}

// statusEvery is how often a job server is asked.
const statusEvery = 2 * time.Second

// watched tells the status of a job until ctx ends, and then once more. If the job server does not answer a request, the last answer stands:
// the message stream tells whether the server is lost.
func (j *job) watched(ctx, away context.Context, told func(Status)) {
	last := Status{Job: j.id}
	for {
		ended := ctx.Err() != nil
		asking, cancel := context.WithTimeout(away, causeTime)
		if s, err := j.client.GetState(asking, &jobpb.GetJobStateRequest{JobId: j.id}); err == nil {
			last.State = strings.ToLower(s.GetState().String())
		}
		if m, err := j.client.GetJobMetrics(asking, &jobpb.GetJobMetricsRequest{JobId: j.id}); err == nil {
			last.Counters = countersOf(m.GetMetrics())
		}
		cancel()
		told(last)
		if ended {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(statusEvery):
		}
	}
}

// The URN and the labels of counters in Beam's metrics.
const (
	counterURN     = "beam:metric:user:sum_int64:v1"
	namespaceLabel = "NAMESPACE"
	nameLabel      = "NAME"
	ownNamespace   = "tripstats"
)

// countersOf adds up the counters of this program over the transforms. Attempted counts include what was repeated, so committed counts go
// first, if a job server tells both.
func countersOf(m *jobpb.MetricResults) map[string]int64 {
	counters := sumOf(m.GetCommitted())
	for name, n := range sumOf(m.GetAttempted()) {
		if _, known := counters[name]; !known {
			counters[name] = n
		}
	}
	return counters
}

func sumOf(infos []*pipepb.MonitoringInfo) map[string]int64 {
	counters := map[string]int64{}
	for _, info := range infos {
		if info.GetUrn() != counterURN || info.GetLabels()[namespaceLabel] != ownNamespace {
			continue
		}
		if n, length := protowire.ConsumeVarint(info.GetPayload()); length > 0 { // as Beam codes integers
			counters[info.GetLabels()[nameLabel]] += int64(n)
		}
	}
	return counters
}
