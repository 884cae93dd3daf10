package checktest

import (
	"fmt"
	"regexp"
	"strings"
	"testing/fstest"

	"github.com/org/probe-mtls-action/render"
)

// Example returns the files of an example of a rule's page: the fenced blocks
// under the heading (Bad, Good), each preceded by a line with its file's name
// in backquotes. Where none is a kustomization, one that lists them is added.
func Example(page, heading string) (render.Tree, error) {
	_, section, ok := strings.Cut(page, "\n## "+heading+"\n")
	if !ok {
		return nil, fmt.Errorf("the page has no section %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	files := fstest.MapFS{}
	for _, m := range namedFence.FindAllStringSubmatch(section, -1) {
		files[m[1]] = &fstest.MapFile{Data: []byte(m[2]), Mode: 0o644}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("section %q has no files", heading)
	}
	return withKustomization(files)
}

var (
	namedFence = regexp.MustCompile("(?s)\n`([^`\n]+)`\n\n```[a-z]+\n(.*?)```\n")
	output     = regexp.MustCompile("(?s)(<!-- output -->\n)(?:\n```text\n(.*?)```\n)?")
)

// Output returns the text under a page's output marker, "" where there is none yet.
func Output(page string) string {
	if m := output.FindStringSubmatch(page); m != nil {
		return m[2]
	}
	return ""
}

// SetOutput returns page with text, which ends in a line break, under its
// output marker, in place of what stood there.
func SetOutput(page, text string) string {
	m := output.FindStringSubmatchIndex(page)
	if m == nil {
		return page
	}
	return page[:m[3]] + "\n```text\n" + text + "```\n" + page[m[1]:]
}
