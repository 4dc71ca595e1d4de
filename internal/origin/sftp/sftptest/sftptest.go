// Package sftptest serves a folder by SFTP on loopback, for tests: either as OpenSSH's own sftp-server does it, or as the Go library's. The
// connection below can be made to break.
package sftptest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"

	protocol "github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Server is one that runs until its test ends.
type Server struct {
	Address     string // host:port
	Fingerprint string // of its host key
	HostKey     string // the host key itself
	Other       string // fingerprint of its host key of another kind
	KnownHosts  string // a line for known_hosts
	User        string
	Password    string
	Key         []byte // a private key that it lets in

	dir     string
	program string
	config  *ssh.ServerConfig
	budget  atomic.Int64 // bytes until the connection breaks; none if negative
	logins  atomic.Int64
}

// Programs are the servers that this machine has: the library's, as "", and the path of OpenSSH's sftp-server if it is installed.
func Programs() []string {
	programs := []string{""}
	for _, path := range []string{"/usr/lib/openssh/sftp-server", "/usr/lib/ssh/sftp-server", "/usr/libexec/openssh/sftp-server"} {
		if _, err := os.Stat(path); err == nil {
			programs = append(programs, path)
		}
	}
	return programs
}

// Start serves a folder with one of Programs.
func Start(t testing.TB, dir, program string) *Server {
	t.Helper()
	s := &Server{User: "brand", Password: "a made-up password", dir: dir, program: program}
	s.budget.Store(-1)
	host, _ := newKey(t)
	mine, text := newKey(t)
	s.Key = text
	s.config = &ssh.ServerConfig{
		PasswordCallback: func(c ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			return nil, unless(c.User() == s.User && string(password) == s.Password)
		},
		PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			return nil, unless(c.User() == s.User && string(key.Marshal()) == string(mine.PublicKey().Marshal()))
		},
	}
	s.config.AddHostKey(host)
	other := newECDSA(t)
	s.config.AddHostKey(other)
	s.Other = ssh.FingerprintSHA256(other.PublicKey())
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	s.Address = listener.Addr().String()
	s.Fingerprint, s.HostKey = ssh.FingerprintSHA256(host.PublicKey()), string(ssh.MarshalAuthorizedKey(host.PublicKey()))
	s.KnownHosts = knownhosts.Line([]string{s.Address}, host.PublicKey())
	go s.accept(listener)
	return s
}

func newKey(t testing.TB) (ssh.Signer, []byte) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer, pem.EncodeToMemory(block)
}

func newECDSA(t testing.TB) ssh.Signer {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), nil)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func unless(allowed bool) error {
	if allowed {
		return nil
	}
	return errors.New("no")
}

// BreakAfter has the connection break once when so many more bytes have gone to the client.
func (s *Server) BreakAfter(bytes int64) { s.budget.Store(bytes) }

// Logins is how often somebody was let in.
func (s *Server) Logins() int64 { return s.logins.Load() }

func (s *Server) accept(listener net.Listener) {
	for {
		wire, err := listener.Accept()
		if err != nil {
			return // the test is over
		}
		go s.serve(&breaking{Conn: wire, budget: &s.budget})
	}
}

func (s *Server) serve(wire net.Conn) {
	defer func() { _ = wire.Close() }()
	_, channels, requests, err := ssh.NewServerConn(wire, s.config)
	if err != nil {
		return // it was not let in
	}
	s.logins.Add(1)
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		channel, asked, err := offered.Accept()
		if err != nil {
			return
		}
		for request := range asked {
			_ = request.Reply(request.Type == "subsystem", nil)
			if request.Type == "subsystem" {
				go s.subsystem(channel)
			}
		}
	}
}

// subsystem speaks SFTP until the client goes.
func (s *Server) subsystem(channel ssh.Channel) {
	defer func() { _ = channel.Close() }()
	if s.program == "" {
		server, err := protocol.NewServer(channel, protocol.WithServerWorkingDirectory(s.dir), protocol.ReadOnly())
		if err == nil {
			_ = server.Serve() // ends with the client
		}
		return
	}
	command := exec.Command(s.program, "-R", "-d", s.dir)
	command.Stdout = channel
	input, err := command.StdinPipe()
	if err != nil || command.Start() != nil {
		return
	}
	_, _ = io.Copy(input, channel)
	_ = input.Close()
	_ = command.Wait()
}

// breaking is a connection that breaks once when a budget of bytes is spent.
type breaking struct {
	net.Conn
	budget *atomic.Int64
}

func (b *breaking) Write(data []byte) (int, error) {
	left := b.budget.Load()
	if left >= 0 && int64(len(data)) > left {
		b.budget.Store(-1)
		return 0, errors.Join(errors.New("broken"), b.Close())
	}
	if left >= 0 {
		b.budget.Add(-int64(len(data)))
	}
	return b.Conn.Write(data)
}
