package runners

import (
	"maps"
	"testing"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"google.golang.org/protobuf/encoding/protowire"
)

// TestCountersAreAddedUpOverTransforms has counters of this program and of others, committed and only attempted.
func TestCountersAreAddedUpOverTransforms(t *testing.T) {
	counter := func(namespace, name, transform string, n uint64) *pipepb.MonitoringInfo {
		return &pipepb.MonitoringInfo{
			Urn: counterURN, Payload: protowire.AppendVarint(nil, n),
			Labels: map[string]string{namespaceLabel: namespace, nameLabel: name, "PTRANSFORM": transform},
		}
	}
	got := countersOf(&jobpb.MetricResults{
		Committed: []*pipepb.MonitoringInfo{
			counter("tripstats", "rows_read", "a", 300), counter("tripstats", "rows_read", "b", 70_000), counter("beam", "rows_read", "a", 1),
			{Urn: "beam:metric:element_count:v1", Payload: protowire.AppendVarint(nil, 5), Labels: map[string]string{namespaceLabel: "tripstats", nameLabel: "x"}},
			{Urn: counterURN, Payload: []byte{0xff}, Labels: map[string]string{namespaceLabel: "tripstats", nameLabel: "broken"}},
		},
		Attempted: []*pipepb.MonitoringInfo{counter("tripstats", "rows_read", "a", 900), counter("tripstats", "tried", "a", 2)},
	})
	if want := map[string]int64{"rows_read": 70_300, "tried": 2}; !maps.Equal(got, want) {
		t.Errorf("found %v, expected %v", got, want)
	}
	if got := countersOf(nil); len(got) != 0 {
		t.Errorf("found %v, expected none", got)
	}
}
