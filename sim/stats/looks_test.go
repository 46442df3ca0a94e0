package stats

import (
	"math"
	"testing"
)

func TestLook(t *testing.T) {
	for i, want := range []struct {
		n    int
		conf float64
	}{{72, 0.975}, {144, 0.9875}, {288, 0.99375}, {576, 0.996875}} {
		if n, conf := Look(i, 0.95); n != want.n || math.Abs(conf-want.conf) > 1e-15 {
			t.Errorf("Look(%d, 0.95) = %d, %v; want %d, %v", i, n, conf, want.n, want.conf)
		}
	}
}

// However many looks there are, together they spend no more than the whole;
// and every look has an upper limit of the 95 % quantile to show.
func TestLooksSpendOnce(t *testing.T) {
	spent := 0.0
	for i := range 20 {
		n, conf := Look(i, 0.95)
		spent += 1 - conf
		if _, ok := UpperRank(n, 0.95, conf); !ok {
			t.Errorf("look %d: %d replications are too few at %v", i, n, conf)
		}
	}
	if spent > 0.05 || spent < 0.0499 {
		t.Errorf("20 looks spend %v", spent)
	}
}
