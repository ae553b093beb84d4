// Every field of every form, filled with what would do harm if a page took it for more than text.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { account, as, closeBrowser, enter, follow, invited, overflow, partyPath, send, visitor } from "./house.mjs";

after(closeBrowser);

const ID = /[0-9a-f]{8}-[0-9a-f-]{27}/g;
const NARROW = { width: 320 };
const OVERRIDES = "abc \u202Edef\u202C \u2066ghi\u2069";
/** Markup, and behind it Hebrew, which runs on into what stands beside it unless that is kept apart. */
const MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)> \u05E9\u05DC\u05D5\u05DD (\u05D0) 1/2";
const LONG = "x".repeat(10_000);
/** What is written into lines, and into texts of several lines. */
const VALUES = {
  markup: [MARKUP, MARKUP],
  overrides: [OVERRIDES, OVERRIDES],
  "10,000 characters": [LONG, LONG],
  "10,000 characters as a text": ["Short", LONG],
};
/** What only a text may be written in, and what else a field takes. */
const PLAIN = { date: "2025-06-01", "datetime-local": "", number: "" };
/** What a field takes that takes nothing of the kind: with it the others of its form are written all the same. */
const STRICT = { code: "XJ", email: "far@xh.example", published_on: "2025-06", until: "", effective: "" };

/** The forms of a page that take text, as their actions with their fields. */
function formsOf(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll("form[method=post]")].flatMap((form) => {
      const buttons = [...form.querySelectorAll("button")];
      const fields = [...form.querySelectorAll("input:not([type=hidden], [type=radio], [type=checkbox], [type=password], [type=file]), textarea")];
      if (!fields.length || form.matches(".choices")) return [];
      const formaction = buttons.length === 1 ? buttons[0].getAttribute("formaction") : null;
      const texts = fields.some((one) => one.tagName === "TEXTAREA");
      return [{ action: form.getAttribute("action"), sent: formaction ?? form.getAttribute("action"), texts, fields: [...new Set(fields.map((one) => one.name))] }];
    }),
  );
}

/** Fills the form: `value` in what is text, whatever is needed in the rest. */
function fill(page, action, value, given) {
  return page.evaluate(
    ([where, [line, text], plain, written]) => {
      const form = [...document.querySelectorAll("form[method=post]")].find((one) => one.getAttribute("action") === where);
      form.noValidate = true;
      for (const one of form.querySelectorAll("input, textarea, select")) {
        if (one.type === "hidden" || one.type === "file" || one.type === "select-one") continue;
        if (one.name in written) one.value = written[one.name];
        else if (one.type === "radio" || one.type === "checkbox") one.checked ||= one.required && !form.querySelector(`[name="${one.name}"]:checked`);
        else if (one.type === "password") one.value = "a sentence that nobody else would write";
        else if (one.type in plain) one.value = one.name === "number" ? String(100 + Math.floor(Math.random() * 800)) : plain[one.type];
        else one.value = one.tagName === "TEXTAREA" ? text : line;
      }
      // What the form says is needed in words only.
      for (const [name, chosen] of [["[value=H0]", false], ["[value=H3]", true], ["[name='fiche.crimes']", true]]) {
        const box = form.querySelector(name);
        if (box) box.checked = chosen;
      }
      for (const one of form.querySelectorAll("select[name=party]")) one.value ||= one.options[1]?.value ?? "";
      (form.querySelector("button:not([formaction])") ?? form.querySelector("button")).setAttribute("data-send", "");
    },
    [action, value, PLAIN, given],
  );
}

/** What is wrong with a page that answers to such a value. */
async function harm(page, value) {
  const found = await page.evaluate(([line, text]) => {
    const wrong = [];
    for (const script of document.scripts) if (!script.src.startsWith(`${location.origin}/assets/`)) wrong.push("a script from data");
    if (document.querySelector("img, [onerror]")) wrong.push("an element from data");
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      if (node.parentElement.closest("textarea, option, script")) continue;
      if (/[\u202A-\u202E\u2066-\u2069]/.test(node.data)) wrong.push(`an override in ${node.parentElement.tagName}`);
      if (!/[\u0590-\u05FF]/.test(node.data)) continue;
      // Isolated: what stands beside it keeps its order.
      let apart = false;
      for (let one = node.parentElement; one && !apart && one.tagName !== "BODY"; one = one.parentElement) {
        apart = ["isolate", "isolate-override", "plaintext"].includes(getComputedStyle(one).unicodeBidi) && (one.dir === "auto" || one.tagName === "BDI");
      }
      if (!apart) wrong.push(`not isolated: ${node.parentElement.outerHTML.slice(0, 160)}`);
    }
    return { wrong, shown: [line, text].some((one) => document.body.innerText.includes(one)) };
  }, value);
  const over = await overflow(page);
  if (over > 0) found.wrong.push(`${over} px wider than 320 px`);
  return found;
}

/** Sends one value by one form of a page: what is wrong with the answer, and whether it was taken. */
async function attempt(page, { at, action }, value, given = {}) {
  // The answer to what was refused holds the form again.
  const holds = async () => (await formsOf(page)).some((form) => form.action === action);
  if (!(await holds()) && ((await page.goto(at)).status() !== 200 || !(await holds()))) return undefined;
  await fill(page, action, value, given);
  const file = page.locator(`form[action="${action}"] [type=file]`);
  if (await file.count()) await file.setInputFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("Words") });
  const [answer] = await Promise.all([
    page.waitForResponse((one) => one.request().isNavigationRequest() && one.status() < 300 || one.status() >= 400),
    page.click("[data-send]"),
  ]);
  await page.waitForLoadState("load");
  if (await page.locator("#preview-title").count()) {
    const { wrong } = await harm(page, value);
    if (wrong.length) return { wrong, refused: false, shown: false, strict: [] };
    await page.click("main form button:not([formaction])");
  }
  const { wrong, shown } = await harm(page, value);
  if (answer.status() >= 500) wrong.push(`answered with ${answer.status()}`);
  const refused = answer.status() >= 400;
  if (refused && answer.status() !== 401) {
    const top = await page.locator("#problems[role=alert] li").allInnerTexts();
    const beside = await page.locator("#problems a").evaluateAll((all) =>
      all.map((one) => document.getElementById(one.hash.replace("#field-", "problem-"))?.innerText ?? "nothing"),
    );
    // What is against the whole (409) has no field; what is wrong with a field stands beside it, too.
    const said = top.length && beside.every((text, nth) => top.at(nth - beside.length).endsWith(text));
    if (!said || (answer.status() === 422 && !beside.length)) {
      wrong.push(`${answer.status()} on "${await page.locator("h1").innerText()}": on top ${top}, beside the field ${beside}`);
    }
  }
  const strict = await page.locator("#problems a").evaluateAll((all) => all.map((one) => one.hash.replace("#field-", "")));
  return { wrong, shown, refused, strict: strict.filter((name) => name in STRICT && !(name in given)) };
}

/** The forms that links lead to from `from`, on pages about nothing but what was made for this. */
async function discover(page, from) {
  const own = new Set(from.flatMap((path) => path.match(ID) ?? []));
  const queue = [...from];
  const seen = new Set();
  const forms = new Map();
  while (queue.length) {
    const path = queue.shift();
    if (seen.has(path)) continue;
    seen.add(path);
    const answer = await page.goto(path);
    if (!(answer.headers()["content-type"] ?? "").startsWith("text/html")) continue;
    for (const form of await formsOf(page)) forms.set(form.action, { ...form, at: path });
    const links = await page.locator("main a[href^='/']").evaluateAll((all) => all.map((one) => one.getAttribute("href").split("#")[0]));
    for (const link of links) {
      // An act or a part that stands on a page of one's own is one's own.
      const [, kind, id] = link.match(/^\/([a-z]+)\/([0-9a-f-]{36})/) ?? [];
      if (id && ["acts", "participations", "materials"].includes(kind) && (path.match(ID) ?? []).length) own.add(id);
      const ids = link.match(ID) ?? [];
      if (!/\.csv|\/content|\/explain|\/audit/.test(link) && ids.length && ids.every((one) => own.has(one))) queue.push(link);
    }
  }
  // What ends something comes last.
  const last = (form) => /adoption|ending|off-boarding|suspension/.test(form.action);
  return [...forms.values()].sort((a, b) => last(a) - last(b));
}

/** Tries every value by every form; fields that were tried and those whose text was shown again. */
async function tryAll(page, forms, problems) {
  const taken = new Map();
  const tried = new Set();
  for (const form of forms) {
    // Where nothing is a text of several lines, the last would be one that harms nobody.
    for (const [name, value] of Object.entries(VALUES).filter(([, [line, text]]) => line === text || form.texts)) {
      let result = await attempt(page, form, value);
      if (!result) continue;
      const given = {};
      while (name === "markup" && result.strict.length) {
        problems.push(...result.wrong);
        for (const field of result.strict) given[field] = STRICT[field];
        result = await attempt(page, form, value, given);
      }
      form.fields.forEach((field) => tried.add(`${form.action.replace(ID, "*")} ${field}`));
      if (!result.refused && result.shown) taken.set(name, (taken.get(name) ?? new Set()).add(form.action.replace(ID, "*")));
      if (!result.refused && name === "overrides") result.wrong.push("overrides were taken");
      problems.push(...result.wrong.map((wrong) => `${form.action} with ${name}: ${wrong}`));
    }
  }
  return { tried, taken };
}

const said = (taken) => [...taken].map(([name, forms]) => `${name}: ${[...forms].join(" ")}`).join("; ");

test("hostile text in what the Secretariat administers", async (t) => {
  const page = await as(account("secretariat_officer"), NARROW);
  await page.goto("/parties/new");
  await send(page, { kind: "state", code: "XH", name: "Hostilia", source: "For a test" });
  const party = new URL(page.url()).pathname;
  await follow(page, "Give it a standing");
  await send(page, { standing: "member", source: "For a test" });
  const { person } = await invited(page, { name: "Hostile Person", party: "XH", role: "contact_point", email: "hostile@xh.example" });
  await page.goto("/meetings/new");
  await send(page, { kind: "ordinary", number: "66", first_day: "2027-05-01", last_day: "2027-05-01", topics: "A topic", source: "For a test" });
  const meeting = new URL(page.url()).pathname;
  await follow(page, "Add a session");
  await send(page, { kind: "open", title: "Open to anything" });
  await page.goto(meeting);
  await follow(page, "Open to anything");
  const session = new URL(page.url()).pathname;
  await page.goto(`${meeting}/conclusions`);
  await follow(page, "Draft the conclusions");
  await send(page, { words: "Words" });
  const from = [party, new URL(person).pathname, meeting, session, `${meeting}/conclusions`, "/parties/new", "/meetings/new", "/publications/new"];
  const problems = [];
  const { tried, taken } = await tryAll(page, await discover(page, from), problems);
  t.diagnostic(`${tried.size} fields: ${[...tried].join(", ")}`);
  t.diagnostic(`shown again: ${said(taken)}`);
  await page.context().close();
  assert.deepEqual(problems, []);
  assert.ok(tried.size > 25, String(tried.size));
  assert.ok(taken.get("markup").size > 12, said(taken));
});

test("hostile text in a closed room, a case file and a proposal", async (t) => {
  const page = await as(account("contact_point", "ES"), NARROW);
  await page.goto("/cases/new");
  await send(page, { "fiche.title": "A case", "fiche.authority": "A unit", "fiche.situation": "A situation", "fiche.crimes": "genocide" });
  const file = new URL(page.url()).pathname;
  const room = await page.locator("main a[href^='/rooms/']").getAttribute("href");
  await page.goto(room);
  await send(page, { purpose: "A test" }, "form[action$='/visits'] button");
  await page.goto(`${room}/notes/new`);
  await send(page, { title: "A note", text: "Words" }, "button[formaction$='/preview']");
  await send(page, {});
  const note = new URL(page.url()).pathname;
  await page.goto("/me");
  const own = await page.locator("main a[href^='/parties/']").first().getAttribute("href");
  const from = [file, room, note, "/cases/new", `${own}/proposals?kind=designation`, `${own}/proposals?kind=ending`];
  const problems = [];
  const { tried, taken } = await tryAll(page, await discover(page, from), problems);
  t.diagnostic(`${tried.size} fields: ${[...tried].join(", ")}`);
  t.diagnostic(`shown again: ${said(taken)}`);
  await page.context().close();
  assert.deepEqual(problems, []);
  assert.ok(tried.size > 10, String(tried.size));
  assert.ok(taken.get("markup").size > 3, said(taken));
});

test("hostile text before a log-in, and as the purpose of a visit", async () => {
  const problems = [];
  const page = await visitor(NARROW);
  const forms = await discover(page, ["/log-in", "/invitation"]);
  assert.equal(forms.length, 2);
  await tryAll(page, forms, problems);
  await page.context().close();

  const inside = await as(account("contact_point", "NL"), NARROW);
  for (const value of Object.values(VALUES)) {
    await enter(inside, value[0]);
    problems.push(...(await harm(inside, value)).wrong);
    const leave = inside.locator("form[action*='/visits/'] button");
    if (await leave.count()) await leave.click();
  }
  await inside.context().close();
  assert.deepEqual(problems, []);
});
