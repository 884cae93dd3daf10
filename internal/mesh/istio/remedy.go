package istio

func (j *judging) remedy() {}
