// check.mjs MODULES TRIPSTATS PAGE[=OUTPUT]...: opens pages of tripstats report in Chromium, at three widths, light and dark, and on paper.
// Pages without an OUTPUT, but for the decade, are opened on two of these screens.
//
// No page may ask for anything, write to the console, have a fault that axe finds, or text that is cut or lies on other text. The figures
// on the screen are those of the tables of OUTPUT, for every month and taxi. MODULES is the folder of playwright-core and axe-core.
// REPORT_SCREENS=DIR keeps screenshots.
import { createRequire } from 'node:module';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, tripstats, ...pages] = process.argv.slice(2);
const require = createRequire(path.resolve(modules) + '/');
const { chromium } = require('playwright-core');
const axe = require('axe-core').source;
const screensOf = output => [360, 900, 1600].flatMap(width => ['light', 'dark'].map(colorScheme => ({ width, colorScheme })))
  .filter(s => output || (s.width === 360 && s.colorScheme === 'light') || (s.width === 1600 && s.colorScheme === 'dark'));
const labels = { yellow: 'Yellow', green: 'Green', fhvhv: 'Uber, Lyft', fhv: 'Other hired' };
const screens = process.env.REPORT_SCREENS;

let failures = 0, checks = 0;
function fail(page, what) {
  failures++;
  console.log(`FAIL ${page}: ${what}`);
}

// layout returns what is wrong with the texts on the screen.
function layout() {
  const wrong = [], boxes = [];
  if (document.documentElement.scrollWidth > innerWidth) wrong.push(`the page is ${document.documentElement.scrollWidth} wide`);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const of = node.parentElement;
    if (!node.data.trim() || of.closest('script, style, caption, .widest, option') || !of.checkVisibility({ visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const scrolled = of.closest('.scroll');
    for (const box of range.getClientRects()) {
      if (box.width < 1 || box.height < 1) continue;
      const name = `"${node.data.trim().slice(0, 40)}"`;
      if (!scrolled) {
        if (box.left < -0.5 || box.right > innerWidth + 0.5) wrong.push(`${name} is cut: ${Math.round(box.left)} to ${Math.round(box.right)}`);
        boxes.push({ name, node, left: box.left + 1, right: box.right - 1, top: box.top + 3, bottom: box.bottom - 3 });
      }
    }
    for (let e = of; e && e !== document.body; e = e.parentElement) {
      const style = getComputedStyle(e);
      if (!e.matches('.scroll, summary, option, select') && !e.closest('.scroll') && /hidden|clip/.test(style.overflowX) && e.scrollWidth > e.clientWidth + 1) wrong.push(`${e.tagName} of "${node.data.trim().slice(0, 40)}" is cut`);
    }
  }
  boxes.sort((a, b) => a.top - b.top);
  for (let i = 0; i < boxes.length; i++) {
    for (let j = i + 1; j < boxes.length && boxes[j].top < boxes[i].bottom; j++) {
      const a = boxes[i], b = boxes[j];
      if (a.node !== b.node && a.left < b.right && b.left < a.right) wrong.push(`${a.name} lies on ${b.name}`);
    }
  }
  return [...new Set(wrong)].slice(0, 8);
}

const rowsOf = (output, table) => execFileSync(tripstats, ['export', output, table, '--as=jsonl'], { maxBuffer: 1 << 28 }).toString().trim().split('\n').filter(Boolean).map(JSON.parse);
const monthOf = day => new Date(day + 'T00:00:00Z').toLocaleString('en-US', { month: 'long', year: 'numeric', timeZone: 'UTC' });
const money = v => v === null ? '–' : '$' + v.toFixed(2);
const mean = v => v === null ? '–' : v.toFixed(2);
const count = v => v.toLocaleString('en-US').replace('-', '−');

// move sets a slider or a choice as a user would see it.
async function move(page, selector, value) {
  await page.$eval(selector, (e, value) => {
    e.value = value;
    e.dispatchEvent(new Event('input', { bubbles: true }));
  }, String(value));
}

// figures compares what is on the screen with the tables, for all months and taxis.
async function figures(page, name, output) {
  const equal = (what, found, expected) => {
    checks++;
    if (JSON.stringify(found) !== JSON.stringify(expected)) fail(name, `${what}: found ${JSON.stringify(found)?.slice(0, 300)}, expected ${JSON.stringify(expected)?.slice(0, 300)}`);
  };
  const cells = selector => page.$$eval(selector, rows => rows.map(r => [...r.cells].map(c => c.textContent.trim())));
  const trips = rowsOf(output, 'trip_stats'), zones = rowsOf(output, 'location_stats');
  const months = await page.evaluate(() => JSON.parse(document.querySelector('#data').textContent).months);
  const all = [...new Set(trips.map(r => r.month_start))].sort().map(monthOf);
  const strays = await page.$$eval('.note', notes => notes.some(n => n.textContent.startsWith('In the tables, but not in the pictures')));
  equal('months', months, strays ? all.filter(m => months.includes(m)) : all);
  for (const [i, month] of months.entries()) {
    if (months.length > 1) await move(page, '#month', i);
    equal('month', await page.$eval('.now output', e => e.textContent), month);
    for (const [label, ...found] of await cells('#now tbody tr')) {
      const r = trips.find(r => monthOf(r.month_start) === month && labels[r.taxi] === label);
      equal(`${month}, ${label}`, found, r && r.trip_count ? [count(r.trip_count), mean(r.avg_trip_duration_minutes), mean(r.avg_trip_distance_miles), money(r.avg_amount), money(r.avg_tip)] : r ? found : ['–', '–', '–', '–', '–']);
    }
    const groups = await page.$$eval('#cube-zones [name=group] option', o => o.map(o => o.textContent));
    for (const [g, group] of (groups.length ? groups : [labels[trips[0].taxi]]).entries()) {
      if (groups.length) await move(page, '#cube-zones [name=group]', g);
      const expected = new Map();
      for (const r of zones) {
        if (monthOf(r.month_start) !== month || (group !== 'All taxis' && labels[r.taxi] !== group)) continue;
        const sum = expected.get(r.location_id) ?? [0, 0];
        expected.set(r.location_id, [sum[0] + r.pickups, sum[1] + r.dropoffs]);
      }
      const want = [...expected.values()].map(([p, d]) => [count(p), count(d), count(p - d)].join(' ')).sort();
      equal(`zones of ${group} in ${month}`, (await cells('#cube-zones .top tbody tr')).map(c => c.slice(1).join(' ')).sort(), want);
      const drawn = await page.$$eval('#cube-zones use:not(.none)', u => u.length);
      equal(`zones on the map of ${group} in ${month}`, drawn, [...expected.keys()].filter(id => id >= 1 && id <= 263).length);
    }
  }
}

// keyboard moves the month with the arrow keys, and opens a table.
async function keyboard(page, name) {
  const slider = await page.$('#month');
  if (!slider) return;
  await slider.focus();
  const before = await page.$eval('.now output', e => e.textContent);
  await page.keyboard.press('Home');
  if (await page.$eval('.now output', e => e.textContent) === before) fail(name, 'the key Home does not move the month');
  if (await slider.getAttribute('aria-valuetext') !== await page.$eval('.now output', e => e.textContent)) fail(name, 'a screen reader is told another month');
  if (await page.$('#cube-zones .slider output') && await page.$eval('#cube-zones .slider output', e => e.textContent) !== await page.$eval('.now output', e => e.textContent)) fail(name, 'the map is of another month');
  await (await page.$('#months summary')).focus();
  await page.keyboard.press('Enter');
  if (!await page.$('#months details[open]')) fail(name, 'the key Enter does not open a table');
  await page.keyboard.press('Enter');
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
for (const given of pages) {
  const [file, output] = given.split('=');
  const name = path.basename(file, '.html'), times = [];
  for (const { width, colorScheme } of screensOf(output || name === 'decade')) {
    const at = `${name}, ${width} px, ${colorScheme}`;
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const address = pathToFileURL(path.resolve(file)).href;
    page.on('console', m => fail(at, `console: ${m.text()}`));
    page.on('pageerror', e => fail(at, `script: ${e.message}`));
    page.on('request', r => { if (r.url() !== address) fail(at, `request: ${r.url().slice(0, 200)}`); });
    page.on('dialog', d => { fail(at, `a script of a name ran: ${d.message()}`); d.dismiss(); });
    await page.goto(address, { waitUntil: 'load' });
    times.push(await page.evaluate(() => Math.round(performance.getEntriesByType('navigation')[0].loadEventEnd)));
    for (const wrong of await page.evaluate(layout)) fail(at, wrong);
    if (screens) await page.screenshot({ path: `${screens}/${name}-${width}-${colorScheme}.png`, fullPage: true });
    for (const all of await page.$$('.all')) if (await all.isVisible()) await all.click();
    for (const radios of await page.$$('fieldset')) await (await radios.$$('input')).at(-1).check();
    for (const wrong of await page.evaluate(layout)) fail(at, 'with other choices: ' + wrong);
    await page.$$eval('details', all => all.forEach(d => { d.open = true; }));
    const found = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ['violations'] })`);
    for (const v of found.violations) fail(at, `axe: ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map(n => n.target.join(' ')).join(', ')}`);
    checks += 5;
    await page.close();
  }
  const page = await browser.newPage({ viewport: { width: 900, height: 900 } });
  await page.goto(pathToFileURL(path.resolve(file)).href);
  await keyboard(page, name);
  if (output) await figures(page, name, output);
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: 720, height: 1000 });
  for (const wrong of await page.evaluate(layout)) fail(`${name}, on paper`, wrong);
  await page.close();
  console.log(`${name}: opened in ${Math.min(...times)} to ${Math.max(...times)} ms`);
}
await browser.close();
console.log(`report: ${checks - failures} passed, ${failures} failed`);
process.exit(failures ? 1 : 0);
