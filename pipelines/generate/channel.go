package generate

// channel is the name a channel has in the canonical datasets.
type channel string

const (
	channelTmall       channel = "tmall"
	channelJD          channel = "jd"
	channelDouyin      channel = "douyin"
	channelYouzan      channel = "youzan"
	channelPOS         channel = "pos"
	channelMember      channel = "wechat_member"
	channelWeChat      channel = "wechat"
	channelXiaohongshu channel = "xiaohongshu"
)

// shops are the channels that sell, and how many people in a hundred come to know the brand there.
func shops() ([]channel, []int) {
	return []channel{channelTmall, channelJD, channelDouyin, channelYouzan, channelPOS}, []int{28, 13, 12, 20, 27}
}
