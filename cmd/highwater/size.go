package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"highwater/engine"
	"highwater/sim"
	"highwater/sim/result"
	"highwater/sim/result/words"
	"highwater/sim/sizing"

	"github.com/spf13/cobra"
)

const sizeHelp = `How many units are enough, how sure is that, and how long will the present key
do?

Usage: highwater size [FILE] [flags]

Simulates a scenario many times without a limit and finds, for each policy, the
fewest units such that the risk of any refusal in a run of the scenario's length
is at most so high: by the share of the replications, and guaranteed with
confidence whatever the law of the peak (order statistics). Then how the present
key does: its risk, when, by whom and how the first refusal is met, and how many
times the traffic it bears by the first policy. Without FILE it sizes a
hospital's day that comes with the program; "-" is standard input.

Flags:
  --risk P[,...]       risks of any refusal in a run (5%,1%,0.1%); the first is
                       the one that headroom and growth are about
  --confidence P       of every limit and interval (95%)
  --reps N             replications (the scenario's reps, else 200)
  --precision N        replicate until the interval of the units at the first
                       risk is at most N units wide, looking at 72, 144, 288 ...
                       replications, up to --reps (20000)
  --budget TIME        stop after so long, as 30s; the answer then depends on
                       the machine
  --growth P           yearly growth of the traffic: names the month in which
                       the present key breaks
  --no-growth          leave out how much traffic the key bears
  --seed N             seed (the scenario's)
  --policy NAME[,...]  count by these policies instead of the scenario's
  --units N            units of the present key; 0 is unlimited
  --set OPTION=VALUE   change an option of every policy; may be repeated
  --json               print the result as JSON
  --workers N          processors to use; the result is the same
  -q                   no progress

The same scenario, seed and flags give the same bytes on every run, but for
--budget.

Examples:
  highwater size clinic.yaml
  highwater size clinic.yaml --risk 1% --reps 1000 --growth 8%
  highwater size clinic.yaml --precision 5

Exit codes: 0 sized, whatever the risk; 2 usage; 4 the scenario is not valid;
130 interrupted: what was done is printed and says so.
See also: highwater help sizing, highwater compare, highwater advise
`

// mostReps is up to how many replications --precision goes by itself.
const mostReps = 20_000

func newSize(std stdio) *cobra.Command {
	var (
		c        counting
		s        studyFlags
		q        sizing.Question
		risks    []string
		growth   string
		noGrowth bool
	)
	cmd := &cobra.Command{
		Use:   "size [FILE]",
		Short: "how many units are enough, and how sure is that",
		Long:  sizeHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.check(cmd, &c, args); err != nil {
				return err
			}
			if cmd.Flags().Changed("precision") && q.Precision < 1 {
				return usagef("--precision must be > 0, not %d", q.Precision)
			}
			q.Growth, q.Confidence, q.Course = !noGrowth, s.level, s.asJSON
			var err error
			if q.Risks, err = percents(risks); err != nil {
				return err
			}
			if growth != "" {
				if q.Yearly, err = percent("growth", growth); err != nil {
					return err
				}
			}
			loaded, err := c.loaded(cmd, std, args)
			if err != nil {
				return err
			}
			if q.Precision > 0 && !cmd.Flags().Changed("reps") {
				s.sim.Reps = mostReps
			}
			res, err := size(cmd.Context(), std, &s, sim.Cases(loaded.scenario), &q)
			if res.Replications == 0 {
				return err
			}
			res.Version, res.Fingerprint = version, loaded.fingerprint
			return errors.Join(s.print(std, res, func(w io.Writer) { writeSizing(w, res) }), err)
		},
	}
	c.flags(cmd)
	s.flags(cmd)
	s.confidenceFlag(cmd)
	cmd.Flags().StringSliceVar(&risks, "risk", []string{"5%", "1%", "0.1%"}, "")
	cmd.Flags().IntVar(&q.Precision, "precision", 0, "")
	cmd.Flags().StringVar(&growth, "growth", "", "")
	cmd.Flags().BoolVar(&noGrowth, "no-growth", false, "")
	return cmd
}

// size sizes, and shows the answer so far.
func size(ctx context.Context, std stdio, s *studyFlags, cases []sim.Case, q *sizing.Question) (res *result.Sizing, err error) {
	noun := strings.TrimSuffix(cases[0].Policy.LimitOn.String(), "s")
	err = s.replicate(ctx, std, "simulating", func(ctx context.Context, o sim.Options, p *progress) (*result.Study, error) {
		q.Seen = func(n, units int) {
			p.say(fmt.Sprintf("%s: %s at a risk of %s", words.Plural(n, "replication"), words.Plural(units, noun), words.Percent(q.Risks[0])))
		}
		q.Growing = func() { p.say("looking for the growth that the key bears") }
		res, err = sizing.Size(ctx, cases, o, q)
		return &res.Study, err
	})
	return res, err
}

// writeSizing tells a person how many units are enough.
func writeSizing(w io.Writer, res *result.Sizing) {
	first := &res.Policies[0]
	writeStudy(w, &res.Study, keyText(first.Units, first.LimitOn))
	writeVerdict(w, res, first)
	rows := [][]string{{"policy", "risk", "enough by the runs", "guaranteed with " + words.Percent(res.Confidence)}}
	for i := range res.Policies {
		p := &res.Policies[i]
		name := countedText(&p.Counted)
		for _, n := range p.Enough {
			rows = append(rows, []string{name, words.Percent(n.Risk), enoughText(&n),
				words.UnitsOr(n.Guaranteed, "needs at least "+words.Number(n.Wanted)+" replications")})
			name = ""
		}
	}
	table(w, rows)
	paragraph(w, "", "Risk: that the key refuses anybody in a run. Enough by the runs: at most that share of the replications needs more, "+
		"with an interval. Guaranteed: enough with that confidence, whatever the law of the peak. See highwater help sizing.")
	for i := range res.Policies {
		fmt.Fprintln(w)
		writePolicySizing(w, res, &res.Policies[i])
	}
}

// enoughText is an estimate and its interval.
func enoughText(n *result.Need) string {
	if n.Units == nil {
		return "–"
	}
	return words.Number(*n.Units) + " (" + words.UnitsOr(n.Low, "…") + " to " + words.UnitsOr(n.High, "…") + ")"
}

// writeVerdict is the answer in a sentence.
func writeVerdict(w io.Writer, res *result.Sizing, p *result.PolicySizing) {
	need := &p.Enough[0]
	noun := strings.TrimSuffix(p.LimitOn, "s")
	risk := fmt.Sprintf("the risk that the key refuses anybody in a run of %s at %s or less", words.Span(res.Duration), words.Percent(need.Risk))
	subject, keep := "Counted by "+countedText(&p.Counted)+", ", " keep "
	if best := need.Best(); best != nil {
		if *best == 1 {
			keep = " keeps "
		}
		subject += words.Plural(*best, noun) + keep + risk
	}
	switch {
	case need.Guaranteed != nil:
		paragraph(w, "", subject+", with "+words.Percent(res.Confidence)+" confidence.")
	case need.Units != nil:
		paragraph(w, "", subject+", by these replications; a guarantee needs at least "+words.Number(need.Wanted)+".")
	default:
		paragraph(w, "", "There are too few replications to say what keeps "+risk+": a guarantee needs at least "+words.Number(need.Wanted)+".")
	}
	if k := p.Present; k != nil && k.Headroom != nil {
		switch headroom := *k.Headroom; {
		case headroom < 0:
			fmt.Fprintf(w, "The key of %s is %s short of that.\n", words.Number(k.Limit), words.Number(-headroom))
		case headroom == 0:
			fmt.Fprintf(w, "The key of %s is just that.\n", words.Number(k.Limit))
		default:
			fmt.Fprintf(w, "The key of %s has %s more than that.\n", words.Number(k.Limit), words.Number(headroom))
		}
	}
	if x := p.Precision; x != nil && !x.Reached {
		paragraph(w, "", precisionText(x, need.Risk))
	}
	fmt.Fprintln(w)
}

// precisionText says that a precision was not reached.
func precisionText(x *result.Precision, risk float64) string {
	text := "The precision was not reached: the interval at " + words.Percent(risk) + " "
	if x.Low == nil || x.High == nil {
		return text + "has no limit on one side yet."
	}
	return fmt.Sprintf("%sis %s to %s, which is %s wide and not %s.", text, words.Number(*x.Low), words.Number(*x.High), words.Number(*x.High-*x.Low), words.Number(x.Asked))
}

func writePolicySizing(w io.Writer, res *result.Sizing, p *result.PolicySizing) {
	fmt.Fprint(w, countedText(&p.Counted))
	if !p.Enforced {
		fmt.Fprint(w, " (counts, refuses nobody)")
	}
	fmt.Fprintln(w)
	y := &p.Yards
	lines := [][2]string{
		{"  needed", neededSpread(p)},
		{"  other yardsticks", words.Number(y.Time) + " are enough 99 % of the time"},
		{"", words.Number(y.Logins) + " are enough for 99 % of connections and logins"},
		{"", fmt.Sprintf("%s by Erlang B at 1 %%, for the mean of %.1f in the busiest hour, %s",
			words.Number(y.ErlangB), y.BusiestMean, hourText(y.BusiestHour))},
	}
	if p.LimitOn == engine.LimitUnits.String() {
		lines = slices.Insert(lines, 1, [2]string{"  held by", sharesText(p.AtPeak) + ", at the peak on average"})
	}
	if k := p.Present; k != nil {
		lines = append(lines, presentLines(res, p, k)...)
	}
	for _, warning := range p.Warnings {
		lines = append(lines, [2]string{"  note", warning})
	}
	paragraphs(w, lines)
}

func neededSpread(p *result.PolicySizing) string {
	text := words.Spread(p.Needed) + " " + p.LimitOn
	if p.Needed.Min == p.Needed.Max {
		return text + " in each replication"
	}
	return text + ", the median (lowest–highest) of the replications"
}

// hourText is an hour of the week.
func hourText(hour int) string {
	day := time.Date(2024, 1, 1+hour/24, hour%24, 0, 0, 0, time.UTC) // the first was a Monday
	return day.Format("Mon 15:04") + " to " + day.Add(time.Hour).Format("15:04")
}

func sharesText(list []result.Share) string {
	var parts []string
	others := 0.0
	for i, s := range list {
		if i < fewCohorts {
			parts = append(parts, fmt.Sprintf("%s %.0f", s.Cohort, s.Units))
		} else {
			others += s.Units
		}
	}
	if parts == nil {
		return "nobody"
	}
	if others > 0 {
		parts = append(parts, fmt.Sprintf("%d others %.0f", len(list)-fewCohorts, others))
	}
	return strings.Join(parts, ", ")
}

// presentLines tell how the present key does.
func presentLines(res *result.Sizing, p *result.PolicySizing, k *result.Key) [][2]string {
	noun := strings.TrimSuffix(p.LimitOn, "s")
	lines := [][2]string{{"  risk now", fmt.Sprintf("%s refuse somebody in %s of the runs: %s of %s (%s to %s)",
		words.Plural(k.Limit, noun), words.Percent(float64(k.Risk.Count)/float64(k.Risk.N)), words.Number(k.Risk.Count), words.Number(k.Risk.N),
		words.Percent(k.Risk.Low), words.Percent(k.Risk.High))}}
	if k.Limited > 0 {
		lines = append(lines, [2]string{"", fmt.Sprintf("in %s of %s a connection limit refuses first, however large the key", words.Number(k.Limited), words.Number(k.Risk.N))})
	}
	if f := k.First; f != nil {
		lines = append(lines, firstLines(f, clock{res.Start})...)
	} else {
		lines = append(lines, [2]string{"  first refusal", "none in any run"})
	}
	if p.Growth != nil {
		lines = append(lines, growthLines(p.Growth)...)
	}
	return lines
}

func firstLines(f *result.FirstRefusals, c clock) [][2]string {
	return [][2]string{
		{"  first refusal", firstText(f, c)},
		{"  at the hours", hoursText(f)},
		{"  met by", countsText(f.Cohorts, f.N) + "; via " + countsText(f.Vias, f.N)},
		{"  who", usersText(f)},
		{"  client sees", countsText(f.Sees, f.N)},
	}
}

// firstText tells when the limit is met first.
func firstText(f *result.FirstRefusals, c clock) string {
	median, early, late := f.Quantiles[len(f.Quantiles)/2], f.Quantiles[0], f.Quantiles[len(f.Quantiles)-1]
	if late.At != nil && c.second(*early.At) == c.second(*late.At) {
		return c.second(*early.At) + " in nearly all runs"
	}
	text := "not reached by half of the runs"
	if median.At != nil {
		text = "half of the runs have it by " + c.second(*median.At) + rangeText(median, c)
	}
	for _, q := range []result.Quantile{early, late} {
		if q.At != nil {
			text += fmt.Sprintf("; %s by %s", words.Percent(q.Share), c.second(*q.At))
		}
	}
	return text
}

// hoursText lists the hours of the day that are frequent, in their order.
func hoursText(f *result.FirstRefusals) string {
	var parts []string
	rest := 1.0
	for _, h := range f.Hours {
		if share := float64(h.Count) / float64(f.N); share >= fewHours {
			parts = append(parts, h.What+":00 "+words.Percent(share))
			rest -= share
		}
	}
	if rest > 1e-9 {
		parts = append(parts, "others "+words.Percent(rest))
	}
	return strings.Join(parts, ", ")
}

// fewHours is from what share on an hour is named.
const fewHours = 0.05

func rangeText(q result.Quantile, c clock) string {
	if q.Low == nil || q.High == nil {
		return ""
	}
	return " (" + c.second(*q.Low) + " to " + c.second(*q.High) + ")"
}

func countsText(list []result.Count, n int) string {
	parts := make([]string, 0, fewCohorts)
	for i, c := range list {
		if i == fewCohorts {
			parts = append(parts, fmt.Sprintf("%d others", len(list)-i))
			break
		}
		parts = append(parts, c.What+" "+words.Percent(float64(c.Count)/float64(n)))
	}
	return strings.Join(parts, ", ")
}

func usersText(f *result.FirstRefusals) string {
	if f.Users[0].Count == 1 && f.N > 1 {
		return "another license user ID each time, as " + printable(f.Users[0].What)
	}
	text := ""
	for i, u := range f.Users[:min(fewHolders, len(f.Users))] {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s in %s", printable(u.What), words.Number(u.Count))
	}
	if others := len(f.Users) + f.Others - fewHolders; others > 0 {
		text += fmt.Sprintf(", %s others", words.Number(others))
	}
	return text
}

// growthLines tell how much traffic the key bears.
func growthLines(g *result.Growth) [][2]string {
	if g.Wanted > 0 {
		return [][2]string{{"  bears", "too few replications: " + words.Percent(g.Risk) + " needs at least " + words.Number(g.Wanted)}}
	}
	text := words.Factor(g) + " times this traffic until that risk is " + words.Percent(g.Risk)
	if g.People > 0 && g.Factor != nil {
		text += ": " + signed(float64(g.Extra), 0) + " people and devices to the " + words.Number(g.People)
	}
	lines := [][2]string{{"  bears", text + " (" + words.Plural(g.N, "replication") + ")"}}
	switch {
	case g.Yearly == 0:
	case g.Month != "":
		lines = append(lines, [2]string{"  breaks in", fmt.Sprintf("%s (%s to %s), growing %s a year from the scenario's start",
			g.Month, cmp.Or(g.MonthLow, "…"), cmp.Or(g.MonthHigh, "…"), words.Percent(g.Yearly))})
	case g.Beyond == result.Above:
		lines = append(lines, [2]string{"  breaks in", "many years, growing " + words.Percent(g.Yearly) + " a year"})
	default:
		lines = append(lines, [2]string{"  breaks in", "no month to come: the key is too small for this risk now"})
	}
	return lines
}
