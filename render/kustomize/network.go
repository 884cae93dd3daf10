package kustomize

import (
	"encoding/base64"
	"errors"
	"fmt"
	"github.com/org/probe-mtls-action/render"
	"net/http"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render/source"
)

// The door to the network. Kustomize fetches files through
// [http.DefaultTransport] and in no other way (api v0.21.2,
// internal/loader/fileloader.go); it takes a name for a URL only when it loads
// it, and names come into being during a render: from tags, escapes, prefixes,
// replacements. So nothing that is read beforehand tells for sure. This package
// puts a guard in front of the transport instead, which refuses every request
// that kustomize's code makes, unless it runs for a Renderer whose options allow
// remote files. Requests of the rest of the program pass.
//
// Repositories are cloned with the git command, and only for the entries of a
// kustomization file that stand for directories. These are read from the very
// bytes that kustomize is given, with kustomize's own decoder, before it sees
// them: checkEntry refuses what could be a repository.

func init() { http.DefaultTransport = Guard(http.DefaultTransport) }

// Guard returns a transport that carries requests through next, but none that
// kustomize makes for a [Renderer] without AllowRemote. This package puts one in
// front of [http.DefaultTransport] when the program starts, whose type is no
// longer *http.Transport then; a program that sets another default transport
// guards it itself. A Renderer does not render behind a default transport without
// guard.
func Guard(next http.RoundTripper) http.RoundTripper { return guard{next} }

type guard struct{ next http.RoundTripper }

var errUnguarded = errors.New("http.DefaultTransport was replaced, and without kustomize.Guard in front of the new one nothing would keep kustomize off the network")

// guarded reports whether requests of kustomize go through a guard.
func guarded() bool {
	_, ok := http.DefaultTransport.(guard)
	return ok
}

// remoteError is the refusal of a request.
type remoteError struct{ url string }

func (e *remoteError) Error() string { return fmt.Sprintf("%s: %s", render.ErrRemote, quote(e.url)) }
func (e *remoteError) Unwrap() error { return render.ErrRemote }

// RoundTrip refuses or passes on a request. It is called on the goroutine that
// makes the request (as http.Client does), whose stack tells who that is.
func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if byKustomize, allowed := caller(); byKustomize && !allowed {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, &remoteError{req.URL.String()}
	}
	return g.next.RoundTrip(req)
}

// CloseIdleConnections lets http.Client close the connections of next.
func (g guard) CloseIdleConnections() {
	if c, ok := g.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// caller reports whether kustomize's code is on this goroutine's stack, and
// whether [online] is.
func caller() (byKustomize, allowed bool) {
	var pcs [256]uintptr
	for skip := 0; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs[:])
		frames := runtime.CallersFrames(pcs[:n])
		for more := n > 0; more; {
			var f runtime.Frame
			f, more = frames.Next()
			byKustomize = byKustomize || strings.HasPrefix(f.Function, "sigs.k8s.io/kustomize/")
			allowed = allowed || f.Function == onlineName
		}
		if n < len(pcs) {
			return byKustomize, allowed
		}
	}
}

// online runs f with the network open to kustomize.
//
//go:noinline
func online(f func()) { f() }

const onlineName = "github.com/org/probe-mtls-action/render/kustomize.online"

var refusedURL = regexp.MustCompile(regexp.QuoteMeta(render.ErrRemote.Error()) + `: \\*"([^"\\]*)`)

// denyRequest notes a refused request, which err tells of, as the render's end.
func (v *view) denyRequest(err error) {
	if err == nil || v.denied != nil {
		return
	}
	var url string
	if r := (*remoteError)(nil); errors.As(err, &r) {
		url = r.url
	} else if m := refusedURL.FindStringSubmatch(err.Error()); m != nil {
		url = m[1] // kustomize passes some errors on as text
	} else {
		return
	}
	at, field := v.written(func(_ []string, text string) int { return likeness(text, url) })
	v.denied = deny(at, fmt.Sprintf("%s leads to the remote %s, and remote references are off", field, quote(url)), render.RemoteHint, render.ErrRemote)
}

// likeness tells how surely the URL was made from text: a value that is it, or
// names a key in front of it, one that holds it, or the longest beginning of it.
func likeness(text, url string) int {
	switch {
	case text == "":
		return 0
	case text == url || strings.HasSuffix(text, "="+url):
		return 3 * maxPath
	case strings.Contains(text, url) && !isInline(text):
		return 2 * maxPath
	case strings.Contains(text, url):
		return maxPath
	case strings.HasPrefix(url, text):
		return min(len(text), maxPath-1)
	}
	return 0
}

// written returns the place of the value, in the files that configure kustomize,
// that rank gives the highest number above 0, and the name of its field. Rank gets
// the directories that a name in the value counts from. Where no value has a rank,
// the place is the last such file.
func (v *view) written(rank func(dirs []string, text string) int) (at source.Span, field string) {
	best := 0
	for _, f := range slices.Backward(v.reads) {
		r := v.roles[f.name]
		if r&(roleKustomization|rolePlugin|roleReplacement) == 0 {
			continue
		}
		if at.IsZero() {
			at, field = source.Span{File: f.name}, "the configuration of a plugin"
		}
		for _, d := range f.documents(r) {
			if d.doc == nil || d.doc.Root == nil {
				continue
			}
			eachScalar(d.doc.Root, "", func(n *yaml.Node, key string) {
				is := rank(v.dirs[f.name], decoded(n))
				if is <= best {
					return
				}
				best, field = is, key
				if at = d.lost; at.IsZero() {
					at = nodeSpan(d.doc, n)
				}
			})
		}
	}
	return at, field
}

// eachScalar calls f for the scalar values at and below n, each once, with the
// nearest key.
func eachScalar(n *yaml.Node, key string, f func(n *yaml.Node, key string)) {
	switch n.Kind {
	case yaml.ScalarNode:
		f(n, key)
	case yaml.SequenceNode:
		for _, c := range n.Content {
			eachScalar(c, key, f)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			eachScalar(n.Content[i+1], decoded(n.Content[i]), f)
		}
	}
}

// decoded returns a scalar as kustomize reads it.
func decoded(n *yaml.Node) string {
	if n.ShortTag() == "!!binary" {
		if data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Value), "")); err == nil {
			return string(data)
		}
	}
	return n.Value
}
