package main

import "testing"

// What a terminal shows is known by its locale, on every system alike but for
// Windows.
func TestLocales(t *testing.T) {
	tests := []struct {
		goos string
		env  map[string]string
		want bool
	}{
		{"linux", nil, false},
		{"linux", map[string]string{"LANG": "C"}, false},
		{"linux", map[string]string{"LANG": "de_DE.UTF-8"}, true},
		{"darwin", map[string]string{"LANG": "en_US.utf8"}, true},
		{"linux", map[string]string{"LANG": "de_DE.UTF-8", "LC_CTYPE": "de_DE.ISO-8859-1"}, false},
		{"linux", map[string]string{"LANG": "C", "LC_ALL": "C.UTF-8"}, true},
		{"linux", map[string]string{"LC_ALL": "", "LC_CTYPE": "UTF-8"}, true}, // as macOS sets it
		{"windows", nil, true},
	}
	for _, tt := range tests {
		if got := unicoded(tt.goos, func(name string) string { return tt.env[name] }); got != tt.want {
			t.Errorf("%s with %v: %v, want %v", tt.goos, tt.env, got, tt.want)
		}
	}
}
