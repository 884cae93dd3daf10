package render

import "errors"

// What a renderer refuses for safety. An [*Error] wraps one of these where that
// is why a root could not be rendered; see also [ErrGitData] and [ErrAbove].
var (
	// ErrOutside is for names that lead out of the repository.
	ErrOutside = errors.New("leads out of the repository")
	// ErrRemote is for references to the network, where they are not allowed.
	ErrRemote = errors.New("remote references are off")
	// ErrHelm is for Helm charts, where they are not allowed.
	ErrHelm = errors.New("Helm charts are off")
	// ErrPlugins is for plugins of which nobody can tell what they would read.
	ErrPlugins = errors.New("plugins with changing configuration")
	// ErrTooBig is for a file above the limit of one file.
	ErrTooBig = errors.New("file is too big")
	// ErrTooMuch is for a root above the limits of one render.
	ErrTooMuch = errors.New("the render reads too much")
	// ErrBinary is for files that are not text where YAML is expected.
	ErrBinary = errors.New("binary file")
)

// What to do about what is left out of a root by default: the hints of holes, for
// callers that can say how their users turn it on.
const (
	RemoteHint = "Allow remote references where the repository is trusted, or keep a copy in the repository."
	HelmHint   = "Allow Helm charts where the repository is trusted, or commit the rendered chart."
)
