package build

import "sync"

// shares splits the processor time of the process evenly among the tables that are being made at a time: DuckDB's threads work for all of them,
// and do not say for which. What the tables got adds up to what the process took.
type shares struct {
	cpu func() float64 // seconds of the process so far

	mutex sync.Mutex
	last  float64
	used  map[*node]float64 // of those being made
}

func (s *shares) begin(n *node) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.split()
	s.used[n] = 0
}

func (s *shares) end(n *node) float64 {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.split()
	seconds := s.used[n]
	delete(s.used, n)
	return seconds
}

func (s *shares) split() {
	now := s.cpu()
	for n := range s.used {
		s.used[n] += (now - s.last) / float64(len(s.used))
	}
	s.last = now
}
