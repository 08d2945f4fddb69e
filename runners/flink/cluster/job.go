package cluster

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
)

// Job is one that the JobManager knows.
type Job struct {
	ID    string `json:"jid"`
	State string `json:"state"`
}

// Jobs lists the jobs, the youngest first.
func (c *Cluster) Jobs(ctx context.Context) ([]Job, error) {
	var overview struct {
		Jobs []struct {
			Job
			Start int64 `json:"start-time"`
		} `json:"jobs"`
	}
	if err := c.get(ctx, "/jobs/overview", &overview); err != nil {
		return nil, err
	}
	var jobs []Job
	last := int64(-1)
	for _, j := range overview.Jobs {
		if j.Start > last {
			jobs, last = append([]Job{j.Job}, jobs...), j.Start
		} else {
			jobs = append(jobs, j.Job)
		}
	}
	return jobs, nil
}

// rowsRead finds the counter of the reader in what Flink shows of Beam's metrics.
var rowsRead = regexp.MustCompile(`rows_read\W+(?:value=|DirtyState=\w+, value=)?(\d+)`)

// Rows is how many rows each TaskManager read for a job, by the TaskManager's name.
func (c *Cluster) Rows(ctx context.Context, job string) (map[string]int64, error) {
	var detail struct {
		Vertices []struct {
			ID string `json:"id"`
		} `json:"vertices"`
	}
	if err := c.get(ctx, "/jobs/"+job, &detail); err != nil {
		return nil, err
	}
	rows := map[string]int64{}
	for _, v := range detail.Vertices {
		var subtasks struct {
			Subtasks []struct {
				Subtask      int    `json:"subtask"`
				Endpoint     string `json:"endpoint"`
				Host         string `json:"host"`
				Accumulators []struct {
					Name  string `json:"name"`
					Value string `json:"value"`
				} `json:"user-accumulators"`
			} `json:"subtasks"`
		}
		if err := c.get(ctx, "/jobs/"+job+"/vertices/"+v.ID+"/subtasks/accumulators", &subtasks); err != nil {
			return nil, err
		}
		var times struct {
			Subtasks []struct {
				Subtask     int    `json:"subtask"`
				TaskManager string `json:"taskmanager-id"`
			} `json:"subtasks"`
		}
		if err := c.get(ctx, "/jobs/"+job+"/vertices/"+v.ID, &times); err != nil {
			return nil, err
		}
		on := map[int]string{}
		for _, s := range times.Subtasks {
			on[s.Subtask] = s.TaskManager
		}
		for _, s := range subtasks.Subtasks {
			for _, a := range s.Accumulators {
				for _, m := range rowsRead.FindAllStringSubmatch(a.Value, -1) {
					n, err := strconv.ParseInt(m[1], 10, 64)
					if err != nil {
						return nil, fmt.Errorf("rows_read: %w", err)
					}
					rows[on[s.Subtask]] += n
				}
			}
		}
	}
	return rows, nil
}
