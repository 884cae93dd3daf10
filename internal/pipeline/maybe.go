package pipeline

import (
	"context"
	"fmt"
	"slices"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/render"
)

// Loose returns the objects of a root that may govern pods of other roots, see
// [mesh.Mesh].
type Loose func(objects []*render.Object, settings mesh.Settings) (loose []*render.Object, everywhere bool)

// loose is what a root holds for others.
type loose struct {
	objects    []*render.Object
	everywhere bool
}

// looseOf returns what a root holds for others, nil for nothing, and where it does
// not render: that is told of the root itself.
func (r *run) looseOf(ctx context.Context, root render.Root, settings mesh.Settings) *loose {
	res, err := r.render(ctx, root, false)
	if err != nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l, known := r.looses[root]
	if !known {
		if objects, everywhere := r.Loose(res.Objects, settings); objects != nil {
			l = &loose{objects, everywhere}
		}
		r.looses[root] = l
	}
	return l
}

// maybe adds to p what the rules find of a group if it shares a cluster with one
// of the roots of which nobody knows whether it does. Of what is found without
// them nothing is said again.
func (r *run) maybe(ctx context.Context, g Group, p *part, judged func() []judged, objects []*render.Object, reported map[*render.Object]bool) error {
	fine := make(map[string]bool)
	namespaces := make(map[string]bool)
	for _, one := range judged() {
		if reported[one.object] && one.judge().Verdict == mesh.OK {
			fine[one.subject.String()] = true
			for _, ns := range one.namespaces {
				namespaces[ns] = true
			}
		}
	}
	if len(fine) == 0 || r.Loose == nil {
		return nil
	}
	isContext := func(o *render.Object) bool { return !reported[o] }
	own := kube.Expand(objects)
	for _, other := range g.Maybe {
		l := r.looseOf(ctx, other, g.Mesh)
		if l == nil || !l.everywhere && !slices.ContainsFunc(l.objects, func(o *render.Object) bool { return namespaces[o.NamespaceOrDefault()] }) {
			continue
		}
		all := slices.Concat(own, l.objects)
		joined, err := r.Build(all, isContext, g.Mesh)
		if err != nil {
			return err
		}
		for _, f := range check.Run(r.Rules, all, doubtOf(joined, fine, g.Roots[0].Dir, other.Dir)) {
			if f.Verdict != mesh.Unknown || !reported[f.At.Object] || !fine[f.Subject.String()] {
				continue
			}
			it, err := r.locator.Item(ctx, f.At.Object.Root, f)
			if err != nil {
				return err
			}
			p.items = append(p.items, it)
		}
	}
	return ctx.Err()
}

// doubt is a model of two roots of which nobody knows whether they share a
// cluster: what passes without the other one, and fails with it, is unknown.
type doubt struct {
	mesh.Model
	fine        map[string]bool // the probes and callers that pass without
	root, other string
}

// doubtOf returns the doubt about a model, with answers to callers if the model
// has them.
func doubtOf(joined mesh.Model, fine map[string]bool, root, other string) mesh.Model {
	d := &doubt{Model: joined, fine: fine, root: root, other: other}
	if m, ok := joined.(mesh.Answering); ok {
		return &doubtfulAnswers{Answering: m, doubt: d}
	}
	return d
}

// doubtfulAnswers is a doubt that is asked by callers, too.
type doubtfulAnswers struct {
	mesh.Answering
	doubt *doubt
}

// Judge implements [mesh.Model].
func (d *doubtfulAnswers) Judge(p *probe.Probe) mesh.Judgement { return d.doubt.Judge(p) }

// Notices implements [mesh.Model].
func (d *doubtfulAnswers) Notices() []mesh.Notice { return nil }

// Answer implements [mesh.Answering]. Which of the callers are fine without the
// other root is for who reads the findings to see.
func (d *doubtfulAnswers) Answer(c mesh.Call) mesh.Judgement {
	j := d.Answering.Answer(c)
	if j.Verdict != mesh.OK {
		d.doubt.unsure(&j)
	}
	return j
}

// Judge implements [mesh.Model].
func (d *doubt) Judge(p *probe.Probe) mesh.Judgement {
	j := d.Model.Judge(p)
	if !d.fine[check.SubjectOf(p).String()] || j.Verdict != mesh.Breaks && j.Verdict != mesh.Ambiguous || j.Cause != mesh.CauseMTLS {
		return mesh.Judgement{Probe: p, Verdict: mesh.OK}
	}
	d.unsure(&j)
	return j
}

// unsure makes a verdict unknown, and says what would settle it.
func (d *doubt) unsure(j *mesh.Judgement) {
	j.Verdict = mesh.Unknown
	j.Assumed = append(slices.Clone(j.Assumed), fmt.Sprintf("%s and %s run in one cluster, which nothing in view says", d.other, d.root))
	j.Remedies = []mesh.Remedy{{
		Title: fmt.Sprintf("Say in .probe-mtls.yaml whether they share a cluster: environments: [{name: main, roots: [%s, %s]}] judges them together, an environment for each keeps them apart", d.root, d.other),
		YAML:  fmt.Sprintf("environments:\n- name: main\n  roots:\n  - %q\n  - %q\n", d.root, d.other),
	}}
}

// Notices implements [mesh.Model]: they are told of each root by itself.
func (d *doubt) Notices() []mesh.Notice { return nil }
