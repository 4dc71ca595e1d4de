package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"countinghouse/internal/erasure"
	"countinghouse/internal/snapshot"
	"countinghouse/jobs"

	"github.com/spf13/cobra"
)

const eraseLong = `Erase one person (PIPL article 47, GDPR article 17): out of the exports that were landed, of what was made of them, of the
published marts and of earlier versions. Orders, points and money stay, under an account that is nobody's. Exports that bring the person again
are blanked when they come.

The person is a customer id (then all accounts of the customer), channel:account, a phone number or an e-mail address. With --from the person is read from a
file, or from standard input (-), and stands in no shell history. What is given is printed, logged and stored nowhere but as a keyed hash.

Without --yes it says what would be done. The certificate lies in erasures/. Environments other than prod are removed, and so are the versions to roll back to.
An erasure that was killed goes on with --resume.`

func (a *app) eraseCommand() *cobra.Command {
	var from string
	var yes, resume bool
	options := jobs.EraseOptions{}
	command := &cobra.Command{
		Use: "erase [CUSTOMER | CHANNEL:ACCOUNT | PHONE | E-MAIL]", Short: "Erase a person from the whole store, with a certificate", Long: eraseLong, Args: cobra.MaximumNArgs(1),
		Example: "  countinghouse erase --from - --reference case-17        # what would be done\n" +
			"  countinghouse erase --from request.txt --reference case-17 --requested-by dpo --yes",
	}
	flags := command.Flags()
	flags.StringVar(&from, "from", "", "read the person from this file; - is standard input")
	flags.StringVar(&options.RequestedBy, "requested-by", "", "who asked, for the certificate; write no personal data")
	flags.StringVar(&options.Reference, "reference", "", "the number of the request, for the certificate")
	flags.BoolVar(&options.DropFiles, "drop-files", false, "remove exports that hold the person and cannot be rewritten, with all their rows")
	flags.BoolVar(&yes, "yes", false, "do it; without, only say what would be done")
	flags.BoolVar(&resume, "resume", false, "finish an erasure that was killed")
	command.RunE = func(command *cobra.Command, args []string) (err error) {
		if options.Subject, err = subjectOf(args, from, command.InOrStdin()); err != nil && !resume {
			return usage(err)
		}
		options.DryRun = !yes
		return with(a.erasing, func(ctx context.Context, workshop *jobs.Workshop) error {
			if resume {
				return a.resumeErasures(ctx, workshop, options.DropFiles)
			}
			return a.erase(ctx, workshop, options)
		})(command, args)
	}
	return command
}

// subjectOf is the argument, or the first line of what --from names.
func subjectOf(args []string, from string, stdin io.Reader) (string, error) {
	switch {
	case len(args) == 1 && from == "":
		return args[0], nil
	case len(args) == 1 || from == "":
		return "", errors.New("want the person as an argument or by --from, one of them")
	}
	read := func() ([]byte, error) { return os.ReadFile(from) }
	if from == "-" {
		read = func() ([]byte, error) { return io.ReadAll(stdin) }
	}
	text, err := read()
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return strings.TrimSpace(line), err
}

// erasing opens the workshop for the day that is published.
func (a *app) erasing(ctx context.Context) (*jobs.Workshop, error) {
	return a.openFor(ctx, publishedDay(snapshot.Main), jobs.OpenWorkshop)
}

func (a *app) erase(ctx context.Context, workshop *jobs.Workshop, options jobs.EraseOptions) error {
	certificate, err := workshop.Erase(ctx, options)
	if errors.Is(err, jobs.ErrSubject) {
		return usage(err)
	}
	if err != nil {
		return err
	}
	return a.print(certificate, func() error { a.printErasure(certificate, options.DryRun); return nil })
}

func (a *app) resumeErasures(ctx context.Context, workshop *jobs.Workshop, dropFiles bool) error {
	finished, err := workshop.ResumeErasures(ctx, dropFiles)
	if err != nil {
		return err
	}
	return a.print(finished, func() error {
		for _, certificate := range finished {
			a.printErasure(certificate, false)
		}
		if len(finished) == 0 {
			a.printf("no erasure was cut off\n")
		}
		return nil
	})
}

func (a *app) printErasure(certificate erasure.Certificate, dryRun bool) {
	var rows [][]string
	for _, file := range certificate.Files {
		rows = append(rows, []string{file.Feed, short(file.Replaces), short(file.SHA256), fmt.Sprint(file.Rows), file.How})
	}
	if len(rows) > 0 {
		a.grid([]string{"feed", "export", "becomes", "rows", "how"}, rows, 3)
	}
	if len(certificate.Tombstones) == 0 {
		a.printf("nothing to do: the person was erased before\n")
		return
	}
	a.printf("%d accounts, %d identifiers, %d exports; %d identifiers that many others have are left\n", certificate.Accounts, certificate.Identifiers, len(certificate.Files), certificate.SharedValues)
	if dryRun {
		a.printf("Nothing was changed. With --yes it is done: environments other than prod and earlier versions are removed too.\n")
		return
	}
	a.printf("done; the certificate is %s\n", erasure.Key(certificate.ID))
}

func short(hash string) string { return hash[:min(len(hash), 8)] }
