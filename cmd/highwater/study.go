package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"highwater/sim"
	"highwater/sim/result"
	"highwater/sim/result/words"

	"github.com/spf13/cobra"
)

// studyFlags are the flags of the commands that replicate.
type studyFlags struct {
	sim        sim.Options
	asJSON     bool
	quiet      bool
	budget     time.Duration
	confidence string
	level      float64 // of confidence
}

func (s *studyFlags) flags(cmd *cobra.Command) {
	s.wholeFlags(cmd)
	cmd.Flags().DurationVar(&s.budget, "budget", 0, "")
	cmd.Flags().BoolVar(&s.asJSON, "json", false, "")
}

// wholeFlags are for a command whose studies are always whole, and are printed
// in its own way.
func (s *studyFlags) wholeFlags(cmd *cobra.Command) {
	cmd.Flags().IntVar(&s.sim.Reps, "reps", 0, "")
	cmd.Flags().Uint64Var(&s.sim.Seed, "seed", 0, "")
	cmd.Flags().IntVar(&s.sim.Workers, "workers", 0, "")
	cmd.Flags().BoolVarP(&s.quiet, "quiet", "q", false, "")
}

// confidenceFlag is for the commands whose confidence can be chosen.
func (s *studyFlags) confidenceFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.confidence, "confidence", "95%", "")
}

// check looks at the flags of a command about one scenario before anything is
// read.
func (s *studyFlags) check(cmd *cobra.Command, c *counting, args []string) error {
	if len(args) > 1 {
		return usagef("want one scenario, not %d files", len(args))
	}
	if err := s.checkNumbers(cmd); err != nil {
		return err
	}
	return c.checkRest()
}

// checkNumbers looks at the flags that say how much to simulate.
func (s *studyFlags) checkNumbers(cmd *cobra.Command) (err error) {
	for _, f := range []struct {
		name  string
		value int
	}{{"reps", s.sim.Reps}, {"workers", s.sim.Workers}} {
		if cmd.Flags().Changed(f.name) && f.value < 1 {
			return usagef("--%s must be > 0, not %d", f.name, f.value)
		}
	}
	if cmd.Flags().Changed("seed") && s.sim.Seed == 0 {
		return usagef("--seed must be > 0, not 0")
	}
	if cmd.Flags().Changed("budget") && s.budget <= 0 {
		return usagef("--budget must be > 0, not %v", s.budget)
	}
	if s.confidence != "" {
		s.level, err = percent("confidence", s.confidence)
	}
	return err
}

// replicate does work that begins a study, with progress and perhaps a budget
// of time, whose end is no error once there is an answer.
func (s *studyFlags) replicate(ctx context.Context, std stdio, doing string, work func(context.Context, sim.Options, *progress) (*result.Study, error)) error {
	p := newProgress(std, s.quiet, doing)
	defer p.end()
	o, limited := s.sim, ctx
	o.Progress = p.show
	o.Enough = func(samples []*sim.Sample) bool {
		if n := samples[0].N; p.bar != nil && (n < seldom || n%seldom == 0) {
			p.say(soFar(samples[0]))
		}
		return false
	}
	if s.budget > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, s.budget)
		defer cancel()
		o.Progress = p.until(time.Now().Add(s.budget))
	}
	study, err := work(limited, o, p)
	if limited.Err() != nil && ctx.Err() == nil && errors.Is(err, limited.Err()) {
		switch {
		case study == nil:
		case study.Replications == 0:
			return fmt.Errorf("no replication was done in the %s of --budget", s.budget)
		default:
			study.EndedBy = result.OutOfBudget
		}
		return nil
	}
	return err
}

// seldom is how often the answer so far is told, once there are a few.
const seldom = 20

// soFar is the answer by the replications so far.
func soFar(s *sim.Sample) string {
	list := make([]int, s.N)
	for i, p := range s.Needed {
		list[i] = p.Units
	}
	slices.Sort(list)
	noun := strings.TrimSuffix(s.Policy.LimitOn.String(), "s")
	return fmt.Sprintf("%s: %s needed (%s–%s)", words.Plural(s.N, "replication"), words.Plural(list[(s.N-1)/2], noun), words.Number(list[0]), words.Number(list[s.N-1]))
}

// print prints a result as text or JSON.
func (s *studyFlags) print(std stdio, res any, text func(io.Writer)) error {
	return std.print(s.asJSON, res, text)
}

// percents reads risks.
func percents(list []string) ([]float64, error) {
	var values []float64
	for _, s := range list {
		v, err := percent("risk", s)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	if len(values) == 0 {
		return nil, usagef("--risk must be a share such as 5%%, not nothing")
	}
	return values, nil
}

// percent reads a share between 0 and 1 from percent.
func percent(flag, s string) (float64, error) {
	number, ok := strings.CutSuffix(strings.TrimSpace(s), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !ok || err != nil || !(v > 0 && v < 100) {
		return 0, usagef("--%s must be between 0%% and 100%%, as 5%%, not %q", flag, s)
	}
	return v / 100, nil
}

// writeStudy is the heading of a result of many replications.
func writeStudy(w io.Writer, st *result.Study, key string) {
	fmt.Fprintf(w, "%s: %s from %s, %s\n", st.Scenario, words.Span(st.Duration), st.Start.Format("Mon 2 Jan 2006 15:04 MST"), key)
	fmt.Fprintf(w, "%s, seed %d", words.Plural(st.Replications, "replication"), st.Seed)
	switch st.EndedBy {
	case result.Precise:
		fmt.Fprint(w, ", enough for the precision")
	case result.OutOfBudget:
		fmt.Fprint(w, ", as many as the time allowed")
	case result.Interrupted:
		fmt.Fprint(w, "\nPARTIAL: interrupted before all was done")
	}
	fmt.Fprint(w, "\n\n")
}

// countedText names a policy. One with a name of its own needs no list of what
// it changes.
func countedText(c *result.Counted) string {
	if c.Policy != c.Base {
		return c.Policy
	}
	return words.Policy(c.Policy, c.Options)
}
