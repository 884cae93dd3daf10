package caller

import (
	"regexp"
	"strings"

	"github.com/org/probe-mtls-action/internal/kube"
)

// filters reads the relabelings that keep or drop targets. decided is false where
// one changes addresses, or does what cannot be told from the manifests.
func filters(list []kube.Value) (keep func(labels map[string]string) bool, decided bool) {
	type filter struct {
		sources   []string
		separator string
		pattern   *regexp.Regexp
		drop      bool
	}
	var all []filter
	for _, rule := range list {
		action := strings.ToLower(rule.Key("action").Text())
		switch {
		case rule.Key("targetLabel").Text() == "__address__":
			return nil, false
		case action != "keep" && action != "drop":
			continue
		}
		text := "(.*)"
		if r := rule.Key("regex").Node; r != nil {
			text = r.Value
		}
		pattern, err := regexp.Compile("^(?s:" + text + ")$")
		if err != nil {
			return nil, false
		}
		f := filter{separator: ";", pattern: pattern, drop: action == "drop"}
		if s := rule.Key("separator").Node; s != nil {
			f.separator = s.Value
		}
		for _, l := range rule.Key("sourceLabels").Items() {
			f.sources = append(f.sources, l.Text())
		}
		all = append(all, f)
	}
	return func(labels map[string]string) bool {
		for _, f := range all {
			values := make([]string, len(f.sources))
			for i, s := range f.sources {
				values[i] = labels[s]
			}
			if f.pattern.MatchString(strings.Join(values, f.separator)) == f.drop {
				return false
			}
		}
		return true
	}, true
}

// matches reports whether labels meet a selector in the form of kubectl's -l;
// one that is not understood is met.
func matches(selector string, labels kube.Strings) bool {
	for _, term := range strings.Split(selector, ",") {
		term = strings.TrimSpace(term)
		key, want, equal := strings.Cut(term, "=")
		negated := strings.HasSuffix(key, "!")
		key = strings.TrimSpace(strings.TrimSuffix(key, "!"))
		want = strings.TrimSpace(strings.TrimPrefix(want, "="))
		switch {
		case term == "" || strings.ContainsAny(key, "() "):
		case !equal:
			if _, has := labels.Get(strings.TrimPrefix(key, "!")); has == strings.HasPrefix(key, "!") {
				return false
			}
		default:
			if got, has := labels.Get(key); (has && got == want) == negated {
				return false
			}
		}
	}
	return true
}
