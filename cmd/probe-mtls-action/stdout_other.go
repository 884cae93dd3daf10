//go:build !linux

package main

import (
	"io"
	"os"
)

// stdout returns the standard output.
func stdout() io.Writer { return os.Stdout }
