package project

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The kinds of sources.
const (
	FolderSource = "folder"
	BucketSource = "bucket"
	SFTPSource   = "sftp"
	HTTPSSource  = "https"
)

// What may become of a file in a watched folder once it has landed.
const (
	AfterLeave  = "leave"
	AfterMove   = "move"
	AfterDelete = "delete"
)

// Source is a place that export files are fetched from.
type Source struct {
	Name string `yaml:"name"`
	Kind string `yaml:"kind"`

	Path string   `yaml:"path"` // folder: as seen from the project; sftp: on the server
	URL  string   `yaml:"url"`  // bucket: gs://bucket/prefix
	URLs []string `yaml:"urls"` // https: addresses, with {yyyymmdd} and the like for a day
	Days int      `yaml:"days"` // https: days that addresses are asked for, back from today; default 7

	Host       string `yaml:"host"`        // sftp: name, or name:port
	HostKey    string `yaml:"host_key"`    // sftp: fingerprint or public key of the server
	KnownHosts string `yaml:"known_hosts"` // sftp: a file that has it
	User       string `yaml:"user"`
	Password   Secret `yaml:"password"`
	Key        Secret `yaml:"key"` // sftp: private key
	Passphrase Secret `yaml:"passphrase"`
	Token      Secret `yaml:"token"`  // https
	Header     string `yaml:"header"` // https: that the token is sent in; default: as a bearer

	Include []string `yaml:"include"` // patterns; default: all
	Exclude []string `yaml:"exclude"`
	Feed    string   `yaml:"feed"`     // takes every file; default: each file's own
	Every   string   `yaml:"every"`    // cron, in the brand's time zone; default: with the daily run only
	MaxSize string   `yaml:"max_size"` // such as 500MB; default 64GB
	Settle  string   `yaml:"settle"`   // how long a file must have been left alone; default 1m
	After   string   `yaml:"after"`    // folder: leave (default), move or delete
	MoveTo  string   `yaml:"move_to"`  // folder: within it; default landed
}

// Secret says where a secret is: never what it is.
type Secret struct {
	Env  string `yaml:"env"`  // name of an environment variable
	File string `yaml:"file"` // as seen from the project
}

// Given says that a secret is named.
func (s Secret) Given() bool { return s != Secret{} }

// Secret reads a secret; empty if none is named. lookup reads the environment.
func (p Project) Secret(s Secret, lookup func(string) (string, bool)) (string, error) {
	if s.Env != "" {
		value, found := lookup(s.Env)
		if !found || value == "" {
			return "", fmt.Errorf("the environment variable %s is not set", s.Env)
		}
		return value, nil
	}
	if s.File == "" {
		return "", nil
	}
	text, err := os.ReadFile(p.path(s.File))
	if err == nil && strings.TrimSpace(string(text)) == "" {
		err = fmt.Errorf("%s is empty", s.File)
	}
	return strings.TrimSpace(string(text)), err
}

// SourcePath is a path of a source as a file of this machine.
func (p Project) SourcePath(name string) string { return p.path(name) }

const (
	defaultDays    = 7
	defaultMaxSize = 64 << 30
	defaultSettle  = time.Minute
	defaultMoved   = "landed"
)

// DaysBack is how many days addresses are asked for.
func (s Source) DaysBack() int { return cmp.Or(s.Days, defaultDays) }

// MovedTo is the folder, within a watched one, that landed files are moved to; empty if they are not moved.
func (s Source) MovedTo() string {
	if s.After != AfterMove {
		return ""
	}
	return path.Clean(cmp.Or(s.MoveTo, defaultMoved))
}

// Limit is the largest file that is fetched, in bytes.
func (s Source) Limit() int64 {
	size, err := sizeOf(s.MaxSize)
	if err != nil {
		return 0 // Open has refused it
	}
	return size
}

// SettleTime is how long a file must have been left alone before it is fetched.
func (s Source) SettleTime() time.Duration {
	if s.Settle == "" {
		return defaultSettle
	}
	settle, err := time.ParseDuration(s.Settle)
	if err != nil {
		return defaultSettle // Open has refused it
	}
	return settle
}

func sizeOf(text string) (int64, error) {
	if text == "" {
		return defaultMaxSize, nil
	}
	upper := strings.ToUpper(strings.TrimSpace(text))
	unit := int64(1)
	for ending, bytes := range map[string]int64{"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12} {
		if strings.HasSuffix(upper, ending) {
			upper, unit = strings.TrimSpace(strings.TrimSuffix(upper, ending)), bytes
		}
	}
	number, err := strconv.ParseFloat(upper, 64)
	if err != nil || !(number*float64(unit) >= 1 && number*float64(unit) < 1e18) {
		return 0, fmt.Errorf("max_size: want a size such as 500MB, got %q", text)
	}
	return int64(number * float64(unit)), nil
}

func (p Project) checkSources() error {
	var problems []error
	names := map[string]bool{}
	for i, source := range p.Sources {
		where := fmt.Sprintf("sources[%d]", i)
		if source.Name != "" {
			where = "source " + source.Name
		}
		if names[source.Name] && source.Name != "" {
			problems = append(problems, fmt.Errorf("%s: there are two of that name", where))
		}
		names[source.Name] = true
		for _, problem := range source.problems() {
			problems = append(problems, fmt.Errorf("%s: %s", where, problem))
		}
	}
	return errors.Join(problems...)
}

// sourceName becomes part of the names of jobs and objects.
var sourceName = regexp.MustCompile(`^[a-z0-9]+([_-][a-z0-9]+)*$`)

// problems says what is wrong with a source.
func (s Source) problems() []string {
	var found []string
	add := func(wrong bool, text string, args ...any) {
		if wrong {
			found = append(found, fmt.Sprintf(text, args...))
		}
	}
	add(!sourceName.MatchString(s.Name), "name: want lower case letters and digits, joined by - or _, got %q", s.Name)
	if _, err := sizeOf(s.MaxSize); err != nil {
		add(true, "%s", err)
	}
	if settle, err := time.ParseDuration(cmp.Or(s.Settle, "1m")); err != nil || settle < 0 {
		add(true, "settle: want a time such as 30s or 5m, got %q", s.Settle)
	}
	for _, pattern := range append(append([]string{}, s.Include...), s.Exclude...) {
		if _, err := path.Match(pattern, ""); err != nil {
			add(true, "the pattern %q is not one", pattern)
		}
	}
	for key, secret := range s.secrets() {
		add(secret.Env != "" && secret.File != "", "%s: name env or file, not both", key)
	}
	own, known := s.ofKind()
	add(!known, "kind: want folder, bucket, sftp or https, got %q", s.Kind)
	if known {
		found = append(found, own...)
		found = append(found, s.foreign()...)
	}
	return found
}

func (s Source) secrets() map[string]Secret {
	return map[string]Secret{"password": s.Password, "key": s.Key, "passphrase": s.Passphrase, "token": s.Token}
}

// ofKind says what is wrong with the keys of a source's kind.
func (s Source) ofKind() (found []string, known bool) {
	add := func(wrong bool, text string) {
		if wrong {
			found = append(found, text)
		}
	}
	switch s.Kind {
	case FolderSource:
		add(s.Path == "", "path: name the folder")
		add(s.After != "" && s.After != AfterLeave && s.After != AfterMove && s.After != AfterDelete, "after: want leave, move or delete")
		add(s.MoveTo != "" && s.After != AfterMove, "move_to: goes with after: move")
		add(s.MoveTo != "" && (!filepath.IsLocal(s.MoveTo) || path.Clean(s.MoveTo) == "."), "move_to: want a folder within the watched one")
	case BucketSource:
		add(!strings.HasPrefix(s.URL, "gs://"), "url: want gs://bucket/prefix")
	case SFTPSource:
		add(s.Host == "", "host: name the server")
		add(s.User == "", "user: name the user")
		add((s.HostKey == "") == (s.KnownHosts == ""), "host_key or known_hosts: name one of them (`ssh-keyscan HOST | ssh-keygen -lf -` prints fingerprints; ask the owner whether they are right)")
		add(s.Password.Given() == s.Key.Given(), "password or key: name one of them")
	case HTTPSSource:
		add(len(s.URLs) == 0, "urls: name at least one address")
		add(s.Days < 0 || s.Days > 366, "days: want 1 to 366")
		add((s.User == "") == s.Password.Given(), "user and password: they go together")
		add(s.User != "" && s.Token.Given(), "user or token: name one of them")
		add(s.Header != "" && !s.Token.Given(), "header: goes with token")
	default:
		return nil, false
	}
	return found, true
}

// foreign says which keys are given that the source's kind has no use for: a key that does nothing is a mistake.
func (s Source) foreign() []string {
	var found []string
	for _, key := range []struct {
		name  string
		given bool
		kinds string
	}{
		{"path", s.Path != "", "folder sftp"},
		{"url", s.URL != "", "bucket"},
		{"urls", len(s.URLs) > 0, "https"},
		{"days", s.Days != 0, "https"},
		{"host", s.Host != "", "sftp"},
		{"host_key", s.HostKey != "", "sftp"},
		{"known_hosts", s.KnownHosts != "", "sftp"},
		{"user", s.User != "", "sftp https"},
		{"password", s.Password.Given(), "sftp https"},
		{"key", s.Key.Given(), "sftp"},
		{"passphrase", s.Passphrase.Given(), "sftp"},
		{"token", s.Token.Given(), "https"},
		{"header", s.Header != "", "https"},
		{"settle", s.Settle != "", "folder sftp"},
		{"after", s.After != "", "folder"},
		{"move_to", s.MoveTo != "", "folder"},
	} {
		if key.given && !strings.Contains(key.kinds, s.Kind) {
			found = append(found, fmt.Sprintf("%s: not for a source of kind %s", key.name, s.Kind))
		}
	}
	return found
}
