package deployed

import "testing"

// TestSubstitute: the forms of Bash's parameter expansion that Flux takes.
func TestSubstitute(t *testing.T) {
	variables := map[string]string{"port": "8080", "name": "shop-web", "empty": ""}
	value := func(name string) (string, bool, bool) {
		if name == "secret" {
			return "", false, false // in a Secret, say
		}
		v, ok := variables[name]
		return v, ok, true
	}
	for text, want := range map[string]string{
		"plain $port":                     "plain $port",
		"${port}":                         "8080",
		"a ${port} b":                     "a 8080 b",
		"$${port}":                        "${port}",
		"${gone}":                         "",
		"${gone:=9090}":                   "9090",
		"${gone:-9090}":                   "9090",
		"${empty:-9090}":                  "9090",
		"${empty-9090}":                   "",
		"${empty=9090}":                   "",
		"${port:-9090}":                   "8080",
		"${secret}":                       "${secret}",
		"${secret:-9090}":                 "${secret:-9090}",
		"${#name}":                        "8",
		"${name^^}":                       "SHOP-WEB",
		"${name^}":                        "Shop-web",
		"${name,,}":                       "shop-web",
		"${name:5}":                       "web",
		"${name:0:4}":                     "shop",
		"${name:5:99}":                    "web",
		"${name:99}":                      "",
		"${name:99:1}":                    "",
		"${name/-/_}":                     "shop_web",
		"${name//o/0}":                    "sh0p-web",
		"${name#shop-}":                   "web",
		"${name%-web}":                    "shop",
		"${name#*-}":                      "${name#*-}", // a pattern
		"${name:x}":                       "${name:x}",
		"${port}${port}":                  "80808080",
		"${name:1:9223372036854775807}":   "hop-web",
		"${name:-1:-9223372036854775808}": "shop-web",
	} {
		if got := substitute(text, value); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}
