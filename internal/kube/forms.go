package kube

import "github.com/org/probe-mtls-action/render"

// OwnForms drops the forms that other roots have of an object which root has too;
// object is the object of an element. Where root has none, all stay.
func OwnForms[T any](all []T, root render.Root, object func(T) *render.Object) []T {
	if len(all) < 2 {
		return all
	}
	type identity struct{ kind, namespace, name string }
	of := func(o *render.Object) identity { return identity{o.Kind, o.NamespaceOrDefault(), o.Name} }
	own := map[identity]bool{}
	for _, x := range all {
		if o := object(x); o.Root == root {
			own[of(o)] = true
		}
	}
	var out []T
	for _, x := range all {
		if o := object(x); o.Root == root || !own[of(o)] {
			out = append(out, x)
		}
	}
	return out
}
