package istio

// Range returns the oldest and the newest Istio release that [New] knows.
func Range() (first, last string) { return oldest.String(), newest.String() }
