package safe_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/org/probe-mtls-action/internal/report/safe"
)

// TestLines: however a line comes into being, it is no command.
func TestLines(t *testing.T) {
	var b bytes.Buffer
	w := safe.Lines(&b)
	fmt.Fprint(w, "a\n::stop")
	fmt.Fprint(w, "-commands::x\n \t::a::\nx ##")
	fmt.Fprint(w, "[b]\n##[end]")
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	want := "a\n\\x3a:stop-commands::x\n \t\\x3a:a::\nx ##\\x5bb]\n##\\x5bend]"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	if _, err := safe.Lines(full{}).Write([]byte("a\n")); err == nil {
		t.Error("an error is lost")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestJSON(t *testing.T) {
	text, err := json.Marshal("###[add-mask]")
	if err != nil {
		t.Fatal(err)
	}
	got := safe.JSON(text)
	var back string
	if bytes.Contains(got, []byte("##[")) || json.Unmarshal(got, &back) != nil || back != "###[add-mask]" {
		t.Errorf("%s is %q", got, back)
	}
}

func TestMarkup(t *testing.T) {
	got := string(safe.Markup([]byte("a ##[b]\n  ::c::\nd ::e\n")))
	if want := "a &#35;#[b]\n  &#58;:c::\nd ::e\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
