package app_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var editBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```\n\n<!-- fix (\\S+): ([^\n]*) -->\n```diff\n(.*?)```")

// TestFixesPage: the fixes of docs/fixes.md are what the product offers for the
// manifests above them.
func TestFixesPage(t *testing.T) {
	t.Parallel()
	const page = "../../docs/fixes.md"
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	got := editBlock.ReplaceAllStringFunc(string(data), func(block string) string {
		blocks++
		m := editBlock.FindStringSubmatch(block)
		from := t.TempDir()
		config := "mesh: {rewriteAppHTTPProbe: " + map[bool]string{true: "true", false: "false"}[m[2] == "on"] + "}\n"
		for name, text := range map[string]string{"web.yaml": m[1], "kustomization.yaml": "resources:\n- web.yaml\n", ".probe-mtls.yaml": config} {
			if err := os.WriteFile(filepath.Join(from, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		all, _ := findings(t, copyRepo(t, from), []string{"check", "."})
		for _, f := range all {
			for _, fix := range f.Fixes {
				if strings.HasPrefix(fix.Title, m[3]) {
					return strings.TrimSuffix(block, "```diff\n"+m[4]+"```") + "```diff\n" + fix.Diff + "```"
				}
			}
		}
		t.Errorf("no fix %q is offered for\n%s", m[3], m[1])
		return block
	})
	if blocks == 0 {
		t.Fatal("the page shows no edit")
	}
	golden(t, page, got)
}
