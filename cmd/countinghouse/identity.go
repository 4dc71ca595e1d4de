package main

import "github.com/spf13/cobra"

// identityCommand holds what concerns who is one customer.
func (a *app) identityCommand() *cobra.Command {
	command := &cobra.Command{Use: "identity", Short: "Who is one customer"}
	command.AddCommand(a.identityExplainCommand(), a.identityReviewCommand(), a.identityMergeCommand(), a.identityUnmergeCommand(), a.identityWithdrawCommand())
	command.AddCommand(a.identityMatchCommand(), a.identityModelCommand())
	return command
}
