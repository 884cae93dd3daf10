package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/outfile"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/settings"
	"github.com/org/probe-mtls-action/render/source"
)

// baseline is a file of accepted findings. They are known by their identity, not
// by their lines, so that they stay accepted when their file changes.
type baseline struct {
	FormatVersion int        `json:"formatVersion"`
	Findings      []accepted `json:"findings"`
}

// accepted is a finding of a baseline: its identity, and for readers what it is.
type accepted struct {
	Fingerprint string `json:"fingerprint"`
	Rule        string `json:"rule"`
	Subject     string `json:"subject"`
	File        string `json:"file"`
}

const (
	baselineVersion = 1
	// maxBaseline bounds a baseline, in bytes.
	maxBaseline = 64 << 20
)

// acceptBaseline writes and reads the baselines that s names, and marks what they
// accept as suppressed. The error is an *exitError.
func acceptBaseline(env *Env, s *settings.Values, repo *repository, rep *report.Report) error {
	if s.WriteBaseline != "" {
		if err := writeBaseline(env.path(s.WriteBaseline), repo.output(), rep); err != nil {
			return notChecked(fmt.Errorf("--write-baseline %s: %w", s.WriteBaseline, reason(err)))
		}
	}
	for _, name := range []string{s.Baseline, s.WriteBaseline} {
		if name == "" {
			continue
		}
		b, err := readBaseline(env.path(name))
		if err != nil {
			return usagef("--baseline %s: %w", name, reason(err))
		}
		b.accept(rep, name, s)
	}
	return nil
}

func writeBaseline(path string, o outfile.Options, rep *report.Report) error {
	b := baseline{FormatVersion: baselineVersion, Findings: []accepted{}}
	for i := range rep.Items {
		if it := &rep.Items[i]; it.Suppressed == nil {
			b.Findings = append(b.Findings, accepted{it.Fingerprint, it.RuleID, it.Subject, it.At.File})
		}
	}
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(b); err != nil {
		return err
	}
	return outfile.Write(path, o, buf.Bytes())
}

func readBaseline(path string) (*baseline, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxBaseline+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxBaseline {
		return nil, fmt.Errorf("the file is too big: at most %d bytes are read", maxBaseline)
	}
	var b baseline
	if err := json.Unmarshal(data, &b); err != nil {
		return nil, errors.New("it is not a baseline, which is JSON that --write-baseline writes: " + err.Error())
	}
	if b.FormatVersion != baselineVersion {
		return nil, fmt.Errorf("its formatVersion is %d, but must be %d: write it again with --write-baseline", b.FormatVersion, baselineVersion)
	}
	return &b, nil
}

// accept marks the findings of the baseline, and tells of entries that match
// none, where everything was checked.
func (b *baseline) accept(rep *report.Report, name string, s *settings.Values) {
	known := map[string]accepted{}
	for _, a := range b.Findings {
		known[a.Fingerprint] = a
	}
	met := map[string]bool{}
	for i := range rep.Items {
		it := &rep.Items[i]
		if a, ok := known[it.Fingerprint]; ok && a.Rule == it.RuleID {
			met[it.Fingerprint] = true
			if it.Suppressed == nil {
				it.Suppressed = &report.Suppression{Kind: "external", Reason: "accepted by the baseline " + name}
			}
		}
	}
	what := "1 entry of the baseline matches"
	if unmet := len(known) - len(met); unmet > 1 {
		what = fmt.Sprintf("%d entries of the baseline match", unmet)
	}
	if len(known) > len(met) && !s.ChangedOnly && s.Shard.Total == 0 && len(s.Paths) == 0 {
		rep.Notes = append(rep.Notes, report.Remark{
			At:    report.Location{Span: source.Span{File: name}, Exact: true},
			Text:  what + " no finding: write it again with --write-baseline",
			Level: check.Warning,
		})
	}
}
