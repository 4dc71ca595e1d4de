package jobs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/objectstore/open"
	origins "countinghouse/internal/origin"
	"countinghouse/internal/origin/bucket"
	"countinghouse/internal/origin/folder"
	"countinghouse/internal/origin/sftp"
	"countinghouse/internal/origin/web"
	"countinghouse/internal/project"
	"countinghouse/internal/run"
	"countinghouse/pipelines/fetch"
	"countinghouse/pipelines/land"
)

// SourceJob is the name of the job that fetches from a source.
func SourceJob(source string) string { return "fetch-" + source }

// SourceJobs are the jobs of the sources that have a schedule of their own. A ProjectError if a schedule is none.
func SourceJobs(own project.Project, tools Tools) ([]Job, error) {
	var list []Job
	for _, source := range own.Sources {
		if source.Every == "" {
			continue
		}
		job := FetchJob(own, tools, source, false, nil)
		if _, err := newCalendar(job, own.Zone); err != nil {
			return nil, ProjectError{fmt.Errorf("%s: source %s: every: %w", project.ConfigFile, source.Name, err)}
		}
		list = append(list, job)
	}
	return list, nil
}

// FetchJob is one round through a source. done, if set, is told what came of it, also beside an error.
func FetchJob(own project.Project, tools Tools, source project.Source, again bool, done func(fetch.Report)) Job {
	return Job{Name: SourceJob(source.Name), Schedule: source.Every, Latest: true, Run: func(ctx context.Context, _ Trigger) (Result, error) {
		start := tools.Now().UTC()
		report, err := FetchOne(ctx, own, tools, source, again)
		step := run.Step{Name: "fetch", Detail: FetchDetail(report), Status: run.Succeeded, Error: report.Error, StartedAt: start, EndedAt: tools.Now().UTC()}
		if err != nil {
			step.Status = run.Failed
		}
		if done != nil {
			done(report)
		}
		return Result{Steps: []run.Step{step}}, err
	}}
}

// FetchDetail says in a line what came of a round.
func FetchDetail(report fetch.Report) string {
	detail := fmt.Sprintf("%d landed, %d as before", report.Count(fetch.Landed)+report.Count(fetch.Already), report.Unchanged)
	for _, what := range []string{fetch.Refused, fetch.Waiting, fetch.Failed} {
		if count := report.Count(what); count > 0 {
			detail += fmt.Sprintf(", %d %s", count, what)
		}
	}
	return detail
}

// FetchOne makes one round through a source, with contracts and a scratch folder of its own. The report is there beside an error, of which
// origins.IsTrouble says that trying again may help; one that lasts until the project is changed is a ProjectError and permanent.
func FetchOne(ctx context.Context, own project.Project, tools Tools, source project.Source, again bool) (report fetch.Report, err error) {
	workshop, err := OpenIntake(ctx, own, tools)
	if err != nil {
		return fetch.Report{Source: source.Name, Files: []fetch.File{}, Error: err.Error()}, err
	}
	defer func() { err = errors.Join(err, workshop.Close()) }()
	return workshop.Fetch(ctx, source, again)
}

// Fetch makes one round through a source; see FetchOne.
func (w *Workshop) Fetch(ctx context.Context, source project.Source, again bool) (report fetch.Report, err error) {
	report = fetch.Report{Source: source.Name, Files: []fetch.File{}}
	if _, known := w.Registry.Feed(source.Feed); source.Feed != "" && !known {
		err = origins.Misconfigured{Err: fmt.Errorf("fetch %s: there is no feed %q", source.Name, source.Feed)}
	}
	var from opened
	if err == nil {
		if from, err = w.openSource(ctx, source); err != nil {
			err = fmt.Errorf("fetch %s: %w", source.Name, err)
		}
	}
	if err == nil {
		report, err = fetch.Run(ctx, from.origin, w.fetchOptions(source, from, again))
		err = errors.Join(err, from.close())
	}
	if err != nil {
		report.Error = err.Error()
	}
	if origins.IsMisconfigured(err) {
		err = Permanent(ProjectError{err})
	}
	return report, err
}

func (w *Workshop) fetchOptions(source project.Source, from opened, again bool) fetch.Options {
	return fetch.Options{
		Source: source.Name, Address: from.address, Include: source.Include, Exclude: source.Exclude, MaxSize: source.Limit(), Settle: from.settle,
		Again: again, Parts: filepath.Join(w.Project.WorkDir(), "fetch", source.Name), Memory: w.Bucket,
		Now: w.Now, Wait: wait, Jitter: rand.Float64, After: from.after,
		Land: func(ctx context.Context, paths []string) ([]fetch.Landing, error) {
			return w.landFetched(ctx, paths, source.Feed)
		},
		Progress: func(done, total int) { w.progress("fetch "+source.Name, done, total) },
	}
}

func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// landFetched lands files and tells of each what came of it. Together they give one error; so after an error each is asked once more by
// itself, which lands nothing twice.
func (w *Workshop) landFetched(ctx context.Context, paths []string, feed string) ([]fetch.Landing, error) {
	landings := make([]fetch.Landing, len(paths))
	landed, err := w.Land(ctx, paths, feed)
	addLanded(landings, paths, landed)
	for i, path := range paths {
		if err == nil || ctx.Err() != nil {
			break
		}
		var again []land.Landed
		again, landings[i].Err = w.Land(ctx, []string{path}, feed)
		addLanded(landings[i:i+1], paths[i:i+1], again)
	}
	if ctx.Err() != nil {
		return nil, errors.Join(context.Cause(ctx), err)
	}
	return landings, nil
}

// addLanded adds what landed to the landings of the files that it came from, once.
func addLanded(landings []fetch.Landing, paths []string, landed []land.Landed) {
	for _, file := range landed {
		for i, path := range paths {
			member, own := strings.CutPrefix(file.Path, path)
			if !own || member != "" && !strings.HasPrefix(member, "!") {
				continue
			}
			part := partOf(file, member)
			there := slices.ContainsFunc(landings[i].Parts, func(other fetch.LandedPart) bool { return other.Member == member })
			if !there {
				landings[i].Parts = append(landings[i].Parts, part)
			}
		}
	}
}

func partOf(file land.Landed, member string) fetch.LandedPart {
	manifest := file.Manifest
	part := fetch.LandedPart{
		Member: member, SHA256: manifest.SHA256, Feed: manifest.Feed, Reason: manifest.Reason, Size: manifest.Size, Already: file.Already,
	}
	if !file.Recognised() {
		part.Feed = ""
	}
	return part
}

// opened is a source that is ready for a round.
type opened struct {
	origin  fetch.Origin
	address string // without secrets
	settle  time.Duration
	after   func(context.Context, origins.Entry) error
	close   func() error
}

func (w *Workshop) openSource(ctx context.Context, source project.Source) (opened, error) {
	switch source.Kind {
	case project.FolderSource:
		return w.openFolder(source)
	case project.BucketSource:
		return w.openBucket(ctx, source)
	case project.SFTPSource:
		return w.openSFTP(source)
	case project.HTTPSSource:
		return w.openWeb(source)
	}
	return opened{}, fmt.Errorf("no source is of kind %q", source.Kind) // Open has refused it
}

func (w *Workshop) openFolder(source project.Source) (opened, error) {
	dir := w.Project.SourcePath(source.Path)
	if overlap(dir, w.Bucket.Root()) || overlap(dir, w.Project.WorkDir()) {
		return opened{}, origins.Misconfigured{Err: fmt.Errorf("the folder %s and the store or the project's work are within one another", dir)}
	}
	watched, err := folder.Open(dir, source.MovedTo())
	if err != nil {
		return opened{}, err
	}
	from := opened{origin: watched, address: dir, settle: source.SettleTime(), close: watched.Close}
	switch source.After {
	case project.AfterMove:
		from.after = watched.Move
	case project.AfterDelete:
		from.after = watched.Remove
	}
	return from, nil
}

// overlap says that one folder is, or lies in, the other.
func overlap(a, b string) bool {
	within := func(inner, outer string) bool {
		rest, err := filepath.Rel(outer, inner)
		return err == nil && filepath.IsLocal(rest)
	}
	return within(a, b) || within(b, a)
}

// objectSettle is how old an object must be: its time is to the second, and it may change within that.
const objectSettle = 2 * time.Second

func (w *Workshop) openBucket(ctx context.Context, source project.Source) (opened, error) {
	address := strings.TrimSuffix(source.URL, "/")
	if store := strings.TrimSuffix(w.Bucket.URL(), "/"); strings.HasPrefix(address+"/", store+"/") || strings.HasPrefix(store+"/", address+"/") {
		return opened{}, origins.Misconfigured{Err: fmt.Errorf("%s and the store %s are within one another", address, store)}
	}
	objects, err := open.Bucket(ctx, address, filepath.Join(w.Project.WorkDir(), "cache", "sources"))
	if err != nil {
		return opened{}, origins.Misconfigured{Err: err}
	}
	return opened{origin: bucket.New(objects), address: address, settle: objectSettle, close: func() error { return nil }}, nil
}

func (w *Workshop) openSFTP(source project.Source) (opened, error) {
	options := sftp.Options{
		Address: source.Host, Folder: source.Path, User: source.User, HostKey: source.HostKey,
	}
	if source.KnownHosts != "" {
		options.KnownHosts = w.Project.SourcePath(source.KnownHosts)
	}
	if !strings.Contains(source.Host, ":") {
		options.Address = source.Host + ":22"
	}
	var key string
	err := w.secrets(map[*string]project.Secret{&options.Password: source.Password, &options.Passphrase: source.Passphrase, &key: source.Key})
	if err != nil {
		return opened{}, err
	}
	if key != "" {
		options.PrivateKey = []byte(key + "\n") // which the last line of a key must end in
	}
	server := sftp.New(options)
	address := "sftp://" + source.User + "@" + options.Address + "/" + source.Path
	return opened{origin: server, address: address, settle: source.SettleTime(), close: server.Close}, nil
}

func (w *Workshop) openWeb(source project.Source) (opened, error) {
	options := web.Options{Addresses: source.URLs, Header: source.Header, User: source.User, Proxy: proxy()}
	if err := w.secrets(map[*string]project.Secret{&options.Password: source.Password, &options.Token: source.Token}); err != nil {
		return opened{}, err
	}
	today := w.Now().In(w.Project.Zone)
	for back := range source.DaysBack() {
		options.Days = append(options.Days, today.AddDate(0, 0, -back))
	}
	site, err := web.New(options)
	if err != nil {
		return opened{}, err
	}
	return opened{origin: site, address: project.HTTPSSource, close: site.Close}, nil
}

// proxy is that of the environment, if one is set.
func proxy() func(*http.Request) (*url.URL, error) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		if os.Getenv(name) != "" {
			return http.ProxyFromEnvironment
		}
	}
	return nil
}

// secrets reads secrets to where they are needed.
func (w *Workshop) secrets(wanted map[*string]project.Secret) error {
	for to, secret := range wanted {
		value, err := w.Project.Secret(secret, os.LookupEnv)
		if err != nil {
			return origins.Misconfigured{Err: fmt.Errorf("secret: %w", err)}
		}
		*to = value
	}
	return nil
}

// FetchAll makes a round through every source, in their order. One that cannot be fetched from harms no other: its error is in its report.
func (w *Workshop) FetchAll(ctx context.Context) ([]fetch.Report, error) {
	var reports []fetch.Report
	for _, source := range w.Project.Sources {
		report, _ := w.Fetch(ctx, source, false) // the error is in the report
		if ctx.Err() != nil {
			return reports, context.Cause(ctx)
		}
		reports = append(reports, report)
	}
	return reports, nil
}
