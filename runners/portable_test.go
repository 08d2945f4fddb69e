package runners

import (
	"strings"
	"testing"

	"tripstats/transforms/fault"
)

// TestWhatAJobFailedWithIsOneLine checks that a user gets one line from Java's error texts, which have stack traces.
func TestWhatAJobFailedWithIsOneLine(t *testing.T) {
	const stack = "\n\tat org.apache.flink.Some.method(Some.java:1)\nCaused by: "
	for name, c := range map[string]struct {
		causes []string
		code   fault.Code // 0 for none
		words  string
	}{
		"a fault of ours":   {[]string{"java.lang.Exception" + stack + fault.Inputf("x.parquet: not found").Error() + stack, "RuntimeException"}, fault.Input, "x.parquet: not found"},
		"cancelled":         {[]string{"org.apache.flink.runtime.client.JobCancellationException: Job was cancelled."}, fault.Failed, "was cancelled on the cluster"},
		"workers of a name": {[]string{`worker with ID "1-1" already exists`, "java.lang.RuntimeException"}, fault.Failed, "PROCESS"},
		"something else":    {[]string{"first", "java.io.IOException: Insufficient number of network buffers" + stack}, 0, "job id failed: java.io.IOException: Insufficient number of network buffers"},
		"nothing":           {nil, 0, "gave no reason"},
	} {
		err := (&job{id: "id", endpoint: "localhost:1", loopback: true}).failed(c.causes)
		text, code := err.Error(), fault.Code(0)
		if f := fault.Find(err); f != nil {
			text, code = f.Message, f.Code
		}
		if code != c.code || !strings.Contains(text, c.words) || strings.Contains(text, "Some.java") {
			t.Errorf("%s: found exit code %d and %q, expected %d and %q", name, code, text, c.code, c.words)
		}
	}
}

func TestALostJobServerLeavesTheJobsEndUnknown(t *testing.T) {
	err := (&job{id: "id", endpoint: "localhost:1"}).lost(ErrUnknown)
	if f := fault.Find(err); f == nil || f.Code != fault.Unavailable || !strings.Contains(f.Message, "lost the job server at localhost:1") {
		t.Errorf("found %v", err)
	}
}

func TestLoopbackHosts(t *testing.T) {
	for host, want := range map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true, "": true, "10.0.0.1": false, "flink.example": false} {
		if isThisMachine(host) != want {
			t.Errorf("%q: found %v", host, !want)
		}
	}
}
