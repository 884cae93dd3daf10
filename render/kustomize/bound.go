package kustomize

import (
	"errors"
	"fmt"
	"path"
	"strconv"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// bound is what a render may take, by the estimate of its files.
type bound struct {
	files, bytes, nodes, objects, names, pasted, copies, steps float64
}

// firstBound is for a render in a process that renders other roots as well. It
// lets pass ten times what the largest root takes of the public repositories that
// were looked at, and keeps a render below some ten seconds of CPU time and a
// gibibyte.
var firstBound = bound{
	files: 10_000, bytes: 128 << 20, nodes: 2_000_000, objects: 6_000,
	names: 64 << 10, pasted: 256 << 20, copies: 8, steps: 20e9,
}

// secondBound is for a render in a process of its own, which has limits besides.
func secondBound(l Limits) bound {
	return bound{
		files: float64(l.Files), bytes: float64(l.TotalSize), nodes: float64(l.TotalNodes), objects: float64(l.Objects),
		names: 1 << 20, pasted: 4 << 30, copies: 100, steps: 4 * float64(l.CPU),
	}
}

// checkBounds returns an error for a root that is not to be given to kustomize
// here.
func (r *Renderer) checkBounds(root render.Root) error {
	l := r.survey(path.Clean(root.Dir))
	problem := func(message string) render.Problem {
		p := render.Problem{Message: message, Hint: "Split the root, or exclude it in .probe-mtls.yaml."}
		if f := r.kustomizationIn(root.Dir); f != nil {
			p.At = source.Span{File: f.name}
		}
		return p
	}
	if why := secondBound(r.opts.Limits).exceeds(l); why != "" {
		p := problem("the render takes too much: " + why + ", the limit for one root")
		return &render.Error{Root: root, Problem: p, Err: fmt.Errorf("%w: %s", render.ErrTooMuch, why)}
	}
	if r.opts.Confined {
		return nil
	}
	why := firstBound.exceeds(l)
	if why == "" {
		why = l.unproven
	}
	if why == "" {
		return nil
	}
	p := problem("it is to be rendered in a process of its own: " + why)
	return &render.Error{Root: root, Problem: p, Err: errors.Join(render.ErrAbove, errors.New(why))}
}

// exceeds says by what l is above b, "" if by nothing.
func (b bound) exceeds(l load) string {
	for _, one := range []struct {
		takes, bound float64
		what         string
	}{
		{l.files, b.files, "files"},
		{l.bytes, b.bytes, "bytes of files"},
		{l.nodes, b.nodes, "values with aliases expanded"},
		{l.objects, b.objects, "objects"},
		{l.names, b.names, "bytes of name prefixes and suffixes"},
		{l.pasted, b.pasted, "bytes that patches, labels and replacements may add to objects"},
		{l.copies, b.copies, "copy operations"},
		{l.steps / 1e9, b.steps / 1e9, "seconds of CPU time by estimate"},
	} {
		if one.takes > one.bound {
			return fmt.Sprintf("%s %s, more than %s", count(one.takes), one.what, count(one.bound))
		}
	}
	return ""
}

func count(n float64) string {
	if n < 1e15 {
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	return strconv.FormatFloat(n, 'g', 2, 64)
}
