package istio

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGatesPage holds the table of docs/verdict.md against the gates; with
// UPDATE_DOCS=1 it writes it.
func TestGatesPage(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- gates, made by internal/mesh/istio -->\n", "<!-- end of the gates -->"
	file := filepath.Join("..", "..", "..", "docs", "verdict.md")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := strings.Cut(string(data), begin)
	got, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("docs/verdict.md has no lines %q and %q", begin, end)
	}
	var b strings.Builder
	b.WriteString("| from | before | behaviour | read in |\n| --- | --- | --- | --- |\n")
	for _, g := range gates {
		until := ""
		if (g.until != version{}) {
			until = g.until.String()
		}
		cell := strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;", "*", `\*`, "[", `\[`)
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", g.since, until, cell.Replace(g.name), cell.Replace(g.source))
	}
	want := b.String()
	if os.Getenv("UPDATE_DOCS") != "" {
		if err := os.WriteFile(file, []byte(head+begin+want+end+tail), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("docs/verdict.md differs from the gates; UPDATE_DOCS=1 go test ./internal/mesh/istio -run TestGatesPage writes it")
	}
}
