//go:build unix

// Flink starts and ends Flink or Spark on this machine, for trials:
//
//	flink up                     a job server with Flink in it
//	flink up -taskmanagers=2     a job server, a JobManager and two TaskManagers
//	flink up -spark              a job server with Spark in it
//	flink down                   end what was started
//
// The Makefile calls it: make flink-up, flink-cluster-up, spark-up, flink-down.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"tripstats/runners/flink/cluster"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "flink:", err)
		os.Exit(1)
	}
}

func run() error {
	flags := flag.NewFlagSet("flink up|down", flag.ExitOnError)
	cache := flags.String("cache", ".cache/flink", "folder with the jars and the worker's boot program")
	port := flags.Int("port", 8099, "of the job server")
	rest := flags.Int("rest-port", 8081, "of the JobManager")
	managers := flags.Int("taskmanagers", 0, "TaskManagers; 0 for Flink in the job server itself")
	slots := flags.Int("slots", 2, "task slots of each TaskManager")
	spark := flags.Bool("spark", false, "Spark instead of Flink")
	if len(os.Args) < 2 {
		flags.Usage()
		os.Exit(2)
	}
	if err := flags.Parse(os.Args[2:]); err != nil {
		return err
	}
	dir, err := filepath.Abs(*cache)
	if err != nil {
		return err
	}
	cfg := cluster.Config{Dir: filepath.Join(dir, "run"), Jar: filepath.Join(dir, "flink.jar"), Port: *port, Rest: *rest, TaskManagers: *managers, Slots: *slots, Spark: *spark}
	runner := "flink"
	if *spark {
		cfg.Jar, runner = filepath.Join(dir, "spark.jar"), "spark"
	}
	switch os.Args[1] {
	case "down":
		return cluster.Stop(cfg.Dir)
	case "up":
		c, err := cluster.Start(context.Background(), cfg)
		if err != nil {
			return err
		}
		for name, pid := range c.Pids() {
			fmt.Printf("%s: process %d, log %s\n", name, pid, filepath.Join(cfg.Dir, name+".log"))
		}
		fmt.Printf("run: bin/tripstats --runner=%s --endpoint=%s ...\n", runner, c.Endpoint())
		if *managers > 1 {
			fmt.Printf("with: --environment_type=PROCESS --environment_config='{\"command\":\"%s\"}' --parallelism=%d\n", filepath.Join(dir, "boot"), *managers**slots)
		}
		return nil
	}
	return fmt.Errorf("found %q, expected up or down", os.Args[1])
}
