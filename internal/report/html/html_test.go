package html_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/report"
	page "github.com/org/probe-mtls-action/internal/report/html"
	"github.com/org/probe-mtls-action/internal/report/reporttest"
)

func write(t *testing.T, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := page.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"pull-request", "clean", "hostile"} {
		_, body, _ := strings.Cut(write(t, reporttest.Samples()[name]), "<body>\n")
		body, _, _ = strings.Cut(body, "<script>")
		reporttest.Golden(t, "testdata/"+name+".html", body)
	}
}

// TestHostileNamesStayText: no text of a manifest becomes an element or an
// attribute: a hostile report has the elements that a harmless one has.
func TestHostileNamesStayText(t *testing.T) {
	t.Parallel()
	allowed := map[string]bool{}
	for name, r := range reporttest.Samples() {
		if name != "hostile" {
			each(t, write(t, r), func(tag string) { allowed[tag] = true })
		}
	}
	each(t, write(t, reporttest.Hostile()), func(tag string) {
		if !allowed[tag] {
			t.Errorf("element or attribute %s", tag)
		}
	})
}

var (
	anyTag  = regexp.MustCompile(`<[^>]*>?`)
	tagForm = regexp.MustCompile(`^</?([a-z0-9]+)((?: [a-z-]+(?:="[^"<>]*")?)*)>$`)
	name    = regexp.MustCompile(` ([a-z-]+)`)
	value   = regexp.MustCompile(`="[^"]*"`)
	scripts = regexp.MustCompile(`(?s)<(style|script)>.*?</(style|script)>|<!doctype html>`)
)

// each calls use with every element and every attribute of an element; markup
// of another form fails the test.
func each(t *testing.T, text string, use func(string)) {
	t.Helper()
	for _, tag := range anyTag.FindAllString(scripts.ReplaceAllString(text, ""), -1) {
		m := tagForm.FindStringSubmatch(tag)
		if m == nil {
			t.Errorf("not an element of the page: %.80q", tag)
			continue
		}
		use(m[1])
		for _, a := range name.FindAllStringSubmatch(value.ReplaceAllString(m[2], ""), -1) {
			use(m[1] + " " + a[1])
		}
	}
}

// TestNoNetwork: the page names nothing that a browser would load.
func TestNoNetwork(t *testing.T) {
	t.Parallel()
	loads := regexp.MustCompile(`<(img|link|iframe|script src|object|embed|base)\b|url\(|@import`)
	for name, r := range reporttest.Samples() {
		if m := loads.FindString(write(t, r)); m != "" {
			t.Errorf("%s: %s", name, m)
		}
	}
}
