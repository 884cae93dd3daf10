// The HTML page in a real browser. PAGES is a directory with quick.html (a
// finding) and many.html (2,000 findings, hostile names); BROWSER the program.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const page = (name) => pathToFileURL(join(process.env.PAGES, name)).href;
let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.BROWSER,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});
after(() => browser?.close());

// open opens a page and fails the test for anything that it would load.
async function open(name, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, bypassCSP: options.bypassCSP, ...options });
  const tab = await context.newPage();
  tab.on("request", (r) => assert.match(r.url(), /^file:/, "the page loads something"));
  tab.on("pageerror", (e) => assert.fail(e));
  await tab.goto(page(name));
  return tab;
}

for (const colorScheme of ["light", "dark"]) {
  for (const width of [360, 1200]) {
    test(`accessible, ${colorScheme}, ${width} pixels`, async () => {
      const tab = await open("quick.html", { colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
      await tab.addScriptTag({ content: axe });
      const { violations } = await tab.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"] }));
      assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`), []);
      const wide = await tab.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
      assert.equal(wide, false, "the page is wider than the window");
    });
  }
}

test("filters", async () => {
  const tab = await open("many.html");
  const shown = () => tab.locator(".finding:not([hidden])").count();
  const all = await shown();
  assert.ok(all >= 2000, `${all} findings`);
  await tab.selectOption("select[name=rule]", "PMTLS002");
  const readiness = await shown();
  assert.ok(readiness > 0 && readiness < all);
  await tab.fill("input[name=text]", "app-0042");
  assert.equal(await shown(), 1);
  assert.equal(await tab.locator(".cause:not([hidden])").count(), 1);
  assert.match(await tab.textContent("#shown"), /^1 of \d+ shown$/);
  await tab.click("button[type=reset]");
  await tab.waitForFunction((n) => document.querySelectorAll(".finding:not([hidden])").length === n, all);
});

test("keyboard", async () => {
  const tab = await open("quick.html");
  const reached = [];
  for (let i = 0; i < 20; i++) {
    await tab.keyboard.press("Tab");
    reached.push(await tab.evaluate(() => document.activeElement.tagName));
  }
  for (const tag of ["SELECT", "INPUT", "BUTTON", "A", "SUMMARY"]) {
    assert.ok(reached.includes(tag), `${tag} is not reached: ${reached}`);
  }
  await tab.focus("summary");
  await tab.keyboard.press("Enter");
  assert.equal(await tab.locator("details[open]").count(), 1);
});

test("without JavaScript", async () => {
  const tab = await open("quick.html", { javaScriptEnabled: false });
  assert.equal(await tab.locator(".finding").first().isVisible(), true);
  assert.equal(await tab.locator(".filters").isVisible(), false);
});

test("hostile names are text", async () => {
  const tab = await open("many.html");
  assert.equal(await tab.evaluate(() => window.owned), undefined);
  assert.equal(await tab.locator("img, iframe, main script").count(), 0);
  assert.match(await tab.textContent("main"), /<img src=x onerror=/);
});
