package kube

import "strings"

// ScrapeAnnotation returns the annotation prometheus.io/NAME in any of the
// spellings that Prometheus reads alike, its key and its value; both are "" where
// there is none.
func ScrapeAnnotation(annotations Strings, name string) (key, value string) {
	if v, ok := annotations.Get("prometheus.io/" + name); ok {
		return "prometheus.io/" + name, v
	}
	for k, v := range annotations.All {
		if strings.HasPrefix(k, "prometheus") && ScrapeLabel(k) == "prometheus_io_"+name {
			return k, v
		}
	}
	return "", ""
}

// ScrapeLabel is how Prometheus writes a name in a label.
func ScrapeLabel(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name)
}
