package runners

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/container/tools"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/graphx"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/extworker"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/runnerlib"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/util/grpcx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"tripstats/transforms/fault"

	beamruntime "github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime"
)

const (
	defaultEndpoint = "localhost:8099"

	dialTime   = 10 * time.Second // to find a job server
	callTime   = 45 * time.Second // for it to take a job
	causeTime  = 5 * time.Second  // for the cause to come after the news of a failure
	cancelTime = 40 * time.Second // for a job to be cancelled
)

// portable submits to a Beam job server. It does what Beam's universal runner does, and beyond that keeps the job's id,
// cancels, tells a cancelled job from a good one, and says in one line what went wrong.
type portable struct{ name string }

func (e portable) here(f Flags) bool { return kindOf(f) == "LOOPBACK" }

// environments are the values of --environment_type and what Beam calls them.
var environments = map[string]string{
	"LOOPBACK": "beam:env:external:v1", "PROCESS": "beam:env:process:v1", "EXTERNAL": "beam:env:external:v1", "DOCKER": "beam:env:docker:v1",
}

// kindOf is the --environment_type.
func kindOf(f Flags) string { return strings.ToUpper(cmp.Or(f.Value("environment_type"), "LOOPBACK")) }

// endpointOf is the --endpoint.
func endpointOf(f Flags) string { return cmp.Or(f.Value("endpoint"), defaultEndpoint) }

// parallelismOf is the --parallelism, or less than 1 for that which the job server chooses.
func parallelismOf(f Flags) int {
	n, _ := strconv.Atoi(f.Value("parallelism")) // package flag has parsed it
	if n < 1 && kindOf(f) == "LOOPBACK" {
		return runtime.GOMAXPROCS(0)
	}
	return n
}

func (e portable) check(f Flags, places []Place) (notes []string, err error) {
	host, _, err := net.SplitHostPort(endpointOf(f))
	if err != nil {
		return nil, fmt.Errorf("--endpoint: found %q, expected HOST:PORT of a Beam job server", endpointOf(f))
	}
	kind := kindOf(f)
	if environments[kind] == "" {
		return nil, fmt.Errorf("--environment_type: found %q, expected LOOPBACK, PROCESS, EXTERNAL or DOCKER", f.Value("environment_type"))
	}
	if kind == "PROCESS" || kind == "EXTERNAL" {
		if f.Value("environment_config") == "" {
			return nil, fmt.Errorf("--environment_type=%s does not say which workers: add --environment_config (runners/README.md has examples)", kind)
		}
	}
	if kind == "LOOPBACK" {
		switch {
		case !isThisMachine(host):
			return nil, fmt.Errorf("--environment_type=LOOPBACK: the workers are in this process, which a cluster at %s does not reach; say PROCESS, EXTERNAL or DOCKER", host)
		case f.Detach:
			return nil, errors.New("--detach: with --environment_type=LOOPBACK the workers are in this process and end with it; say PROCESS, EXTERNAL or DOCKER")
		}
		return nil, nil
	}
	if _, err := workerBinary(f); err != nil {
		return nil, err
	}
	if parallelismOf(f) < 1 {
		notes = append(notes, "--parallelism is not given, so the job server chooses, and it often chooses 1; say how many task slots to use")
	}
	for _, p := range places {
		if p.Local && (kind == "DOCKER" || !isThisMachine(host)) {
			notes = append(notes, p.What+" is a local path: every worker must see the same files there, as on a shared mount")
		}
	}
	return notes, nil
}

// workerBinary is the program that workers run: the --worker_binary, or this one.
func workerBinary(f Flags) (string, error) {
	if given := f.Value("worker_binary"); given != "" {
		return given, nil
	}
	if runtime.GOOS != "linux" {
		return "", errors.New("--worker_binary: found none, expected a program for Linux, because workers run there: make workers builds it")
	}
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("--worker_binary: %w", err)
	}
	return path, nil
}

// isThisMachine tells whether a host is a loopback name or address.
func isThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || host == "" || ip != nil && ip.IsLoopback()
}

// ErrUnknown says that what became of a job is not known.
var ErrUnknown = errors.New("what became of the job is not known here")

// Stopped says what became of a job when the program was told to stop.
type Stopped struct {
	What    string
	unknown bool
}

func (s *Stopped) Error() string { return s.What }

// Is tells whether it is ErrUnknown.
func (s *Stopped) Is(target error) bool { return s.unknown && target == ErrUnknown }

// job is one that a job server has taken.
type job struct {
	client   jobpb.JobServiceClient
	id       string
	endpoint string
	loopback bool // its workers are in this process
}

func (e portable) run(ctx context.Context, f Flags, p *beam.Pipeline, told func(Status)) (done Outcome, err error) {
	endpoint := endpointOf(f)
	cc, err := dial(ctx, endpoint)
	if err != nil {
		if ctx.Err() != nil {
			return Outcome{}, &Stopped{What: "no job was submitted"}
		}
		return Outcome{}, fault.New(fault.Unavailable, "--runner=%s: no Beam job server answers at %s; start one (make %s-up starts one on this machine), or say where it is with --endpoint=HOST:PORT", e.name, endpoint, e.name)
	}
	defer cc.Close() //nolint:errcheck // nothing is written through it any more
	// The workers of LOOPBACK must outlive ctx, because the job is cancelled first.
	away := context.WithoutCancel(ctx)
	j, closeWorkers, err := submit(ctx, away, cc, f, p)
	defer closeWorkers()
	if err != nil {
		if ctx.Err() != nil {
			return Outcome{}, &Stopped{What: "no job was submitted"}
		}
		return Outcome{}, fault.New(fault.Failed, "--runner=%s: the job server at %s did not take the job: %s", e.name, endpoint, grpcReason(err))
	}
	if f.Detach {
		return Outcome{Job: j.id, Detached: true}, nil
	}
	if told != nil {
		watching, stop := context.WithCancel(away)
		ended := make(chan struct{})
		go func() { defer close(ended); j.watched(watching, away, told) }()
		defer func() { stop(); <-ended }()
	}
	return Outcome{Job: j.id}, j.wait(ctx, away)
}

// dial connects to a job server. Where nobody listens it does not wait.
func dial(ctx context.Context, endpoint string) (*grpc.ClientConn, error) {
	probe, err := (&net.Dialer{Timeout: dialTime}).DialContext(ctx, "tcp", endpoint)
	if err != nil {
		return nil, err
	}
	if err := probe.Close(); err != nil {
		return nil, err
	}
	return grpcx.Dial(ctx, endpoint, dialTime)
}

// submit hands the pipeline over. Unlike Beam's own it exports no flags: what workers need travels in the DoFns, and
// flags may have secrets.
func submit(ctx, away context.Context, cc *grpc.ClientConn, f Flags, p *beam.Pipeline) (j *job, closeWorkers func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	closeWorkers = func() {}
	edges, _, err := p.Build()
	if err != nil {
		return nil, closeWorkers, err
	}
	config := func(context.Context) string { return cmp.Or(f.Value("environment_config"), core.DefaultDockerImage) }
	binary, loopback := os.DevNull, kindOf(f) == "LOOPBACK" // LOOPBACK needs no program
	if loopback {
		srv, err := extworker.StartLoopback(away, 0)
		if err != nil {
			return nil, closeWorkers, err
		}
		closeWorkers = func() { _ = srv.Stop(away) } // it never fails
		config = srv.EnvironmentConfig
	} else if binary, err = workerBinary(f); err != nil {
		return nil, closeWorkers, err
	}
	binary, closeBinary, err := shortPath(binary)
	if err != nil {
		return nil, closeWorkers, err
	}
	defer closeBinary()
	environment, err := graphx.CreateEnvironment(ctx, environments[kindOf(f)], config)
	if err != nil {
		return nil, closeWorkers, err
	}
	proto, err := graphx.Marshal(edges, &graphx.Options{Environment: environment, PipelineResourceHints: resourceHints()})
	if err != nil {
		return nil, closeWorkers, err
	}
	if err := runnerlib.UpdateGoEnvironmentWorker(binary, proto); err != nil {
		return nil, closeWorkers, err
	}
	name := cmp.Or(f.Value("job_name"), "tripstats")
	experiments := strings.FieldsFunc(f.Value("experiments"), func(r rune) bool { return r == ',' })
	options, err := tools.OptionsToProto(beamruntime.RawOptionsWrapper{
		AppName: name, Experiments: append(experiments, "beam_fn_api"),
		RetainDocker: f.IsSet("retain_docker_containers"), Parallelism: parallelismOf(f),
	})
	if err != nil {
		return nil, closeWorkers, err
	}
	client := jobpb.NewJobServiceClient(cc)
	prepared, err := client.Prepare(ctx, &jobpb.PrepareJobRequest{Pipeline: proto, PipelineOptions: options, JobName: name})
	if err != nil {
		return nil, closeWorkers, err
	}
	token, err := runnerlib.Stage(ctx, prepared.GetPreparationId(), prepared.GetArtifactStagingEndpoint().GetUrl(), binary, prepared.GetStagingSessionToken())
	if err != nil {
		return nil, closeWorkers, err
	}
	ran, err := client.Run(ctx, &jobpb.RunJobRequest{PreparationId: prepared.GetPreparationId(), RetrievalToken: token})
	if err != nil {
		return nil, closeWorkers, err
	}
	return &job{client, ran.GetJobId(), endpointOf(f), loopback}, closeWorkers, nil
}

// shortPath is another path of a file, as long as this process has it open. The job server names what it is sent by the
// beginning of its path, and fails if that happens to end with a slash.
func shortPath(path string) (string, func(), error) {
	if runtime.GOOS != "linux" || path == os.DevNull {
		return path, func() {}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", nil, fmt.Errorf("--worker_binary: %w", err)
	}
	return fmt.Sprintf("/proc/self/fd/%d", f.Fd()), func() { _ = f.Close() }, nil // it was read only
}

// wait follows a job to its end. When ctx ends first it cancels the job and waits for that.
func (j *job) wait(ctx, away context.Context) error {
	following, stop := context.WithCancel(away)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- j.follow(following) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	asking, cancel := context.WithTimeout(away, cancelTime)
	defer cancel()
	if _, err := j.client.Cancel(asking, &jobpb.CancelJobRequest{JobId: j.id}); err != nil {
		return &Stopped{What: fmt.Sprintf("job %s could not be cancelled (%s): it may still run and publish", j.id, grpcReason(err)), unknown: true}
	}
	select {
	case err := <-ended:
		if err == nil { // it was done before
			return nil
		}
		return &Stopped{What: fmt.Sprintf("job %s is cancelled", j.id)}
	case <-asking.Done():
		return &Stopped{What: fmt.Sprintf("job %s was told to stop, and has not yet: it may still run and publish", j.id), unknown: true}
	}
}

// follow reads what the job server tells of a job until it has ended.
func (j *job) follow(ctx context.Context) error {
	stream, err := j.client.GetMessageStream(ctx, &jobpb.JobMessagesRequest{JobId: j.id})
	if err != nil {
		return j.lost(err)
	}
	updates, broken := make(chan *jobpb.JobMessagesResponse), make(chan error, 1)
	go func() {
		for {
			m, err := stream.Recv()
			if err != nil {
				broken <- err
				return
			}
			select {
			case updates <- m:
			case <-ctx.Done():
				return
			}
		}
	}()
	var causes []string
	var late <-chan time.Time // set once the job is known to have failed
	for {
		select {
		case <-late:
			return j.failed(causes)
		case err := <-broken:
			switch {
			case late != nil:
				return j.failed(causes)
			case errors.Is(err, io.EOF):
				return j.lost(errors.New("it ended the conversation"))
			}
			return j.lost(err)
		case m := <-updates:
			log.Debugf(ctx, "job server: %v", m)
			if text := m.GetMessageResponse().GetMessageText(); text != "" && m.GetMessageResponse().GetImportance() != jobpb.JobMessage_JOB_MESSAGE_BASIC {
				causes = append(causes, text)
				if late != nil && m.GetMessageResponse().GetImportance() >= jobpb.JobMessage_JOB_MESSAGE_ERROR {
					return j.failed(causes)
				}
			}
			switch m.GetStateResponse().GetState() {
			case jobpb.JobState_DONE:
				return nil
			case jobpb.JobState_CANCELLED:
				return j.cancelled()
			case jobpb.JobState_FAILED:
				if j.failed(causes) != nil && slices.ContainsFunc(causes, func(c string) bool { return fault.FindText(c) != nil }) {
					return j.failed(causes)
				}
				late = time.After(causeTime)
			}
		}
	}
}

// failed is the error of a job, from all that was told of it. Faults of ours in it go first; the texts are of Java, with
// a stack each.
func (j *job) failed(causes []string) error {
	for _, c := range causes {
		if f := fault.FindText(c); f != nil {
			return f
		}
	}
	if slices.ContainsFunc(causes, func(c string) bool { return j.loopback && workerTwice.MatchString(c) }) {
		return fault.New(fault.Failed, "job %s failed: two TaskManagers asked this program for a worker of one name; with several say --environment_type=PROCESS", j.id)
	}
	if len(causes) == 0 {
		return fmt.Errorf("job %s failed; the job server at %s gave no reason, its log may", j.id, j.endpoint)
	}
	if slices.ContainsFunc(causes, func(c string) bool { return strings.Contains(c, "JobCancellationException") }) {
		return j.cancelled()
	}
	first, _, _ := strings.Cut(causes[len(causes)-1], "\n")
	return fmt.Errorf("job %s failed: %s", j.id, first)
}

// workerTwice is what Beam says when a second TaskManager asks this program for workers.
var workerTwice = regexp.MustCompile(`worker with ID .* already exists`)

func (j *job) cancelled() error {
	return fault.New(fault.Failed, "job %s was cancelled on the cluster; it has published nothing", j.id)
}

func (j *job) lost(err error) error {
	f := fault.New(fault.Unavailable, "lost the job server at %s, which ran job %s: %s; what became of the job is not known here: the cluster may still run and publish it. Look there, or start the job server again and run again", j.endpoint, j.id, grpcReason(err))
	return fmt.Errorf("%w: %w", f, ErrUnknown)
}

// grpcReason is what a server or connection said, without grpc's wrapping.
func grpcReason(err error) string {
	text := err.Error()
	if s, ok := status.FromError(err); ok {
		text = s.Message()
	}
	text, _, _ = strings.Cut(fault.OneLine(text), "  ")
	const most = 300
	if len(text) > most {
		text = text[:most] + "..."
	}
	return text
}
