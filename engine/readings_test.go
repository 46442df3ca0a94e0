package engine

import "testing"

// Every set of readings comes once, the default one first.
func TestReadings(t *testing.T) {
	list := Readings(defaults)
	if len(list) != 3*2*2*2*2*2 {
		t.Errorf("%d readings, want 96", len(list))
	}
	if p := list[0].Policy; len(p.Changed) != 0 {
		t.Errorf("the first reading changes %v", p.Changed)
	}
	seen := map[string]bool{}
	for _, r := range list {
		key := ""
		for _, s := range r.Settings {
			key += s.Name + "=" + s.Value + " "
			if got := options[indexOf(s.Name)].Value(&r.Policy); got != s.Value {
				t.Errorf("%s is %s in the policy, %s in the settings", s.Name, got, s.Value)
			}
		}
		if seen[key] {
			t.Errorf("%s comes twice", key)
		}
		seen[key] = true
	}
}

func indexOf(name string) int {
	for i := range options {
		if options[i].Name == name {
			return i
		}
	}
	return -1
}
