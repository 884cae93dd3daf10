package kustomize

import "fmt"

// bound is what a render may take to be done in a process that renders other
// roots as well.
type bound struct {
	files, bytes, nodes, objects, names, pasted, copies, steps float64
}

// firstBound lets every repository pass that was looked at, ten times over, and
// keeps a render below a minute of CPU time and a gibibyte.
var firstBound = bound{
	files: 10_000, bytes: 128 << 20, nodes: 2_000_000, objects: 6_000,
	names: 64 << 10, pasted: 256 << 20, copies: 8, steps: 20e9,
}

// exceeds says by what l is above b, "" if by nothing.
func (b bound) exceeds(l load) string {
	for _, one := range []struct {
		takes, bound float64
		what         string
	}{
		{l.files, b.files, "files to read"},
		{l.bytes, b.bytes, "bytes to read"},
		{l.nodes, b.nodes, "YAML values with aliases expanded"},
		{l.objects, b.objects, "objects"},
		{l.names, b.names, "bytes of name prefixes"},
		{l.pasted, b.pasted, "bytes that transformations may add"},
		{l.copies, b.copies, "copy operations"},
		{l.steps / 1e9, b.steps / 1e9, "seconds of CPU time by estimate"},
	} {
		if one.takes > one.bound {
			return fmt.Sprintf("%.3g %s, more than %.3g", one.takes, one.what, one.bound)
		}
	}
	return l.unproven
}
