//go:build unix

package cluster

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Job is one that the JobManager knows.
type Job struct {
	ID    string `json:"jid"`
	Name  string `json:"name"`
	State string `json:"state"` // RUNNING, FINISHED, FAILED, CANCELED and more
	Start int64  `json:"start-time"`
}

// Over tells whether the job has ended.
func (j Job) Over() bool { return slices.Contains([]string{"FINISHED", "FAILED", "CANCELED"}, j.State) }

// Jobs lists the jobs, the youngest first.
func (c *Cluster) Jobs(ctx context.Context) ([]Job, error) {
	var overview struct {
		Jobs []Job `json:"jobs"`
	}
	err := c.get(ctx, "/jobs/overview", &overview)
	slices.SortFunc(overview.Jobs, func(a, b Job) int { return cmp.Compare(b.Start, a.Start) })
	return overview.Jobs, err
}

// vertex is a step of a job, as Flink has laid it out.
type vertex struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status string `json:"status"`
}

func (c *Cluster) vertices(ctx context.Context, job string) ([]vertex, error) {
	var detail struct {
		Vertices []vertex `json:"vertices"`
	}
	err := c.get(ctx, "/jobs/"+job, &detail)
	return detail.Vertices, err
}

// Restarted tells whether a job was begun anew after a failure.
func (c *Cluster) Restarted(ctx context.Context, job string) (bool, error) {
	var detail struct {
		Timestamps map[string]int64 `json:"timestamps"`
	}
	err := c.get(ctx, "/jobs/"+job, &detail)
	return detail.Timestamps["RESTARTING"] > 0, err
}

// Rows is how many rows each TaskManager read for a job, by the TaskManager's id: what the last attempt of each subtask
// has counted.
func (c *Cluster) Rows(ctx context.Context, job string) (map[string]int64, error) {
	list, err := c.vertices(ctx, job)
	if err != nil {
		return nil, err
	}
	rows := map[string]int64{}
	for _, v := range list {
		var detail struct {
			Subtasks []struct {
				Subtask     int    `json:"subtask"`
				TaskManager string `json:"taskmanager-id"`
			} `json:"subtasks"`
		}
		if err := c.get(ctx, "/jobs/"+job+"/vertices/"+v.ID, &detail); err != nil {
			return nil, err
		}
		on := map[int]string{}
		for _, s := range detail.Subtasks {
			on[s.Subtask] = s.TaskManager
		}
		var counted struct {
			Subtasks []struct {
				Subtask      int `json:"subtask"`
				Accumulators []struct {
					Value string `json:"value"`
				} `json:"user-accumulators"`
			} `json:"subtasks"`
		}
		if err := c.get(ctx, "/jobs/"+job+"/vertices/"+v.ID+"/subtasks/accumulators", &counted); err != nil {
			return nil, err
		}
		for _, s := range counted.Subtasks {
			for _, a := range s.Accumulators {
				n, err := rowsRead(a.Value)
				if err != nil {
					return nil, err
				}
				if n > 0 {
					rows[on[s.Subtask]] += n
				}
			}
		}
	}
	return rows, nil
}

// rowsRead finds the reader's counter in an accumulator of Beam's: its metrics as JSON.
func rowsRead(accumulator string) (int64, error) {
	var beam struct {
		Metrics struct {
			Attempted []struct {
				Payload []byte            `json:"payload"`
				Labels  map[string]string `json:"labels"`
			} `json:"attempted"`
		} `json:"metrics"`
	}
	if !strings.Contains(accumulator, "rows_read") {
		return 0, nil
	}
	if err := json.Unmarshal([]byte(accumulator), &beam); err != nil {
		return 0, fmt.Errorf("metrics: %w", err)
	}
	total := int64(0)
	for _, m := range beam.Metrics.Attempted {
		if m.Labels["NAMESPACE"] != "tripstats" || m.Labels["NAME"] != "rows_read" {
			continue
		}
		n, width := binary.Uvarint(m.Payload)
		if width <= 0 {
			return 0, fmt.Errorf("metrics: found %x as rows_read, expected a number", m.Payload)
		}
		total += int64(n)
	}
	return total, nil
}

// Cancel cancels a job, as a user of the JobManager's web page would.
func (c *Cluster) Cancel(ctx context.Context, job string) error {
	return c.call(ctx, "PATCH", "/jobs/"+job+"?mode=cancel", nil)
}
