package archtest

import (
	"bytes"
	"flag"
	"fmt"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the picture of the house in CONTRIBUTING.md")

// TestPicture holds the picture of the house in CONTRIBUTING.md against the
// layers and the packages' own comments; -update writes it.
func TestPicture(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- house, made by internal/archtest -->\n", "<!-- end of the house -->"
	file := filepath.Join("..", "..", "CONTRIBUTING.md")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	from := bytes.Index(data, []byte(begin))
	to := bytes.Index(data, []byte(end))
	if from < 0 || to < from {
		t.Fatalf("CONTRIBUTING.md has no lines %q and %q", begin, end)
	}
	from += len(begin)
	want := picture(t)
	if *update {
		if err := os.WriteFile(file, []byte(string(data[:from])+want+string(data[to:])), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(data[from:to])); diff != "" {
		t.Errorf("the picture differs from the packages; go test ./internal/archtest -update writes it (-packages +CONTRIBUTING.md):\n%s", diff)
	}
}

// picture is a table of the packages, the highest layer first.
func picture(t *testing.T) string {
	t.Helper()
	ideas := ideas(t)
	var b strings.Builder
	b.WriteString("| floor | package | idea |\n| --- | --- | --- |\n")
	for floor := len(layers) - 1; floor >= 0; floor-- {
		for _, entry := range layers[floor] {
			if dir, ok := strings.CutSuffix(entry, "/..."); ok {
				fmt.Fprintf(&b, "| %d | `%s/…` | one package for each |\n", floor, dir)
				continue
			}
			idea := ideas[entry]
			if idea == "" {
				t.Errorf("%s has no package comment, or does not exist", entry)
			}
			fmt.Fprintf(&b, "| %d | `%s` | %s |\n", floor, entry, idea)
		}
	}
	return b.String()
}

// ideas maps packages to the first sentence of their comment, without the words
// "Package x".
func ideas(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	walk(t, func(name, _, pkg string) error {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil || f.Doc == nil {
			return err
		}
		sentence := new(doc.Package).Synopsis(f.Doc.Text())
		for _, lead := range []string{"Package " + f.Name.Name + " ", "Command " + path.Base(pkg) + " "} {
			sentence = strings.TrimPrefix(sentence, lead)
		}
		out[pkg] = strings.TrimRight(sentence, ".:")
		return nil
	})
	return out
}
