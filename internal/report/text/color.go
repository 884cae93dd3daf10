package text

import (
	"regexp"

	"github.com/fatih/color"

	"github.com/org/probe-mtls-action/internal/check"
)

type paint func(string) string

type palette struct {
	bold, faint, red, yellow, cyan, blue, green paint
}

func newPalette(on bool) palette {
	ink := func(attributes ...color.Attribute) paint {
		c := color.New(attributes...)
		c.DisableColor()
		if on {
			c.EnableColor()
		}
		return func(s string) string { return c.Sprint(s) }
	}
	return palette{
		bold: ink(color.Bold), faint: ink(color.Faint),
		red: ink(color.FgRed, color.Bold), yellow: ink(color.FgYellow, color.Bold), cyan: ink(color.FgCyan, color.Bold),
		blue: ink(color.FgBlue), green: ink(color.FgGreen, color.Bold),
	}
}

// of returns the colour of a severity.
func (p *palette) of(s check.Severity) paint {
	switch s {
	case check.Error:
		return p.red
	case check.Warning:
		return p.yellow
	}
	return p.cyan
}

var colorCode = regexp.MustCompile("\x1b\\[[0-9;]*m")

// plain returns s without our own colours.
func plain(s string) string { return colorCode.ReplaceAllString(s, "") }
