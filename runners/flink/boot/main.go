//go:build unix

// Boot starts one Go worker for Beam: it is the "command" of --environment_type=PROCESS, which a TaskManager runs.
//
// Beam's own boot program copies every worker's program to the temporary folder and leaves it there, and leaves the
// worker behind when the TaskManager is killed. This one gives each worker a folder of its own, and ends the worker and
// removes the folder when it is told to end, or when the process that started it is gone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/apache/beam/sdks/v2/go/container/tools"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/artifact"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/util/grpcx"
)

// The flags are Beam's contract for boot programs.
var (
	id        = flag.String("id", "", "of the worker")
	logging   = flag.String("logging_endpoint", "", "where the worker logs to")
	artifacts = flag.String("artifact_endpoint", "", "where its program is")
	provision = flag.String("provision_endpoint", "", "where all else is said")
	control   = flag.String("control_endpoint", "", "where its work comes from")
	_         = flag.String("semi_persist_dir", "", "not used: each worker has a folder of its own")
)

func main() {
	flag.Parse()
	if err := boot(); err != nil {
		fmt.Fprintf(os.Stderr, "boot: worker %s: %v\n", *id, err)
		os.Exit(1)
	}
}

func boot() (err error) {
	parent := os.Getppid()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx = grpcx.WriteWorkerID(ctx, *id)
	if *id == "" || *provision == "" {
		return errors.New("found no --id or --provision_endpoint, expected to be started by a Beam runner")
	}
	info, err := tools.ProvisionInfo(ctx, *provision)
	if err != nil {
		return fmt.Errorf("asking what to run: %w", err)
	}
	for _, e := range []struct {
		flag *string
		url  string
	}{{logging, info.GetLoggingEndpoint().GetUrl()}, {artifacts, info.GetArtifactEndpoint().GetUrl()}, {control, info.GetControlEndpoint().GetUrl()}} {
		if e.url != "" {
			*e.flag = e.url
		}
	}
	sweep()
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", prefix, os.Getpid()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	staged, err := artifact.Materialize(ctx, *artifacts, info.GetDependencies(), info.GetRetrievalToken(), filepath.Join(dir, "staged"))
	if err != nil {
		return fmt.Errorf("fetching the program: %w", err)
	}
	program := ""
	for _, a := range staged {
		if name, _ := artifact.MustExtractFilePayload(a); a.GetRoleUrn() == artifact.URNGoWorkerBinaryRole || len(staged) == 1 {
			program = filepath.Join(dir, "staged", name)
		}
	}
	if program == "" {
		return fmt.Errorf("found no worker's program among %d staged files", len(staged))
	}
	if err := os.Chmod(program, 0o700); err != nil {
		return err
	}
	options, err := tools.ProtoToJSON(info.GetPipelineOptions())
	if err != nil {
		return err
	}
	optionsFile := filepath.Join(dir, "options.json")
	if err := os.WriteFile(optionsFile, []byte(options), 0o600); err != nil {
		return err
	}

	runtime.LockOSThread() // the worker is told of the death of the thread that started it
	cmd := exec.CommandContext(ctx, program, "--worker=true", "--id="+*id, "--logging_endpoint="+*logging, "--control_endpoint="+*control, "--semi_persist_dir="+dir)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "PIPELINE_OPTIONS_FILE="+optionsFile, "TMPDIR="+dir)
	if url := info.GetStatusEndpoint().GetUrl(); url != "" {
		cmd.Env = append(cmd.Env, "STATUS_ENDPOINT="+url)
	}
	if list := info.GetRunnerCapabilities(); len(list) > 0 {
		cmd.Env = append(cmd.Env, "RUNNER_CAPABILITIES="+strings.Join(list, " "))
	}
	cmd.SysProcAttr = endsWithUs()
	cmd.Cancel = func() error { return cmd.Process.Kill() }
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { // whoever started us may be killed without a word
		for os.Getppid() == parent {
			time.Sleep(500 * time.Millisecond)
		}
		stop()
		_ = cmd.Process.Kill() // it may have ended already
	}()
	err = cmd.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("the worker ended: %w", err)
}

// prefix begins the names of workers' folders; the process id of their boot program follows.
const prefix = "tripstats-worker-"

// sweep removes the folders of boot programs that were killed. What it cannot remove is another user's.
func sweep() {
	folders, err := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	if err != nil {
		return
	}
	for _, f := range folders {
		id, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(f), prefix), "-")
		if pid, err := strconv.Atoi(id); err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_ = os.RemoveAll(f)
		}
	}
}
