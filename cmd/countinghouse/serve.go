package main

import (
	"errors"
	"fmt"
	"net"

	"countinghouse/jobs"
	"countinghouse/jobs/metrics"

	"github.com/spf13/cobra"
)

func (a *app) serveCommand() *cobra.Command {
	var address string
	command := &cobra.Command{
		Use: "serve", Short: "Keep the jobs on time", Args: cobra.NoArgs,
		Long: `Run the daily job on its schedule (schedule.daily in countinghouse.yaml, in the brand's time zone), fetch from the sources on theirs (every),
catch up what was missed while nothing was up, try again what failed, and answer /healthz and /metrics. Ctrl-C ends it cleanly.`,
	}
	command.Flags().StringVar(&address, "listen", "127.0.0.1:8420", "address of /healthz and /metrics")
	command.RunE = func(command *cobra.Command, _ []string) error {
		own, tools, err := a.open(command.Context())
		if err != nil {
			return err
		}
		list, err := jobs.SourceJobs(own, quiet(tools))
		if err != nil {
			return err
		}
		listener, err := (&net.ListenConfig{}).Listen(command.Context(), "tcp", address)
		if err != nil {
			return usage(err)
		}
		_, _ = fmt.Fprintf(a.errs, "serving on http://%s\n", listener.Addr())
		a.noteKey()
		list = append(list, jobs.Daily(own, quiet(tools), a.environment, nil, nil))
		options, release, err := a.jobOptions(own, tools)
		if err != nil {
			return err
		}
		options.Metrics = metrics.New()
		return errors.Join(jobs.Serve(command.Context(), listener, list, options), release())
	}
	return command
}

// quiet leaves out what shows progress, for jobs that nobody watches.
func quiet(tools jobs.Tools) jobs.Tools {
	tools.Progress = nil
	return tools
}
