package project_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countinghouse/internal/project"
)

func write(t *testing.T, config string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, project.ConfigFile), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestOpenDefaults(t *testing.T) {
	dir := t.TempDir()
	own, err := project.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if own.StoreURL() != filepath.Join(dir, "store") || own.Zone.String() != "Asia/Shanghai" || own.InboxDir() != "" || own.SQL() != nil {
		t.Errorf("%+v", own)
	}
}

func TestOpenKeepsDefaultsBesideWhatIsSet(t *testing.T) {
	own, err := project.Open(write(t, "brand: {name: 山茶}\nstore: gs://bucket/prefix\nparameters: {window_days: 30}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if own.Brand.Name != "山茶" || own.Brand.Zone != "Asia/Shanghai" || own.StoreURL() != "gs://bucket/prefix" || own.Schedule.Daily == "" {
		t.Errorf("%+v", own)
	}
}

func TestOpenMakesNoFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "nowhere")
	if _, err := project.Open(dir); err == nil || !strings.Contains(err.Error(), "there is no folder") {
		t.Errorf("got %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for config, want := range map[string]string{
		"stroe: x\n":                     "stroe",
		"brand: {zone: Asia/Atlantis}\n": "brand.zone",
		"store: [\n":                     project.ConfigFile,
	} {
		if _, err := project.Open(write(t, config)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want …%s…", config, err, want)
		}
	}
}

func TestHashKey(t *testing.T) {
	folder, _ := project.Open(t.TempDir())
	if _, development, err := folder.HashKey(""); err != nil || !development {
		t.Errorf("a folder may go without a key: %v", err)
	}
	if key, development, err := folder.HashKey("secret of the environment"); err != nil || development || string(key) != "secret of the environment" {
		t.Errorf("%s %v %v", key, development, err)
	}
	cloud, err := project.Open(write(t, "store: gs://bucket\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := cloud.HashKey(""); err == nil {
		t.Error("a store in the cloud must have a key")
	}
	if _, _, err := folder.HashKey("short"); err == nil {
		t.Error("a short key in the environment must be refused")
	}
	short, _ := project.Open(write(t, "hash_key_file: key\n"))
	if err := os.WriteFile(filepath.Join(short.Dir, "key"), []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := short.HashKey(""); err == nil || strings.Contains(err.Error(), "short\n") {
		t.Errorf("a short key must be refused and not shown: %v", err)
	}
}
