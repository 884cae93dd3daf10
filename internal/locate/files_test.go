package locate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/locate"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// TestLongLines shows of minified files only what a reader can find the place in.
func TestLongLines(t *testing.T) {
	dir := t.TempDir()
	text := strings.Repeat("é", 200) + `"port":8080` + strings.Repeat("x", 10_000) + "\nport: 8080\n"
	if err := os.WriteFile(filepath.Join(dir, "d.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	tree, err := render.OpenTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	l := locate.New(tree)
	for _, c := range []struct {
		line, column int
		shown        string // what the shown line ends with
		size         int
	}{
		{1, 208, "x", 500},
		{1, 9_000, "", 0},
		{2, 7, "port: 8080", 10},
	} {
		at := source.Span{File: "d.json", Start: source.Position{Line: c.line, Column: c.column}}
		got := l.Problem(render.Problem{At: at})
		if !strings.HasSuffix(got.Line, c.shown) || len(got.Line) != c.size || got.LineHash == "" {
			t.Errorf("%s: %d bytes, %.20q…, hash %q", at, len(got.Line), got.Line, got.LineHash)
		}
	}
}
