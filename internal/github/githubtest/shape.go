package githubtest

import (
	"encoding/json"
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// checkGraphQL validates an operation, its variables, and the shape of the data.
func (c *contract) checkGraphQL(body, answer []byte) []string {
	var in graphqlRequest
	if json.Unmarshal(body, &in) != nil {
		return nil // refused
	}
	doc, err := parser.ParseQuery(&ast.Source{Input: in.Query})
	if err != nil {
		return []string{"GraphQL: " + err.Error()}
	}
	if errs := validator.ValidateWithRules(c.schema, doc, nil); len(errs) > 0 {
		return []string{"GraphQL: " + errs.Error()}
	}
	op := doc.Operations[0]
	if _, err := validator.VariableValues(c.schema, op, in.Variables); err != nil {
		return []string{"GraphQL variables: " + err.Error()}
	}
	var out struct {
		Data   any
		Errors []any
	}
	if err := json.Unmarshal(answer, &out); err != nil || len(out.Errors) > 0 {
		return nil
	}
	root := c.schema.Query
	if op.Operation == ast.Mutation {
		root = c.schema.Mutation
	}
	return c.shape(op.SelectionSet, ast.NonNullNamedType(root.Name, nil), out.Data, string(op.Operation))
}

// shape compares data with the types of the schema.
func (c *contract) shape(set ast.SelectionSet, t *ast.Type, v any, at string) []string {
	if v == nil {
		if t.NonNull {
			return []string{at + ": null where the schema says " + t.String()}
		}
		return nil
	}
	if t.Elem != nil {
		list, ok := v.([]any)
		if !ok {
			return []string{at + ": no list"}
		}
		var found []string
		for i, one := range list {
			found = append(found, c.shape(set, t.Elem, one, fmt.Sprintf("%s[%d]", at, i))...)
		}
		return found
	}
	def := c.schema.Types[t.NamedType]
	if !def.IsCompositeType() {
		ok := true
		switch t.NamedType {
		case "String", "ID", "URI", "DateTime":
			_, ok = v.(string)
		case "Boolean":
			_, ok = v.(bool)
		case "Int", "Float":
			_, ok = v.(float64)
		}
		if def.Kind == ast.Enum {
			ok = def.EnumValues.ForName(fmt.Sprint(v)) != nil
		}
		if !ok {
			return []string{fmt.Sprintf("%s: %v is no %s", at, v, t.NamedType)}
		}
		return nil
	}
	fields, ok := v.(map[string]any)
	if !ok {
		return []string{at + ": no object"}
	}
	var found []string
	for _, sel := range set {
		f := sel.(*ast.Field)
		found = append(found, c.shape(f.SelectionSet, def.Fields.ForName(f.Name).Type, fields[f.Alias], at+"."+f.Alias)...)
	}
	return found
}
