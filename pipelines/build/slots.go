package build

import "sync"

// slots bound how much is done at once. Work that takes several of them waits until so many are free; two such never wait for each other.
type slots struct {
	free  chan struct{}
	taker sync.Mutex
}

func newSlots(count int) *slots { return &slots{free: make(chan struct{}, max(1, count))} }

func (s *slots) use(count int, work func() error) error {
	count = min(max(1, count), cap(s.free))
	s.taker.Lock()
	for range count {
		s.free <- struct{}{}
	}
	s.taker.Unlock()
	defer func() {
		for range count {
			<-s.free
		}
	}()
	return work()
}
