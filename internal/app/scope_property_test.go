package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/org/probe-mtls-action/internal/app"
	"github.com/org/probe-mtls-action/internal/git/gittest"
)

// TestScopeProperty makes repositories with everything that lets a change reach a
// root on odd ways, and random edits. The roots whose objects differ between base
// and head, as kustomize itself renders them, are affected, and a check of the
// affected roots has the new findings that two checks of everything have.
//
// PROBE_MTLS_SCOPE_REPOSITORIES is how many repositories are made, and
// PROBE_MTLS_SCOPE_SEED where their numbers begin.
func TestScopeProperty(t *testing.T) {
	t.Parallel()
	n, seed := 4, 1
	for name, to := range map[string]*int{"PROBE_MTLS_SCOPE_REPOSITORIES": &n, "PROBE_MTLS_SCOPE_SEED": &seed} {
		if s := os.Getenv(name); s != "" {
			v, err := strconv.Atoi(s)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			*to = v
		}
	}
	var differ, reached, fresh atomic.Int64
	t.Run("repositories", func(t *testing.T) {
		for i := range n {
			t.Run(strconv.Itoa(seed+i), func(t *testing.T) {
				t.Parallel()
				g := &generated{t: t, Rand: rand.New(rand.NewPCG(uint64(seed+i), 7)), files: map[string]string{}}
				d, r, f := g.check()
				differ.Add(int64(d))
				reached.Add(int64(r))
				fresh.Add(int64(f))
			})
		}
	})
	if differ.Load() == 0 || reached.Load() == 0 || n >= 50 && fresh.Load() == 0 {
		t.Error("no edit changed a render or a finding: the test proves nothing")
	}
	t.Logf("%d repositories: %d renders changed, %d roots were affected, %d findings were new", n, differ.Load(), reached.Load(), fresh.Load())
}

// linkTo begins the content of a file that is a symbolic link.
const linkTo = "link to "

// generated is a repository of the test.
type generated struct {
	t *testing.T
	*rand.Rand
	files map[string]string
	notes []string // what was made, for messages
}

func (g *generated) one(of ...string) string { return of[g.IntN(len(of))] }

func (g *generated) chance(percent int) bool { return g.IntN(100) < percent }

// kind spells a kind in one of the ways that YAML has.
func (g *generated) kind(k string) string {
	switch g.IntN(7) {
	case 0:
		return "&k " + k
	case 1:
		return "!!str " + k
	case 2:
		return fmt.Sprintf(`"\x%02x%s"`, k[0], k[1:])
	case 3:
		return ">-\n  " + k
	case 4:
		return "'" + k + "'"
	}
	return k
}

func (g *generated) policy(name, namespace, mode string) string {
	if g.chance(15) {
		return fmt.Sprintf(`{"apiVersion": "security.istio.io/v1", "kin\u0064": "PeerAuthentication", "metadata": {"name": %q, "namespace": %q}, "spec": {"mtls": {"mode": %q}}}`, name, namespace, mode)
	}
	text := fmt.Sprintf("apiVersion: security.istio.io/v1\nkind: %s\nmetadata: {name: %s, namespace: %s}\nspec: {mtls: {mode: %s}}\n", g.kind("PeerAuthentication"), name, namespace, mode)
	if g.chance(15) {
		return "apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(strings.TrimSpace(strings.ReplaceAll(text, ">-\n  ", "")), "\n", "\n  ") + "\n"
	}
	return text
}

func (g *generated) mode() string { return g.one("STRICT", "PERMISSIVE") }

func deploymentOf(name string, port int) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s}
spec:
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}, annotations: {sidecar.istio.io/inject: "true"}}
    spec:
      containers:
      - name: %[1]s
        image: example/%[1]s:1
        ports: [{containerPort: %[2]d}]
        livenessProbe: {httpGet: {path: /healthz, port: %[2]d}}
`, name, port)
}

// resources spells the entries of resources.
func (g *generated) resources(names ...string) string {
	key := g.one("resources", "Resources", "re\u017fources", "bases")
	if key == "bases" && slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, ".yaml") }) {
		key = "resources"
	}
	return key + ": [" + strings.Join(names, ", ") + "]\n"
}

// generate fills the repository.
func (g *generated) generate() {
	f := g.files
	for i, b := range []string{"a", "b"} {
		f["base/"+b+"/web.yaml"] = deploymentOf("web"+b, 8080+i)
		f["base/"+b+"/kustomization.yaml"] = g.resources("web.yaml")
	}
	f["base/b/kustomization.yaml"] += "commonLabels: {b: b}\n"
	f["component/kustomization.yaml"] = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: " + g.one("Component", `"Comp\x6fnent"`) + "\npatches: [{path: patch.yaml, target: {kind: Deployment}}]\n"
	f["component/patch.yaml"] = "- {op: add, path: /metadata/annotations, value: {x: y}}\n"
	f["shared/policy.yaml"] = g.policy("default", "n1", g.mode())
	f["shared/kustomization.yaml"] = g.resources("policy.yaml")
	f["README.md"] = "hello\n"
	apps, two, env := 1+g.IntN(2), g.chance(40), g.chance(60)
	for i := range apps {
		dir := fmt.Sprintf("apps/o%d/", i)
		k := fmt.Sprintf("namespace: n%d\n", i) + g.resources("../../base/"+g.one("a", "b"), "policy.yaml")
		f[dir+"policy.yaml"] = g.policy("default", fmt.Sprintf("n%d", i), g.mode())
		if g.chance(30) {
			f[dir+"policy.yaml"] = linkTo + "../../shared/policy.yaml"
		}
		if g.chance(40) {
			k += "components: [../../component]\n"
		}
		if g.chance(40) {
			k += "patches: [{path: port.yaml, target: {kind: Deployment}}]\n"
			f[dir+"port.yaml"] = "- {op: replace, path: /spec/template/spec/containers/0/livenessProbe/httpGet/port, value: 9090}\n"
		}
		if g.chance(25) {
			k += "transformers: [t.yaml]\n"
			f[dir+"t.yaml"] = "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t}\npath: \"t\\x72ansform.yaml\"\ntarget: {kind: Deployment}\n"
			f[dir+"transform.yaml"] = "- {op: add, path: /metadata/labels, value: {t: t}}\n"
		}
		if g.chance(25) {
			k += "configMapGenerator: [{name: c, files: [key=../../README.md]}]\n"
		}
		f[dir+"kustomization.yaml"] = k
	}
	if two {
		g.instances()
	}
	if env {
		g.environment()
	}
	g.configure()
	if g.chance(15) {
		f["bad\xff/kustomization.yaml"] = "resources: []\n"
	}
}

// instances makes a root with two instances of one base.
func (g *generated) instances() {
	f := g.files
	f["two/kustomization.yaml"] = g.resources("one", "other", "policies.yaml")
	f["two/one/kustomization.yaml"] = "namespace: i1\n" + g.resources("../../base/a")
	f["two/other/kustomization.yaml"] = "namespace: i2\n" + g.resources("../../base/a")
	f["two/policies.yaml"] = g.policy("default", "i1", g.mode()) + "\n---\n" + g.policy("default", "i2", g.mode())
}

// environment makes roots that count together, of which one is only a base as
// long as it has a user, and contexts.
func (g *generated) environment() {
	f := g.files
	f["env/app/kustomization.yaml"] = "namespace: prod\n" + g.resources("../../base/a")
	f["env/mesh/kustomization.yaml"] = g.resources("policy.yaml", "other.yaml")
	f["env/mesh/policy.yaml"] = g.policy("default", "elsewhere", g.mode())
	f["env/mesh/other.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n"
	f["env/part/kustomization.yaml"] = g.resources("policy.yaml")
	f["env/part/policy.yaml"] = g.policy("default", "prod", g.mode())
	f["user/kustomization.yaml"] = g.resources("../env/part")
	f["contexts/k/kustomization.yaml"] = g.resources("../../shared")
	f["plain/policy.yaml"] = linkTo + "../shared/policy.yaml"
}

func (g *generated) configure() {
	text := "mesh: {istioVersion: '1.31', rewriteAppHTTPProbe: false}\nenvironments:\n- name: prod\n  roots: ['env/*']\n"
	if _, env := g.files["plain/policy.yaml"]; env && g.chance(40) {
		text += "context: [" + g.one("contexts", "plain", "shared") + "]\n"
	}
	if g.chance(25) {
		text += "exclude: [" + g.one("user", "apps/o1", "two") + "]\n"
	}
	delete(g.files, "conf/probe.yaml")
	if g.chance(30) {
		g.files["conf/probe.yaml"], g.files[".probe-mtls.yaml"] = text, linkTo+"conf/probe.yaml"
		return
	}
	g.files[".probe-mtls.yaml"] = text
}

// edit changes the repository in one random way.
func (g *generated) edit() {
	f := g.files
	what := g.one("mode", "mode", "mode", "port", "comment", "user", "user", "kind", "target", "overlay", "gone", "configure", "instance", "readme", "broken", "exempt")
	g.notes = append(g.notes, what)
	policies := slices.DeleteFunc(slices.Sorted(maps.Keys(f)), func(n string) bool {
		return !strings.HasSuffix(n, "policy.yaml") && n != "two/policies.yaml" || strings.HasPrefix(f[n], linkTo)
	})
	name := policies[g.IntN(len(policies))]
	switch what {
	case "mode":
		f[name] = strings.NewReplacer("STRICT", "PERMISSIVE", "PERMISSIVE", "STRICT").Replace(f[name])
	case "kind":
		if _, env := f["env/mesh/other.yaml"]; env {
			f["env/mesh/other.yaml"] = g.policy("default", "prod", g.mode())
		}
	case "port":
		f["base/a/web.yaml"] = deploymentOf("weba", g.one2(8080, 8088))
	case "comment":
		f["base/"+g.one("a", "b")+"/web.yaml"] += "# a comment\n"
	case "user":
		if _, env := f["user/kustomization.yaml"]; !env || g.chance(50) {
			delete(f, "user/kustomization.yaml")
		} else {
			f["user/kustomization.yaml"] = g.one("resources: []\n", "resources: [../base/b]\n", "resources: [../env/part]\n")
		}
	case "target":
		f["shared/policy.yaml"] = g.policy("default", g.one("n0", "n1", "prod"), g.mode())
	case "overlay":
		f["apps/new/kustomization.yaml"] = "namespace: n9\nresources: [../../base/a, policy.yaml]\n"
		f["apps/new/policy.yaml"] = g.policy("default", "n9", "STRICT")
	case "gone":
		if _, added := f["apps/new/kustomization.yaml"]; !added {
			delete(f, "apps/o0/kustomization.yaml")
		}
	case "configure":
		g.configure()
	case "instance":
		if _, two := f["two/policies.yaml"]; two {
			f["two/policies.yaml"] = g.policy("default", "i1", g.mode()) + "\n---\n" + g.policy("default", "i2", g.mode())
		}
	case "readme":
		f["README.md"] += "more\n"
	case "broken":
		f[g.one("apps/o0/kustomization.yaml", "component/patch.yaml", policies[0])] = "{[broken\n"
	case "exempt":
		if _, env := f["env/mesh/policy.yaml"]; env {
			f["env/mesh/policy.yaml"] = g.policy("default", g.one("prod", "elsewhere"), g.mode())
		}
	}
}

func (g *generated) one2(a, b int) int {
	if g.chance(50) {
		return a
	}
	return b
}

// write puts the repository below dir.
func (g *generated) write(dir string) {
	for name, text := range g.files {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			if strings.Contains(name, "\xff") {
				continue // not on this file system
			}
			g.t.Fatal(err)
		}
		var err error
		if target, ok := strings.CutPrefix(text, linkTo); ok {
			err = os.Symlink(target, full)
		} else {
			err = os.WriteFile(full, []byte(text), 0o600)
		}
		if err != nil {
			g.t.Fatal(err)
		}
	}
}

// renders renders every root below dir by kustomize itself.
func (g *generated) renders(dir string) map[string]string {
	out := map[string]string{}
	for name, text := range g.files {
		if path.Base(name) != "kustomization.yaml" || strings.HasPrefix(name, "component/") || strings.Contains(name, "\xff") {
			continue
		}
		root := path.Dir(name)
		opts := krusty.MakeDefaultOptions()
		opts.LoadRestrictions = types.LoadRestrictionsNone
		m, err := krusty.MakeKustomizer(opts).Run(filesys.MakeFsOnDisk(), filepath.Join(dir, root))
		if err != nil {
			out[root] = "error " + text
			continue
		}
		y, err := m.AsYaml()
		if err != nil {
			g.t.Fatal(err)
		}
		out[root] = string(y)
	}
	return out
}

// checked is what a check printed.
type checked struct {
	Findings []struct {
		Rule, State, Fingerprint string
		Suppression              *struct{}
		Occurrences              []struct {
			Root, Subject string
			New           bool
		}
	}
	Scope      struct{ Roots, Unused []string }
	NotChecked []struct{ Root string }
}

// run runs the command and decodes what it prints.
func (g *generated) run(dir string, into any, args ...string) {
	g.t.Helper()
	var stdout, stderr bytes.Buffer
	code := app.Main(g.t.Context(), app.Env{Args: args, Dir: dir, Stdout: &stdout, Stderr: &stderr, Getenv: func(string) string { return "" }, Version: "v0.0.0-test"})
	if err := json.Unmarshal(stdout.Bytes(), into); err != nil {
		g.t.Fatalf("%q ended with %d and no JSON: %v\n%s%s", args, code, err, stdout.String(), stderr.String())
	}
}

func (g *generated) git(dir string, args ...string) {
	g.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = dir, gittest.Env()
	if out, err := cmd.CombinedOutput(); err != nil {
		g.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
}

// check returns how many renders differ, how many roots are affected, and how
// many findings are new.
func (g *generated) check() (differ, reached, fresh int) {
	g.generate()
	base, head, repo := g.t.TempDir(), g.t.TempDir(), g.t.TempDir()
	g.write(base)
	g.write(repo)
	before := g.renders(base)
	g.git(repo, "init", "--quiet", "--template=")
	g.git(repo, "add", "--all")
	g.git(repo, "commit", "--quiet", "--message", "base")
	old := maps.Clone(g.files)
	for range 1 + g.IntN(3) {
		g.edit()
	}
	g.write(head)
	for name := range old {
		if err := os.Remove(filepath.Join(repo, name)); err != nil && !os.IsNotExist(err) {
			g.t.Fatal(err)
		}
	}
	g.write(repo)
	since := "HEAD"
	if g.chance(20) {
		g.notes = append(g.notes, "sparse")
		g.git(repo, "add", "--all")
		g.git(repo, "commit", "--quiet", "--allow-empty", "--message", "head")
		g.git(repo, "sparse-checkout", "set", "--cone", g.one("apps", "base"))
		since = "HEAD~1"
	}
	where := g.one(".", ".", ".", "apps")
	if since != "HEAD" {
		where = "."
	}
	after := g.renders(head)

	var plan struct {
		Roots   []struct{ Root string }
		Removed []string
	}
	g.run(repo, &plan, "affected", "--base", since, "--format", "json", "--all-roots", ".")
	hit := map[string]bool{}
	for _, r := range plan.Roots {
		hit[r.Root] = true
	}
	for _, r := range plan.Removed {
		hit[r] = true
	}
	reached = len(hit)
	excluded := g.excluded(old)
	for root := range union(before, after) {
		if before[root] == after[root] || excluded[root] {
			continue
		}
		differ++
		if !hit[root] {
			g.t.Errorf("edits %q: the objects of %s differ, but it is not affected\nbase: %q\nhead: %q", g.notes, root, old, g.files)
		}
	}
	return differ, reached, g.compare(base, head, repo, since, where)
}

// compare holds the new findings against those of two full checks.
func (g *generated) compare(base, head, repo, since, where string) int {
	var was, is, got checked
	g.run(base, &was, "check", "--format", "json", ".")
	g.run(head, &is, "check", "--format", "json", where)
	g.run(repo, &got, "check", "--format", "json", "--base", since, "--changed-only", "--only-new", where)
	if unreadable(was) || unreadable(is) || unreadable(got) {
		return 0 // what others would have is not known
	}
	left := map[string]bool{}
	for _, r := range got.Scope.Unused {
		left[r] = true
	}
	had, spoken := map[[3]string]bool{}, map[[2]string]int{}
	for _, f := range was.Findings {
		for _, o := range f.Occurrences {
			had[[3]string{f.Rule, o.Root, o.Subject}] = true
			spoken[[2]string{f.Fingerprint, o.Root}]++
		}
	}
	want := map[[3]string]bool{}
	for _, f := range is.Findings {
		for _, o := range f.Occurrences {
			if k := [3]string{f.Rule, o.Root, o.Subject}; !had[k] && !left[o.Root] {
				want[k] = true
			}
		}
	}
	found := map[[3]string]bool{}
	for _, f := range got.Findings {
		for _, o := range f.Occurrences {
			if o.New {
				found[[3]string{f.Rule, o.Root, o.Subject}] = true
			}
		}
	}
	for k := range want {
		if !found[k] {
			g.t.Errorf("edits %q in %s: %q is new, but is not told\nfiles: %q", g.notes, where, k, g.files)
		}
	}
	for k := range found {
		if !want[k] {
			g.t.Errorf("edits %q in %s: %q is told as new, but is not\nfiles: %q", g.notes, where, k, g.files)
		}
	}
	return len(want)
}

// unreadable reports whether a root could not be checked.
func unreadable(c checked) bool {
	return slices.ContainsFunc(c.NotChecked, func(s struct{ Root string }) bool { return s.Root != "" })
}

// excluded are the roots that either configuration leaves out.
func (g *generated) excluded(old map[string]string) map[string]bool {
	out := map[string]bool{}
	for _, files := range []map[string]string{old, g.files} {
		text := files[".probe-mtls.yaml"] + files["conf/probe.yaml"]
		if _, list, ok := strings.Cut(text, "exclude: ["); ok {
			root, _, _ := strings.Cut(list, "]")
			out[root] = true
		}
	}
	return out
}

func union(a, b map[string]string) map[string]bool {
	all := map[string]bool{}
	for k := range a {
		all[k] = true
	}
	for k := range b {
		all[k] = true
	}
	return all
}
