package render

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ParsePath reads what [Path.String] writes: keys with dots between them, list
// indexes in brackets, keys with dots of their own quoted in brackets:
// metadata.annotations["example.com/a"], spec.containers[0].image. The error says
// where the text is not a path.
func ParsePath(text string) (Path, error) {
	var p Path
	for rest := text; rest != ""; {
		fail := func(what string) (Path, error) {
			return nil, fmt.Errorf("%q is not a path: %s at character %d", text, what, len(text)-len(rest)+1)
		}
		switch {
		case strings.HasPrefix(rest, `["`):
			quoted, err := strconv.QuotedPrefix(rest[1:])
			if err != nil {
				return fail("a quoted key that does not end")
			}
			key, err := strconv.Unquote(quoted)
			if err != nil || !strings.HasPrefix(rest[1+len(quoted):], "]") {
				return fail("expected ] after the key")
			}
			p, rest = p.Key(key), rest[1+len(quoted)+1:]
		case rest[0] == '[':
			digits, after, closed := strings.Cut(rest[1:], "]")
			i, err := strconv.Atoi(digits)
			if err != nil || i < 0 || !closed {
				return fail("expected a list index or a quoted key in brackets")
			}
			p, rest = p.Item(i), after
		default:
			if len(p) > 0 {
				if rest[0] != '.' {
					return fail("expected a dot or a bracket")
				}
				rest = rest[1:]
			}
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			if end == 0 {
				return fail("expected a key")
			}
			p, rest = p.Key(rest[:end]), rest[end:]
		}
	}
	return p, nil
}

// Field returns the field of o at path, which need not be set.
func (o *Object) Field(path Path) Field { return Field{o, path} }

// Walk calls visit for each field of o, those above before those below, in the
// order of the rendered text.
func (o *Object) Walk(visit func(Field)) { walk(o, nil, o.Node, visit) }

func walk(o *Object, p Path, n *yaml.Node, visit func(Field)) {
	for i, c := range n.Content {
		at := p.Item(i)
		if n.Kind == yaml.MappingNode {
			if i%2 == 0 {
				continue
			}
			at = p.Key(n.Content[i-1].Value)
		}
		visit(Field{o, at})
		walk(o, at, c, visit)
	}
}

// Trace returns the source place of the value that f refers to, see [Tracer]. It
// must not be called for the zero Field.
func (f Field) Trace(ctx context.Context) (Origin, error) { return f.Object.Trace(ctx, f.Path) }
