package fit

import (
	"bufio"
	"fmt"
	"io"
	"strconv"

	"highwater/engine"
	"highwater/sim/trace"
)

// Counts reads a log that only says how many requests came in each second:
// numbers with white space between them, one for each second. It is a
// [trace.Reader] of that many calls of callers whom nobody knows, all at the
// begin of their second.
type Counts struct {
	name   string
	words  *bufio.Scanner
	second int64
	left   int
	event  trace.Event
	n      int64
}

// NewCounts reads counts. The name is for messages.
func NewCounts(name string, r io.Reader) *Counts {
	c := &Counts{name: name, words: bufio.NewScanner(r), second: -1}
	c.words.Split(bufio.ScanWords)
	return c
}

// mostCalls is the most calls of a second.
const mostCalls = 1_000_000

// Next is the next call.
func (c *Counts) Next() (*trace.Event, error) {
	for c.left == 0 {
		if !c.words.Scan() {
			if err := c.words.Err(); err != nil {
				return nil, err
			}
			return nil, io.EOF
		}
		c.second++
		n, err := strconv.Atoi(c.words.Text())
		if err != nil || n < 0 || n > mostCalls {
			return nil, &trace.LineError{File: c.name, Line: c.second + 1, Msg: fmt.Sprintf("want how many requests came in the second, not %.40q", c.words.Text())}
		}
		c.left = n
	}
	c.left--
	c.n++
	c.event = trace.Event{
		Op: trace.Request, Line: c.n, At: engine.Time(c.second) * engine.Second, Via: engine.REST, Addr: caller(c.n),
	}
	return &c.event, nil
}

// callers is how many addresses there are: so many that a caller is gone long
// before its address is another's.
const callers = 1 << 16

func caller(n int64) string { return "caller-" + strconv.FormatInt(n%callers, 10) }

// End is when the last second that was read ends; 0 before the first.
func (c *Counts) End() engine.Time { return engine.Time(c.second+1) * engine.Second }
