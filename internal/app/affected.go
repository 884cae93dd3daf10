package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/org/probe-mtls-action/internal/affected"
	"github.com/org/probe-mtls-action/internal/report/safe"
	"github.com/org/probe-mtls-action/internal/settings"
	"github.com/org/probe-mtls-action/render"
)

// plan is what `affected --format json` prints.
type plan struct {
	Base string `json:"base"` // commit compared with
	Head string `json:"head"` // commit checked out
	// Count is the number of affected roots.
	Count int        `json:"count"`
	Roots []planRoot `json:"roots"`
	// Removed are roots of the base that are gone.
	Removed []string `json:"removed"`
	// Unused are roots left out because they only serve as a base of others.
	Unused     []string `json:"unused"`
	Unaffected int      `json:"unaffected"`
	// Matrix is a workflow matrix: {"shard": ["1/2", "2/2"]}.
	Matrix matrix   `json:"matrix"`
	Notes  []string `json:"notes"`
	// NotChecked says what could not be read, so that it is not known what is
	// affected there: exit code 3.
	NotChecked []string `json:"notChecked"`
}

type planRoot struct {
	Root    string   `json:"root"`
	New     bool     `json:"new"`
	Cost    int      `json:"cost"` // files the render can read
	Reasons []string `json:"reasons"`
}

type matrix struct {
	Shard []string `json:"shard"`
}

// costPerShard is how many files a shard may read before another one pays: a
// job's start takes as long as some thousand of them.
const costPerShard = 5000

func runAffected(ctx context.Context, env *Env, s *settings.Values) error {
	repo, sc, err := openSince(ctx, env, s)
	if err != nil {
		return err
	}
	defer repo.close()
	changed := *s
	changed.ChangedOnly = true
	c, err := newComparison(ctx, repo, &changed, sc)
	if err != nil {
		return err
	}
	defer c.close()
	p := newPlan(c, s.MaxShards)
	p.remarks(env.Stderr)
	var b bytes.Buffer
	if s.Format == "json" {
		err = json.NewEncoder(&b).Encode(p)
	} else {
		p.text(&b, s.Verbose)
	}
	if err == nil {
		_, err = env.Stdout.Write(safe.JSON(b.Bytes()))
	}
	if err != nil {
		return notChecked(fmt.Errorf("the result could not be written: %w", reason(err)))
	}
	if len(p.NotChecked) > 0 {
		return &exitError{code: ExitNotChecked}
	}
	return nil
}

func newPlan(c *comparison, maxShards int) *plan {
	i, n := c.s.Shard.Part()
	roots := affected.Shard(c.reached.Roots, i, n)
	p := &plan{
		Base: c.scope.Base, Head: c.scope.Head,
		Count: len(roots), Roots: []planRoot{},
		Removed: []string{}, Unused: append([]string{}, c.reached.Unused...),
		Unaffected: c.reached.Unaffected,
		Matrix:     matrix{Shard: []string{}},
		Notes:      append([]string{}, c.scope.Notes...),
		NotChecked: []string{},
	}
	for _, problem := range c.unreadable() {
		p.NotChecked = append(p.NotChecked, problem.At.String()+": "+problem.Message)
	}
	var known []render.Problem
	if c.before != nil {
		known = c.before.Unreadable()
	}
	for _, problem := range c.after.Unreadable() {
		if c.repo.inScope(problem.At.File) && !slices.Contains(known, problem) {
			p.NotChecked = append(p.NotChecked, problem.At.String()+": "+problem.Message)
		}
	}
	cost := 0
	for _, r := range roots {
		out := planRoot{Root: r.Dir, New: r.New, Cost: r.Cost, Reasons: []string{}}
		for _, reason := range r.Reasons {
			out.Reasons = append(out.Reasons, reason.String())
		}
		if r.More > 0 {
			out.Reasons = append(out.Reasons, fmt.Sprintf("and %d more changes", r.More))
		}
		if why, lost := c.after.Lost(r.Dir); lost {
			p.NotChecked = append(p.NotChecked, why.At.String()+": "+why.Message)
		}
		cost += r.Cost
		p.Roots = append(p.Roots, out)
	}
	for _, r := range c.reached.Removed {
		p.Removed = append(p.Removed, r.Dir)
	}
	shards := min(maxShards, (cost+costPerShard-1)/costPerShard, len(roots))
	for k := range shards {
		p.Matrix.Shard = append(p.Matrix.Shard, fmt.Sprintf("%d/%d", k+1, shards))
	}
	return p
}

// text prints one root a line, and with verbose below each why.
func (p *plan) text(w io.Writer, verbose bool) {
	lines := safe.Lines(w)
	defer lines.Flush()
	for _, r := range p.Roots {
		fmt.Fprintln(lines, safe.Line(r.Root))
		for _, why := range r.Reasons {
			if verbose {
				fmt.Fprintf(lines, "    %s\n", safe.Line(why))
			}
		}
	}
}

// remarks prints, for a person, what the list of roots does not say.
func (p *plan) remarks(w io.Writer) {
	for _, n := range p.Notes {
		fmt.Fprintf(w, "note: %s\n", safe.Line(n))
	}
	for _, n := range p.NotChecked {
		fmt.Fprintf(w, "not checked: %s\n", safe.Line(n))
	}
	for _, r := range p.Removed {
		fmt.Fprintf(w, "removed: %s\n", safe.Line(r))
	}
	noun := "roots"
	if p.Count == 1 {
		noun = "root"
	}
	fmt.Fprintf(w, "%d %s affected, %d not affected", p.Count, noun, p.Unaffected)
	if n := len(p.Unused); n > 0 {
		fmt.Fprintf(w, ", %d left out, only a base of others (--all-roots takes them)", n)
	}
	fmt.Fprintln(w)
}
