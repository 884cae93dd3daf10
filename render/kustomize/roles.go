package kustomize

import (
	"path"
	"slices"

	"sigs.k8s.io/kustomize/api/konfig"
)

// role says what a render uses a file for. One file can have several roles.
type role uint8

const (
	roleKustomization role = 1 << iota
	roleResource           // objects
	rolePatch              // a strategic merge or JSON 6902 patch
	rolePlugin             // configuration of generators, transformers, validators
	roleReplacement        // a list of replacements
	roleEnv                // KEY=VALUE lines for a generator
	roleData               // anything else: its bytes are not to be touched
)

// roleYAML are the roles in which a file is read as YAML documents.
const roleYAML = roleKustomization | roleResource | rolePatch | rolePlugin | roleReplacement

func isKustomizationName(p string) bool {
	return slices.Contains(konfig.RecognizedKustomizationFileNames(), path.Base(p))
}
