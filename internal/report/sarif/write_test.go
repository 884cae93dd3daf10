package sarif_test

import (
	"bytes"
	"testing"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/reporttest"
	"github.com/org/probe-mtls-action/internal/report/sarif"
)

func write(t testing.TB, r *report.Report, o sarif.Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := sarif.Write(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	for name, r := range reporttest.Samples() {
		t.Run(name, func(t *testing.T) {
			reporttest.Golden(t, "testdata/"+name+".sarif", string(write(t, r, sarif.Options{})))
		})
	}
}
