package graph

import (
	"path"
	"slices"
)

// link is what a symbolic link leads to.
type link struct {
	through []string // all links on the way, itself first
	real    string   // what it leads to; "" when it leads out or in a circle
}

// allLinks follows every symbolic link of the listing.
func (l *listing) allLinks() map[string]link {
	links := make(map[string]link, len(l.linked))
	for _, name := range l.linked {
		real, through, ok := l.resolve(name)
		if !ok {
			real = ""
		}
		links[name] = link{through, real}
	}
	return links
}

// Names returns the names whose change can change what name stands for: name
// itself, the symbolic links on the way, and what they lead to, which comes
// last. Name need not exist.
func (g *Graph) Names(name string) []string {
	name = path.Clean(name)
	names := []string{name}
	done, rest := ".", name
	for rest != "" {
		var head string
		head, rest = cut(rest)
		next := path.Join(done, head)
		if l, ok := g.links[next]; ok {
			names = append(names, l.through...)
			if l.real == "" {
				return names
			}
			next = l.real
		}
		done = next
	}
	if done != names[len(names)-1] {
		names = append(names, done)
	}
	return names
}

// Below returns what can be read of a path that is used as a whole: everything
// at or below it, links followed, and all that kustomizations there can read.
func (g *Graph) Below(name string) *Closure {
	c := &Closure{}
	todo := []string{name}
	seen := map[string]bool{}
	for len(todo) > 0 {
		at := todo[0]
		todo = todo[1:]
		names := g.Names(at)
		real := names[len(names)-1]
		c.Paths = append(c.Paths, names...)
		if seen[real] {
			continue
		}
		seen[real] = true
		c.Trees = append(c.Trees, real)
		for l := range g.links {
			if within(l, real) && l != real {
				todo = append(todo, l)
			}
		}
		for _, d := range g.dirs {
			if !within(d, real) {
				continue
			}
			own := g.Closure(d)
			c.Paths = append(c.Paths, own.Paths...)
			c.Trees = append(c.Trees, own.Trees...)
			c.Opaque = append(c.Opaque, own.Opaque...)
		}
	}
	c.Paths, c.Trees = unique(c.Paths), unique(c.Trees)
	return c
}

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
