// A running network for the browser tests, and people who use it. One demo serves all tests; `run.mjs` starts it.

import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import { execFileSync } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

export const base = process.env.INCAMERA_BASE;
const data = process.env.INCAMERA_DATA;
const accounts = JSON.parse(fs.readFileSync(path.join(data, "accounts.json"), "utf8"));
const axe = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** An account of a role, of a party if one is named. */
export function account(role, party) {
  const found = accounts.find((one) => one.role === role && (!party || one.party === party));
  if (!found) throw new Error(`no ${role} of ${party} in the demo`);
  return found;
}

/** The code of a time step, as RFC 6238 has it. */
function codeOf(secret, step) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((one) => letters.indexOf(one).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = crypto.createHmac("sha1", key).update(counter).digest();
  const offset = mac[mac.length - 1] & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1e6).padStart(6, "0");
}

// A code is good once, and so is each step: those used are remembered for all test files.
const used = path.join(data, "browser-steps.json");
/** A code that was not used before; waits for the next step when there is none. */
export async function code(secret) {
  const steps = fs.existsSync(used) ? JSON.parse(fs.readFileSync(used, "utf8")) : {};
  for (;;) {
    const now = Math.floor(Date.now() / 30_000);
    const step = Math.max((steps[secret] ?? 0) + 1, now);
    if (step <= now + 1) {
      steps[secret] = step;
      fs.writeFileSync(used, JSON.stringify(steps));
      return codeOf(secret, step);
    }
    await new Promise((done) => setTimeout(done, 1_000));
  }
}

let browser;
/** The browser, started once a file. */
async function chromiumOnce() {
  browser ??= await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--no-first-run"],
  });
  return browser;
}

export async function closeBrowser() {
  await browser?.close();
  browser = undefined;
}

/** A page in a context of its own. Without scripts unless they are asked for. */
export async function visitor({
  scripts = false, width = 1280, height = 900, scale = 1, scheme = "light", language = "en", state,
} = {}) {
  const context = await (await chromiumOnce()).newContext({
    baseURL: base,
    ignoreHTTPSErrors: true,
    javaScriptEnabled: scripts,
    viewport: { width, height },
    deviceScaleFactor: scale,
    colorScheme: scheme,
    locale: language,
    storageState: state,
  });
  const page = await context.newPage();
  // A machine that has other things to do as well is no fault of a page.
  page.setDefaultTimeout(20_000);
  page.on("dialog", (dialog) => {
    throw new Error(`a page opened a dialog: ${dialog.message()}`);
  });
  return page;
}

/** Logs in on the page that asks for it. */
export async function logIn(page, who) {
  if (!page.url().startsWith(base)) await page.goto("/log-in");
  await page.fill("#field-email", who.email);
  await page.fill("#field-password", who.password);
  await page.fill("#field-code", await code(who.totp_secret));
  await page.click("main form button:not([formaction])");
}

/** Somebody logged in. */
export async function as(who, options) {
  const page = await visitor(options);
  await page.goto("/log-in");
  await logIn(page, who);
  if (page.url().includes("/log-in")) throw new Error(`${who.email} could not log in`);
  return page;
}

/** The same log-in in a browser of its own. */
export async function likewise(page, options) {
  // An access token is good for some minutes, and is renewed by a token that is good once: what a copy has renewed, the
  // first could not renew again. On a slow machine a file takes longer than that, so the first renews it in time.
  const name = "__Host-incamera";
  const access = (await page.context().cookies()).find((one) => one.name === name);
  const expires = access && JSON.parse(Buffer.from(access.value.split(".")[1], "base64url")).exp;
  if (access && expires - Date.now() / 1000 < 200) {
    await page.context().clearCookies({ name });
    await page.request.get("/");
  }
  return visitor({ ...options, state: await page.context().storageState() });
}

/** From the start page into the first closed session's room. */
export async function enter(page, purpose) {
  await page.goto("/");
  await page.click("main .card a:has-text('session')");
  if (await page.locator("#field-purpose").count()) {
    await page.fill("#field-purpose", purpose);
    await page.click("form[action$='/visits'] button");
  } else {
    await page.click("main a.button");
  }
}

/** Fills the fields of the page's form by their names and sends it. */
export async function send(page, fields, button = "main form[method=post] button:not([formaction])") {
  for (const [name, value] of Object.entries(fields)) {
    const field = page.locator(`main form[method=post] [name="${name}"]`);
    const type = await field.first().evaluate((one) => one.type);
    if (type === "select-one") await field.selectOption(value);
    else if (type === "radio" || type === "checkbox") await page.check(`main [name="${name}"][value="${value}"]`);
    else await field.fill(value);
  }
  await page.click(button);
}

/** Follows the link of the page's own part that has these words. */
export async function follow(page, words) {
  await page.locator("main").getByRole("link", { name: words }).first().click();
}

/** Where the page of a party is. */
export async function partyPath(page, code) {
  await page.goto("/parties?limit=200");
  return page.locator("main tbody tr", { has: page.locator(`td:first-child:text-is("${code}")`) }).locator("a").getAttribute("href");
}

/** Has an officer record somebody, designate and invite: the person's page and the invitation. */
export async function invited(officer, { name, party, role, email }) {
  await officer.goto(await partyPath(officer, party));
  await follow(officer, "Record a person");
  await send(officer, { name });
  const person = officer.url();
  await follow(officer, "Designate");
  await send(officer, { role, source: "Note verbale 7/2026" });
  assert.equal(officer.url(), person);
  await follow(officer, "Invite");
  await send(officer, { email });
  return { person, token: await officer.locator("#invitation").innerText() };
}

/** The password of those who are invited here. */
export const PASSWORD = "a sentence that nobody else would write";

/** Takes up an invitation: what the page says that is shown once. */
export async function takeUp(page, token) {
  await page.goto("/log-in");
  await page.click("main a[href='/invitation']");
  await send(page, { token, password: PASSWORD, _again: PASSWORD });
  assert.equal(await page.locator("body").getAttribute("data-page"), "enrolled");
  return {
    password: PASSWORD,
    totp_secret: await page.locator("main code.secret").innerText(),
    recovery: await page.locator("main .codes code").allInnerTexts(),
  };
}

/** What a link saves, as text. */
export async function download(page, link) {
  const waiting = page.waitForEvent("download");
  await page.click(link);
  const saved = await waiting;
  return fs.readFileSync(await saved.path(), "utf8");
}

/** What the command says of a receipt, given the log's public key alone. Throws when it proves nothing. */
export function verified(receipt) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "incamera-receipt-"));
  try {
    const file = path.join(folder, "a.tlog-proof");
    fs.writeFileSync(file, receipt);
    const key = path.join(data, "log.pub");
    return execFileSync(process.env.INCAMERA_PROGRAM, ["audit", "verify", file, "--key", key], { encoding: "utf8", cwd: folder });
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

const MOST = 45;
/** Most pages of one shape: /meetings/… is looked at a few times, not forty. */
const OF_A_SHAPE = 2;

const shape = (path) => path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "ID").replace(/cursor=[^&]*/, "cursor");

/** Looks at each page that links lead to, beginning with `from`. */
export async function* walk(page, from, ofAShape = OF_A_SHAPE) {
  const queue = [...from];
  const seen = new Set();
  const shapes = new Map();
  while (queue.length && seen.size < MOST) {
    const path = queue.shift();
    const kind = shape(path);
    if (seen.has(path) || (shapes.get(kind) ?? 0) >= ofAShape) continue;
    const answer = await page.goto(path).catch((error) => {
      if (String(error).includes("Download is starting")) return undefined;
      throw error;
    });
    if (!answer || !(answer.headers()["content-type"] ?? "").startsWith("text/html")) continue;
    // A room that was not entered yet asks for the purpose on the spot.
    const asks = (await page.locator("body").getAttribute("data-page")) === "visit-needed";
    assert.equal(answer.status(), asks ? 403 : 200, `${path}, to which a link leads`);
    seen.add(path);
    shapes.set(kind, (shapes.get(kind) ?? 0) + 1);
    yield path;
    const links = await page.evaluate(() => [...document.querySelectorAll("a[href^='/']")].map((one) => one.getAttribute("href")));
    queue.push(...links.map((link) => link.split("#")[0]).filter((link) => link && !link.endsWith(".csv") && !/\/(content|receipts|checkpoint)/.test(link)));
  }
}

/** What axe finds wrong with a page, in a line each. Of the dark scheme it is asked for contrast: no other rule looks at colours. */
export async function barriers(page) {
  const found = [];
  const all = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  await page.evaluate(axe);
  for (const [colorScheme, runOnly] of [["light", all], ["dark", { type: "rule", values: ["color-contrast"] }]]) {
    await page.emulateMedia({ colorScheme });
    // eslint-disable-next-line no-undef
    const { violations } = await page.evaluate((rules) => axe.run(document, { runOnly: rules, resultTypes: ["violations"] }), runOnly);
    for (const one of violations) {
      const where = one.nodes.map((node) => node.target.join(" ")).slice(0, 3).join("; ");
      found.push(`(${colorScheme}) ${one.id} (${one.impact}): ${where}`);
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  return found;
}

/** What a page is made of, and nothing of what it says: each kind of element in each kind of place, and the steps between headings. */
function makeup(page) {
  return page.evaluate(() => {
    const kind = (one) => `${one.tagName}.${[...one.classList].sort().join(".")}`;
    const parts = new Set();
    for (const one of document.querySelectorAll("body, body *:not(svg *)")) {
      const values = ["role", "type", "scope", "tabindex", "aria-hidden", "disabled", "checked"].map((name) => one.getAttribute(name) ?? "");
      parts.add([kind(one.parentElement), kind(one), ...one.getAttributeNames().sort(), ...values].join(" "));
    }
    [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].reduce((before, one) => (parts.add(`${before} then ${one.tagName}`), one.tagName), "top");
    return { kind: document.body.dataset.page, parts: [...parts] };
  });
}

/** Finds the pages that hold nothing but what others of their kind hold, which were looked at: axe would find there what it found before. */
export class Kinds {
  #seen = new Map();
  /** Whether something of the page was on none of its kind yet. */
  async brings(page) {
    const { kind, parts } = await makeup(page);
    const seen = this.#seen.get(kind) ?? new Set();
    this.#seen.set(kind, seen);
    const before = seen.size;
    parts.forEach((part) => seen.add(part));
    return seen.size > before;
  }
  /** The kinds so far. */
  names() {
    return [...this.#seen.keys()].sort();
  }
}

/** By how many pixels a page is wider than its window. */
export function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Presses Tab until what `selector` names has the focus. */
export async function tabTo(page, selector) {
  for (let press = 0; press < 120; press += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
  }
  throw new Error(`${selector} is not reached by Tab on ${page.url()}`);
}
