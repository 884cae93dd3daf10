package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"golang.org/x/term"

	"github.com/org/probe-mtls-action/internal/outfile"
	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/annotation"
	"github.com/org/probe-mtls-action/internal/report/concise"
	"github.com/org/probe-mtls-action/internal/report/gitlab"
	"github.com/org/probe-mtls-action/internal/report/html"
	"github.com/org/probe-mtls-action/internal/report/json"
	"github.com/org/probe-mtls-action/internal/report/junit"
	"github.com/org/probe-mtls-action/internal/report/markdown"
	"github.com/org/probe-mtls-action/internal/report/safe"
	"github.com/org/probe-mtls-action/internal/report/sarif"
	"github.com/org/probe-mtls-action/internal/report/text"
	"github.com/org/probe-mtls-action/internal/settings"
)

// bare are the formats that have no room for what was looked at: it goes to the
// standard error as one line.
var bare = []string{"concise", "junit", "gitlab", "github"}

// formats are the reporters of --format.
var formats = map[string]func(io.Writer, *report.Report, look) error{
	"text": func(w io.Writer, r *report.Report, l look) error {
		return text.Write(w, r, text.Options{Color: l.color, Verbose: l.verbose, OnlyNew: l.policy.OnlyNew, Width: l.width})
	},
	"sarif": func(w io.Writer, r *report.Report, _ look) error { return sarif.Write(w, r, sarif.Options{}) },
	"json":  func(w io.Writer, r *report.Report, l look) error { return json.Write(w, r, r.Conclude(l.policy)) },
	"concise": func(w io.Writer, r *report.Report, l look) error {
		return concise.Write(w, r, concise.Options{OnlyNew: l.policy.OnlyNew})
	},
	"html": func(w io.Writer, r *report.Report, _ look) error { return html.Write(w, r) },
	"junit": func(w io.Writer, r *report.Report, l look) error {
		return junit.Write(w, r, junit.Options{OnlyNew: l.policy.OnlyNew})
	},
	"gitlab": func(w io.Writer, r *report.Report, l look) error {
		return gitlab.Write(w, r, gitlab.Options{OnlyNew: l.policy.OnlyNew})
	},
	"github": func(w io.Writer, r *report.Report, l look) error {
		_, err := annotation.Write(w, r, annotation.Options{All: true, Skip: func(it *report.Item) bool {
			return l.policy.OnlyNew && it.State == report.Existing
		}})
		return err
	},
	"markdown": func(w io.Writer, r *report.Report, l look) error {
		_, err := markdown.Write(w, r, markdown.Options{Policy: l.policy})
		return err
	},
}

// look is how a report is shown.
type look struct {
	color, verbose bool
	width          int // columns of a terminal, 0 elsewhere
	policy         report.Policy
}

// write writes r to where the settings say. A result that cannot be written
// counts as not checked: nobody has seen it.
func write(env *Env, repo *repository, s *settings.Values, r *report.Report, policy report.Policy) error {
	if s.Quiet || slices.Contains(bare, s.Format) {
		fmt.Fprintln(env.Stderr, text.Total(r))
	}
	if s.Statistics {
		defer text.WriteStatistics(tale(env, s), r, text.Options{OnlyNew: policy.OnlyNew, Verbose: s.Verbose})
	}
	if s.Quiet && s.Output == "" {
		return nil
	}
	l := look{color: colors(env, s), verbose: s.Verbose, width: width(env, s), policy: policy}
	var b bytes.Buffer
	if err := formats[s.Format](&b, r, l); err != nil {
		return notChecked(fmt.Errorf("writing %s: %w", s.Format, err))
	}
	data := b.Bytes()
	switch s.Format {
	case "json", "sarif", "gitlab":
		data = safe.JSON(data)
	case "markdown", "html", "junit":
		data = safe.Markup(data)
	}
	if s.Output == "" || s.Output == "-" {
		if _, err := env.Stdout.Write(data); err != nil {
			return notChecked(fmt.Errorf("the result could not be written: %w", reason(err)))
		}
		return nil
	}
	if err := outfile.Write(env.path(s.Output), repo.output(), data); err != nil {
		return outputError("--output "+s.Output, err)
	}
	return nil
}

// colors reports whether text is coloured: as --color says, or else as the
// environment does (https://no-color.org, https://force-color.org,
// CLICOLOR_FORCE), or else on a terminal.
func colors(env *Env, s *settings.Values) bool {
	switch {
	case s.NoColor || s.Color == "never":
		return false
	case s.Color == "always":
		return true
	case env.Getenv("NO_COLOR") != "":
		return false
	case forces(env.Getenv("FORCE_COLOR")), forces(env.Getenv("CLICOLOR_FORCE")):
		return true
	case s.Output != "" || env.Getenv("TERM") == "dumb":
		return false
	}
	f := stdout(env)
	if f == nil {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// stdout is the standard output as a file, nil if it is none.
func stdout(env *Env) *os.File {
	out := env.Stdout
	if p, ok := out.(*pipe); ok {
		out = p.w
	}
	f, _ := out.(*os.File)
	return f
}

// The columns that text may use: prose is not read well in longer lines.
const (
	narrowest = 60
	widest    = 120
)

// width is how many columns text may use: as COLUMNS says, or else the terminal;
// 0 where it goes elsewhere.
func width(env *Env, s *settings.Values) int {
	if s.Output != "" && s.Output != "-" {
		return 0
	}
	n, err := strconv.Atoi(env.Getenv("COLUMNS"))
	if f := stdout(env); err != nil && f != nil && term.IsTerminal(int(f.Fd())) {
		n, _, err = term.GetSize(int(f.Fd()))
	}
	if err != nil || n <= 0 {
		return 0
	}
	return min(max(n, narrowest), widest)
}

func forces(value string) bool { return value != "" && value != "0" }

// output says where the files of a run of r may be.
func (r *repository) output() outfile.Options {
	if d, ok := r.tree.(interface{ Dir() string }); ok {
		return outfile.Options{Repository: d.Dir()}
	}
	return outfile.Options{}
}

// outputError is the error of a file of results that was named as named says: a
// mistake, or the end of a result that nobody has seen.
func outputError(named string, err error) error {
	if refused := (*outfile.RefusedError)(nil); errors.As(err, &refused) {
		return usagef("%s: %w", named, refused)
	}
	return notChecked(fmt.Errorf("%s: the result could not be written: %w", named, reason(err)))
}
