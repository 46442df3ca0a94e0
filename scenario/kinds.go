package scenario

import "strings"

var kindNames = [...]string{
	Users: "users", Devices: "devices", Callers: "callers", Browsers: "browsers",
	Jobs: "jobs", Tasks: "tasks", Startup: "startup", Batch: "batch",
}

var kindHelp = [...]string{
	Users: "people at terminals, over xDBC or with rich clients", Devices: "instruments and interfaces",
	Callers: "REST and SOAP clients", Browsers: "people in CSP web sessions",
	Jobs: "background processes that other cohorts start", Tasks: "tasks of the Task Manager",
	Startup: "processes of the startup routines", Batch: "operating system batch",
}

func (k Kind) String() string { return kindNames[k] }

// Kinds lists the kinds of cohort.
func Kinds() []Kind { return []Kind{Users, Devices, Callers, Browsers, Jobs, Tasks, Startup, Batch} }

// kinds is a set of kinds of cohort. The empty set stands for all of them.
type kinds uint16

func of(list ...Kind) kinds {
	var s kinds
	for _, k := range list {
		s |= 1 << k
	}
	return s
}

// has reports whether the set has k. Of a cohort whose kind is not known (0),
// only the fields that all kinds have can be judged.
func (s kinds) has(k Kind) bool { return s == 0 || s>>k&1 != 0 }

func (s kinds) list() []Kind {
	var list []Kind
	for _, k := range Kinds() {
		if s.has(k) {
			list = append(list, k)
		}
	}
	return list
}

func (s kinds) String() string {
	var names []string
	for _, k := range s.list() {
		names = append(names, k.String())
	}
	return strings.Join(names, ", ")
}
