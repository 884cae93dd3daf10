package sarif_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestEveryPropertyIsDocumented: docs/output.md names every property that results,
// runs, fixes, locations and notifications carry.
func TestEveryPropertyIsDocumented(t *testing.T) {
	t.Parallel()
	model, err := os.ReadFile("model.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../../docs/output.md")
	if err != nil {
		t.Fatal(err)
	}
	tag := regexp.MustCompile(`json:"([A-Za-z]+)`)
	for _, name := range []string{"runProperties", "resultProperties", "fixProperties", "locationProperties", "notificationProperties"} {
		_, body, ok := strings.Cut(string(model), "type "+name+" struct {")
		if !ok {
			t.Fatalf("there is no type %s", name)
		}
		body, _, _ = strings.Cut(body, "\n}")
		for _, m := range tag.FindAllStringSubmatch(body, -1) {
			if !strings.Contains(string(page), "`"+m[1]+"`") {
				t.Errorf("docs/output.md does not name %s of %s", m[1], name)
			}
		}
	}
}
