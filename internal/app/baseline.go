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

	text []byte // of the file that was read
}

// accepted is a finding of a baseline: its identity, and for readers what it is.
type accepted struct {
	Fingerprint string `json:"fingerprint"`
	Rule        string `json:"rule"`
	Subject     string `json:"subject"`
	File        string `json:"file"`
}

// external is the kind of a suppression that no text at the finding makes (SARIF
// 2.1.0, 3.35.2).
const external = "external"

const (
	baselineVersion = 1
	// maxBaseline bounds a baseline, in bytes.
	maxBaseline = 64 << 20
)

// acceptBaseline writes and reads the baselines that s names, and marks what they
// accept as suppressed. The error is an *exitError.
func (c *comparison) acceptBaseline(env *Env, s *settings.Values, rep *report.Report) error {
	repo := c.repo
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
		if name == s.Baseline {
			c.tellAccepted(rep, env.path(name), b)
		}
	}
	return nil
}

// tellAccepted puts in front of the report the new findings that only entries of
// the baseline accept which its file does not have at the base: a change that is
// not merged yet does not say itself what is accepted.
func (c *comparison) tellAccepted(rep *report.Report, file string, b *baseline) {
	if c.tree == nil || c.repo.git == nil {
		return
	}
	name, err := c.repo.git.Rel(file)
	if err != nil {
		return // no file of the repository: no change of it sets it
	}
	before := map[string]bool{}
	for old := range c.oldNames(name) {
		data, err := c.tree.ReadFile(old)
		if err != nil {
			continue
		}
		if was, err := parseBaseline(data); err == nil {
			for _, a := range was.Findings {
				before[a.Fingerprint] = true
			}
		}
	}
	var hidden []report.Item
	for _, it := range rep.Items {
		if it.Suppressed == nil || it.Suppressed.Kind != external || it.State != report.New || before[it.Fingerprint] {
			continue
		}
		hidden = append(hidden, c.hide(it, hiding{
			at:  c.located(b.place(name, it.Fingerprint)),
			how: fmt.Sprintf("the entry of the baseline %s is not in the base", name),
		}, policy(c.s, c.config)))
	}
	if len(hidden) > 0 {
		rep.Items = append(hidden, rep.Items...)
		rep.Sort()
	}
}

// place returns where the file of the baseline names a finding.
func (b *baseline) place(file, fingerprint string) source.Span {
	i := max(bytes.Index(b.text, []byte(fingerprint)), 0)
	return source.NewFile(file, b.text).Span(i, i+len(fingerprint))
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
	return parseBaseline(data)
}

func parseBaseline(data []byte) (*baseline, error) {
	b := baseline{text: data}
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
				it.Suppressed = &report.Suppression{Kind: external, Reason: "accepted by the baseline " + name}
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
