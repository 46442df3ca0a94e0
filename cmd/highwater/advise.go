package main

import (
	"context"
	"errors"
	"io"

	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/result"
	"highwater/sim/sizing"

	"github.com/spf13/cobra"
)

const adviseHelp = `Which settings save license units, how many, and what do they cost?

Usage: highwater advise [FILE] [flags]

Tries on a scenario what an administrator can do: log visitors in, count by user
name, UseSession, cookies, LicenseAltHeaders, shorter time-outs, logging out,
SetConnectionLimit, more service accounts, a cap on the gateway so that requests
wait; and those that save most in pairs. All have the same people at the same
instants. Ranks them by units saved at the peak, and tells of each what has to
be changed, who is refused or waits, and where the contract asks for more than
the software then does. Without FILE it advises on a hospital's day that comes
with the program; "-" is standard input.

Flags:
  --risk P             of any refusal in a run, by which units are enough (5%)
  --confidence P       of all intervals of the units saved together, and of each
                       guarantee (95%)
  --reps N             replications (the scenario's reps, but at most 60)
  --budget TIME        stop after so long, as 5m; pairs come last
  --seed N             seed (the scenario's)
  --policy NAME        count by this policy instead of the scenario's
  --units N            units of the present key; 0 is unlimited
  --set OPTION=VALUE   change an option of the policy; may be repeated
  --json               print the result as JSON
  --workers N          processors to use; the result is the same
  -q                   no progress

The same scenario, seed and flags give the same bytes on every run, but for
--budget.

Examples:
  highwater advise clinic.yaml
  highwater advise clinic.yaml --reps 20 --units 150
  highwater advise clinic.yaml --risk 1% --reps 500 --policy iris-2022.3

Exit codes: 0 advised, whatever it saves; 2 usage; 4 the scenario is not valid;
130 interrupted: what was done is printed and says so.
See also: highwater size, highwater help policies, highwater help rules
`

// mostTried is how many replications of all measures there are unless the flags
// say so: each has as many cases as there are measures.
const mostTried = 60

func fewReps(sc *scenario.Scenario) int {
	if sc.Reps > 0 {
		return min(sc.Reps, mostTried)
	}
	return mostTried
}

func newAdvise(std stdio) *cobra.Command {
	var (
		c    counting
		s    studyFlags
		risk string
	)
	cmd := &cobra.Command{
		Use:   "advise [FILE]",
		Short: "which settings save license units, and what they cost",
		Long:  adviseHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.check(cmd, &c, args); err != nil {
				return err
			}
			if len(c.policies) > 1 {
				return usagef("--policy must be one policy, not %d", len(c.policies))
			}
			r, err := percent("risk", risk)
			if err != nil {
				return err
			}
			loaded, err := c.loaded(cmd, std, args)
			if err != nil {
				return err
			}
			if !cmd.Flags().Changed("reps") {
				s.sim.Reps = fewReps(loaded.scenario)
			}
			q := sizing.Question{Risks: []float64{r}, Confidence: s.level}
			var res *result.Advice
			err = s.replicate(cmd.Context(), std, "trying measures", func(ctx context.Context, o sim.Options, _ *progress) (*result.Study, error) {
				res, err = sizing.Advise(ctx, sim.Cases(loaded.scenario)[0], o, &q)
				return &res.Study, err
			})
			if res.Replications == 0 {
				return err
			}
			res.Version, res.Fingerprint = version, loaded.fingerprint
			return errors.Join(s.print(std, res, func(w io.Writer) { writeAdvice(w, res) }), err)
		},
	}
	c.flags(cmd)
	s.flags(cmd)
	s.confidenceFlag(cmd)
	cmd.Flags().StringVar(&risk, "risk", "5%", "")
	return cmd
}
