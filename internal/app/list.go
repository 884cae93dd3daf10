package app

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/gitops/discover"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/safe"
	"github.com/org/probe-mtls-action/internal/settings"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

// list is what `check --list --format json` prints.
type list struct {
	Roots       []listRoot      `json:"roots"`
	NotLookedAt []report.Unseen `json:"notLookedAt"`
}

type listRoot struct {
	Path     string `json:"path"`
	Renderer string `json:"renderer"` // kustomize or manifest
	// Namespace is the one that a deployer sets, "" for none.
	Namespace    string         `json:"namespace"`
	Environments []string       `json:"environments"`
	DeployedBy   []listDeployer `json:"deployedBy"`
	Holes        []listHole     `json:"holes"`

	assumed []string
}

type listDeployer struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	File      string `json:"file"`
	Line      int    `json:"line"` // the first of the object
}

type listHole struct {
	File   string `json:"file"`
	Line   int    `json:"line"` // 0 where no line is known
	Reason string `json:"reason"`
}

// runList prints what a check would look at.
func runList(ctx context.Context, env *Env, s *settings.Values) error {
	if s.Format != "text" && s.Format != "json" {
		return usagef("--list prints text or json, not %s", s.Format)
	}
	repo, err := open(ctx, env, s)
	if err != nil {
		return err
	}
	defer repo.close()
	l, err := repo.list(ctx, s)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(env.Stdout)
	if s.Format == "json" {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		err = e.Encode(l)
	} else {
		l.text(w, s.Verbose)
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		return notChecked(fmt.Errorf("the list could not be written: %w", reason(err)))
	}
	return nil
}

// list finds the roots to check and what is not looked at.
func (r *repository) list(ctx context.Context, s *settings.Values) (*list, error) {
	g, err := r.graph()
	if err != nil {
		return nil, notChecked(err)
	}
	d, err := r.deployments(ctx, s)
	if err != nil {
		return nil, err
	}
	l := &list{Roots: []listRoot{}, NotLookedAt: []report.Unseen{}}
	rep := &report.Report{}
	roots, err := r.discover(ctx, s, rep)
	if err != nil {
		return nil, err
	}
	for _, root := range roots {
		found := d.byDir[root.Dir]
		if len(found) == 0 {
			found = []*discover.Root{{Root: root}}
		}
		var own []listRoot
		for _, f := range found {
			entry, err := r.listRoot(ctx, d, f)
			if err != nil {
				return nil, err
			}
			own = mergeRoots(own, entry)
		}
		l.Roots = append(l.Roots, own...)
	}
	l.NotLookedAt = append(l.NotLookedAt, r.unseen(g, d)...)
	return l, nil
}

// mergeRoots adds a root to those of the same path; ways to deploy it that set
// the same namespace are one.
func mergeRoots(all []listRoot, add listRoot) []listRoot {
	for i := range all {
		if e := &all[i]; e.Namespace == add.Namespace && e.Renderer == add.Renderer {
			e.Environments = union(e.Environments, add.Environments)
			e.DeployedBy = append(e.DeployedBy, add.DeployedBy...)
			e.assumed = append(e.assumed, add.assumed...)
			for _, h := range add.Holes {
				if !slices.Contains(e.Holes, h) {
					e.Holes = append(e.Holes, h)
				}
			}
			return all
		}
	}
	return append(all, add)
}

func union(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}

func (r *repository) listRoot(ctx context.Context, d *deployments, f *discover.Root) (listRoot, error) {
	out := listRoot{Path: f.Dir, Renderer: f.Renderer, Namespace: f.Namespace, Environments: []string{}, DeployedBy: []listDeployer{}, Holes: []listHole{}}
	names, err := r.environmentNames(f)
	if err != nil {
		return out, err
	}
	out.Environments = append(out.Environments, names...)
	for _, by := range f.By {
		out.DeployedBy = append(out.DeployedBy, listDeployer{by.Kind, by.Namespace, by.Name, by.At.File, by.At.Start.Line})
		if by.Assumed != "" && !slices.Contains(out.assumed, by.Assumed) {
			out.assumed = append(out.assumed, by.Assumed)
		}
	}
	for _, h := range d.holes(ctx, f.Root) {
		out.Holes = append(out.Holes, listHole{h.At.File, h.At.Start.Line, h.Message})
	}
	return out, nil
}

// environmentNames returns the environments of a root: the configuration's
// overrides those that are discovered.
func (r *repository) environmentNames(f *discover.Root) ([]string, error) {
	e, err := r.config.EnvironmentOf(f.Dir)
	if err != nil {
		return nil, usage(err)
	}
	if e != nil {
		return []string{e.Name}, nil
	}
	return f.Environments, nil
}

// holes returns the parts of a root that are not rendered; a root that does not
// render at all is one hole.
func (d *deployments) holes(ctx context.Context, root render.Root) []render.Problem {
	res, err := d.renderer.Render(ctx, root)
	if err == nil {
		return res.Holes
	}
	if e, ok := err.(*render.Error); ok {
		p := e.Problem
		if p.At.IsZero() {
			p.At.File = root.Dir
		}
		return []render.Problem{p}
	}
	return nil
}

// notLookedAt lists what no check of the paths looks at.
func (r *repository) notLookedAt(d *deployments) ([]report.Unseen, error) {
	g, err := r.graph()
	if err != nil {
		return nil, notChecked(err)
	}
	return r.unseen(g, d), nil
}

// unseen lists what no check of the paths looks at.
func (r *repository) unseen(g *graph.Graph, d *deployments) []report.Unseen {
	var out []report.Unseen
	add := func(u report.Unseen) {
		if r.isNear(u.File) {
			out = append(out, u)
		}
	}
	for _, u := range g.Unread() {
		if slices.ContainsFunc(d.Covered, func(dir string) bool { return within(u.File, dir) }) && u.Kind == graph.Manifest {
			continue
		}
		if r.isContext(path.Dir(u.File)) || slices.Contains(r.extra, u.File) || slices.Contains(r.config.Context, u.File) {
			continue
		}
		entry := report.Unseen{Kind: string(u.Kind), Name: u.File, File: u.File, Line: 1}
		switch u.Kind {
		case graph.Chart:
			entry.Name, entry.File = path.Base(u.File), path.Join(u.File, "Chart.yaml")
			entry.Reason = "a Helm chart is not rendered: check what helm template makes of it"
		case graph.Template:
			entry.Reason = "a template holds no object before it is filled in"
		case graph.Link:
			entry.Reason = "the link leads out of the repository, of which nothing is read"
		case graph.Manifest:
			entry.Reason = "no kustomization reads this file, and its directory is not one of plain manifests"
			if r.config.Excluded(path.Dir(u.File)) {
				continue
			}
		}
		add(entry)
	}
	for _, name := range g.Sheets() {
		if g.IsPatch(name) {
			continue
		}
		for _, rel := range g.Sheet(name).Releases {
			add(report.Unseen{Kind: rel.Kind, Namespace: rel.Namespace, Name: rel.Name, File: name, Line: rel.Line,
				Reason: "a Helm release is not rendered: what the chart makes is not known"})
		}
	}
	for _, u := range d.Unfollowed {
		add(report.Unseen{Kind: u.Kind, Namespace: u.Namespace, Name: u.Name, File: u.At.File, Line: u.At.Start.Line, Reason: u.Reason})
	}
	slices.SortFunc(out, func(a, b report.Unseen) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}

// isNear reports whether a file is at or below the checked paths.
func (r *repository) isNear(file string) bool {
	return slices.ContainsFunc(r.paths, func(p string) bool { return within(file, p) || within(p, file) })
}

// text prints the list for people.
func (l *list) text(w io.Writer, verbose bool) {
	if len(l.Roots) == 0 {
		fmt.Fprintln(w, "There is nothing to check: no kustomization and no Kubernetes manifest.")
	}
	for _, r := range l.Roots {
		line := r.Path + "  (" + r.Renderer
		if r.Namespace != "" {
			line += ", namespace " + r.Namespace
		}
		if len(r.Environments) > 0 {
			line += ", in " + strings.Join(r.Environments, ", ")
		}
		fmt.Fprintln(w, safe.Line(line+")"))
		for _, by := range r.DeployedBy {
			fmt.Fprintln(w, "    "+safe.Line(fmt.Sprintf("deployed by %s %s at %s:%d", by.Kind, named(by.Namespace, by.Name), by.File, by.Line)))
		}
		for _, a := range r.assumed {
			fmt.Fprintln(w, "    "+safe.Line("assumed: "+a))
		}
		for _, h := range r.Holes {
			fmt.Fprintln(w, "    "+safe.Line(fmt.Sprintf("hole at %s: %s", lineOf(h.File, h.Line), h.Reason)))
		}
	}
	fmt.Fprintf(w, "%s; not looked at: %s\n", report.Plural(len(l.Roots), "root", "roots"), report.CountUnseen(l.NotLookedAt))
	if !verbose {
		return
	}
	for _, u := range l.NotLookedAt {
		fmt.Fprintln(w, "  "+safe.Line(u.String()))
	}
}

func named(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}

func lineOf(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}
