// Package version parses versions of Istio and of the kubelet: v1.24.1, 1.24.
package version

import (
	"fmt"
	"regexp"
	"strconv"
)

// Pattern is the form of a version, for Go and for JSON Schema alike.
const Pattern = `^v?([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?(?:[-+][0-9A-Za-z.+-]{1,64})?$`

var form = regexp.MustCompile(Pattern)

// Version is a release. A pre-release counts as its release.
type Version struct{ Major, Minor, Patch int }

// Parse reads "1.5", "1.5.2", "v1.24.1" or "1.31.0-rc.0". exact is false where
// the patch release is left open. The error begins with the text.
func Parse(text string) (v Version, exact bool, err error) {
	m := form.FindStringSubmatch(text)
	if m == nil {
		return Version{}, false, fmt.Errorf("%.40q is not a version such as 1.24 or 1.24.3", text)
	}
	v.Major, _ = strconv.Atoi(m[1]) // at most four digits
	v.Minor, _ = strconv.Atoi(m[2])
	v.Patch, _ = strconv.Atoi(m[3])
	return v, m[3] != "", nil
}

// Valid reports whether text has the form of a version.
func Valid(text string) bool { return form.MatchString(text) }
