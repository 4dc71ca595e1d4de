package ledger

import "slices"

// burnQueue gives lots in burn order. Lots of one rule come with rising expiry, so most are appended to a sorted run; only a lot that
// must burn before one already in the run goes to a heap. Both hold indices of lots; a lot that is used up is dropped when it comes to the top.
type burnQueue struct {
	before func(a, b *Lot) bool
	run    []int32
	head   int
	heap   []int32
}

func olderThan(a, b *Lot) bool {
	if a.IssuedAt != b.IssuedAt {
		return a.IssuedAt < b.IssuedAt
	}
	return a.ID < b.ID
}

// burnsBefore is the burn order: first to expire, then oldest, then lowest id.
func burnsBefore(a, b *Lot) bool {
	if a.ExpiresOn != b.ExpiresOn {
		return a.ExpiresOn < b.ExpiresOn
	}
	if a.IssuedAt != b.IssuedAt {
		return a.IssuedAt < b.IssuedAt
	}
	return a.ID < b.ID
}

func (q *burnQueue) reset() {
	q.run, q.head, q.heap = q.run[:0], 0, q.heap[:0]
}

// add puts a lot into the queue. A lot that is still there and is added again, as points were given back to it, does no harm.
func (q *burnQueue) add(lots []Lot, index int32) {
	if q.head == len(q.run) {
		q.run, q.head = q.run[:0], 0
	}
	if len(q.run) == 0 || !q.before(&lots[index], &lots[q.run[len(q.run)-1]]) {
		q.run = append(q.run, index)
		return
	}
	q.heap = append(q.heap, index)
	q.rise(lots)
}

// first is the lot with points left that burns next.
func (q *burnQueue) first(lots []Lot) (int32, bool) {
	for q.head < len(q.run) && lots[q.run[q.head]].Remaining == 0 {
		q.head++
	}
	for len(q.heap) > 0 && lots[q.heap[0]].Remaining == 0 {
		q.dropTop(lots)
	}
	switch {
	case q.head == len(q.run) && len(q.heap) == 0:
		return 0, false
	case len(q.heap) == 0:
		return q.run[q.head], true
	case q.head == len(q.run) || q.before(&lots[q.heap[0]], &lots[q.run[q.head]]):
		return q.heap[0], true
	default:
		return q.run[q.head], true
	}
}

// rise moves the heap's last element up to its place.
func (q *burnQueue) rise(lots []Lot) {
	for i := len(q.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if !q.before(&lots[q.heap[i]], &lots[q.heap[parent]]) {
			return
		}
		q.heap[i], q.heap[parent] = q.heap[parent], q.heap[i]
		i = parent
	}
}

func (q *burnQueue) dropTop(lots []Lot) {
	last := len(q.heap) - 1
	q.heap[0] = q.heap[last]
	q.heap = q.heap[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return
		}
		if child+1 < last && q.before(&lots[q.heap[child+1]], &lots[q.heap[child]]) {
			child++
		}
		if !q.before(&lots[q.heap[child]], &lots[q.heap[i]]) {
			return
		}
		q.heap[i], q.heap[child] = q.heap[child], q.heap[i]
		i = child
	}
}

// sortByBurn puts indices of lots into burn order.
func sortByBurn(lots []Lot, indices []int32) {
	slices.SortFunc(indices, func(a, b int32) int {
		switch {
		case burnsBefore(&lots[a], &lots[b]):
			return -1
		case burnsBefore(&lots[b], &lots[a]):
			return 1
		default:
			return 0
		}
	})
}
