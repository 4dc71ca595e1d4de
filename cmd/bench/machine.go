package main

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// header says where and when figures were taken.
type header struct {
	At         time.Time `json:"at"`
	Processor  string    `json:"processor"`
	Cores      int       `json:"cores"`
	MemoryGB   float64   `json:"memory_gb"`
	System     string    `json:"system"`
	Go         string    `json:"go"`
	LoadBefore float64   `json:"load_before"` // processes that wanted a core, mean of the last minute
	LoadAfter  float64   `json:"load_after"`  // the benchmark's own work included
	Seconds    float64   `json:"seconds"`
}

// quiet is the load up to which figures are worth something.
const quiet = 1.0

func machine(now time.Time) header {
	h := header{At: now, Processor: "unknown processor", Cores: runtime.NumCPU(), Go: runtime.Version(), LoadBefore: load()}
	if model := field("/proc/cpuinfo", `(?m)^model name\s*: (.+)$`); model != "" {
		h.Processor = model
	}
	h.System = runtime.GOOS + "/" + runtime.GOARCH + " " + field("/proc/sys/kernel/osrelease", `^(\S+)`)
	kilobytes, err := strconv.ParseFloat(field("/proc/meminfo", `(?m)^MemTotal:\s+(\d+) kB$`), 64)
	if err == nil {
		h.MemoryGB = kilobytes / (1 << 20)
	}
	return h
}

func load() float64 {
	value, err := strconv.ParseFloat(field("/proc/loadavg", `^(\S+)`), 64)
	if err != nil {
		return 0
	}
	return value
}

// field is what a pattern finds in a file; empty where there is no such file.
func field(path, pattern string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	found := regexp.MustCompile(pattern).FindSubmatch(text)
	if found == nil {
		return ""
	}
	return strings.TrimSpace(string(found[1]))
}

// warning is empty when the machine was quiet.
func (h header) warning() string {
	if h.LoadBefore <= quiet {
		return ""
	}
	return fmt.Sprintf("The load was %.2f before the start: others were at work, and these figures are worth little. Ratios of processor time suffer least.", h.LoadBefore)
}

func (h header) String() string {
	text := fmt.Sprintf("%s, %s, %d cores, %.0f GB, %s, %s. Load %.2f before, %.2f after; %.0f s in all.",
		h.At.Format("2006-01-02 15:04"), h.Processor, h.Cores, h.MemoryGB, h.System, h.Go, h.LoadBefore, h.LoadAfter, h.Seconds)
	if warning := h.warning(); warning != "" {
		text += "\n" + warning
	}
	return text
}
