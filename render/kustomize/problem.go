package kustomize

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// readProblem tells why the file at name cannot be read.
func readProblem(name string, err error) render.Problem {
	p := render.Problem{At: source.Span{File: name}}
	switch {
	case errors.Is(err, render.ErrOutside):
		p.Message = "the name " + quote(name) + " leads out of the repository"
		p.Hint = "Keep what the kustomization needs inside the repository."
		p.At = source.Span{}
	case errors.Is(err, render.ErrGitData):
		p.Message = "the name " + quote(name) + " " + render.ErrGitData.Error()
		p.Hint = "Name files of the repository's content only."
		p.At = source.Span{}
	case errors.Is(err, render.ErrTooBig), errors.Is(err, render.ErrTooMuch):
		p.Message = reason(err)
		p.Hint = "Leave the file out of the kustomization, or split it."
	case errors.Is(err, fs.ErrPermission):
		p.Message = "the file cannot be read: permission denied"
		p.Hint = "Make it readable."
	default:
		p.Message = "the file cannot be read: " + reason(err)
	}
	return p
}

// reason returns the error's text without the path in front.
func reason(err error) string {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		err = p.Err
	}
	return err.Error()
}

// quote returns s in double quotes with a bounded length and all that is not
// printable escaped.
func quote(s string) string {
	if len(s) > 200 {
		return fmt.Sprintf("%s (%d bytes)", strconv.Quote(strings.ToValidUTF8(s[:200], "")+"…"), len(s))
	}
	return strconv.Quote(s)
}
