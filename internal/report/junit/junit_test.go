package junit_test

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/junit"
	"github.com/org/probe-mtls-action/internal/report/reporttest"
)

func all(w io.Writer, r *report.Report) error { return junit.Write(w, r, junit.Options{}) }

func onlyNew(w io.Writer, r *report.Report) error {
	return junit.Write(w, r, junit.Options{OnlyNew: true})
}

func TestGolden(t *testing.T) {
	t.Parallel()
	reporttest.GoldenSamples(t, ".xml", all)
	reporttest.Golden(t, "testdata/pull-request-only-new.xml", reporttest.String(t, reporttest.PullRequest(), onlyNew))
}

// TestPassesShow: each judged probe is a case, failed where it has a finding, and
// the totals are those of the cases.
func TestPassesShow(t *testing.T) {
	t.Parallel()
	r := reporttest.Simple()
	r.Judged = []report.Occurrence{
		{Root: "overlays/prod", Subject: "shop/Deployment/web/web/livenessProbe"},
		{Root: "overlays/prod", Subject: "shop/Deployment/web/web/readinessProbe"},
	}
	text := reporttest.String(t, r, all)
	for _, want := range []string{
		`<testsuites name="probe-mtls-action" tests="2" failures="1" errors="0" skipped="0">`,
		`name="shop/Deployment/web/web/readinessProbe"></testcase>`,
		`<failure message="the liveness probe of Deployment shop/web fails, so the container restarts forever" type="PMTLS001">`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// TestAlwaysXML: no name of a manifest makes the file unreadable.
func TestAlwaysXML(t *testing.T) {
	t.Parallel()
	for name, r := range reporttest.Samples() {
		d := xml.NewDecoder(strings.NewReader(reporttest.String(t, r, all)))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}
