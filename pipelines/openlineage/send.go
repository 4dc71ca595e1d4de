package openlineage

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

// Send gives events to a target: an http or https address takes each as one POST, in order; anything else is a file, to which each is added as
// a line of JSON. The first that cannot be given ends it; a file has all of them or none.
func Send(ctx context.Context, target string, events []Event) error {
	lines := make([][]byte, len(events))
	for i, event := range events {
		line, err := json.Marshal(event)
		if err != nil {
			return fmt.Errorf("openlineage: %w", err)
		}
		lines[i] = line
	}
	if !IsAddress(target) {
		return appendLines(target, lines)
	}
	for _, line := range lines {
		if err := post(ctx, target, line); err != nil {
			return fmt.Errorf("openlineage: %w", err)
		}
	}
	return nil
}

// IsAddress says whether a target is a server and not a file.
func IsAddress(target string) bool {
	return strings.HasPrefix(target, "http://") || strings.HasPrefix(target, "https://")
}

func appendLines(path string, lines [][]byte) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("openlineage: %w", err)
	}
	_, err = file.Write(append(bytes.Join(lines, []byte("\n")), '\n'))
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("openlineage: %w", err)
	}
	return nil
}

// longestReply is what of a server's complaint is told, in bytes.
const longestReply = 300

func post(ctx context.Context, address string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= http.StatusBadRequest {
		reply, _ := io.ReadAll(io.LimitReader(response.Body, longestReply)) // the status is told in any case
		return fmt.Errorf("%s: %s: %s", address, response.Status, strings.TrimSpace(string(reply)))
	}
	return nil
}
