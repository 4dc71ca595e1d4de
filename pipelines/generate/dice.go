package generate

import "math"

// stream keeps the draws of one purpose apart, so that drawing more for one does not change another.
type stream uint64

const (
	streamTraits stream = iota + 1
	streamLife
	streamTouch
	streamContent
	streamFormat
	streamSalt
)

// dice is a splitmix64 generator: a pure function of its seed, cheap to start anew for each person.
type dice struct{ state uint64 }

func newDice(seed uint64, s stream, index int) dice {
	d := dice{state: mix(seed^mix(uint64(s)*0x9e3779b97f4a7c15)) ^ mix(uint64(index)+0x632be59bd9b4e019)}
	d.next()
	return d
}

func mix(x uint64) uint64 {
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb
	return x ^ (x >> 31)
}

func (d *dice) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	return mix(d.state)
}

// float is in [0, 1).
func (d *dice) float() float64 { return float64(d.next()>>11) / (1 << 53) }

// below is in [0, n); n must be positive.
func (d *dice) below(n int) int { return int(d.next() % uint64(n)) }

// between is in [low, high], both included.
func (d *dice) between(low, high int) int { return low + d.below(high-low+1) }

func (d *dice) chance(p float64) bool { return d.float() < p }

func (d *dice) normal() float64 {
	u := 1 - d.float()
	return math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*d.float())
}

// lognormal has the given median and sigma of its logarithm.
func (d *dice) lognormal(median, sigma float64) float64 { return median * math.Exp(sigma*d.normal()) }

// gamma2 is gamma distributed with shape 2 and the given mean: gaps between purchases, regular but not clockwork.
func (d *dice) gamma2(mean float64) float64 {
	return -mean / 2 * math.Log((1-d.float())*(1-d.float()))
}

// weighted is an index drawn in proportion to the weights.
func (d *dice) weighted(weights []int) int {
	total := 0
	for _, w := range weights {
		total += w
	}
	at := d.below(total)
	for i, w := range weights {
		if at < w {
			return i
		}
		at -= w
	}
	return len(weights) - 1
}

func pick[T any](d *dice, from []T) T { return from[d.below(len(from))] }

// scatter maps 0 <= x < 10^digits one to one onto the same range, so that numbers look unrelated and never collide.
func scatter(x uint64, digits int, salt uint64) uint64 {
	modulus := uint64(1)
	for range digits {
		modulus *= 10
	}
	// The factor is odd and not divisible by 5, thus coprime to any power of ten; the halves keep the product in 64 bits.
	const factor = 7_390_513
	return (x%modulus*factor%modulus + salt%modulus) % modulus
}
