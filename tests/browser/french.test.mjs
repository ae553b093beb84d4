// All of it in French: no English word is left, and the choice is kept.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { after, test } from "node:test";
import { account, closeBrowser, logIn, visitor, walk } from "./house.mjs";

after(closeBrowser);

const here = path.dirname(fileURLToPath(import.meta.url));
/** The words of a language without those that take an argument, by key. */
function words(code) {
  const text = fs.readFileSync(path.join(here, `../../languages/${code}.ftl`), "utf8");
  return new Map([...text.matchAll(/^([a-z][\w-]*) = (.*)$/gm)].filter(([, , said]) => !said.includes("{")).map(([, key, said]) => [key, said.trim()]));
}
const french = words("fr");
const same = new Set(french.values());
/** What is said in English only. */
const english = [...words("en")].filter(([, said]) => !same.has(said)).map(([, said]) => said);

/** Which English words stand on a page: as a text, a label of a part, or its title. */
function left(page) {
  return page.evaluate((all) => {
    const known = new Set(all);
    const found = [];
    const see = (text) => known.has(text.trim()) && found.push(text.trim());
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      if (!node.parentElement.closest("bdi, code, .text, body [lang=en]")) see(node.data);
    }
    for (const one of document.querySelectorAll("[aria-label], [title]")) {
      see(one.getAttribute("aria-label") ?? "");
      see(one.getAttribute("title") ?? "");
    }
    document.title.split(" · ").forEach(see);
    return found;
  }, english);
}

test("English words would be found", async () => {
  assert.ok(english.length > 400);
  const page = await visitor();
  await page.goto("/log-in");
  assert.ok((await left(page)).includes("Password"));
  await page.context().close();
});

const READERS = [
  ["nobody", undefined],
  ["a contact point", account("contact_point", "BE")],
  ["a representative", account("representative", "icc-otp")],
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
    assert.equal(await page.locator("h1").innerText(), french.get("log-in"), "one is back on the page");
    if (who) {
      await logIn(page, { ...who, password: "a sentence that is wrong" });
      assert.equal(await page.locator("main [role=alert]").innerText(), french.get("log-in-failed"));
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
