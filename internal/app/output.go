package app

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/internal/report/json"
	"github.com/org/probe-mtls-action/internal/report/markdown"
	"github.com/org/probe-mtls-action/internal/report/sarif"
	"github.com/org/probe-mtls-action/internal/report/text"
)

// output says how and where results are written.
type output struct {
	format  string
	file    string
	noColor bool
}

func (o *output) flags(f *pflag.FlagSet) {
	f.StringVarP(&o.format, "format", "f", "text", "text, sarif, json or markdown")
	f.StringVarP(&o.file, "output", "o", "", "write to `FILE` instead of the standard output")
	f.BoolVar(&o.noColor, "no-color", false, "do not colour text")
}

// formats are the reporters of --format.
var formats = map[string]func(io.Writer, *report.Report, look) error{
	"text": func(w io.Writer, r *report.Report, l look) error {
		return text.Write(w, r, text.Options{Color: l.color, Verbose: l.verbose, OnlyNew: l.policy.OnlyNew})
	},
	"sarif": func(w io.Writer, r *report.Report, _ look) error { return sarif.Write(w, r, sarif.Options{}) },
	"json":  func(w io.Writer, r *report.Report, l look) error { return json.Write(w, r, r.Conclude(l.policy)) },
	"markdown": func(w io.Writer, r *report.Report, l look) error {
		_, err := markdown.Write(w, r, markdown.Options{Policy: l.policy})
		return err
	},
}

// look is how a report is shown.
type look struct {
	color, verbose bool
	policy         report.Policy
}

func (o *output) validate() error {
	return (choice{"--format", o.format, []string{"text", "sarif", "json", "markdown"}}).check()
}

// write writes r to the chosen place. A result that cannot be written counts
// as not checked: nobody has seen it.
func (o *output) write(env *Env, r *report.Report, l look) error {
	l.color = !o.noColor && o.file == "" && colors(env)
	var b bytes.Buffer
	if err := formats[o.format](&b, r, l); err != nil {
		return notChecked(fmt.Errorf("writing %s: %w", o.format, err))
	}
	if o.file == "" || o.file == "-" {
		if _, err := env.Stdout.Write(b.Bytes()); err != nil {
			return notChecked(fmt.Errorf("the result could not be written: %w", reason(err)))
		}
		return nil
	}
	if err := os.WriteFile(env.path(o.file), b.Bytes(), 0o666); err != nil {
		return notChecked(fmt.Errorf("--output %s: the result could not be written: %w", o.file, reason(err)))
	}
	return nil
}

// colors reports whether text goes to a person's terminal: https://no-color.org
func colors(env *Env) bool {
	if env.Getenv("NO_COLOR") != "" || env.Getenv("TERM") == "dumb" {
		return false
	}
	f, ok := env.Stdout.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
