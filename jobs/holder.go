package jobs

import (
	"strings"

	"countinghouse/internal/scratch"
)

// holderMark stands in a holder's name before the folder that its process keeps locked while it lives.
const holderMark = ", folder "

// Hold gives a name to this process for leases and records, and what tells whether the process behind such a name has ended: on the same
// machine, a process that was killed need not be waited for. folder belongs to the process (scratch.New).
func Hold(folder string) (holder string, dead func(holder string) bool) {
	host, _, _ := strings.Cut(thisProcess(), ", process ")
	return thisProcess() + holderMark + folder, func(other string) bool {
		name, path, known := strings.Cut(other, holderMark)
		otherHost, _, _ := strings.Cut(name, ", process ")
		return known && otherHost == host && scratch.Abandoned(path)
	}
}
