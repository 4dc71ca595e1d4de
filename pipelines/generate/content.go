package generate

import (
	"fmt"
	"math"
	"slices"
)

const piecesPerWeek = 2 // in each channel

// piece is one published piece of content with what it will have reached in the end.
type piece struct {
	channel   channel
	id        string
	title     string
	titleType string
	kind      string
	published moment
	final     stats
	// speed is how fast it gets there, in days.
	speed float64

	seconds, completion, clickRate, bounce float64
}

// stats are counts since publication.
type stats struct{ impressions, reads, readUsers, likes, comments, shares, shareUsers, saves, follows, visits int64 }

// makePieces publishes everything of the history, oldest first. Their number depends on its length alone.
func makePieces(w *world) []piece {
	var all []piece
	number := 0
	for monday := w.from; monday <= w.asOf; monday += 7 {
		for _, c := range []channel{channelWeChat, channelXiaohongshu, channelDouyin} {
			for range piecesPerWeek {
				if p := makePiece(w, c, number, monday); p.published < w.end() {
					all = append(all, p)
				}
				number++
			}
		}
	}
	slices.SortStableFunc(all, func(x, y piece) int { return int(x.published - y.published) })
	return all
}

func makePiece(w *world, c channel, number int, week day) piece {
	d := newDice(w.seed, streamContent, number)
	on := week + day(d.below(7))
	hours := []int{7, 12, 18, 20, 21, 22}
	p := piece{channel: c, published: on.at(pick(&d, hours)*3600 + d.below(3600)), speed: 1.5 + 3*d.float()}
	t := pick(&d, titleTypes())
	p.titleType = t.name
	p.title = fillTitle(pick(&d, t.templates), &d, int(p.published.time().Month()))
	p.id = fmt.Sprintf("%d_%d", 2_247_480_000+number, 1+number%2)
	p.seconds, p.completion = 6+20*d.float(), .08+.3*d.float()
	p.clickRate, p.bounce = .05+.15*d.float(), .2+.3*d.float()
	p.kind = pieceKind(c, &d)
	p.final = finalStats(&d, c, t, p.title, w.members)
	return p
}

func pieceKind(c channel, d *dice) string {
	switch c {
	case channelDouyin:
		return pick(d, []string{"1min-视频", "1-3min视频", "图文"})
	case channelXiaohongshu:
		return pick(d, []string{"图文", "视频"})
	default:
		return "图文"
	}
}

// finalStats: readership is skewed, and follows the type of title, its brevity and a number in it; larger brands reach further.
func finalStats(d *dice, c channel, t titleType, title string, members int) stats {
	audience := map[channel]float64{channelWeChat: 900, channelXiaohongshu: 2200, channelDouyin: 5200}[c]
	reads := d.lognormal(audience*math.Pow(float64(members)/5000, .6), .8) * t.reach
	if len([]rune(title)) <= 8 {
		reads *= 1.12
	}
	part := func(of, rate float64) int64 { return int64(of * rate * d.lognormal(1, .25)) }
	s := stats{reads: int64(reads) + 20}
	s.impressions = s.reads*3 + part(reads, 4)
	s.readUsers = min(s.reads, int64(reads*(.78+.15*d.float()))+15)
	s.likes, s.comments = part(reads, .03), part(reads, .006)
	s.shares = part(reads, .018*t.share)
	s.shareUsers = s.shares - s.shares/8
	s.saves, s.follows = part(reads, .015*t.share), part(reads, .005)
	s.visits = part(reads, .04)
	return s
}

// reached is how much of the final counts a piece has at a moment: quick at first, then slower, nothing ever lost.
func (p *piece) reached(at moment) stats {
	if at <= p.published {
		return stats{}
	}
	age := float64(at-p.published) / secondsPerDay
	part := 1 - math.Exp(-age/p.speed)
	f := func(n int64) int64 { return int64(float64(n) * part) }
	s := p.final
	return stats{
		f(s.impressions), f(s.reads), f(s.readUsers), f(s.likes), f(s.comments), f(s.shares), f(s.shareUsers), f(s.saves), f(s.follows), f(s.visits),
	}
}
