// The delays of the Go client and its successors, written after their documentation, as a second opinion on our laws.
// Reads a file of lines "law initial_ns max_ns factor jitter n k", where k / 2^53 is the random number, and writes one
// with a line of ns for each.
package main

import (
	"bufio"
	"fmt"
	"math"
	"os"
)

type policy struct {
	initial, max   int64
	factor, jitter float64
}

// The client of the summary: jitter after the cap, nothing clips it, and a negative delay becomes the first one.
// The conversions keep compilers for other machines from fusing multiplication and addition.
func summary(p policy, n int, u float64) int64 {
	ns := math.Min(float64(p.initial)*math.Pow(p.factor, float64(n)), float64(p.max))
	ns += float64(ns * p.jitter * float64(2*u-1))
	if ns < 0 {
		ns = float64(p.initial)
	}
	return int64(ns)
}

// resty v2: half of the doubled delay for certain, the other half by chance, and never less than the first.
func resty(p policy, n int, u float64) int64 {
	half := int64(math.Min(float64(p.max), float64(p.initial)*math.Exp2(float64(n)))) / 2
	ns := half + int64(u*float64(half))
	if ns < p.initial {
		ns = p.initial
	}
	return ns
}

// The newest: cenkalti/backoff draws around an interval that doubles up to a limit, both by the status; resty v3
// clamps what it drew into [initial, max].
func current(p policy, status string, n int, u float64) int64 {
	interval, limit := float64(p.initial), float64(p.max)
	switch status {
	case "current-429":
		interval *= 3
	case "current-503":
		limit /= 2
	}
	c := math.Min(interval*math.Exp2(float64(n)), limit)
	low, high := c-p.jitter*c, c+p.jitter*c
	drawn := int64(low + float64(u*(high-low+1)))
	return max(p.initial, min(drawn, p.max))
}

func main() {
	questions, err := os.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	answers, err := os.Create(os.Args[2])
	if err != nil {
		panic(err)
	}
	in, out := bufio.NewReader(questions), bufio.NewWriter(answers)
	defer out.Flush()
	for {
		var law string
		var p policy
		var n int
		var k int64
		if _, err := fmt.Fscan(in, &law, &p.initial, &p.max, &p.factor, &p.jitter, &n, &k); err != nil {
			return
		}
		u := float64(k) / (1 << 53)
		switch law {
		case "summary":
			fmt.Fprintln(out, summary(p, n, u))
		case "resty":
			fmt.Fprintln(out, resty(p, n, u))
		default:
			fmt.Fprintln(out, current(p, law, n, u))
		}
	}
}
