package app

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/config"
	"github.com/org/probe-mtls-action/internal/gitops/deployed"
	"github.com/org/probe-mtls-action/internal/outfile"
	"github.com/org/probe-mtls-action/internal/pipeline"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/rules"
	"github.com/org/probe-mtls-action/internal/scope"
	"github.com/org/probe-mtls-action/internal/settings"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
	"github.com/org/probe-mtls-action/render/manifest"
	"github.com/org/probe-mtls-action/render/manifest/sniff"
	"github.com/org/probe-mtls-action/render/source"
)

// path returns the absolute form of a path as the user gave it.
func (e *Env) path(p string) string {
	if filepath.IsAbs(p) || e.Dir == "" {
		return p
	}
	return filepath.Join(e.Dir, p)
}

func runCheck(ctx context.Context, env *Env, s *settings.Values) error {
	repo, sc, err := openSince(ctx, env, s)
	if err != nil {
		return err
	}
	defer repo.close()
	if s.Output != "" && s.Output != "-" {
		if err := outfile.Check(env.path(s.Output), repo.output()); err != nil {
			return outputError("--output "+s.Output, err)
		}
	}
	rep, err := examine(ctx, env, repo, s, sc)
	if err != nil {
		return err
	}
	if s.Fix != "" {
		return runFix(ctx, env, s, repo, rep)
	}
	if s.AddIgnore != "" {
		return runIgnore(ctx, env, s, repo, rep)
	}
	policy := policy(s, repo.config)
	if err := write(env, repo, s, rep, policy); err != nil {
		return err
	}
	return conclude(rep, policy)
}

// openSince opens the repository and resolves --base. Close the repository after
// use.
func openSince(ctx context.Context, env *Env, s *settings.Values) (*repository, *scope.Scope, error) {
	repo, err := open(ctx, env, s)
	if err != nil {
		return nil, nil, err
	}
	sc, err := since(ctx, repo, s)
	if err != nil {
		repo.close()
		return nil, nil, err
	}
	return repo, sc, nil
}

// since resolves --base; without it there is no scope.
func since(ctx context.Context, repo *repository, s *settings.Values) (*scope.Scope, error) {
	if s.Base == "" {
		return nil, nil
	}
	repo.buildGraph()
	r := scope.Resolver{Repo: repo.git}
	sc, err := r.Since(ctx, s.Base)
	if err != nil {
		return nil, usagef("--base: %w", err)
	}
	return sc, nil
}

// conclude turns a report that was written into the exit code.
func conclude(rep *report.Report, p report.Policy) error {
	if code := rep.Conclude(p).ExitCode(); code != ExitOK {
		return &exitError{code: code}
	}
	return nil
}

// examine renders and judges the work tree. With a scope, findings are compared
// with its base, and with changedOnly only affected roots are checked.
func examine(ctx context.Context, env *Env, repo *repository, s *settings.Values, sc *scope.Scope) (*report.Report, error) {
	go kustomize.Prepare()
	rep := newReport(env, repo, s)
	c, err := newComparison(ctx, repo, s, sc)
	if err != nil {
		return nil, err
	}
	defer c.close()
	roots, err := c.choose(ctx, rep)
	if err != nil {
		return nil, err
	}
	if err := c.missing(ctx, rep); err != nil {
		return nil, notChecked(err)
	}
	d, err := repo.deployments(ctx, s)
	if err != nil {
		return nil, err
	}
	groups, err := repo.group(ctx, repo.view(repo.tree, d), roots, s)
	if err != nil {
		return nil, err
	}
	head := engine(env, repo.tree, d.renderer, s)
	head.Complete = c.complete()
	// Nobody can change a stream. A proof renders again what it touches: a run over
	// a whole large repository shows what to do as advice, unless it is to fix.
	if repo.git != nil && (len(groups) <= maxProven || s.Fix != "" || s.AddIgnore != "") {
		repo.fixes = newFixes(repo)
		if s.Fix == "" {
			repo.fixes.MaxWork = maxUnasked
		}
		if s.AddIgnore == "" {
			head.Prover = repo.fixes
		}
	}
	if c.tree != nil {
		head.ListObjects = true
		ahead, cancel := context.WithCancel(ctx)
		defer cancel()
		head.Idle = c.renderAhead(ahead, roots)
	}
	res, err := head.Run(ctx, groups)
	if err != nil {
		return nil, runError(ctx, err)
	}
	take(rep, res)
	if over(s, repo.config.Mesh).IstioVersion == "" && len(res.Versions) == 1 {
		rep.Tool.IstioVersion = res.Versions[0] // as what is in view has it
	}
	if rep.Unseen, err = repo.notLookedAt(d); err != nil {
		return nil, err
	}
	if repo.git != nil {
		g, err := repo.graph()
		if err != nil {
			return nil, notChecked(err)
		}
		rep.Notes = append(rep.Notes, repo.idle(g, d)...)
	}
	if rep.Interrupted {
		return rep, nil
	}
	err = c.judgeBase(ctx, rep, res)
	if err == nil {
		err = c.tellHidden(ctx, rep)
	}
	if err != nil && ctx.Err() != nil {
		rep.Interrupted = true
		rep.Notes = append(rep.Notes, report.Remark{Text: "the run was told to end before the findings were compared with the base"})
		return rep, nil
	}
	if err != nil {
		return nil, err
	}
	boundUnknown(rep)
	if err := repo.finishFixes(ctx, s, rep); err != nil {
		return nil, err
	}
	if err := c.acceptBaseline(env, s, rep); err != nil {
		return nil, err
	}
	if err := c.markSkips(ctx, rep); err != nil {
		return nil, err
	}
	return rep, repo.lowerBases(rep, c.before)
}

// engine wires a tree, the mesh and the rules.
func engine(env *Env, tree render.Tree, r *deployed.Renderer, s *settings.Values) *pipeline.Engine {
	return &pipeline.Engine{
		Tree:      tree,
		Renderers: map[string]render.Renderer{graph.Renderer: r, graph.Manifests: r},
		Draft: func(draft render.Tree) map[string]render.Renderer {
			d := r.On(draft)
			return map[string]render.Renderer{graph.Renderer: d, graph.Manifests: d}
		},
		Build:      theMesh.Build,
		Rules:      rules.All(),
		Loose:      theMesh.Loose,
		Jobs:       jobs(s),
		ListJudged: s.Format == "junit",
		Heavy:      r.Above(func(t render.Tree) deployed.Apart { return apart(env, t, s) }),
	}
}

// take moves what a run of the head found into the report.
func take(rep *report.Report, res *pipeline.Result) {
	rep.Items = res.Items
	rep.Skipped = append(rep.Skipped, res.Skipped...)
	rep.Notes = append(rep.Notes, res.Notes...)
	rep.Roots = res.Roots
	rep.Probes, rep.Callers = res.Probes, res.Callers
	rep.Judged = res.Judged
	rep.Interrupted = res.Interrupted
}

// whole makes an error of a result that is not whole, for whoever can do nothing
// with a part.
func whole(res *pipeline.Result, err error) (*pipeline.Result, error) {
	if err == nil && res.Interrupted {
		return nil, context.Canceled
	}
	return res, err
}

// runError tells an interrupted run from a mistake in the mesh options.
func runError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return notChecked(errInterrupted)
	}
	return usage(err)
}

func newReport(env *Env, repo *repository, s *settings.Values) *report.Report {
	rep := &report.Report{
		Tool:  report.Tool{Version: version(env), Commit: commit(env), Mesh: theMesh.Names, IstioVersion: or(over(s, repo.config.Mesh).IstioVersion, newestIstio())},
		Rules: rules.All(),
	}
	rep.Scope.Shard = s.Shard.String()
	return rep
}

// discover finds the roots to check. What could not be read, and paths without
// any root, become "not checked" entries of rep.
func (r *repository) discover(ctx context.Context, s *settings.Values, rep *report.Report) ([]render.Root, error) {
	d, err := r.deployments(ctx, s)
	if err != nil {
		return nil, err
	}
	var roots []render.Root
	seen := make(map[render.Root]bool)
	for _, p := range r.paths {
		found, problems, err := r.rootsAt(ctx, d, p)
		if err != nil {
			return nil, usage(err)
		}
		for _, problem := range problems {
			rep.Skipped = append(rep.Skipped, report.Skip{Problem: problem})
		}
		if len(found) == 0 && len(problems) == 0 {
			rep.Skipped = append(rep.Skipped, report.Skip{Root: p, Problem: render.Problem{
				Message: "there is no kustomization root at or below this path, and no Kubernetes manifest",
				Hint:    "give a directory that holds a kustomization.yaml of kind Kustomization or manifests, or one above it",
			}})
		}
		for _, root := range found {
			if !seen[root] && !r.config.Excluded(root.Dir) {
				seen[root] = true
				roots = append(roots, root)
			}
		}
	}
	return roots, nil
}

// rootsAt returns the roots at or below a path, which may be a file.
func (r *repository) rootsAt(ctx context.Context, d *deployments, p string) ([]render.Root, []render.Problem, error) {
	if info, err := r.tree.Stat(p); err == nil && !info.IsDir() {
		data, err := r.tree.ReadFile(p)
		switch c := sniff.At(data); {
		case err != nil || c.Objects > 0:
		case c.Template:
			return nil, []render.Problem{{
				At:      source.Span{File: p},
				Message: "the file is a template, which holds no object before it is filled in",
				Hint:    "check what is made of it: helm template … | probe-mtls-action check -",
			}}, nil
		default:
			return nil, []render.Problem{{
				At:      source.Span{File: p},
				Message: "the file holds no Kubernetes object, with apiVersion, kind and metadata",
				Hint:    "give a file of manifests, a directory, or a kustomization",
			}}, nil
		}
		return []render.Root{{Dir: p, Renderer: manifest.Name}}, nil, nil
	}
	found, problems, err := graph.Discover(ctx, r.tree, []string{p})
	if err != nil {
		return nil, nil, err
	}
	found = slices.DeleteFunc(found, func(root render.Root) bool { return d.covered[root.Dir] && root.Dir != p })
	for _, root := range d.roots() {
		plain := root.Renderer == manifest.Name && within(root.Dir, p) && !r.isContext(root.Dir)
		if plain || d.enters(root.Dir, p) {
			found = append(found, root)
		}
	}
	slices.SortFunc(found, func(a, b render.Root) int { return strings.Compare(a.Dir, b.Dir) })
	return slices.Compact(found), problems, nil
}

// isContext reports whether a directory of plain manifests is only context: the
// user named it as that, and not as something to check.
func (r *repository) isContext(dir string) bool {
	named := func(p string) bool { return within(dir, p) && !slices.Contains(r.paths, dir) }
	if slices.ContainsFunc(r.extra, named) || slices.ContainsFunc(r.config.Context, named) {
		return true
	}
	return slices.ContainsFunc(r.config.Environments, func(e config.Environment) bool { return slices.ContainsFunc(e.Context, named) })
}

// maxProven is how many groups of roots a run may have to prove fixes without
// being asked to.
const maxProven = 100

// maxUnasked bounds the work on fixes of one group that nobody asked for, in bytes
// of the files that they change.
const maxUnasked = 4 << 20
