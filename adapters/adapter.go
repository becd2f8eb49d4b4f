// Lets retryspec drive a Go client. It works as it is:
//
//	retryspec smoke -- go run adapter.go
//
// What an adapter is told and what it answers: docs/adapters.md of retryspec.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

type plan struct {
	Method      string          `json:"method"`
	Path        string          `json:"path"`
	Payload     json.RawMessage `json:"payload"`
	Clients     int             `json:"clients"`
	Calls       int             `json:"calls"`
	Concurrency int             `json:"concurrency"`
	StartSpread float64         `json:"start_spread_ms"`
	ReadTimeout float64         `json:"read_timeout_ms"`
	GiveUp      float64         `json:"give_up_ms"`
}

// ---- YOUR CLIENT ------------------------------------------------------------

// newClient makes one client object of your SDK.
func newClient(p plan) *http.Client {
	client := &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone(), Timeout: time.Minute}
	if p.ReadTimeout > 0 {
		client.Timeout = ms(p.ReadTimeout)
	}
	return client
}

// call makes one logical call with all its retries. Replace this loop by one
// call of your SDK. body is nil for GET; ctx ends when the caller loses
// patience.
func call(ctx context.Context, client *http.Client, method, url string, body []byte) (status int, data []byte, err error) {
	for attempt := 0; ; attempt++ {
		wait := 500 * time.Millisecond << attempt
		status, data = 0, nil
		request, _ := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
		if body != nil {
			request.Header.Set("Content-Type", "application/json")
		}
		var reply *http.Response
		if reply, err = client.Do(request); err == nil {
			status = reply.StatusCode
			data, err = io.ReadAll(reply.Body)
			reply.Body.Close()
			if err == nil && status < 500 && status != 408 && status != 429 {
				return status, data, nil
			}
			if seconds, e := strconv.ParseUint(reply.Header.Get("Retry-After"), 10, 31); e == nil {
				wait = time.Duration(seconds) * time.Second
			}
		}
		if attempt == 4 {
			return status, data, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return status, data, ctx.Err()
		}
	}
}

// -----------------------------------------------------------------------------

func ms(value float64) time.Duration { return time.Duration(value * float64(time.Millisecond)) }

// runCall makes one call; its answer is one line of results.
func runCall(p plan, client *http.Client, token string) []byte {
	// The token tells retryspec which call a request belongs to. GET has no body.
	url, body := os.Getenv("RETRYSPEC_BASE_URL")+p.Path, []byte(nil)
	switch {
	case p.Method != "GET" && p.Method != "HEAD" && p.Method != "DELETE":
		payload := string(p.Payload)
		if payload == "" || payload == "null" {
			payload = `{"token":"<token>"}`
		}
		body = []byte(strings.ReplaceAll(payload, "<token>", token))
	case strings.Contains(url, "?"):
		url += "&token=" + token
	default:
		url += "?token=" + token
	}
	ctx, cancel := context.WithCancel(context.Background())
	if p.GiveUp > 0 {
		ctx, cancel = context.WithTimeout(context.Background(), ms(p.GiveUp))
	}
	defer cancel()
	status, data, err := call(ctx, client, p.Method, url, body)
	line := map[string]any{"call": token, "outcome": "ok", "status": status, "error": ""}
	switch {
	case err != nil: // your SDK's errors: their text goes to the report
		line["outcome"], line["error"] = "error", err.Error()
	case status >= 400:
		line["outcome"], line["error"] = "error", fmt.Sprintf("HTTP %d", status)
	}
	if err == nil {
		line["sha256"] = fmt.Sprintf("%x", sha256.Sum256(data))
	}
	text, _ := json.Marshal(line)
	return append(text, '\n')
}

func main() {
	var p plan
	if err := json.Unmarshal([]byte(os.Getenv("RETRYSPEC_PLAN")), &p); err != nil {
		fmt.Fprintln(os.Stderr, "start me with: retryspec smoke -- go run adapter.go")
		os.Exit(1)
	}
	// To skip a scenario that your client can't do: say why and exit 77. Build
	// first then (go build adapter.go): "go run" turns every failure into 1.
	results, err := os.OpenFile(os.Getenv("RETRYSPEC_RESULTS"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// Every client at once, each with its calls, Concurrency of them at a time.
	var all sync.WaitGroup
	for c := 0; c < p.Clients; c++ {
		tokens, client := make(chan string), newClient(p)
		for i := 0; i < p.Concurrency; i++ {
			all.Add(1)
			go func() {
				defer all.Done()
				for token := range tokens {
					results.Write(runCall(p, client, token))
				}
			}()
		}
		go func(c int) {
			time.Sleep(ms(p.StartSpread * float64(c) / float64(p.Clients)))
			for i := 0; i < p.Calls; i++ {
				tokens <- fmt.Sprintf("rs-%d-%d", c, i)
			}
			close(tokens)
		}(c)
	}
	all.Wait()
}
