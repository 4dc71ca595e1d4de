package report

// label is a word in English with Chinese beside it.
type label struct{ EN, ZH string }

func newLabel(en, zh string) label { return label{EN: en, ZH: zh} }

// stageLabel names a stage of the customer's life; one that a project adds is shown by its code.
func stageLabel(stage string) label {
	switch stage {
	case "refer":
		return label{"Refer", "荐"}
	case "value":
		return label{"Value", "值"}
	case "stick":
		return label{"Stick", "粘"}
	case "activate":
		return label{"Activate", "活"}
	case "enter":
		return label{"Enter", "进"}
	default:
		return label{EN: stage}
	}
}

// churnLabel names a churn tier; one that a project adds is shown by its code.
func churnLabel(tier string) label {
	switch tier {
	case "new":
		return label{"New", "新客"}
	case "active":
		return label{"Active", "活跃"}
	case "light":
		return label{"Light churn", "轻度流失"}
	case "medium":
		return label{"Medium churn", "中度流失"}
	case "heavy":
		return label{"Heavy churn", "重度流失"}
	case "lost":
		return label{"Lost", "流失"}
	default:
		return label{EN: tier}
	}
}

// isAtRisk tells the tiers whose customers still bought in the window but are drifting away.
func isAtRisk(tier string) bool { return tier == "light" || tier == "medium" || tier == "heavy" }
