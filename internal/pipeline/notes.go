package pipeline

import (
	"cmp"
	"errors"
	"slices"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render"
)

// errCut marks a root that a limit or a defect of this program ended.
var errCut = errors.New("cut short")

// skip makes the "not checked" entry of a root that did not render. A context
// root's tells that the verdicts of others rest on less than they should.
func skip(e *render.Error, own bool) report.Skip {
	s := report.Skip{Root: e.Root.Dir, Problem: e.Problem, Cut: errors.Is(e.Err, errCut) || errors.Is(e.Err, render.ErrAbove)}
	switch {
	case errors.Is(e, render.ErrRemote):
		s.Hint = render.RemoteHint
	case errors.Is(e, render.ErrHelm):
		s.Hint = render.HelmHint
	}
	s.Hint = allow(s.Hint)
	if !own {
		s.Message = "context: " + s.Message + "; its policies and namespaces are not known to the verdicts"
	}
	return s
}

// allow makes of a renderer's hint on what is off by default the flag that turns
// it on.
func allow(hint string) string {
	switch hint {
	case render.RemoteHint:
		return "Allow it with --allow-remote where the repository is trusted, or keep a copy in the repository."
	case render.HelmHint:
		return "Allow it with --enable-helm where the repository is trusted, or commit the rendered chart."
	}
	return hint
}

// remark makes a remark of something that a render has to tell.
func (r *run) remark(root render.Root, p render.Problem) report.Remark {
	text := p.Message
	if p.Hint != "" {
		text += ". " + p.Hint
	}
	return report.Remark{At: r.locator.Problem(p), Text: text, Roots: []string{root.Dir}}
}

// mergeSkips sorts and drops repetitions: a context root serves many groups.
func mergeSkips(in []report.Skip) []report.Skip {
	slices.SortStableFunc(in, func(a, b report.Skip) int {
		return cmp.Or(cmp.Compare(a.Root, b.Root), cmp.Compare(a.At.String(), b.At.String()), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(in)
}

// mergeNotes makes one remark of the same words at the same place in several
// roots.
func mergeNotes(in []report.Remark) []report.Remark {
	slices.SortStableFunc(in, func(a, b report.Remark) int {
		return cmp.Or(
			cmp.Compare(a.At.File, b.At.File),
			cmp.Compare(a.At.Start.Line, b.At.Start.Line),
			cmp.Compare(a.At.Start.Column, b.At.Start.Column),
			cmp.Compare(a.Text, b.Text),
		)
	})
	var out []report.Remark
	for _, n := range in {
		if k := len(out) - 1; k >= 0 && out[k].At.Span == n.At.Span && out[k].Text == n.Text {
			out[k].Roots = append(out[k].Roots, n.Roots...)
			continue
		}
		out = append(out, n)
	}
	for i := range out {
		slices.Sort(out[i].Roots)
		out[i].Roots = slices.Compact(out[i].Roots)
	}
	return out
}
