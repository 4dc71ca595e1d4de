package jobs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/go-co-op/gocron/v2"

	"countinghouse/internal/run"
)

const headerTimeout = 10 * time.Second

// Serve keeps the jobs on time until ctx ends, and answers /healthz and /metrics on listener, which it closes. At the start
// it catches up what was missed. When ctx ends, a run under way is told to stop, recorded as cancelled, and its lease given
// back; then nil is returned. An error if jobs or options are wrong, the listener fails, or a run does not stop in time.
func Serve(ctx context.Context, listener net.Listener, list []Job, o Options) error {
	o = o.withDefaults()
	m := newMonitor(o.Clock, o.Metrics)
	workers, err := newWorkers(list, newRunner(o, m.ended), m)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	alarms, err := newAlarms(workers, m, o)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	working, stop := context.WithCancel(ctx)
	defer stop()
	server := &http.Server{Handler: m.handler(), ReadHeaderTimeout: headerTimeout}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	finished := start(working, workers)
	alarms.Start()
	o.Log.InfoContext(ctx, "serving", "address", listener.Addr().String(), "jobs", len(list))
	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
		err = fmt.Errorf("answer on %s: %w", listener.Addr(), err)
	}
	stop()
	return errors.Join(err, alarms.Shutdown(), settle(finished, o), server.Close())
}

func newWorkers(list []Job, r *runner, m *monitor) ([]*worker, error) {
	var workers []*worker
	for _, job := range list {
		if err := run.CheckJob(job.Name); err != nil {
			return nil, err
		}
		if _, twice := m.jobs[job.Name]; twice {
			return nil, fmt.Errorf("two jobs are called %s", job.Name)
		}
		if job.Schedule == "" {
			continue
		}
		c, err := newCalendar(job, r.options.Zone)
		if err != nil {
			return nil, fmt.Errorf("job %s: %w", job.Name, err)
		}
		m.watch(job, c)
		workers = append(workers, &worker{job: job, calendar: c, runner: r, monitor: m, wake: make(chan struct{}, 1)})
	}
	return workers, nil
}

// newAlarms sets an alarm for each time on each schedule, and a pulse. The pulse shows that the scheduler lives, and wakes
// every worker as well: alarms count running time, and come late after a machine has slept or its clock was set.
func newAlarms(workers []*worker, m *monitor, o Options) (gocron.Scheduler, error) {
	alarms, err := gocron.NewScheduler(gocron.WithClock(o.Clock), gocron.WithLocation(o.Zone))
	if err != nil {
		return nil, fmt.Errorf("scheduler: %w", err)
	}
	if err := setAlarms(alarms, workers, m); err != nil {
		return nil, errors.Join(err, alarms.Shutdown())
	}
	return alarms, nil
}

func setAlarms(alarms gocron.Scheduler, workers []*worker, m *monitor) error {
	for _, w := range workers {
		_, err := alarms.NewJob(gocron.CronJob(w.job.Schedule, false), gocron.NewTask(w.alarm),
			gocron.WithName(w.job.Name), gocron.WithCronImplementation(w.calendar))
		if err != nil {
			return fmt.Errorf("job %s: %w", w.job.Name, err)
		}
	}
	_, err := alarms.NewJob(gocron.DurationJob(pulse), gocron.NewTask(func() {
		m.alive()
		for _, w := range workers {
			w.alarm()
		}
	}))
	return err
}

// start sets the workers to work. The channel is closed when all have come to an end.
func start(ctx context.Context, workers []*worker) <-chan struct{} {
	var all sync.WaitGroup
	for _, w := range workers {
		all.Go(func() { w.loop(ctx) })
	}
	finished := make(chan struct{})
	go func() {
		all.Wait()
		close(finished)
	}()
	return finished
}

// settle waits for runs under way to stop.
func settle(finished <-chan struct{}, o Options) error {
	select {
	case <-finished:
		return nil
	case <-o.Clock.After(o.Grace):
		return fmt.Errorf("a run did not stop within %s: its record still says running, and the next start will mark it abandoned", o.Grace)
	}
}
