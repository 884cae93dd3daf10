package kube

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
