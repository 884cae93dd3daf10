package kube

import (
	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// Selector is a label selector with matchLabels and matchExpressions.
type Selector struct {
	Labels      Strings
	expressions []expression
	malformed   bool
}

type expression struct {
	key, operator string
	values        []string
}

// SelectorAt returns the label selector in node, which stands at f.
func SelectorAt(f render.Field, node *yaml.Node) Selector {
	s := Selector{Labels: StringsAt(f.Key("matchLabels"), Get(node, "matchLabels"))}
	for _, n := range Items(Get(node, "matchExpressions")) {
		e := expression{key: Text(Get(n, "key")), operator: Text(Get(n, "operator"))}
		for _, v := range Items(Get(n, "values")) {
			e.values = append(e.values, Text(v))
		}
		switch e.operator {
		case "In", "NotIn", "Exists", "DoesNotExist":
		default:
			s.malformed = true
		}
		s.expressions = append(s.expressions, e)
	}
	return s
}

// Empty reports whether s has no requirements.
func (s Selector) Empty() bool { return s.Labels.Len() == 0 && len(s.expressions) == 0 }

// Matches reports whether labels meet every requirement. A selector with an
// unknown operator matches nothing.
func (s Selector) Matches(labels Strings) bool {
	if s.malformed || !labels.Contains(s.Labels) {
		return false
	}
	for _, e := range s.expressions {
		value, has := labels.Get(e.key)
		in := false
		for _, v := range e.values {
			in = in || has && v == value
		}
		switch {
		case e.operator == "In" && !in,
			e.operator == "NotIn" && in,
			e.operator == "Exists" && !has,
			e.operator == "DoesNotExist" && has:
			return false
		}
	}
	return true
}
