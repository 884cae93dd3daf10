package actions

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/org/probe-mtls-action/internal/report"
)

// Invalid is the conclusion of a run with wrong inputs or configuration, which
// checked nothing and so has no report to take a conclusion from.
const Invalid report.Conclusion = "invalid"

// Skipped is the conclusion of a run that had nothing to report: that of a
// workflow run whose pull request was closed meanwhile, say.
const Skipped report.Conclusion = "skipped"

// Outputs are the outputs of the Action.
type Outputs struct {
	Conclusion report.Conclusion
	// Findings counts what is reported, of all levels; the others count one level.
	Findings, Errors, Warnings, Notes int
	SARIFFile                         string   // as the next step on the host opens it, "" when none was written
	AffectedRoots                     []string // becomes a JSON list on one line
}

// Output is one output as action.yml declares it.
type Output struct{ Name, Value string }

// List returns all outputs in the order of action.yml.
func (o Outputs) List() []Output {
	roots := o.AffectedRoots
	if roots == nil {
		roots = []string{}
	}
	list, err := json.Marshal(roots)
	if err != nil {
		panic(err) // a list of strings always has a JSON form
	}
	return []Output{
		{"conclusion", string(o.Conclusion)},
		{"findings", strconv.Itoa(o.Findings)},
		{"errors", strconv.Itoa(o.Errors)},
		{"warnings", strconv.Itoa(o.Warnings)},
		{"notes", strconv.Itoa(o.Notes)},
		{"sarif-file", o.SARIFFile},
		{"affected-roots", string(list)},
	}
}

// SetOutputs writes the outputs of the step. Every value stands between
// delimiters of its own, which are random, so no value can end early and set
// another output. Without GITHUB_OUTPUT (outside a runner) there is nothing to
// write to, which is no error.
func (r *Runner) SetOutputs(o Outputs) error {
	path := r.getenv("GITHUB_OUTPUT")
	if path == "" {
		return nil
	}
	var b strings.Builder
	for _, output := range o.List() {
		delimiter := "end_" + rand.Text()
		fmt.Fprintf(&b, "%s<<%s\n%s\n%[2]s\n", output.Name, delimiter, output.Value)
	}
	if err := appendFile(path, b.String()); err != nil {
		return fmt.Errorf("write the step's outputs: %w", err)
	}
	return nil
}

// MaxSummary is how many bytes the job summary of one step may have; of a
// longer one GitHub shows nothing at all. (GitHub Docs, Workflow commands:
// step isolation and limits.)
const MaxSummary = 1 << 20

// SummaryTooLongError says that a text does not fit into the job summary.
type SummaryTooLongError struct{ Size, Room int }

// Error gives both sizes.
func (e *SummaryTooLongError) Error() string {
	return fmt.Sprintf("the job summary has room for %d bytes, and the text has %d", e.Room, e.Size)
}

// HasSummary reports whether there is a job summary to write to.
func (r *Runner) HasSummary() bool { return r.getenv("GITHUB_STEP_SUMMARY") != "" }

// SummaryRoom returns how many bytes can still be added to the job summary.
func (r *Runner) SummaryRoom() int {
	info, err := os.Stat(r.getenv("GITHUB_STEP_SUMMARY"))
	if err != nil {
		return MaxSummary
	}
	return max(0, MaxSummary-int(min(info.Size(), MaxSummary)))
}

// AppendSummary adds Markdown to the job summary, all of it or nothing: what
// does not fit is a *SummaryTooLongError. Without GITHUB_STEP_SUMMARY (outside
// a runner) it does nothing.
func (r *Runner) AppendSummary(markdown string) error {
	if !r.HasSummary() {
		return nil
	}
	if !strings.HasSuffix(markdown, "\n") {
		markdown += "\n"
	}
	if room := r.SummaryRoom(); len(markdown) > room {
		return &SummaryTooLongError{Size: len(markdown), Room: room}
	}
	if err := appendFile(r.getenv("GITHUB_STEP_SUMMARY"), markdown); err != nil {
		return fmt.Errorf("write the job summary: %w", err)
	}
	return nil
}

func appendFile(path, text string) (err error) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	_, err = f.WriteString(text)
	return err
}
