// All of it in French: no English word is left, and the choice is kept.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { after, test } from "node:test";
import { account, as, closeBrowser, logIn, visitor, walk } from "./house.mjs";

after(closeBrowser);

const here = path.dirname(fileURLToPath(import.meta.url));
/** What a language says, by key; of what is said of one and of many in different words, each. */
function words(code) {
  const said = new Map();
  let key;
  for (const line of fs.readFileSync(path.join(here, `../../languages/${code}.ftl`), "utf8").split("\n")) {
    const [, begun, rest] = line.match(/^([a-z][\w-]*) = (.*)$/) ?? [];
    const [, variant] = line.match(/^\s+\*?\[\w+\] (.*)$/) ?? [];
    if (begun) said.set((key = begun), rest.endsWith("->") ? [] : [rest.trim()]);
    else if (variant) said.get(key).push(variant.trim());
  }
  return said;
}
const french = words("fr");
const frenchText = [...french.values()].flat().join("\n");
const inFrench = (key) => french.get(key)[0];

const ARGUMENT = /\{[^}]*\}/;
const quoted = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
/** A message around whatever its arguments are, as a pattern of a whole text. */
const pattern = (message) => `^${message.split(ARGUMENT).map(quoted).join(".+?")}$`;
/** How a message is found that is said in English only: as a whole text, or by words of it that stand together. */
function traces([key, messages]) {
  return messages.flatMap((message) => {
    const parts = message.split(ARGUMENT).map((part) => part.replace(/^[\s\p{P}]+|[\s\p{P}]+$/gu, ""));
    if (!parts.some((part) => /\p{L}{2}/u.test(part))) return [];
    const whole = new RegExp(pattern(message));
    // What is said alike in French, or could be.
    if ([...french.values()].flat().some((said) => whole.test(said))) return [];
    const together = parts.filter((part) => /\p{L}\s+\p{L}/u.test(part) && !frenchText.includes(part));
    return [{ key, message, whole: ARGUMENT.test(message) ? pattern(message) : undefined, together }];
  });
}
/** What is said in English only. */
const english = [...words("en")].flatMap(traces);

/** Which English words stand on a page: as a text, a label of a part, its title, what a field hints at. */
function left(page) {
  return page.evaluate((all) => {
    const exact = new Map(all.filter((one) => !one.whole).map((one) => [one.message, one.key]));
    const patterns = all.filter((one) => one.whole).map((one) => [new RegExp(one.whole, "u"), one.key]);
    const runs = all.flatMap((one) => one.together.map((words) => [words, one.key]));
    const found = new Set();
    const isId = (value) => /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(value ?? "");
    const see = (text) => {
      const said = text.replace(/\s+/g, " ").trim();
      if (!said) return;
      // Words are also put beside others: "Contact point: …", "Note · version 2".
      const parts = [said, ...said.split(/ · |: |[,;.:]$/).map((part) => part.trim())];
      const keys = [
        ...parts.map((part) => exact.get(part)),
        ...patterns.filter(([whole]) => parts.some((part) => whole.test(part))).map(([, key]) => key),
        ...runs.filter(([words]) => said.includes(words)).map(([, key]) => key),
      ];
      for (const key of keys) if (key) found.add(`${key}: ${said.slice(0, 120)}`);
    };
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      // What people wrote is in whatever language they wrote it; so are the names among which one chooses by id.
      if (!node.parentElement.closest("bdi, code, script, textarea, .text, body [lang=en]") && !isId(node.parentElement.value)) see(node.data);
    }
    for (const one of document.querySelectorAll("[aria-label], [title], [placeholder], [alt]")) {
      for (const name of ["aria-label", "title", "placeholder", "alt"]) see(one.getAttribute(name) ?? "");
    }
    const heading = document.querySelector("h1 bdi")?.innerText;
    document.title.split(" · ").filter((part) => part !== heading).forEach(see);
    return [...found];
  }, english);
}

test("English words would be found, whatever stands between them", async () => {
  assert.ok(english.length > 800, `${english.length} messages`);
  const page = await as(account("contact_point", "SE"));
  const found = new Map();
  const see = async () => (await left(page)).forEach((one) => found.set(one.split(":")[0], one));
  for (const path of ["/", "/me", "/meetings", "/cases", "/parties"]) {
    await page.goto(path);
    await see();
  }
  // Whole, beside other words, around an argument, in a label, in a choice.
  for (const key of ["me-title", "case-contact", "password-change", "times-shown", "meeting-numbered", "meeting-choice", "sign-in-end-one", "filter-all"]) {
    assert.ok(found.has(key), `${key} among ${[...found.keys()]}`);
  }
  await page.context().close();
});

const READERS = [
  ["nobody", undefined],
  ["a contact point", account("contact_point", "BE")],
  ["a counterpart", account("counterpart", "NO")],
  ["a representative", account("representative", "icc-otp")],
  ["a guest", account("representative", "yazda")],
  ["the Secretariat", account("secretariat_officer")],
  ["the auditor", account("auditor")],
];

for (const [name, who] of READERS) {
  test(`the pages of ${name} in French`, async (t) => {
    // The browser asks for English: the choice is made by hand, before the log-in, and kept through it.
    const page = await visitor();
    await page.goto("/log-in");
    assert.equal(await page.locator("html").getAttribute("lang"), "en");
    await page.selectOption("#choice-language", "fr");
    await page.click("form.choices button");
    assert.equal(await page.locator("h1").innerText(), inFrench("log-in"), "one is back on the page");
    if (who) {
      await logIn(page, { ...who, password: "a sentence that is wrong" });
      assert.equal(await page.locator("main [role=alert]").innerText(), inFrench("log-in-failed"));
      await logIn(page, who);
    }
    const problems = [];
    let count = 0;
    for await (const where of walk(page, who ? ["/", "/me"] : ["/", "/log-in", "/invitation"], 1)) {
      count += 1;
      if ((await page.locator("html").getAttribute("lang")) !== "fr") problems.push(`${where} is not said to be French`);
      problems.push(...(await left(page)).map((found) => `${where}: ${found}`));
    }
    t.diagnostic(`${count} pages`);
    if (who) {
      // Problems speak French, too, and the choice outlasts the log-in.
      await page.goto("/me");
      const mine = "form[action='/me/password']";
      for (const field of ["password", "new_password", "_again"]) await page.fill(`${mine} [name=${field}]`, "short");
      await page.click(`${mine} button`);
      assert.ok(await page.locator("#problems li").count());
      problems.push(...(await left(page)).map((found) => `a problem: ${found}`));
      await page.click("form[action='/log-out'] button");
      assert.equal(await page.locator("html").getAttribute("lang"), "fr");
    }
    assert.equal((await page.goto("/nowhere")).status(), 404);
    problems.push(...(await left(page)).map((found) => `404: ${found}`));
    await page.context().close();
    assert.deepEqual(problems, []);
  });
}
