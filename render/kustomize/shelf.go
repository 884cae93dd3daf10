package kustomize

// shelf keeps the files that were used lately, so that a base which many roots use
// is parsed once, and what one root alone uses is let go of after it. Whoever works
// with a file keeps it as long as he does; one that is read again is another value.
type shelf struct {
	now, before map[string]*file // what is used goes from before to now
	weight      int              // of now
}

// Files in now weigh at most maxShelf; twice that is kept.
const maxShelf = 64 << 20

// weightOf estimates the memory that a file takes when it is parsed. One that takes
// long to parse again counts for less.
func weightOf(size int) int {
	if size > 16<<10 {
		return size
	}
	return 12<<10 + 30*size
}

// get returns the file of that name, nil if it is not there.
func (s *shelf) get(name string) *file {
	if f := s.now[name]; f != nil {
		return f
	}
	f := s.before[name]
	if f != nil {
		delete(s.before, name)
		s.now[name] = f
		s.add(f.weight)
	}
	return f
}

// put adds a file that is about to be read.
func (s *shelf) put(name string, f *file) {
	if s.now == nil {
		s.now = map[string]*file{}
	}
	s.now[name] = f
}

// add counts the weight of a file in now.
func (s *shelf) add(weight int) {
	if s.weight += weight; s.weight > maxShelf {
		s.now, s.before, s.weight = map[string]*file{}, s.now, 0
	}
}
