package app

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/config"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
	"github.com/org/probe-mtls-action/render/source"
)

// idle tells of configuration that does nothing: patterns without a match, and
// files that are called like the configuration and are not read.
func (r *repository) idle(g *graph.Graph, d *deployments) []report.Remark {
	var roots, dirs []string
	for _, root := range d.all() {
		roots = append(roots, root.Dir)
	}
	for _, name := range g.Sheets() {
		dirs = append(dirs, path.Dir(name))
	}
	dirs = union(dirs, roots)
	var out []report.Remark
	tell := func(at source.Span, format string, args ...any) {
		out = append(out, report.Remark{At: report.Location{Span: at, Exact: true}, Text: fmt.Sprintf(format, args...), Level: check.Warning})
	}
	for _, s := range r.config.Says {
		switch s.Key {
		case "exclude[]":
			if !matchesAny(s.Value, dirs) {
				tell(s.At, "exclude %q matches no directory with manifests, so it leaves nothing out", s.Value)
			}
		case "environments[].roots[]":
			if !matchesAny(s.Value, roots) {
				tell(s.At, "the pattern %q of an environment matches no root, so it puts nothing into it", s.Value)
			}
		}
	}
	for _, name := range g.Sheets() {
		if text := r.unread(name); text != "" && r.isNear(path.Dir(name)) {
			tell(source.Span{File: name}, "%s", text)
		}
	}
	return out
}

func matchesAny(glob string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool { return doublestar.MatchUnvalidated(glob, dir) })
}

// nearName matches what people call the configuration file.
var nearName = regexp.MustCompile(`(?i)^\.?probe[-_.]?mtls(?:[-_.](?:action|config))?\.ya?ml$`)

// unread says that a file which is called like the configuration, or nearly so, is
// not read; "" for other files, and for those of directories that the run does not
// look at.
func (r *repository) unread(name string) string {
	base := path.Base(name)
	elems := strings.Split(name, "/")
	foreign := slices.ContainsFunc(elems[:len(elems)-1], func(e string) bool {
		return slices.Contains([]string{"testdata", "vendor", "node_modules", "third_party"}, e)
	})
	switch {
	case !nearName.MatchString(base), name == r.config.File, foreign, !r.near(path.Dir(name)):
		return ""
	case name == config.DefaultFile:
		return "this configuration is not read, as " + r.config.File + " is named"
	case base == config.DefaultFile:
		return "this configuration is not read: it is looked for at the repository's root; move it there, or name it with --config"
	}
	return fmt.Sprintf("this file is not read: the configuration is called %s, at the repository's root", config.DefaultFile)
}

// near reports whether a directory holds a checked path, or is at or below one.
func (r *repository) near(dir string) bool {
	return slices.ContainsFunc(r.paths, func(p string) bool { return within(dir, p) || within(p, dir) })
}
