package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/near"
)

// ownersFlags are switches that a pull request must not be able to turn on.
var ownersFlags = []string{"allowRemote", "enableHelm"}

// unknown tells of a key that a section does not have, with the nearest one
// that it has.
func (d *decoder) unknown(key *yaml.Node, section string, valid []string) {
	hint := suggest(key.Value, valid)
	switch {
	case slices.ContainsFunc(ownersFlags, func(f string) bool { return near.Same(f, key.Value) }):
		hint = "only a flag or an input of the action turns it on, so that no pull request can;"
	case section != "mesh" && slices.Contains(keysOf("mesh"), key.Value):
		hint = "it belongs in the section mesh;"
	}
	if hint != "" {
		hint += " "
	}
	d.fail(key, hint+"valid keys: "+strings.Join(valid, ", "), "unknown key %q", key.Value)
}

// suggest returns a question that offers the nearest of the valid words, ""
// where none is near.
func suggest(word string, valid []string) string {
	if best := near.Word(word, valid); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return ""
}
