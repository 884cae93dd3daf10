package sarif

import (
	"compress/gzip"
	"encoding/json"
	"sort"

	"github.com/org/probe-mtls-action/internal/report"
)

// fit encodes r with as many findings as the limits allow, the gravest ones.
func fit(r *report.Report, o Options) ([]byte, error) {
	order := byWeight(r)
	encoded := func(n int) ([]byte, error) {
		keep := make([]bool, len(r.Items))
		for _, i := range order[:n] {
			keep[i] = true
		}
		return encode(build(r, keep))
	}
	n := min(len(order), o.MaxResults)
	data, err := encoded(n)
	if err != nil || len(data) <= o.MaxCompressed || compressed(data) <= o.MaxCompressed {
		return data, err
	}
	// The size grows with the number of results, so search for the largest
	// number that fits.
	fits := sort.Search(n, func(k int) bool {
		data, err = encoded(k + 1)
		return err != nil || compressed(data) > o.MaxCompressed
	})
	if err != nil {
		return nil, err
	}
	return encoded(fits)
}

// byWeight returns the indexes of r's findings, gravest first, suppressed last.
func byWeight(r *report.Report) []int {
	at := make(map[*report.Item]int, len(r.Items))
	for i := range r.Items {
		at[&r.Items[i]] = i
	}
	order := make([]int, 0, len(r.Items))
	for _, it := range r.WorstFirst() {
		order = append(order, at[it])
	}
	for i := range r.Items {
		if r.Items[i].Suppressed != nil {
			order = append(order, i)
		}
	}
	return order
}

func compressed(data []byte) int {
	var n counter
	z := gzip.NewWriter(&n)
	_, _ = z.Write(data) // a counter does not fail
	_ = z.Close()
	return int(n)
}

type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// LeftOut returns how many results a log that [Write] wrote lacks because of the
// limits of code scanning.
func LeftOut(data []byte) int {
	var l log
	if json.Unmarshal(data, &l) != nil || len(l.Runs) == 0 {
		return 0
	}
	return l.Runs[0].Properties.LeftOut
}
