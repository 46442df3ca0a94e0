// Package files is about how many files this program may have open at once, of
// which connections are most.
package files

// MakeRoom has the kernel make its table of so many open files now, or of as
// many as may be. It doubles a table that is full, and who opens a file then
// waits for milliseconds.
func MakeRoom(n int) {
	if most := Limit(); most > 0 {
		n = int(min(int64(n), most-1))
	}
	reach(n)
}
