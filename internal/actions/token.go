package actions

import (
	"fmt"
	"log/slog"
)

// Token is a secret that does not print itself: every way of formatting or
// encoding it gives ***.
type Token struct{ value string }

// NewToken returns the token with the given value.
func NewToken(value string) Token { return Token{value} }

// Reveal returns the secret, for the one place that sends it.
func (t Token) Reveal() string { return t.value }

// IsZero reports whether there is no token.
func (t Token) IsZero() bool { return t.value == "" }

// Format writes ***, or nothing for the zero token.
func (t Token) Format(f fmt.State, _ rune) {
	if !t.IsZero() {
		_, _ = f.Write([]byte("***")) // a formatter has nobody to tell
	}
}

// MarshalText returns ***, or nothing for the zero token.
func (t Token) MarshalText() ([]byte, error) { return fmt.Append(nil, t), nil }

// LogValue returns ***, or nothing for the zero token.
func (t Token) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }
