package report

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	printer "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browser begins Chromium, or skips the test where there is none.
func browser(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("takes seconds")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil {
		t.Skipf("there is no Chromium that runs here: %v", err)
	}
	return ctx
}

// A tab is a page of the browser, and what it complained about or asked for.
type tab struct {
	context.Context
	t *testing.T

	mu       sync.Mutex
	heard    []string
	requests []string
}

// open opens a page of a width and in a color scheme.
func open(t *testing.T, browser context.Context, file string, width int, scheme string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	b := &tab{Context: ctx, t: t}
	chromedp.ListenTarget(ctx, b.listen)
	b.run(network.Enable(), log.Enable(), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		chromedp.EmulateViewport(int64(width), 900), chromedp.Navigate("file://"+file), printer.BringToFront())
	return b
}

func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.heard = append(b.heard, e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		b.heard = append(b.heard, fmt.Sprint("console: ", e.Type))
	case *log.EventEntryAdded:
		b.heard = append(b.heard, e.Entry.Text)
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	}
}

func (b *tab) run(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b, actions...); err != nil {
		b.t.Fatal(err)
	}
}

func eval[T any](b *tab, script string) (v T) {
	b.t.Helper()
	b.run(chromedp.Evaluate(script, &v))
	return v
}

// spaced has spaces for no-break spaces.
func spaced(s string) string { return strings.ReplaceAll(s, "\u00a0", " ") }

// text is what an element says.
func (b *tab) text(selector string) string {
	b.t.Helper()
	text := eval[string](b, fmt.Sprintf("document.querySelector(%q).textContent", selector))
	return spaced(text)
}

// quiet tells that nothing was complained about and that nothing but the file
// was asked for.
func (b *tab) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.heard) > 0 || len(b.requests) != 1 {
		b.t.Errorf("the console has %q; the requests are %q, want the file alone", b.heard, b.requests)
	}
}

func (b *tab) want(what, got, want string) {
	b.t.Helper()
	if got != want {
		b.t.Errorf("%s: %q; want %q", what, got, want)
	}
}

func pageFile(t *testing.T, s *Source) string {
	t.Helper()
	doc, _ := written(t, s)
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, doc, 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

// crowded lists the labels that meet another one or are beside their line, and what is wider than the
// page. What is hidden has no size.
const crowded = `(() => {
  const bad = [];
  const meets = (a, b) => a.left < b.right - .5 && b.left < a.right - .5 && a.top < b.bottom - .5 && b.top < a.bottom - .5;
  for (const figure of document.querySelectorAll('figure')) {
    const labels = [...figure.querySelectorAll('.xs span, .ys span, .xt, .yt, .legend > *')].map(e => [e.textContent.trim(), e.getBoundingClientRect()]).filter(([, b]) => b.width > 0);
    labels.forEach(([name, a], i) => labels.slice(i + 1).forEach(([other, b]) => { if (meets(a, b)) bad.push(figure.dataset.id + ': ' + name + ' / ' + other); }));
    const inside = [...figure.querySelectorAll('.area .say, .area .mark.enough')].map(e => [e.textContent.trim() || 'a dot', e.getBoundingClientRect()]);
    inside.forEach(([name, a], i) => inside.slice(i + 1).forEach(([other, b]) => { if (meets(a, b)) bad.push(figure.dataset.id + ': ' + name + ' / ' + other + ' in the area'); }));
    const lines = [...figure.querySelectorAll('.grid.v')].map(e => e.getBoundingClientRect().right - .5);
    if (figure.dataset.id === 'risk') for (const e of figure.querySelectorAll('.xs span')) {
      const r = e.getBoundingClientRect(), mid = (r.left + r.right) / 2;
      if (r.width > 0 && !lines.some(x => Math.abs(x - mid) < 1.5)) bad.push('risk: ' + e.textContent + ' is beside its line');
    }
    for (const [name, b] of labels) if (b.left < 0 || b.right > innerWidth + .5) bad.push(figure.dataset.id + ': ' + name + ' leaves the page');
  }
  if (document.scrollingElement.scrollWidth > innerWidth) bad.push('the page is ' + document.scrollingElement.scrollWidth + ' wide of ' + innerWidth + ': ' + [...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth && !e.closest('.said')).slice(0, 3).map(e => e.outerHTML.slice(0, 90)));
  return bad;
})()`

// TestInTheBrowser reads the page in Chromium at three widths, with mouse and
// keyboard.
func TestInTheBrowser(t *testing.T) {
	chromium := browser(t)
	file := pageFile(t, day())
	for _, width := range []int{360, 1280, 1920} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			b := open(t, chromium, file, width, "light")
			if bad := eval[[]string](b, crowded); len(bad) > 0 {
				t.Errorf("labels: %q", bad)
			}
			b.reads()
			b.slides()
			b.switches()
			b.quiet()
		})
	}
}

// reads reads values by hovering and by keys.
func (b *tab) reads() {
	b.t.Helper()
	const area = "figure[data-id=units] .area"
	place := eval[[]float64](b, `(() => { const e = document.querySelector('`+area+`'); e.scrollIntoView({ block: 'center' });
const r = e.getBoundingClientRect(); return [r.left + r.width * 5.5 / 12, r.top + r.height / 2]; })()`)
	b.run(chromedp.MouseEvent("mouseMoved", place[0], place[1]))
	// Stretch 412 of 900 begins 412 times 48 seconds after 06:00.
	b.want("hover", b.text("figure[data-id=units] .tip"), "11:29iris-2022.3: 11contract: 11")
	b.run(chromedp.MouseEvent("mouseMoved", 1, 1))
	if eval[string](b, "getComputedStyle(document.querySelector('figure[data-id=units] .tip')).display") != "none" {
		b.t.Error("the values stay when the mouse has left")
	}
	b.run(chromedp.Focus(area), chromedp.KeyEvent(kb.End), chromedp.KeyEvent(kb.Home), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowLeft))
	b.want("keys", b.text("figure[data-id=units] .said"), "06:00, iris-2022.3: 0, contract: 0")
}

// slides tries other keys by keyboard.
func (b *tab) slides() {
	b.t.Helper()
	const out, input, field = ".slider output", ".slider [type=range]", ".slider [type=number]"
	const top = "12 units: risk 0 % (0 % to 4 %), 0 of 100 runs refuse somebody; fewer than half of the runs refuse anybody."
	b.want("slider at the key", b.text(out), "9 units: risk 60 % (50 % to 70 %), 60 of 100 runs refuse somebody; half of the runs have refused somebody by 10:00:00.")
	b.run(chromedp.Focus(input), chromedp.KeyEvent(kb.ArrowRight))
	b.want("slider one to the right", b.text(out), "10 units: risk between 4 % and 60 % (1 % to 70 %), 4 to 60 of 100 runs refuse somebody; half of the runs, if so many, have refused somebody by 10:00:00 or later.")
	b.run(chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowUp))
	b.want("slider three to the right", b.text(out), top)
	b.run(chromedp.KeyEvent(kb.PageDown))
	b.want("slider ten to the left", b.text(out), "2 units: risk between 90 % and 100 % (82 % to 100 %), 90 to 100 of 100 runs refuse somebody; half of the runs have refused somebody by 09:00:00 or earlier.")
	b.want("the line of the chart, which begins above", eval[string](b, "getComputedStyle(document.querySelector('figure[data-id=risk] .pick')).display"), "none")
	b.run(chromedp.KeyEvent(kb.PageUp))
	b.want("and back", b.text(out), top)
	b.run(chromedp.KeyEvent(kb.End))
	b.want("slider at its end", b.text(out), strings.Replace(top, "12", "22", 1))
	b.want("what a screen reader says", spaced(eval[string](b, "document.querySelector('"+input+"').getAttribute('aria-valuetext')")), b.text(out))
	b.run(chromedp.Focus(field), chromedp.Evaluate("document.activeElement.select()", nil), chromedp.KeyEvent("1"), chromedp.KeyEvent("1"))
	b.want("a number that is written", b.text(out), "11 units: risk 4 % (1 % to 10 %), 4 of 100 runs refuse somebody; fewer than half of the runs refuse anybody.")
	if at, want := eval[float64](b, "+document.querySelector('"+input+"').value"), 11.0; at != want {
		b.t.Errorf("the slider is at %v when %v is written", at, want)
	}
	marks := eval[[]string](b, "[...document.querySelectorAll('.slider .rows i')].map(e => e.style.left)")
	b.want("marks of 8, 9, 11 and 12 between 1 and 22", strings.Join(marks, " "), "33.3333% 38.0952% 47.619% 52.381%")
}

// switches switches a policy off and on by keyboard.
func (b *tab) switches() {
	b.t.Helper()
	const off = `document.querySelectorAll('figure[data-id=units] [data-line="0"].off').length`
	b.run(chromedp.Focus("figure[data-id=units] .legend button"), chromedp.KeyEvent(" "))
	if eval[int](b, off) == 0 {
		b.t.Error("switching a policy off hides nothing")
	}
	b.run(chromedp.Focus("figure[data-id=units] .area"), chromedp.KeyEvent(kb.Home))
	b.want("values without the first policy", b.text("figure[data-id=units] .tip"), "06:00contract: 0")
	b.run(chromedp.Focus("figure[data-id=units] .legend button"), chromedp.KeyEvent(kb.Enter))
	if n := eval[int](b, "document.querySelectorAll('.off').length"); n != 0 {
		b.t.Errorf("%d parts stay hidden when the policy is on again", n)
	}
}

// Printed, every table is open, and nothing is cut off on the right.
func TestPrinted(t *testing.T) {
	b := open(t, browser(t), pageFile(t, day()), 1280, "dark")
	var doc []byte
	b.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		doc, _, err = printer.PrintToPDF().WithPrintBackground(false).Do(ctx)
		return err
	}))
	if !strings.HasPrefix(string(doc), "%PDF-") {
		t.Errorf("the print begins with %.8q", doc)
	}
	if *folder != "" {
		if err := os.WriteFile(filepath.Join(*folder, "printed.pdf"), doc, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	b.run(emulation.SetEmulatedMedia().WithMedia("print"), chromedp.EmulateViewport(680, 900)) // A4 at 96 dots an inch, less margins
	if bad := eval[[]string](b, crowded); len(bad) > 0 {
		t.Errorf("labels on paper: %q", bad)
	}
	shown := eval[[]string](b, "['.slider', '.tip'].map(s => getComputedStyle(document.querySelector(s)).display)")
	paper := eval[string](b, "getComputedStyle(document.body).backgroundColor")
	if strings.Join(shown, " ") != "none none" || paper != "rgb(255, 255, 255)" {
		t.Errorf("the slider and values are %q on paper, which is %s", shown, paper)
	}
	b.quiet()
}

// unreadable lists texts whose contrast by WCAG 2 is below 4.5 to 1 (3 to 1 in
// large type), controls without a name, and headings that skip a level.
const unreadable = `(() => {
  const bad = [];
  const parse = s => { const m = s.match(/[\d.]+/g).map(Number); return [m[0], m[1], m[2], m.length > 3 ? m[3] : 1]; };
  const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
  const lum = c => [0, 1, 2].map(i => c[i] / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [.2126, .7152, .0722][i], 0);
  const behind = e => {
    const list = [];
    for (let n = e; n; n = n.parentElement) list.push(parse(getComputedStyle(n).backgroundColor));
    let c = [255, 255, 255, 1];
    for (const k of list.reverse()) c = over(k, c);
    const shade = e.parentElement && e.parentElement.querySelector(':scope > i');
    if (shade && e.closest('.heat')) { const k = parse(getComputedStyle(shade).backgroundColor); k[3] = +getComputedStyle(shade).opacity; c = over(k, c); }
    return c;
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walk.nextNode(); n; n = walk.nextNode()) {
    const e = n.parentElement, style = getComputedStyle(e);
    if (!n.textContent.trim() || e.closest('script, .said') || !e.getClientRects().length) continue;
    const ground = behind(e), color = parse(style.color);
    for (let n = e; n; n = n.parentElement) color[3] *= +getComputedStyle(n).opacity;
    const ink = over(color, ground), a = lum(ink), b = lum(ground);
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05), size = parseFloat(style.fontSize);
    if (ratio < (size >= 24 || size >= 18.66 && +style.fontWeight >= 600 ? 3 : 4.5)) bad.push(ratio.toFixed(2) + ' ' + n.textContent.trim().slice(0, 40));
  }
  for (const e of document.querySelectorAll('button, input, select, summary, [tabindex]')) {
    const label = e.getAttribute('aria-label') || e.textContent.trim() || e.closest('label');
    if (!label || e.tabIndex < 0) bad.push('no name, or no focus: ' + e.outerHTML.slice(0, 80));
  }
  for (const e of document.querySelectorAll('thead th:not([scope])')) bad.push('a head without a scope: ' + e.outerHTML.slice(0, 60));
  let last = 0;
  for (const e of document.querySelectorAll('h1, h2, h3, h4')) { if (+e.tagName[1] > last + 1) bad.push('skips a level: ' + e.textContent); last = +e.tagName[1]; }
  if (!document.documentElement.lang || document.querySelectorAll('main').length !== 1) bad.push('the page has no language or no main part');
  return bad;
})()`

func TestEverybodyCanReadIt(t *testing.T) {
	chromium := browser(t)
	file := pageFile(t, day())
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			b := open(t, chromium, file, 1280, scheme)
			b.run(chromedp.Evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })", nil))
			if bad := eval[[]string](b, unreadable); len(bad) > 0 {
				t.Errorf("%q", bad)
			}
			if eval[int](b, "document.querySelectorAll('.heat .over').length") == 0 {
				t.Error("no hour above the limit was looked at")
			}
		})
	}
}

// axeFile names the variable with the path of axe.min.js of axe-core.
const axeFile = "HIGHWATER_AXE"

// TestAxe has axe-core look for what is not accessible.
func TestAxe(t *testing.T) {
	script, err := os.ReadFile(os.Getenv(axeFile))
	if err != nil {
		t.Skipf("%s does not name axe.min.js of axe-core: %v", axeFile, err)
	}
	chromium := browser(t)
	file := pageFile(t, day())
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int{360, 1280} {
			b := open(t, chromium, file, width, scheme)
			b.run(chromedp.Evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })", nil), chromedp.Evaluate(string(script), nil))
			var bad []string
			b.run(chromedp.Evaluate("axe.run().then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.target + ' ' + n.failureSummary)))", &bad,
				func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
			if len(bad) > 0 {
				t.Errorf("%s, %d pixels: %s", scheme, width, strings.Join(bad, "\n"))
			}
		}
	}
}

// Hovering over a large study answers within a frame of a screen of 60 Hz, the
// layout that it takes included.
func TestHoverIsSmooth(t *testing.T) {
	b := open(t, browser(t), pageFile(t, crowd()), 1280, "light")
	median := eval[float64](b, `(() => {
  const area = document.querySelector('figure[data-id=units] .area'), box = area.getBoundingClientRect(), times = [];
  for (let i = 0; i < 300; i++) {
    const begun = performance.now();
    area.dispatchEvent(new PointerEvent('pointermove', { clientX: box.left + box.width * (i * 7 % 300) / 300, clientY: box.top + 5 }));
    document.body.getBoundingClientRect();
    times.push(performance.now() - begun);
  }
  return times.sort((a, b) => a - b)[150];
})()`)
	t.Logf("a move takes %.2f ms (median of 300)", median)
	if median > 1000.0/60 {
		t.Errorf("a move takes %.1f ms; want less than a frame", median)
	}
	b.quiet()
}

// A name of 120 letters without a space breaks, so that its tables stay within
// the page.
func TestLongNamesInTheBrowser(t *testing.T) {
	s := day()
	name := strings.Repeat("staff", 24)
	s.Sizing.Policies[0].AtPeak[0].Cohort, s.Explanation.ByCohort[0].Cohort = name, name
	p := &s.Simulation.Policies[0]
	p.Cohorts[1].Name, p.First.Holders[0].LicenseUserID = name, name
	b := open(t, browser(t), pageFile(t, s), 1280, "light")
	const wide = `[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).map(e => e.getAttribute('aria-label'))`
	if bad := eval[[]string](b, wide); len(bad) > 0 {
		t.Errorf("wider than the page: %q", bad)
	}
	const broken = `[...document.querySelectorAll('td')].filter(e => e.textContent.startsWith('staffstaff') && e.clientWidth < 100).length`
	if n := eval[int](b, broken); n > 0 {
		t.Errorf("%d cells with the name are narrower than 100 pixels", n)
	}
}

// The rows of a heat map have room for the names of curves, on a telephone too,
// and nothing of an attack's report is crowded.
func TestHoursOfCurvesInTheBrowser(t *testing.T) {
	chromium := browser(t)
	file := pageFile(t, &Source{Attack: held()})
	const cut = `[...document.querySelectorAll('.heat tbody th')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)`
	for _, width := range []int{360, 1280, 1920} {
		b := open(t, chromium, file, width, "light")
		if bad := eval[[]string](b, cut); len(bad) > 0 {
			t.Errorf("at a width of %d there is no room for %q", width, bad)
		}
		if bad := eval[[]string](b, crowded); len(bad) > 0 {
			t.Errorf("at a width of %d: %q", width, bad)
		}
		if n := eval[int](b, `document.querySelectorAll('.heat tbody th').length`); n != 9 {
			t.Errorf("%d rows of heat maps, want three maps of three curves", n)
		}
		b.quiet()
	}
}
