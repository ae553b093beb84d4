// Every page that each kind of reader can reach by links: no barrier, nothing cut off, nothing heavy.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { account, as, barriers, closeBrowser, Kinds, overflow, visitor, walk } from "./house.mjs";

after(closeBrowser);

const READERS = [
  ["nobody", undefined],
  ["a contact point", account("contact_point", "FI")],
  ["a counterpart", account("counterpart")],
  ["a representative", account("representative")],
  ["the Secretariat", account("secretariat_officer")],
  ["the auditor", account("auditor")],
];
const kinds = new Kinds();

for (const [name, who] of READERS) {
  test(`the pages of ${name}`, async (t) => {
    // axe is a script, and waits: it does not come to an end where scripts are off.
    const page = who ? await as(who, { scripts: true }) : await visitor({ scripts: true });
    const from = ["/", "/me", "/log-in", "/invitation"].filter((path) => who || path !== "/me");
    const problems = [];
    let [count, looks] = [0, 0];
    // To make the window narrow and wide again takes as long as a page: each begins as the one before ended.
    const widths = [640, 320];
    for await (const path of walk(page, from)) {
      count += 1;
      for (const width of widths) {
        await page.setViewportSize({ width, height: 900 });
        const over = await overflow(page);
        if (over > 0) problems.push(`${path}: ${over} px wider than ${width} px`);
      }
      if (await kinds.brings(page)) {
        looks += 1;
        await page.setViewportSize({ width: 1280, height: 900 });
        problems.push(...(await barriers(page)).map((problem) => `${path} ${problem}`));
      }
      widths.reverse();
    }
    t.diagnostic(`${count} pages; axe looked at the ${looks} of them that hold something new, and found ${problems.length}`);
    await page.context().close();
    assert.deepEqual(problems, []);
  });
}

/** Kinds of pages that links lead to in the demo. One that is not reached any more is missed here. */
const KINDS = [
  "act", "case", "case-form", "cases", "closed-session", "conclusions", "entries", "entry", "explain", "invitation", "invite",
  "log-in", "material", "me", "meeting", "meeting-form", "meetings", "new-designation", "new-election", "new-name", "new-party",
  "new-person", "new-proposal", "new-standing", "new-suspension", "parties", "party", "people", "person", "proposals",
  "publication", "publication-form", "publications", "request", "request-form", "requests", "room", "session", "session-form", "start", "visit-needed",
];

test("every kind of page that links lead to was among them", (t) => {
  t.diagnostic(`${kinds.names().length} kinds: ${kinds.names().join(", ")}`);
  assert.deepEqual(KINDS.filter((kind) => !kinds.names().includes(kind)), []);
});

test("a page is at most three requests and 60 kB on first view", async (t) => {
  const who = account("contact_point", "HU");
  const first = await as(who);
  const state = await first.context().storageState();
  for (const path of ["/", "/meetings", "/parties", "/cases", "/people", "/audit/entries", "/log-in"]) {
    const page = await visitor({ state });
    const bodies = [];
    page.on("response", (response) => bodies.push(response.body()));
    await page.goto(path, { waitUntil: "networkidle" });
    // All of them, before the page is shut: on a slow machine some are still under way.
    const bytes = (await Promise.all(bodies)).reduce((sum, body) => sum + body.length, 0);
    const requests = bodies.length;
    t.diagnostic(`${path}: ${requests} requests, ${bytes} bytes`);
    assert.ok(requests <= 3, `${path}: ${requests} requests`);
    assert.ok(bytes <= 60_000, `${path}: ${bytes} bytes`);
    await page.context().close();
  }
  await first.context().close();
});
