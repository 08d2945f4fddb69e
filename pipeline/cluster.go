package main

import (
	"context"
	"errors"
	"time"

	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/runners"
	"tripstats/transforms/fault"
)

// This file is what a job needs that another program runs, perhaps on other machines.

// places are what its workers must see.
func (j *job) places(objects []objstore.Object) []runners.Place {
	isLocal := func(uri string) bool { scheme, _ := objstore.Scheme(uri); return scheme == "" }
	list := []runners.Place{{What: "--output=" + objstore.Redact(j.output), Local: isLocal(j.output)}}
	for _, o := range objects {
		if isLocal(o.URI) { // one will do: it stands for the others
			list = append(list, runners.Place{What: "the input " + o.URI, Local: true})
			break
		}
	}
	if j.keepRows != "" {
		list = append(list, runners.Place{What: "--quarantine=" + j.keepRows, Local: true})
	}
	return list
}

// makeReachable makes the paths that workers write to absolute, so that a worker in any working directory finds them. It also
// asks that late attempts at publishing are stopped.
func (j *job) makeReachable(p *plan) error {
	if p.quarantined() && j.beam.Detach {
		return usage("--quarantine: with --detach nobody would wait to clean up the folder; leave one of them out")
	}
	j.known.elsewhere.Store(true)
	p.publish.Fenced = true
	if scheme, path := objstore.Scheme(p.publish.Output); scheme == "" {
		p.publish.Output = absolute(path)
	}
	return nil
}

// revoking is how long it may take to say that a run was given up.
const revoking = 75 * time.Second

// givenUp ends a run that has failed or was stopped: no late attempt of it may publish. It returns nil if the run has
// published already. A job whose end is not known is left alone.
func givenUp(ctx context.Context, cfg publish.Config, err error) error {
	if errors.Is(err, runners.ErrUnknown) {
		return err
	}
	away, cancel := context.WithTimeout(context.WithoutCancel(ctx), revoking)
	defer cancel()
	done, failed := publish.Revoke(away, cfg)
	switch {
	case done:
		return nil
	case failed != nil && fault.Find(err) == nil:
		return errors.Join(err, failed)
	}
	return err
}

// isHere checks that what a good run has published is what this program sees at the output. A folder of that name on
// another machine is not.
func isHere(ctx context.Context, cfg publish.Config) error {
	switch done, err := publish.Published(ctx, cfg); {
	case err != nil:
		return fault.New(fault.Failed, "output %s: reading back what was published: %v", objstore.Redact(cfg.Output), err)
	case !done:
		return fault.New(fault.Failed, "output %s: the job is done, but what it has published is not there: the workers see another folder of this name; name one that all machines share, or gs://, s3:// or az://", objstore.Redact(cfg.Output))
	}
	return nil
}
