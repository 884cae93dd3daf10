package istio

import (
	"fmt"
	"strconv"

	versions "github.com/org/probe-mtls-action/internal/version"
)

// version is an Istio release. A pre-release counts as its release.
type version struct{ major, minor, patch int }

// The range of releases that the model knows.
var (
	oldest = version{0, 8, 0}
	newest = version{1, 31, 0}
)

// parseVersion reads "1.5", "1.5.2", "v1.24.1" or "1.31.0-rc.0"; "" is the
// newest known release. exact is false where the patch release is left open.
func parseVersion(text string) (v version, exact bool, err error) {
	if text == "" {
		return newest, true, nil
	}
	parsed, exact, err := versions.Parse(text)
	if err != nil {
		return v, false, versionError(text)
	}
	v = version{parsed.Major, parsed.Minor, parsed.Patch}
	if v.before(oldest) || v.major == 0 && v.minor > 8 {
		return v, false, versionError(text)
	}
	return v, exact, nil
}

func versionError(text string) error {
	return fmt.Errorf("%.40q is no Istio version: expected 0.8 or 1.0 to %d.%d, such as 1.24, 1.5.2 or v1.31.0",
		text, newest.major, newest.minor)
}

func (v version) before(w version) bool {
	if v.major != w.major {
		return v.major < w.major
	}
	if v.minor != w.minor {
		return v.minor < w.minor
	}
	return v.patch < w.patch
}

// sameMinor reports whether v and w are patch releases of one minor release.
func (v version) sameMinor(w version) bool { return v.major == w.major && v.minor == w.minor }

// String returns 1.24 for 1.24.0 and 1.5.2 for itself.
func (v version) String() string {
	s := strconv.Itoa(v.major) + "." + strconv.Itoa(v.minor)
	if v.patch > 0 {
		s += "." + strconv.Itoa(v.patch)
	}
	return s
}
