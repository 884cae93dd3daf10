package trace

import "go.yaml.in/yaml/v3"

// Same reports whether two scalars have one value, whatever the notation of
// numbers: 0x1F90, 8080.0 and 8.08e3 are 8080.
func Same(a, b string) bool {
	if a == b {
		return true
	}
	x, ok := numeric(a)
	if !ok {
		return false
	}
	y, ok := numeric(b)
	return ok && x == y
}

// IsNumber reports whether the plain scalar v is a number.
func IsNumber(v string) bool {
	_, ok := numeric(v)
	return ok
}

// numeric returns the number that the plain scalar v stands for.
func numeric(v string) (float64, bool) {
	if v == "" || v[0] > '9' {
		return 0, false
	}
	var f float64
	switch n := (yaml.Node{Kind: yaml.ScalarNode, Value: v}); n.ShortTag() {
	case "!!int":
		var i int64
		if n.Decode(&i) == nil {
			return float64(i), true
		}
		return f, n.Decode(&f) == nil
	case "!!float":
		return f, n.Decode(&f) == nil
	}
	return 0, false
}
