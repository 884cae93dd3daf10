package kustomize

// sentinels hands out the values that stand for source scalars.
type sentinels struct{}
