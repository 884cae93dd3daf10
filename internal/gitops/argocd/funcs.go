package argocd

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// funcs are the functions that templates may call: those of text/template, of
// ApplicationSets, and the ones of the Sprig library that speak of names, paths
// and lists. Nothing in them reads, waits, or makes more than it is given.
var funcs map[string]func(args []any) (any, error)

var errArgs = errors.New("wrong arguments")

func text1(f func(string) string) func([]any) (any, error) {
	return func(a []any) (any, error) {
		if len(a) != 1 {
			return nil, errArgs
		}
		return f(str(a[0])), nil
	}
}

// text2 is for functions whose subject comes last, as Sprig has them.
func text2(f func(arg, s string) any) func([]any) (any, error) {
	return func(a []any) (any, error) {
		if len(a) != 2 {
			return nil, errArgs
		}
		return f(str(a[0]), str(a[1])), nil
	}
}

func number(f func(a, b int) int) func([]any) (any, error) {
	return func(a []any) (any, error) {
		if len(a) < 2 {
			return nil, errArgs
		}
		n := toInt(a[0])
		for _, m := range a[1:] {
			n = f(n, toInt(m))
		}
		return n, nil
	}
}

func compare(ok func(c int) bool) func([]any) (any, error) {
	return func(a []any) (any, error) {
		if len(a) != 2 {
			return nil, errArgs
		}
		if x, okx := a[0].(string); okx {
			return ok(strings.Compare(x, str(a[1]))), nil
		}
		x, y := toFloat(a[0]), toFloat(a[1])
		switch {
		case x < y:
			return ok(-1), nil
		case x > y:
			return ok(1), nil
		}
		return ok(0), nil
	}
}

func listed(f func(l []any) any) func([]any) (any, error) {
	return func(a []any) (any, error) {
		if len(a) != 1 {
			return nil, errArgs
		}
		switch v := a[0].(type) {
		case []any:
			return f(v), nil
		case nil:
			return nil, nil
		}
		return nil, fmt.Errorf("%s is not a list", kindOf(a[0]))
	}
}

func init() {
	funcs = map[string]func([]any) (any, error){
		"lower": text1(strings.ToLower), "upper": text1(strings.ToUpper), "trim": text1(strings.TrimSpace),
		"base": text1(path.Base), "dir": text1(path.Dir), "ext": text1(path.Ext), "clean": text1(path.Clean),
		"normalize": text1(normalize), "slugify": slugify, "toString": text1(func(s string) string { return s }),
		"quote":   text1(strconv.Quote),
		"squote":  text1(func(s string) string { return "'" + s + "'" }),
		"nospace": text1(func(s string) string { return strings.ReplaceAll(s, " ", "") }),
		"untitle": text1(func(s string) string { return strings.ToLower(s[:min(1, len(s))]) + s[min(1, len(s)):] }),
		"title":   text1(func(s string) string { return strings.ToUpper(s[:min(1, len(s))]) + s[min(1, len(s)):] }),

		"trimPrefix": text2(func(p, s string) any { return strings.TrimPrefix(s, p) }),
		"trimSuffix": text2(func(p, s string) any { return strings.TrimSuffix(s, p) }),
		"trimAll":    text2(func(p, s string) any { return strings.Trim(s, p) }),
		"hasPrefix":  text2(func(p, s string) any { return strings.HasPrefix(s, p) }),
		"hasSuffix":  text2(func(p, s string) any { return strings.HasSuffix(s, p) }),
		"contains":   text2(func(p, s string) any { return strings.Contains(s, p) }),
		"splitList":  text2(func(sep, s string) any { return texts(strings.Split(s, sep)) }),
		"split": text2(func(sep, s string) any {
			out := make(map[string]any)
			for i, part := range strings.Split(s, sep) {
				out["_"+strconv.Itoa(i)] = part
			}
			return out
		}),
		"trunc": func(a []any) (any, error) {
			if len(a) != 2 {
				return nil, errArgs
			}
			n, s := toInt(a[0]), str(a[1])
			if n < 0 {
				return s[max(len(s)+n, 0):], nil
			}
			return s[:min(n, len(s))], nil
		},
		"substr": func(a []any) (any, error) {
			if len(a) != 3 {
				return nil, errArgs
			}
			s := str(a[2])
			from, to := max(toInt(a[0]), 0), toInt(a[1])
			if to < 0 || to > len(s) {
				to = len(s)
			}
			return s[min(from, to):to], nil
		},
		"replace": func(a []any) (any, error) {
			if len(a) != 3 || len(str(a[2]))*(len(str(a[1]))+1) > 16*maxOutput {
				return nil, errArgs
			}
			return strings.ReplaceAll(str(a[2]), str(a[0]), str(a[1])), nil
		},
		"regexMatch": text2(func(p, s string) any {
			re, err := regexp.Compile(p)
			return err == nil && re.MatchString(s)
		}),
		"regexFind": text2(func(p, s string) any {
			re, err := regexp.Compile(p)
			if err != nil {
				return ""
			}
			return re.FindString(s)
		}),
		"regexReplaceAll": func(a []any) (any, error) {
			if len(a) != 3 {
				return nil, errArgs
			}
			re, err := regexp.Compile(str(a[0]))
			if err != nil {
				return nil, err
			}
			return re.ReplaceAllString(str(a[1]), str(a[2])), nil
		},
		"join": func(a []any) (any, error) {
			if len(a) != 2 {
				return nil, errArgs
			}
			l, ok := a[1].([]any)
			if !ok {
				return str(a[1]), nil
			}
			parts := make([]string, len(l))
			for i := range l {
				parts[i] = str(l[i])
			}
			return strings.Join(parts, str(a[0])), nil
		},
		"cat": func(a []any) (any, error) {
			parts := make([]string, len(a))
			for i := range a {
				parts[i] = str(a[i])
			}
			return strings.Join(parts, " "), nil
		},
		"print": func(a []any) (any, error) { return fmt.Sprint(a...), nil },
		"printf": func(a []any) (any, error) {
			if len(a) == 0 || regexp.MustCompile(`%[-+# 0]*[\d*]{3}`).MatchString(str(a[0])) {
				return nil, errArgs
			}
			return fmt.Sprintf(str(a[0]), a[1:]...), nil
		},

		"list":    func(a []any) (any, error) { return a, nil },
		"first":   listed(func(l []any) any { return at(l, 0) }),
		"last":    listed(func(l []any) any { return at(l, len(l)-1) }),
		"rest":    listed(func(l []any) any { return l[min(1, len(l)):] }),
		"initial": listed(func(l []any) any { return l[:max(len(l)-1, 0)] }),
		"reverse": listed(func(l []any) any { l = slices.Clone(l); slices.Reverse(l); return l }),
		"uniq": listed(func(l []any) any {
			var out []any
			for _, v := range l {
				if !slices.ContainsFunc(out, func(o any) bool { return reflect.DeepEqual(o, v) }) {
					out = append(out, v)
				}
			}
			return out
		}),
		"has": func(a []any) (any, error) {
			if len(a) != 2 {
				return nil, errArgs
			}
			l, _ := a[1].([]any)
			return slices.ContainsFunc(l, func(o any) bool { return reflect.DeepEqual(o, a[0]) }), nil
		},
		"dict": func(a []any) (any, error) {
			out := make(map[string]any)
			for i := 0; i+1 < len(a); i += 2 {
				out[str(a[i])] = a[i+1]
			}
			return out, nil
		},
		"get": func(a []any) (any, error) {
			m, ok := at(a, 0).(map[string]any)
			if !ok || len(a) != 2 {
				return nil, errArgs
			}
			if v, ok := m[str(a[1])]; ok {
				return v, nil
			}
			return "", nil
		},
		"hasKey": func(a []any) (any, error) {
			m, ok := at(a, 0).(map[string]any)
			if !ok || len(a) != 2 {
				return nil, errArgs
			}
			_, has := m[str(a[1])]
			return has, nil
		},
		"dig": func(a []any) (any, error) {
			if len(a) < 3 {
				return nil, errArgs
			}
			v, otherwise := a[len(a)-1], a[len(a)-2]
			for _, k := range a[:len(a)-2] {
				m, ok := v.(map[string]any)
				if !ok {
					return otherwise, nil
				}
				if v, ok = m[str(k)]; !ok {
					return otherwise, nil
				}
			}
			return v, nil
		},
		"keys": func(a []any) (any, error) {
			m, ok := at(a, 0).(map[string]any)
			if !ok {
				return nil, errArgs
			}
			return texts(sortedKeys(m)), nil
		},
		"index": func(a []any) (any, error) {
			if len(a) == 0 {
				return nil, errArgs
			}
			v := a[0]
			for _, k := range a[1:] {
				switch c := v.(type) {
				case []any:
					n := toInt(k)
					if n < 0 || n >= len(c) {
						return nil, fmt.Errorf("there is no item %d of %d", n, len(c))
					}
					v = c[n]
				case map[string]any:
					v = c[str(k)]
				default:
					return nil, fmt.Errorf("%s has no items", kindOf(v))
				}
			}
			return v, nil
		},
		"len": func(a []any) (any, error) {
			switch v := at(a, 0).(type) {
			case []any:
				return len(v), nil
			case map[string]any:
				return len(v), nil
			case string:
				return len(v), nil
			}
			return nil, errArgs
		},

		"default": func(a []any) (any, error) {
			if len(a) != 2 || !truth(a[1]) {
				return at(a, 0), nil
			}
			return a[1], nil
		},
		"coalesce": func(a []any) (any, error) {
			for _, v := range a {
				if truth(v) {
					return v, nil
				}
			}
			return nil, nil
		},
		"ternary": func(a []any) (any, error) {
			if len(a) != 3 {
				return nil, errArgs
			}
			if truth(a[2]) {
				return a[0], nil
			}
			return a[1], nil
		},
		"empty": func(a []any) (any, error) { return !truth(at(a, 0)), nil },
		"not":   func(a []any) (any, error) { return !truth(at(a, 0)), nil },
		"and":   func(a []any) (any, error) { return at(a, len(a)-1), nil },
		"or":    func(a []any) (any, error) { return at(a, len(a)-1), nil },
		"eq": func(a []any) (any, error) {
			for _, v := range a[min(1, len(a)):] {
				if same(a[0], v) {
					return true, nil
				}
			}
			return false, nil
		},
		"ne": func(a []any) (any, error) {
			if len(a) != 2 {
				return nil, errArgs
			}
			return !same(a[0], a[1]), nil
		},
		"lt": compare(func(c int) bool { return c < 0 }), "le": compare(func(c int) bool { return c <= 0 }),
		"gt": compare(func(c int) bool { return c > 0 }), "ge": compare(func(c int) bool { return c >= 0 }),
		"add": number(func(a, b int) int { return a + b }), "sub": number(func(a, b int) int { return a - b }),
		"mul": number(func(a, b int) int { return a * b }),
		"int": func(a []any) (any, error) { return toInt(at(a, 0)), nil },
		"add1": func(a []any) (any, error) {
			return toInt(at(a, 0)) + 1, nil
		},

		"toJson":        encode(json.Marshal),
		"toYaml":        encode(yaml.Marshal),
		"fromJson":      decodeYAML,
		"fromYaml":      decodeYAML,
		"fromYamlArray": decodeYAML,
	}
	funcs["atoi"] = funcs["int"]
	funcs["toYamlPretty"] = funcs["toYaml"]
}

func encode(marshal func(any) ([]byte, error)) func([]any) (any, error) {
	return func(a []any) (any, error) {
		b, err := marshal(at(a, 0))
		return strings.TrimSuffix(string(b), "\n"), err
	}
}

func decodeYAML(a []any) (any, error) {
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(str(at(a, 0))), &n); err != nil {
		return nil, err
	}
	return plain(&n, 0), nil
}

func at(l []any, i int) any {
	if i < 0 || i >= len(l) {
		return nil
	}
	return l[i]
}

func texts(l []string) []any {
	out := make([]any, len(l))
	for i := range l {
		out[i] = l[i]
	}
	return out
}

func str(v any) string {
	if v == nil {
		return ""
	}
	return print(v)
}

func toInt(v any) int {
	switch v := v.(type) {
	case int:
		return v
	case float64:
		if math.Abs(v) < 1<<53 {
			return int(v)
		}
	case string:
		n, _ := strconv.Atoi(strings.TrimSpace(v))
		return n
	case bool:
		if v {
			return 1
		}
	}
	return 0
}

func toFloat(v any) float64 {
	if f, ok := v.(float64); ok {
		return f
	}
	return float64(toInt(v))
}

func same(a, b any) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	_, at := a.(string)
	_, bt := b.(string)
	return !at && !bt && a != nil && b != nil && toFloat(a) == toFloat(b)
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

var notName = regexp.MustCompile(`[^a-z0-9.-]`)

// normalize makes a name of Kubernetes of a text (sanitizeName of Argo CD).
func normalize(s string) string {
	s = notName.ReplaceAllString(strings.ToLower(s), "-")
	s = s[:min(len(s), 253)]
	return strings.Trim(s, "-.")
}

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

func slugify(a []any) (any, error) {
	size, s := 50, str(at(a, len(a)-1))
	if len(a) > 1 {
		size = toInt(a[0])
	}
	s = strings.Trim(notSlug.ReplaceAllString(strings.ToLower(s), "-"), "-")
	return strings.Trim(s[:min(len(s), max(size, 0))], "-"), nil
}
