package kustomize_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize"
	"github.com/org/probe-mtls-action/render/kustomize/kustomizetest"
)

// TestCompareRender renders every root below the directories that COMPARE_RENDER
// lists, with this renderer and with kustomize alone (load restrictions off), and
// compares every object. scripts/compare-render runs it.
func TestCompareRender(t *testing.T) {
	dirs := filepath.SplitList(os.Getenv("COMPARE_RENDER"))
	if len(dirs) == 0 {
		t.Skip("COMPARE_RENDER names no directories")
	}
	var c comparison
	for _, dir := range dirs {
		tree, err := render.OpenTree(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer tree.Close()
		r := kustomize.New(tree, kustomize.Options{Confined: true})
		roots, err := r.Roots(context.Background(), []string{"."})
		if err != nil {
			t.Fatal(err)
		}
		for _, root := range roots {
			c.root(t, r, tree.Dir(), root)
		}
	}
	t.Logf("%d roots are equal, %d fail in both, %d are refused by us alone", c.equal, c.fail, c.refused)
	if c.equal == 0 {
		t.Error("no root was compared")
	}
}

type comparison struct{ equal, fail, refused int }

func (c *comparison) root(t *testing.T, r *kustomize.Renderer, dir string, root render.Root) {
	where := filepath.Join(dir, root.Dir)
	res, err := r.Render(context.Background(), root)
	if err != nil && isRefusal(err) {
		c.refused++
		t.Logf("%s: %v", where, err)
		return
	}
	objects, theirs := buildOnDisk(where)
	problem := ""
	switch {
	case err != nil && theirs == nil:
		problem = fmt.Sprintf("kustomize renders it, we do not: %v", err)
	case err != nil || theirs != nil && len(res.Refusals) > 0:
		c.fail++
		return
	case theirs != nil:
		problem = fmt.Sprintf("kustomize fails, we do not: %v", theirs)
	case len(res.Refusals) > 0:
		problem = fmt.Sprintf("kustomize does not refuse it, we do: %v", res.Refusals)
	default:
		problem = kustomizetest.Diff(objects, res.Objects)
	}
	if problem == "" {
		c.equal++
		return
	}
	t.Errorf("%s: %s", where, problem)
}

// isRefusal reports whether we do not let kustomize do what it would: reach for
// the network, run a program, leave the tree.
func isRefusal(err error) bool {
	e := (*render.Error)(nil)
	if !errors.As(err, &e) {
		return false
	}
	for _, word := range []string{"remote", "Helm", "leads out of the repository", "reads too much", "too big", "too many values"} {
		if strings.Contains(e.Message, word) {
			return true
		}
	}
	return false
}

// buildOnDisk returns what kustomize prints.
func buildOnDisk(dir string) (objects []*yaml.Node, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	openapi.ResetOpenAPI() // a root may have changed it
	o := krusty.MakeDefaultOptions()
	o.LoadRestrictions = types.LoadRestrictionsNone
	m, err := krusty.MakeKustomizer(o).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, err
	}
	return kustomizetest.Printed(m)
}
