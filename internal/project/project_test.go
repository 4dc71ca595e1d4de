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
	if keys, err := folder.HashKeys("", ""); err != nil || !keys.Development {
		t.Errorf("a folder may go without a key: %v", err)
	}
	if keys, err := folder.HashKeys("secret of the environment", ""); err != nil || keys.Development || string(keys.ID) != "secret of the environment" || keys.Value != nil {
		t.Errorf("%+v %v", keys, err)
	}
	cloud, err := project.Open(write(t, "store: gs://bucket\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cloud.HashKeys("", ""); err == nil {
		t.Error("a store in the cloud must have a key")
	}
	for _, wrong := range []string{"short", "long enough for a key\nshort", "long enough for a key\nanother long enough\nand a third long one"} {
		if _, err := folder.HashKeys(wrong, ""); err == nil || strings.Contains(err.Error(), "another") {
			t.Errorf("%q must be refused and not shown: %v", wrong, err)
		}
	}
	filed, _ := project.Open(write(t, "hash_key_file: key\n"))
	for name, text := range map[string]string{"key": "short\n", "rotated": "the newest key there is\nthe key that made ids\n"} {
		if err := os.WriteFile(filepath.Join(filed.Dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := filed.HashKeys("", ""); err == nil || strings.Contains(err.Error(), "short\n") {
		t.Errorf("a short key must be refused and not shown: %v", err)
	}
	if keys, err := filed.HashKeys("", "rotated"); err != nil || string(keys.ID) != "the key that made ids" || string(keys.Value) != "the newest key there is" {
		t.Errorf("%+v %v", keys, err)
	}
}
