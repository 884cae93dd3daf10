package istio

import (
	"slices"

	"github.com/org/probe-mtls-action/internal/kube"
)

// crowd finds workloads by their labels without looking at all of them.
type crowd struct {
	all      []*workload
	labelled map[[2]string][]*workload // by key and value
}

func (c *crowd) add(w *workload) {
	if c.labelled == nil {
		c.labelled = map[[2]string][]*workload{}
	}
	c.all = append(c.all, w)
	for k, v := range w.labels.All {
		key := [2]string{k, v}
		c.labelled[key] = append(c.labelled[key], w)
	}
}

// with returns those that have all labels, in the order in which they were
// added.
func (c *crowd) with(labels kube.Strings) []*workload {
	if c == nil {
		return nil
	}
	fewest := c.all
	for k, v := range labels.All {
		if some := c.labelled[[2]string{k, v}]; len(some) < len(fewest) {
			fewest = some
		}
	}
	return slices.DeleteFunc(slices.Clone(fewest), func(w *workload) bool { return !w.labels.Contains(labels) })
}
