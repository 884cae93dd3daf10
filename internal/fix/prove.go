package fix

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/fix/unified"
	"github.com/org/probe-mtls-action/internal/pipeline"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

func diff(name string, before, after *string) string { return unified.Diff(name, before, after) }

// proof proves plans for one case: many with one render, as long as what each of
// them changes can be told apart.
type proof struct {
	s       *Session
	c       *pipeline.Case
	before  map[ID]check.Finding
	renders int
}

const (
	// maxRounds bounds how often the next plans of findings are tried.
	maxRounds = 6
	// maxRenders bounds the renders of one case, per root of it.
	maxRenders = 12
)

func newProof(s *Session, c *pipeline.Case) *proof {
	return &proof{s: s, c: c, before: byID(c.Findings)}
}

func byID(findings []check.Finding) map[ID]check.Finding {
	out := make(map[ID]check.Finding, len(findings))
	for i := range findings {
		out[idOf(&findings[i])] = findings[i]
	}
	return out
}

// run proves one plan of each try, the nearest layer that holds.
func (pr *proof) run(ctx context.Context, tries []*try) error {
	for range maxRounds {
		open := slices.DeleteFunc(slices.Clone(tries), (*try).over)
		if len(open) == 0 {
			return nil
		}
		for len(open) > 0 {
			var batch []*try
			if batch, open = pr.together(open); len(batch) == 0 {
				break
			}
			if err := pr.prove(ctx, batch); err != nil {
				return err
			}
		}
	}
	return nil
}

// together takes from the tries those that can be proven with one render. Tries
// whose plan cannot be made at all go on to their next one.
func (pr *proof) together(open []*try) (batch, rest []*try) {
	all := pr.s.fresh()
	for _, t := range open {
		for !t.over() && t.plan().apply(pr.s.fresh()) != nil {
			t.at++
		}
		switch {
		case t.over():
		case slices.ContainsFunc(batch, func(o *try) bool { return o.plan().clash(t.plan()) }), t.plan().apply(all) != nil:
			rest = append(rest, t)
		default:
			batch = append(batch, t)
		}
	}
	return batch, rest
}

// touched returns the results of the case that read one of the files.
func (pr *proof) touched(files []string) []*render.Result {
	var out []*render.Result
	for _, res := range pr.c.Results {
		if slices.ContainsFunc(files, func(f string) bool { return reads(res, f) }) {
			out = append(out, res)
		}
	}
	return out
}

// reads reports whether a render read a file, or would have if it had existed.
func reads(res *render.Result, file string) bool {
	if _, ok := slices.BinarySearch(res.Inputs, file); ok {
		return true
	}
	dir := res.Root.Dir
	return res.Root.Renderer != graph.Renderer && (dir == "." || strings.HasPrefix(file, dir+"/"))
}

// prove proves the plans of a batch, or parts it where they cannot be told apart.
func (pr *proof) prove(ctx context.Context, batch []*try) error {
	d := pr.s.fresh()
	for _, t := range batch {
		if err := t.plan().apply(d); err != nil {
			return pr.part(ctx, batch) // each can be applied alone
		}
	}
	var files []string
	for f := range d.files {
		files = append(files, f)
	}
	var changes []change
	for _, res := range pr.touched(files) {
		if pr.renders++; pr.renders > maxRenders*len(pr.c.Results) {
			return pr.fail(batch)
		}
		after, err := pr.c.Render(ctx, d, res.Root)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil || worse(res.Refusals, after.Refusals) {
			return pr.part(ctx, batch)
		}
		changes = append(changes, compareRoot(res.Root, res.Objects, after.Objects)...)
	}
	shares, ok := attribute(batch, changes)
	if !ok {
		return pr.part(ctx, batch)
	}
	return pr.judge(ctx, shares)
}

// worse reports whether kustomize would refuse more than before.
func worse(before, after []render.Problem) bool {
	for _, r := range after {
		if !slices.ContainsFunc(before, func(b render.Problem) bool { return b.Message == r.Message }) {
			return true
		}
	}
	return false
}

// part proves the halves of a batch one after the other; a plan that does not
// hold alone gives way to the next of its try.
func (pr *proof) part(ctx context.Context, batch []*try) error {
	if len(batch) == 1 {
		return pr.fail(batch)
	}
	half := len(batch) / 2
	return errors.Join(pr.prove(ctx, batch[:half]), pr.prove(ctx, batch[half:]))
}

func (pr *proof) fail(batch []*try) error {
	for _, t := range batch {
		t.at++
	}
	return nil
}

// share is what a plan changed.
type share struct {
	t       *try
	changes []change
	also    []string // objects that it does not name, but changes likewise
}

// attribute gives each change to the plan that names it. It fails where a change
// is named by none, or may be several plans'.
func attribute(batch []*try, changes []change) ([]*share, bool) {
	shares := make([]*share, len(batch))
	for i, t := range batch {
		shares[i] = &share{t: t}
	}
	for _, c := range changes {
		var exact, like []*share
		for _, s := range shares {
			switch s.t.plan().says(c) {
			case named:
				exact = append(exact, s)
			case likewise:
				like = append(like, s)
			}
		}
		switch {
		case len(exact) == 1:
			exact[0].changes = append(exact[0].changes, c)
		case len(exact) == 0 && len(like) == 1:
			like[0].changes = append(like[0].changes, c)
			like[0].also = append(like[0].also, c.object().Kind+" "+c.object().NamespaceOrDefault()+"/"+c.object().Name)
		default:
			return nil, false
		}
	}
	return shares, true
}

// mention is how a plan speaks of a change.
type mention int

const (
	unnamed mention = iota
	likewise
	named
)

// says tells how the plan names a change: by its object and path, or by its path
// in another object, which the same text gives its value.
func (p *Plan) says(c change) mention {
	o := c.object()
	id := identityOf(o.Authored)
	out := unnamed
	for _, n := range p.names {
		switch {
		case c.before == nil || c.after == nil:
			if len(n.path) == 0 && n.object.kind == o.Kind && n.object.group == o.Group &&
				(id.name == n.object.name || strings.Contains(o.Name, n.object.name)) {
				return named
			}
		case len(n.path) == 0 || !alike(n.path, c.path) || len(n.path) > len(c.path):
		case n.object == id:
			return named
		case n.object.kind == id.kind && n.object.group == id.group:
			out = likewise
		}
	}
	return out
}

// judge judges the case as each plan would make it. Plans of one kind that are
// about different workloads are judged together.
func (pr *proof) judge(ctx context.Context, shares []*share) error {
	classes := map[string][]*share{}
	var order []string
	for _, s := range shares {
		k := s.class(pr.before)
		if classes[k] == nil {
			order = append(order, k)
		}
		classes[k] = append(classes[k], s)
	}
	for _, k := range order {
		if err := pr.judgeClass(ctx, classes[k]); err != nil {
			return err
		}
	}
	return nil
}

// class tells which plans can be judged together: those that change the same
// field of the workload that they are for, or give it an object of its own.
func (s *share) class(before map[ID]check.Finding) string {
	p := s.t.plan()
	if len(s.also) > 0 || len(p.names) == 0 {
		return p.Key
	}
	if len(p.names[0].path) == 0 {
		if n := len(p.names); n > 1 || p.steps[0].document != nil {
			return p.Key
		}
		return "new " + p.names[0].object.kind
	}
	kind := ""
	for _, n := range p.names {
		kind += " " + pattern(n.path)
		for id := range s.t.wants {
			if f := before[id]; f.Subject.Container == "" || f.At.Object == nil || identityOf(f.At.Object.Authored) != n.object {
				return p.Key
			}
		}
	}
	return kind
}

func (pr *proof) judgeClass(ctx context.Context, shares []*share) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	after, err := pr.c.Judge(pr.objects(shares))
	if err != nil {
		return err
	}
	now := byID(after)
	var came []check.Finding
	for id, f := range now {
		old, had := pr.before[id]
		if !had || f.Severity.Rank() > old.Severity.Rank() {
			came = append(came, f)
		}
	}
	if len(shares) > 1 && len(came) > 0 {
		for _, s := range shares {
			if err := pr.judgeClass(ctx, []*share{s}); err != nil {
				return err
			}
		}
		return nil
	}
	for _, s := range shares {
		gone := map[ID]bool{}
		wanted := false
		for id := range pr.before {
			if _, still := now[id]; !still && (len(shares) == 1 || s.t.wants[id]) {
				gone[id] = true
				wanted = wanted || s.t.wants[id]
			}
		}
		if len(s.t.wants) > 0 && (!wanted || len(s.changes) == 0) || len(came) > 0 {
			s.t.at++
			continue
		}
		slices.Sort(s.also)
		s.t.outcome = &outcome{gone: gone, also: slices.Compact(s.also), changes: len(s.changes)}
	}
	return nil
}

// objects returns the objects of the case with the changes of some plans.
func (pr *proof) objects(shares []*share) []*render.Object {
	changed := map[*render.Object][]change{}
	gone := map[*render.Object]bool{}
	var out []*render.Object
	for _, s := range shares {
		for _, c := range s.changes {
			switch {
			case c.before == nil:
				out = append(out, c.after)
			case c.after == nil:
				gone[c.before] = true
			default:
				changed[c.before] = append(changed[c.before], c)
			}
		}
	}
	for _, res := range pr.c.Results {
		for _, o := range res.Objects {
			switch {
			case gone[o]:
			case changed[o] != nil:
				out = append(out, with(o, changed[o]))
			default:
				out = append(out, o)
			}
		}
	}
	return out
}
