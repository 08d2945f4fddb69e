package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"runtime/trace"

	"tripstats/transforms/fault"
)

// profiles are where to write profiles of this process. They are no part of the job, so workers elsewhere do not have
// them.
type profiles struct{ cpu, memory, trace string }

// start begins to profile. What it returns ends that and writes the files; it must be called once.
func (p profiles) start() (stop func() error, err error) {
	var stops []func() error
	end := func() error {
		var errs []error
		for _, s := range stops {
			errs = append(errs, s())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, end())
		}
	}()
	create := func(name, path string) (*os.File, error) {
		f, err := os.Create(path)
		if err != nil {
			return nil, fault.New(fault.Usage, "--%s: %v; name a file in a folder that is there", name, err)
		}
		return f, nil
	}
	if p.cpu != "" {
		f, err := create("cpuprofile", p.cpu)
		if err != nil {
			return nil, err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return nil, errors.Join(fmt.Errorf("--cpuprofile: %w", err), f.Close())
		}
		stops = append(stops, func() error { pprof.StopCPUProfile(); return f.Close() })
	}
	if p.trace != "" {
		f, err := create("trace", p.trace)
		if err != nil {
			return nil, err
		}
		if err := trace.Start(f); err != nil {
			return nil, errors.Join(fmt.Errorf("--trace: %w", err), f.Close())
		}
		stops = append(stops, func() error { trace.Stop(); return f.Close() })
	}
	if p.memory == "" {
		rate := runtime.MemProfileRate
		runtime.MemProfileRate = 0 // else every allocation of a batch's size walks the stack
		stops = append(stops, func() error { runtime.MemProfileRate = rate; return nil })
	} else {
		f, err := create("memprofile", p.memory)
		if err != nil {
			return nil, err
		}
		stops = append(stops, func() error {
			runtime.GC() // so that what is in use is what is reachable
			return errors.Join(pprof.WriteHeapProfile(f), f.Close())
		})
	}
	return end, nil
}
