package term

import "highwater/plots"

// braille is the empty Braille character; dots are the bits of its dots, by
// row and column.
const braille = '\u2800'

var dots = [4][2]rune{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}

// curve draws the line of a series: in each column of dots all that the units
// are in that stretch of time, joined to the columns beside it.
func (d *drawing) curve(grid [][]cell, s *plots.Series) {
	if d.ASCII {
		d.coarse(grid, s)
		return
	}
	high, low := d.bounds(s, 2*d.width)
	for x := range high {
		for y := high[x]; y <= low[x]; y++ {
			c := &grid[y/4][x/2]
			if c.r < braille || c.r > braille+0xff {
				*c = cell{braille, line}
			}
			c.r |= dots[y%4][x%2]
			if d.limit && y < d.dotRow(float64(d.chart.Limit)) {
				c.style = above
			}
		}
	}
}

// coarse draws the line with one character for each stretch of time.
func (d *drawing) coarse(grid [][]cell, s *plots.Series) {
	high, low := d.bounds(s, d.width)
	for x := range high {
		for y := high[x] / 4; y <= low[x]/4; y++ {
			grid[y][x] = cell{'*', line}
			if d.limit && y < d.row(float64(d.chart.Limit)) {
				grid[y][x].style = above
			}
		}
	}
}

// bounds are the highest and lowest rows of dots of the line in n columns, up
// to where the series is known. Each column reaches to the one before it.
func (d *drawing) bounds(s *plots.Series, n int) (high, low []int) {
	known := n
	if s.End > 0 && s.End < d.chart.End {
		known = min(n, int(s.End/d.chart.End*float64(n))+1)
	}
	for _, r := range plots.Ranges(s.Points, d.chart.End, n)[:known] {
		h, l := d.dotRow(r.High), d.dotRow(r.Low)
		if last := len(high) - 1; last >= 0 {
			h = min(h, low[last])
			l = max(l, high[last])
		}
		high, low = append(high, h), append(low, l)
	}
	return high, low
}
