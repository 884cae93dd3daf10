package app_test

import (
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/github/githubtest"
)

// A change that breaks probes and hides it: by the configuration, by what that
// names, by suppressions. What is hidden is told first, at the line that hides it;
// from a fork it fails the check, else it warns.
func TestHiddenByTheChange(t *testing.T) {
	t.Parallel()
	const settings = "mesh:\n  istioVersion: \"1.31\"\n  rewriteAppHTTPProbe: false\n"
	exempt := "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: aaa, namespace: shop}\nspec: {selector: {matchLabels: {app: web}}, mtls: {mode: PERMISSIVE}}\n"
	for name, c := range map[string]struct {
		change map[string]string
		at     string // "" where nothing is hidden
	}{
		"exclude":      {map[string]string{".probe-mtls.yaml": settings + "exclude:\n- other\n- overlays/prod\n"}, ".probe-mtls.yaml:6:3"},
		"paths":        {map[string]string{".probe-mtls.yaml": settings + "paths: [other]\n", "other/kustomization.yaml": "resources: []\n"}, ".probe-mtls.yaml:4:9"},
		"failOn":       {map[string]string{".probe-mtls.yaml": settings + "failOn: never\n"}, ".probe-mtls.yaml:4:9"},
		"injection":    {map[string]string{".probe-mtls.yaml": settings + "  injection: never\n"}, ".probe-mtls.yaml:4:14"},
		"istioVersion": {map[string]string{".probe-mtls.yaml": strings.Replace(settings, "1.31", "0.8", 1)}, ".probe-mtls.yaml:2:17"},
		"rootNamespace": {map[string]string{
			".probe-mtls.yaml":                     settings + "  rootNamespace: elsewhere\n",
			"overlays/prod/kustomization.yaml":     "resources: [app, mesh.yaml]\n",
			"overlays/prod/app/kustomization.yaml": "namespace: shop\nresources: [../../../base, mesh.yaml]\n",
			"overlays/prod/app/mesh.yaml":          mesh("UNSET"),
			"overlays/prod/mesh.yaml":              "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: default, namespace: istio-system}\nspec: {mtls: {mode: STRICT}}\n",
		}, ".probe-mtls.yaml:4:18"},
		"rewriteAppHTTPProbe": {map[string]string{".probe-mtls.yaml": strings.Replace(settings, "false", "true", 1)}, ".probe-mtls.yaml:3:24"},
		"a removed setting":   {map[string]string{".probe-mtls.yaml": "mesh:\n  istioVersion: \"1.31\"\n"}, ".probe-mtls.yaml:1:1"},
		"a removed file":      {map[string]string{".probe-mtls.yaml": ""}, ".probe-mtls.yaml:1:1"},
		"context":             {map[string]string{".probe-mtls.yaml": settings + "context: [more]\n", "more/p.yaml": exempt}, ".probe-mtls.yaml:4:11"},
		"environments": {map[string]string{
			".probe-mtls.yaml": settings + "environments:\n- name: prod\n  roots: [overlays/prod]\n  context: [more]\n", "more/p.yaml": exempt,
		}, ".probe-mtls.yaml:7:13"},
		"values": {map[string]string{
			".probe-mtls.yaml": "mesh:\n  istioVersion: \"1.31\"\n  rewriteAppHTTPProbe: false\n  values: values.yaml\n",
			"values.yaml":      "global:\n  proxy:\n    autoInject: enabled\nsidecarInjectorWebhook:\n  neverInjectSelector:\n  - matchLabels: {app: web}\n",
		}, ".probe-mtls.yaml:4:11"},
		"comment": {map[string]string{
			"base/web.yaml": strings.NewReplacer("8080\n        readiness", "8080 # probe-mtls:ignore PMTLS001 known\n        readiness", "port: 8081\n", "port: 8081 # probe-mtls:ignore PMTLS002 known\n").Replace(web(8080, 8081)),
		}, "base/web.yaml:23:19"},
		"annotation": {map[string]string{
			"base/web.yaml": strings.Replace(web(8080, 8081), "  name: web\n", "  name: web\n  annotations:\n    probe-mtls.dev/ignore: \"PMTLS001: known; PMTLS002: known\"\n", 1),
		}, "base/web.yaml:6:28"},
		"nothing": {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			change := map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")}
			maps.Copy(change, c.change)
			own := newWorld(t, githubtest.Options{}, change).runPR(nil)
			if c.at == "" {
				own.want(t, 1, nil)
				if strings.Contains(own.log, "idden by this change") {
					t.Errorf("nothing is hidden, but the log has it:\n%s", own.log)
				}
				return
			}
			own.want(t, 0, map[string]string{"conclusion": "success"})
			own.says(t, c.at+": warning: hidden by this change: ", "::warning ")
			runs := []result{own}
			if name == "exclude" || name == "failOn" || name == "annotation" {
				fork := newWorld(t, githubtest.Options{Fork: true, Permissions: &githubtest.ReadOnly}, change).runPR(nil)
				fork.want(t, 1, map[string]string{"conclusion": "failure"})
				fork.says(t, c.at+": error: hidden by this change: ", "::error ")
				runs = append(runs, fork)
			}
			for _, r := range runs {
				if first := regexp.MustCompile(`(?m)^\S+:\d+:\d+: (?:error|warning|note): (.*)$`).FindStringSubmatch(r.log); first == nil || !strings.HasPrefix(first[1], "hidden by this change") {
					t.Errorf("the first finding in the log is %q", first)
				}
				if !strings.Contains(r.summary, "Hidden by this change") {
					t.Errorf("the summary does not say what is hidden:\n%s", r.summary)
				}
			}
		})
	}
}

// TestNotHidden: a suppression that the base has, or of what it has, hides
// nothing, and neither does a setting that shows more.
func TestNotHidden(t *testing.T) {
	t.Parallel()
	ignored := strings.NewReplacer("8080\n        readiness", "8080 # probe-mtls:ignore PMTLS001 known\n        readiness", "port: 8081\n", "port: 8081 # probe-mtls:ignore PMTLS002 known\n").Replace(web(8080, 8081))
	for name, c := range map[string]struct {
		before, change map[string]string
		code           int
	}{
		"the base suppresses":  {map[string]string{"base/web.yaml": ignored}, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")}, 0},
		"the base has it":      {map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")}, map[string]string{"base/web.yaml": ignored}, 0},
		"the change shows it":  {map[string]string{".probe-mtls.yaml": "failOn: never\n", "overlays/prod/mesh.yaml": mesh("STRICT")}, map[string]string{".probe-mtls.yaml": shop[".probe-mtls.yaml"]}, 1},
		"the base excludes it": {map[string]string{".probe-mtls.yaml": shop[".probe-mtls.yaml"] + "exclude: [overlays/prod]\n"}, map[string]string{"overlays/prod/mesh.yaml": mesh("STRICT")}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOn(t, c.before, githubtest.Options{Fork: true, Permissions: &githubtest.ReadOnly}, c.change)
			r := w.runPR(nil)
			r.want(t, c.code, nil)
			if strings.Contains(r.log, "idden by this change") {
				t.Errorf("nothing is hidden, but the log has it:\n%s", r.log)
			}
		})
	}
}

// TestHiddenInMergeQueue: a merge group does not tell whether its changes come from
// forks. What they hide is a warning there; the pull request has failed for a fork.
func TestHiddenInMergeQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubtest.Options{}, map[string]string{
		"overlays/prod/mesh.yaml": mesh("STRICT"),
		".probe-mtls.yaml":        shop[".probe-mtls.yaml"] + "exclude: [overlays/prod]\n",
	})
	head := w.merge()
	r := w.run("merge_group", map[string]any{
		"action":     "checks_requested",
		"repository": map[string]any{"full_name": "org/shop", "default_branch": "main"},
		"merge_group": map[string]any{"base_sha": w.base, "base_ref": "refs/heads/main",
			"head_sha": head, "head_ref": "refs/heads/gh-readonly-queue/main/pr-7-" + head},
	}, head, nil)
	r.want(t, 0, map[string]string{"conclusion": "success"})
	r.says(t, ".probe-mtls.yaml:4:11: warning: hidden by this change: ", "::warning ")
}
