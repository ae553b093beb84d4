// Every page that each kind of reader can reach by links: no barrier, nothing cut off, nothing heavy.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { account, as, barriers, closeBrowser, overflow, visitor, walk } from "./house.mjs";

after(closeBrowser);

const READERS = [
  ["nobody", undefined],
  ["a contact point", account("contact_point", "FI")],
  ["a counterpart", account("counterpart")],
  ["a representative", account("representative")],
  ["the Secretariat", account("secretariat_officer")],
  ["the auditor", account("auditor")],
];

for (const [name, who] of READERS) {
  test(`the pages of ${name}`, async (t) => {
    // axe is a script, and waits: it does not come to an end where scripts are off.
    const page = who ? await as(who, { scripts: true }) : await visitor({ scripts: true });
    const from = ["/", "/me", "/log-in", "/invitation"].filter((path) => who || path !== "/me");
    const problems = [];
    let count = 0;
    for await (const path of walk(page, from)) {
      count += 1;
      problems.push(...(await barriers(page)).map((problem) => `${path} ${problem}`));
      for (const width of [640, 320]) {
        await page.setViewportSize({ width, height: 900 });
        const over = await overflow(page);
        if (over > 0) problems.push(`${path}: ${over} px wider than ${width} px`);
      }
      await page.setViewportSize({ width: 1280, height: 900 });
    }
    t.diagnostic(`${count} pages`);
    await page.context().close();
    assert.deepEqual(problems, []);
  });
}

test("a page is at most three requests and 60 kB on first view", async (t) => {
  const who = account("contact_point", "HU");
  const first = await as(who);
  const state = await first.context().storageState();
  for (const path of ["/", "/meetings", "/parties", "/cases", "/people", "/audit/entries", "/log-in"]) {
    const page = await visitor({ state });
    let bytes = 0;
    let requests = 0;
    page.on("response", async (response) => {
      requests += 1;
      const body = await response.body();
      bytes += body.length;
    });
    await page.goto(path, { waitUntil: "networkidle" });
    t.diagnostic(`${path}: ${requests} requests, ${bytes} bytes`);
    assert.ok(requests <= 3, `${path}: ${requests} requests`);
    assert.ok(bytes <= 60_000, `${path}: ${bytes} bytes`);
    await page.context().close();
  }
  await first.context().close();
});
