package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// probe uses the page as a reader does, and writes what it finds.
const probe = `<script>
addEventListener('load', () => {
  const one = (s, from) => (from || document).querySelector(s), seen = {};
  const area = one('figure[data-id=units] .area'), tip = one('.tip', area), box = area.getBoundingClientRect();
  area.dispatchEvent(new PointerEvent('pointermove', { clientX: box.left + box.width * 5.5 / 12, clientY: box.top + 5 }));
  seen.hover = tip.textContent;
  area.dispatchEvent(new PointerEvent('pointerleave'));
  seen.left = getComputedStyle(tip).display;
  area.focus();
  for (const key of ['End', 'Home', 'ArrowRight', 'ArrowLeft']) area.dispatchEvent(new KeyboardEvent('keydown', { key, cancelable: true }));
  seen.keys = one('figure[data-id=units] .said').textContent;
  one('figure[data-id=units] button').click();
  seen.off = document.querySelectorAll('figure[data-id=units] [data-line="0"].off').length;
  area.dispatchEvent(new KeyboardEvent('keydown', { key: 'Home', cancelable: true }));
  seen.without = tip.textContent;
  one('figure[data-id=units] button').click();
  seen.on = document.querySelectorAll('.off').length;
  const slider = one('.slider input');
  seen.begin = one('.slider output').textContent;
  slider.value = slider.max;
  slider.dispatchEvent(new Event('input'));
  seen.slider = one('.slider output').textContent;
  seen.wide = document.scrollingElement.scrollWidth - innerWidth;
  seen.width = innerWidth;
  seen.requests = performance.getEntriesByType('resource').length;
  seen.overlaps = 0;
  for (const group of document.querySelectorAll('.xs, .ys, .legend')) {
    const boxes = [...group.children].map(c => c.getBoundingClientRect()).filter(b => b.width > 0);
    boxes.forEach((a, i) => boxes.slice(i + 1).forEach(b => {
      if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) seen.overlaps++;
    }));
  }
  seen.errors = window.errors;
  const pre = document.createElement('pre');
  pre.id = 'seen';
  pre.textContent = JSON.stringify(seen);
  document.body.append(pre);
});
</script>`

type seen struct {
	Hover, Left, Keys, Without, Begin, Slider string
	Off, On, Wide, Width, Requests, Overlaps  int
	Errors                                    []string
}

func chromium(t *testing.T) string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("there is no Chromium")
	return ""
}

// TestInTheBrowser reads the page in Chromium at three widths.
func TestInTheBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	browser := chromium(t)
	page, _ := written(t, day())
	page = bytes.Replace(page, []byte("<head>"), []byte("<head><script>window.errors = []; addEventListener('error', e => window.errors.push(e.message)); "+
		"addEventListener('securitypolicyviolation', e => window.errors.push(e.blockedURI));</script>"), 1)
	page = bytes.Replace(page, []byte("</body>"), []byte(probe+"</body>"), 1)
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, page, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, width := range []int{360, 1280, 1920} {
		t.Run(fmt.Sprint(width), func(t *testing.T) { checkSeen(t, see(t, browser, file, width), width) })
	}
}

func see(t *testing.T, browser, file string, width int) (s seen) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--user-data-dir="+t.TempDir(),
		fmt.Sprintf("--window-size=%d,2000", width), "--virtual-time-budget=2000", "--dump-dom", "file://"+file)
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("Chromium does not run here: %v", err)
	}
	m := regexp.MustCompile(`<pre id="seen">(.*?)</pre>`).FindSubmatch(out)
	if m == nil {
		t.Fatal("the page's script did not end")
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(string(m[1]))), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func checkSeen(t *testing.T, s seen, width int) {
	if s.Width > max(width, 500) { // some builds have no narrower window
		t.Errorf("the window is %d wide; want %d", s.Width, width)
	}
	for _, c := range []struct{ what, got, want string }{
		// Stretch 412 of 900 begins 412 times 48 seconds after 06:00.
		{"hover", s.Hover, "11:29iris-2022.3: 11contract: 11"},
		{"tip after leaving", s.Left, "none"},
		{"keys", s.Keys, "06:00, iris-2022.3: 0, contract: 0"},
		{"hover without the first policy", s.Without, "06:00contract: 0"},
		{"slider at the key", s.Begin, "9 units: risk 60 % (50 % to 70 %), 60 of 100 runs refuse somebody; half of the runs have refused somebody by 10:00."},
		{"slider at its end", s.Slider, "12 units: risk 0 % (0 % to 4 %), 0 of 100 runs refuse somebody; fewer than half of the runs refuse anybody."},
		{"errors", strings.Join(s.Errors, "; "), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q; want %q", c.what, c.got, c.want)
		}
	}
	if s.Off == 0 || s.On != 0 {
		t.Errorf("switching off hides %d and leaves %d hidden when it is on again; want some and 0", s.Off, s.On)
	}
	if s.Wide > 0 || s.Requests > 0 || s.Overlaps > 0 {
		t.Errorf("%d pixels too wide, %d requests, %d labels overlap; want none", s.Wide, s.Requests, s.Overlaps)
	}
}
