package deployed

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

var reference = regexp.MustCompile(`\$\{([#!]?)([A-Za-z_][A-Za-z0-9_]*)([^{}]*)\}`)

// substitute replaces ${NAME} and its forms in s as Flux does (a subset of Bash's
// parameter expansion; $$ stands for a dollar sign). value returns a variable;
// known tells whether it can be told at all. What cannot is left as it is.
func substitute(s string, value func(name string) (v string, set, known bool)) string {
	if !strings.Contains(s, "${") {
		return s
	}
	const dollar = "\x00"
	s = strings.ReplaceAll(s, "$$", dollar)
	s = reference.ReplaceAllStringFunc(s, func(m string) string {
		p := reference.FindStringSubmatch(m)
		v, set, known := value(p[2])
		if !set && !known {
			return m
		}
		if p[1] == "#" {
			return strconv.Itoa(len(v))
		}
		out, ok := expand(v, set, p[3])
		if !ok {
			return m
		}
		return out
	})
	return strings.ReplaceAll(s, dollar, "$")
}

// expand applies what follows a name in ${NAME…}.
func expand(v string, set bool, op string) (string, bool) {
	cut := func(prefix string) (string, bool) { return strings.CutPrefix(op, prefix) }
	if op == "" {
		return v, true
	}
	for _, d := range []struct {
		op    string
		empty bool // also for an empty value
	}{{":=", true}, {":-", true}, {"=", false}, {"-", false}} {
		if rest, ok := cut(d.op); ok {
			if !set || d.empty && v == "" {
				return rest, true
			}
			return v, true
		}
	}
	switch op {
	case "^^":
		return strings.ToUpper(v), true
	case ",,":
		return strings.ToLower(v), true
	case "^":
		return first(v, unicode.ToUpper), true
	case ",":
		return first(v, unicode.ToLower), true
	}
	if rest, ok := cut(":"); ok {
		return slice(v, rest)
	}
	if rest, ok := cut("//"); ok {
		old, to, _ := strings.Cut(rest, "/")
		return strings.ReplaceAll(v, old, to), true
	}
	if rest, ok := cut("/"); ok {
		old, to, _ := strings.Cut(rest, "/")
		return strings.Replace(v, old, to, 1), true
	}
	for _, p := range []string{"##", "#"} {
		if rest, ok := cut(p); ok && !strings.ContainsAny(rest, "*?[") {
			return strings.TrimPrefix(v, rest), true
		}
	}
	for _, p := range []string{"%%", "%"} {
		if rest, ok := cut(p); ok && !strings.ContainsAny(rest, "*?[") {
			return strings.TrimSuffix(v, rest), true
		}
	}
	return "", false
}

func first(s string, f func(rune) rune) string {
	r := []rune(s)
	if len(r) > 0 {
		r[0] = f(r[0])
	}
	return string(r)
}

// slice is ${NAME:from} and ${NAME:from:length}.
func slice(v, spec string) (string, bool) {
	a, b, bounded := strings.Cut(spec, ":")
	from, err := strconv.Atoi(strings.TrimSpace(a))
	if err != nil {
		return "", false
	}
	from = min(max(from, 0), len(v))
	if !bounded {
		return v[from:], true
	}
	n, err := strconv.Atoi(strings.TrimSpace(b))
	if err != nil {
		return "", false
	}
	return v[from : from+min(max(n, 0), len(v)-from)], true
}
