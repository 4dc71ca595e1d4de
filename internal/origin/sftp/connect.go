package sftp

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"countinghouse/internal/origin"

	protocol "github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// handshakePatience is how long a server may take to let us in.
const handshakePatience = 30 * time.Second

// Options say which server, and how it and we are known.
type Options struct {
	Address string // host:port
	Folder  string // on the server; relative ones begin where the server puts the user
	User    string

	// The host key must be given, in one of these forms: what to trust is not learnt from whoever answers first.
	HostKey    string // a fingerprint "SHA256:…", or a public key "ssh-ed25519 AAAA…"
	KnownHosts string // path of a known_hosts file

	// One of these lets us in.
	Password   string
	PrivateKey []byte // as ssh-keygen writes it
	Passphrase string // of the private key, if it has one
}

// link is a connection, from the network up.
type link struct {
	wire   net.Conn
	shell  *ssh.Client
	client *protocol.Client
}

func (l *link) close() error {
	err := l.client.Close()
	return errors.Join(ignoreClosed(err), ignoreClosed(l.shell.Close()), ignoreClosed(l.wire.Close()))
}

// ignoreClosed passes over what closing twice, or after the other side, says.
func ignoreClosed(err error) error {
	if err == nil || errors.Is(err, net.ErrClosed) || strings.Contains(err.Error(), "EOF") {
		return nil
	}
	return err
}

// settings are what ssh needs; everything in them that is wrong is the source's fault. Of several, each asks the server for another kind of
// host key: a server has one of each kind, and a fingerprint does not say of which it is.
func (o Options) settings() ([]*ssh.ClientConfig, error) {
	login, err := o.login()
	if err != nil {
		return nil, err
	}
	check, kinds, err := o.hostKeys()
	if err != nil {
		return nil, err
	}
	settings := make([]*ssh.ClientConfig, len(kinds))
	for i, algorithms := range kinds {
		settings[i] = &ssh.ClientConfig{
			User: o.User, Auth: []ssh.AuthMethod{login}, HostKeyCallback: check, HostKeyAlgorithms: algorithms, ClientVersion: "SSH-2.0-countinghouse",
		}
	}
	return settings, nil
}

func (o Options) login() (ssh.AuthMethod, error) {
	if len(o.PrivateKey) == 0 {
		return ssh.Password(o.Password), nil
	}
	var signer ssh.Signer
	var err error
	if o.Passphrase == "" {
		signer, err = ssh.ParsePrivateKey(o.PrivateKey)
	} else {
		signer, err = ssh.ParsePrivateKeyWithPassphrase(o.PrivateKey, []byte(o.Passphrase))
	}
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		return nil, errors.New("the private key has a passphrase: name it under passphrase")
	case err != nil:
		return nil, errors.New("the private key cannot be read: want one as ssh-keygen writes it, and its passphrase if it has one")
	}
	return ssh.PublicKeys(signer), nil
}

// hostKeys gives the check of the server's key, and what to ask for, one connection after the other: signatures of which kinds of keys.
func (o Options) hostKeys() (ssh.HostKeyCallback, [][]string, error) {
	switch {
	case o.KnownHosts != "":
		return o.knownHosts()
	case strings.HasPrefix(o.HostKey, "SHA256:"):
		want := strings.TrimRight(o.HostKey, "=")
		if sum, err := base64.RawStdEncoding.DecodeString(strings.TrimPrefix(want, "SHA256:")); err != nil || len(sum) != 32 {
			return nil, nil, errors.New("host_key is not a fingerprint: want SHA256: and 43 characters, as ssh-keygen -l prints it")
		}
		return func(_ string, _ net.Addr, key ssh.PublicKey) error { return same(ssh.FingerprintSHA256(key), want) }, everyKind(), nil
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(o.HostKey))
	if err != nil {
		return nil, nil, errors.New("host_key is neither a fingerprint (SHA256:…) nor a public key (ssh-ed25519 AAAA…)")
	}
	want := ssh.FingerprintSHA256(key)
	check := func(_ string, _ net.Addr, key ssh.PublicKey) error { return same(ssh.FingerprintSHA256(key), want) }
	return check, [][]string{algorithmsOf(key.Type())}, nil
}

// everyKind is all kinds of keys that servers have, the usual ones first.
func everyKind() [][]string {
	return [][]string{
		{ssh.KeyAlgoED25519},
		algorithmsOf(ssh.KeyAlgoRSA),
		{ssh.KeyAlgoECDSA256},
		{ssh.KeyAlgoECDSA384},
		{ssh.KeyAlgoECDSA521},
	}
}

// algorithmsOf are the signatures that a kind of key can make: an RSA key makes several.
func algorithmsOf(kind string) []string {
	if kind == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{kind}
}

var errHostKey = errors.New("the server's host key is not the one named: somebody may stand in between")

func same(got, want string) error {
	if got == want {
		return nil
	}
	return origin.Misconfigured{Err: fmt.Errorf(
		"%w: it is %s, not %s; if the server has a new key, ask its owner and change host_key", errHostKey, got, want)}
}

// knownHosts goes by a known_hosts file. It offers to read only the kinds of keys that the file has for the host.
func (o Options) knownHosts() (ssh.HostKeyCallback, [][]string, error) {
	check, err := knownhosts.New(o.KnownHosts)
	if err != nil {
		return nil, nil, fmt.Errorf("known_hosts: %w", err)
	}
	var kinds []string
	var known *knownhosts.KeyError
	// A key that cannot be known makes the file tell which keys are wanted.
	if errors.As(check(o.Address, &net.TCPAddr{}, nobody{}), &known) {
		for _, want := range known.Want {
			kinds = append(kinds, algorithmsOf(want.Key.Type())...)
		}
	}
	if len(kinds) == 0 {
		return nil, nil, fmt.Errorf("known_hosts has no key of %s: add one with ssh-keyscan, and ask the server's owner whether it is right", o.Address)
	}
	return func(host string, remote net.Addr, key ssh.PublicKey) error {
		if err := check(host, remote, key); err != nil {
			return origin.Misconfigured{Err: fmt.Errorf("the server's host key %s is not the one in known_hosts: somebody may stand in between (%w)",
				ssh.FingerprintSHA256(key), err)}
		}
		return nil
	}, [][]string{kinds}, nil
}

// nobody is a public key of nobody.
type nobody struct{}

func (nobody) Type() string                        { return "nobody" }
func (nobody) Marshal() []byte                     { return []byte("nobody") }
func (nobody) Verify([]byte, *ssh.Signature) error { return errors.New("nobody signs") }

// dial connects. The context bounds the connecting only.
func (o Options) dial(ctx context.Context) (*link, error) {
	choices, err := o.settings()
	if err != nil {
		return nil, origin.Misconfigured{Err: err}
	}
	var first error // of a host key that is another one
	for _, settings := range choices {
		connected, err := o.dialWith(ctx, settings)
		if err == nil || len(choices) == 1 || !isOtherKey(err) {
			return connected, err
		}
		if first == nil || origin.IsMisconfigured(err) && !origin.IsMisconfigured(first) {
			first = err
		}
	}
	return nil, first
}

// isOtherKey says that a server may have the wanted host key all the same, of another kind than it was asked for.
func isOtherKey(err error) bool {
	var disagreed *ssh.AlgorithmNegotiationError
	return errors.Is(err, errHostKey) || errors.As(err, &disagreed) && disagreed.What == "host key"
}

func (o Options) dialWith(ctx context.Context, settings *ssh.ClientConfig) (*link, error) {
	ctx, stop := context.WithTimeout(ctx, handshakePatience)
	defer stop()
	wire, err := (&net.Dialer{}).DialContext(ctx, "tcp", o.Address)
	if err != nil {
		return nil, origin.Trouble{Err: err}
	}
	unwatch := context.AfterFunc(ctx, func() { _ = wire.Close() })
	defer unwatch()
	connected, err := shake(wire, o.Address, settings)
	if err != nil {
		_ = wire.Close()
		return nil, failed(ctx, err)
	}
	return connected, nil
}

func shake(wire net.Conn, address string, settings *ssh.ClientConfig) (*link, error) {
	connection, channels, requests, err := ssh.NewClientConn(wire, address, settings)
	if err != nil {
		return nil, err
	}
	shell := ssh.NewClient(connection, channels, requests)
	client, err := protocol.NewClient(shell, protocol.UseConcurrentReads(true))
	if err != nil {
		return nil, errors.Join(err, ignoreClosed(shell.Close()))
	}
	return &link{wire: wire, shell: shell, client: client}, nil
}

// failed tells what can be mended by waiting from what cannot.
func failed(ctx context.Context, err error) error {
	switch {
	case origin.IsMisconfigured(err):
		return err
	case strings.Contains(err.Error(), "unable to authenticate"):
		return origin.Misconfigured{Err: errors.New("the server does not let us in: check user, and password or key")}
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return origin.Trouble{Err: fmt.Errorf("no answer within %s", handshakePatience)}
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return origin.Trouble{Err: err}
}
