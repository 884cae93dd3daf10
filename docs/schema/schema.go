// Package schema holds the published JSON Schema of .probe-mtls.yaml.
package schema

import _ "embed" // the schema

// JSON is the schema, for draft 7 of JSON Schema, which editors know best.
//
//go:embed probe-mtls.schema.json
var JSON []byte
