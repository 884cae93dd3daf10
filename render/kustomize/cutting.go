package kustomize

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/trace"
)

// cutting decides which payloads the renders of one root leave out. A nil cutting
// leaves out nothing. It is not safe for concurrent use.
type cutting struct {
	store *store
	dir   string
	known *reach // nil before it is asked for
	// made counts the payloads that were left out of each object.
	made map[*site]int
	// kept are objects whose payloads stay.
	kept map[*site]bool
}

// cutting returns the cutting of the root at dir, nil where what kustomize reads
// is not known before.
func (r *Renderer) cutting(dir string) *cutting {
	if r.opts.AllowRemote || r.opts.EnableHelm {
		return nil
	}
	return &cutting{store: r.store, dir: dir, made: map[*site]int{}, kept: map[*site]bool{}}
}

// of lists the payloads to be cut from f where it is read in the role r. Edits are
// made in the same render: what they change stays.
func (c *cutting) of(f *file, r role, edits []trace.Edit) []*payload {
	if c == nil || r != roleResource {
		return nil
	}
	var out []*payload
	counts := map[*site]int{}
	for _, p := range f.payloads() {
		if c.known == nil {
			c.known = c.store.reach(c.dir)
		}
		if c.kept[p.object] || c.known.reaches(p) || p.changedBy(edits) {
			continue
		}
		out = append(out, p)
		counts[p.object]++
	}
	for o, n := range counts {
		c.made[o] = n
	}
	return out
}

func (p *payload) changedBy(edits []trace.Edit) bool {
	for _, e := range edits {
		if e.Start < p.cut.End && p.cut.Start < e.End || e.Start == e.End && e.Start > p.cut.Start && e.Start < p.cut.End {
			return true
		}
	}
	return false
}

// proven reports whether the render of v read no kustomization but those that the
// cutting was decided by.
func (c *cutting) proven(v *view) bool {
	if c == nil || len(c.made) == 0 {
		return true
	}
	for _, f := range v.reads {
		if v.roles[f.name]&roleKustomization != 0 && !c.known.files[f.name] {
			return false
		}
	}
	return true
}

// restore puts the payloads of the rendered object n, which comes from src, in
// their places. It returns false where one did not come out just as it went in.
func (c *cutting) restore(n *yaml.Node, src *site) bool {
	if c == nil || len(c.made) == 0 {
		return true
	}
	found := map[*payload]bool{}
	var walk func(n *yaml.Node) bool
	walk = func(n *yaml.Node) bool {
		if n.Kind == yaml.ScalarNode {
			return !strings.Contains(n.Value, c.store.words.begin)
		}
		for i, child := range n.Content {
			if p := c.store.words.payload(stand(child)); p == nil {
				if !walk(child) {
					return false
				}
			} else if p.object != src || found[p] || n.Kind != yaml.MappingNode || i%2 == 0 || n.Content[i-1].Value != p.key || child.Kind == yaml.ScalarNode != (p.value.Kind == yaml.MappingNode) {
				return false
			} else {
				found[p] = true
				n.Content[i] = p.value
			}
		}
		return true
	}
	return walk(n) && (src == nil || len(found) == c.made[src])
}

// stand returns the text of n, or of the only value in the only item of n, which
// stands for a list.
func stand(n *yaml.Node) string {
	if n.Kind == yaml.SequenceNode && len(n.Content) == 1 {
		if item := n.Content[0]; item.Kind == yaml.MappingNode && len(item.Content) == 2 {
			return item.Content[1].Value
		}
	}
	return n.Value
}

// keep keeps the payloads of the object at src from now on.
func (c *cutting) keep(src *site) {
	if c != nil && src != nil {
		c.kept[src] = true
	}
}

// inPayload reports whether path leads into a payload of o.
func (t *tracer) inPayload(o *render.Object, path render.Path) bool {
	src := t.sources[o]
	if t.cut == nil || src == nil || t.cut.made[src] == 0 {
		return false
	}
	keys := make([]string, len(path))
	for i, s := range path {
		if keys[i] = s.Key; s.Index >= 0 {
			keys[i] = "*"
		}
	}
	for _, p := range src.document.file.payloads() {
		if p.object == src && overlap(p.path, keys) {
			return true
		}
	}
	return false
}

// fields lists the fields of the object at src that are left out as a whole.
func (c *cutting) fields(src *site) []string {
	if c == nil || c.made[src] == 0 {
		return nil
	}
	var out []string
	for _, p := range src.document.file.payloads() {
		if p.object == src && len(p.path) == 1 {
			out = append(out, p.key)
		}
	}
	return out
}
