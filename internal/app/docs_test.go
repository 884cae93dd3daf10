package app_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/app"
)

// help is what a command prints with --help.
func help(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	code := app.Main(context.Background(), app.Env{
		Args: append(args, "--help"), Dir: t.TempDir(), Stdout: &out, Stderr: &errs,
		Getenv: func(string) string { return "" }, Version: "v0.0.0-test",
		Self:    self(),
		Environ: os.Environ(),
	})
	if code != 0 {
		t.Fatalf("%v --help: exit code %d: %s", args, code, errs.String())
	}
	return out.String()
}

var commandLine = regexp.MustCompile(`(?m)^  (\w+) {2,}`)

// commands lists the commands in the order of the command's own help.
func commands(t *testing.T) []string {
	t.Helper()
	_, list, _ := strings.Cut(help(t), "Available Commands:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	var names []string
	for _, m := range commandLine.FindAllStringSubmatch(list, -1) {
		if m[1] != "help" {
			names = append(names, m[1])
		}
	}
	if len(names) < 5 {
		t.Fatalf("only the commands %v", names)
	}
	return names
}

// TestCommandLineReference holds docs/command-line.md against the commands' own
// help, and each command's page of the manual; -update writes them.
func TestCommandLineReference(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("# Command line\n\nMade from the commands' own help (`probe-mtls-action COMMAND --help`).\n")
	fmt.Fprintf(&b, "\n## probe-mtls-action\n\n```text\n%s```\n", help(t))
	same(t, "man/probe-mtls-action.1", manPage("probe-mtls-action", help(t)))
	for _, c := range commands(t) {
		text := help(t, c)
		fmt.Fprintf(&b, "\n## probe-mtls-action %s\n\n```text\n%s```\n", c, text)
		same(t, "man/probe-mtls-action-"+c+".1", manPage("probe-mtls-action-"+c, text))
	}
	same(t, "command-line.md", b.String())
}

func same(t *testing.T, name, want string) {
	t.Helper()
	golden(t, filepath.Join("..", "..", "docs", filepath.FromSlash(name)), want)
}

// manPage is a page of the manual (man 7 groff_man) that shows text as it is.
func manPage(name, text string) string {
	escape := strings.NewReplacer(`\`, `\e`, "-", `\-`)
	first, _, _ := strings.Cut(text, ".")
	first = strings.Join(strings.Fields(first), " ")
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 \"\" probe-mtls-action \"User Commands\"\n.SH NAME\n%s \\- %s\n.SH DESCRIPTION\n.nf\n",
		strings.ToUpper(escape.Replace(name)), escape.Replace(name), escape.Replace(strings.ToLower(first[:1])+first[1:]))
	for line := range strings.Lines(text) {
		line = escape.Replace(line)
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			line = `\&` + line
		}
		b.WriteString(line)
	}
	b.WriteString(".fi\n.SH SEE ALSO\nThe pages of the rules: probe\\-mtls\\-action rules PMTLS001\n")
	return b.String()
}
