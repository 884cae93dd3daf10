package kustomize

import (
	"io"
	"log"
	"os"
)

// Quiet sends what kustomize prints by itself, warnings about deprecated fields
// on os.Stderr and in the standard logger, to nowhere. It returns the real
// standard error for the program's own messages. Call it at the start of main:
// it changes os.Stderr and log for the whole process.
func Quiet() *os.File {
	stderr := os.Stderr
	log.SetOutput(io.Discard)
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stderr = null
	}
	return stderr
}
