package generate

// Summary is the truth in figures, as of the end of the as-of day. Money is in yuan.
type Summary struct {
	Seed    uint64 `json:"seed"`
	Members int    `json:"members"`
	From    string `json:"from"`
	AsOf    string `json:"as_of"`
	// People who left any trace in the exports, and the accounts they left it under.
	People            int64             `json:"people"`
	Accounts          int64             `json:"accounts"`
	AccountsByChannel map[channel]int64 `json:"accounts_by_channel"`
	// Sales of all channels and of each. Anonymous receipts are part of both, and counted once more by themselves.
	Sales          SalesTotals              `json:"sales"`
	SalesByChannel map[channel]*SalesTotals `json:"sales_by_channel"`
	AnonymousSales SalesTotals              `json:"anonymous_sales"`
	Points         PointTotals              `json:"points"`
	PointsByMonth  []VintageTotals          `json:"points_by_month_of_issue"`
	// Layers of the pyramid, by person, over the 365 days that end with the as-of day; anonymous receipts are nobody's.
	Layers          []LayerTotals              `json:"layers"`
	ContentsByMedia map[channel]*ContentTotals `json:"contents_by_channel"`
	Contacts        ContactTotals              `json:"contacts"`
	// Files that were exported. Early exports hold orders that are in another file as well.
	Files []FileTotals `json:"files"`
}

// SalesTotals count orders that were placed, those that were paid, pieces ordered, and money to the fen.
type SalesTotals struct {
	Orders    int64 `json:"orders"`
	Purchases int64 `json:"purchases"`
	Pieces    int64 `json:"pieces"`
	Paid      fen   `json:"paid"`
	Refunds   int64 `json:"refunds"`
	Refunded  fen   `json:"refunded"`
	Net       fen   `json:"net"`
}

func (t *SalesTotals) add(o *order, seen moment) {
	t.Orders++
	t.Pieces += int64(pieces(o))
	if !o.unpaid() && o.paidAt < seen {
		t.Purchases++
		t.Paid += o.paid
	}
	if o.refundSeen(seen) {
		t.Refunds++
		t.Refunded += o.refund.amount
	}
	t.Net = t.Paid - t.Refunded
}

// PointTotals are the books of the programme in points:
// issued + recredited + adjusted - redeemed - expired - clawed back = lots remaining - arrears = outstanding.
type PointTotals struct {
	Movements     int64 `json:"movements"`
	Lots          int64 `json:"lots"`
	Issued        int64 `json:"issued"`
	Redeemed      int64 `json:"redeemed"`
	Expired       int64 `json:"expired"`
	ClawedBack    int64 `json:"clawed_back"`
	Recredited    int64 `json:"recredited"`
	Adjusted      int64 `json:"adjusted"`
	LotsRemaining int64 `json:"lots_remaining"`
	Arrears       int64 `json:"arrears"`
	Outstanding   int64 `json:"outstanding"`
	// RedemptionRate is the true one: of the points issued up to the as-of day, the share that will have been used
	// when the last of them has been used or has expired.
	RedemptionRate float64 `json:"redemption_rate"`
}

func (t *PointTotals) add(o PointTotals) {
	t.Issued += o.Issued
	t.Redeemed += o.Redeemed
	t.Expired += o.Expired
	t.ClawedBack += o.ClawedBack
	t.Recredited += o.Recredited
	t.Adjusted += o.Adjusted
}

// VintageTotals are the earnings of one month: points used up to the as-of day, and in the end.
type VintageTotals struct {
	Month            string `json:"month"`
	Issued           int64  `json:"issued"`
	Redeemed         int64  `json:"redeemed"`
	RedeemedInTheEnd int64  `json:"redeemed_in_the_end"`
}

// LayerTotals are one layer of the pyramid.
type LayerTotals struct {
	Layer   int   `json:"layer"`
	Heads   int64 `json:"heads"`
	Orders  int64 `json:"orders"`
	Revenue fen   `json:"revenue"`
}

// ContentTotals are the pieces of one channel and their reads as last exported.
type ContentTotals struct {
	Pieces int64 `json:"pieces"`
	Reads  int64 `json:"reads"`
}

// ContactTotals count what passed beside purchases.
type ContactTotals struct {
	Interactions     int64 `json:"interactions"`
	Follows          int64 `json:"follows"`
	Unfollows        int64 `json:"unfollows"`
	Coupons          int64 `json:"coupons"`
	CouponsUsed      int64 `json:"coupons_used"`
	Messages         int64 `json:"messages"`
	Communities      int64 `json:"communities"`
	CommunityMembers int64 `json:"community_members"`
}
