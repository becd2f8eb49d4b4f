// hashicorp/go-retryablehttp with its defaults. What an adapter reads and
// writes: docs/adapters.md.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-retryablehttp"
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

type result struct {
	Call    string `json:"call"`
	Outcome string `json:"outcome"`
	Status  int    `json:"status"`
	Error   string `json:"error,omitempty"`
	SHA256  string `json:"sha256,omitempty"`
}

func ms(value float64) time.Duration { return time.Duration(value * float64(time.Millisecond)) }

func (p plan) client() *retryablehttp.Client {
	client := retryablehttp.NewClient()
	client.Logger = nil
	client.HTTPClient.Timeout = ms(p.ReadTimeout) // 0: none, as by default
	return client
}

// request is the one of a call; without a body it has its token in the query.
func (p plan) request(ctx context.Context, token string) (*retryablehttp.Request, error) {
	url, body := os.Getenv("RETRYSPEC_BASE_URL")+p.Path, any(nil)
	switch p.Method {
	case "GET", "HEAD", "DELETE":
		separator := "?"
		if strings.Contains(url, "?") {
			separator = "&"
		}
		url += separator + "token=" + token
	default:
		payload := string(p.Payload)
		if payload == "" || payload == "null" {
			payload = `{"token":"<token>"}`
		}
		body = []byte(strings.ReplaceAll(payload, "<token>", token))
	}
	return retryablehttp.NewRequestWithContext(ctx, p.Method, url, body)
}

func (p plan) call(client *retryablehttp.Client, token string) result {
	failed := result{Call: token, Outcome: "error"}
	ctx, cancel := context.WithCancel(context.Background())
	if p.GiveUp > 0 {
		ctx, cancel = context.WithTimeout(ctx, ms(p.GiveUp))
	}
	defer cancel()
	request, err := p.request(ctx, token)
	if err != nil {
		log.Fatal(err)
	}
	reply, err := client.Do(request)
	if err != nil {
		failed.Error = err.Error()
		return failed
	}
	defer reply.Body.Close()
	failed.Status = reply.StatusCode
	data, err := io.ReadAll(reply.Body)
	if err != nil {
		failed.Error = err.Error()
		return failed
	}
	if reply.StatusCode >= 400 {
		failed.Error = reply.Status
		return failed
	}
	return result{Call: token, Outcome: "ok", Status: reply.StatusCode,
		SHA256: fmt.Sprintf("%x", sha256.Sum256(data))}
}

func main() {
	var p plan
	if err := json.Unmarshal([]byte(os.Getenv("RETRYSPEC_PLAN")), &p); err != nil {
		log.Fatal(err)
	}
	results, err := os.OpenFile(os.Getenv("RETRYSPEC_RESULTS"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		log.Fatal(err)
	}
	var all sync.WaitGroup
	for c := 0; c < p.Clients; c++ {
		client, tokens := p.client(), make(chan string)
		for i := 0; i < p.Concurrency; i++ {
			all.Add(1)
			go func() {
				defer all.Done()
				for token := range tokens {
					line, _ := json.Marshal(p.call(client, token))
					results.Write(append(line, '\n'))
				}
			}()
		}
		go func() {
			time.Sleep(ms(p.StartSpread * float64(c) / float64(p.Clients)))
			for i := 0; i < p.Calls; i++ {
				tokens <- fmt.Sprintf("rs-%d-%d", c, i)
			}
			close(tokens)
		}()
	}
	all.Wait()
}
