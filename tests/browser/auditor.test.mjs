// Who reads the whole log: what was done, by whom and why, and never what was said.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { account, as, closeBrowser, download, enter, follow, likewise, send, verified, visitor } from "./house.mjs";

const PURPOSE = "preparing what the auditor will find";
const SECRET = "Nobody outside reads this title";
let auditor;
let note;
let point;

before(async () => {
  const page = await as(account("contact_point", "PL"));
  await enter(page, PURPOSE);
  await page.goto(`${page.url()}/new`);
  await send(page, { title: SECRET, text: SECRET }, "button[formaction$='/preview']");
  await send(page, {});
  note = new URL(page.url()).pathname;
  point = page;
  auditor = await as(account("auditor"));
});
after(closeBrowser);

const events = (page) => page.locator("main tbody th").allInnerTexts();

for (const scripts of [false, true]) {
  test(`the log is narrowed, read and followed, ${scripts ? "with scripts" : "without scripts"}`, async () => {
    const page = await likewise(auditor, { scripts });
    await page.goto("/");
    await page.click("header a[href='/audit/entries']");
    assert.ok(new Set(await events(page)).size > 3, "without a filter there is all of it");
    await page.selectOption("#field-event", "note_written");
    await page.click("form.filters button");
    assert.equal(new URL(page.url()).searchParams.get("event"), "note_written");
    assert.equal(await page.inputValue("#field-event"), "note_written", "the filter stays chosen");
    assert.deepEqual([...new Set(await events(page))], ["note written"]);

    await page.locator("main tbody a").first().click();
    assert.equal(await page.locator("h1").innerText(), "note written");
    const entry = await page.locator("main").innerText();
    assert.match(entry, /By whom\s+Agnieszka Wrona · Poland/);
    assert.match(entry, new RegExp(`note ${note.split("/").pop()}`));
    assert.match(entry, /Place in the log\s+\d+/);
    assert.match(entry, /Commitment\s+[0-9a-f]{64}/);
    // The proof of it: a file that the command verifies with nothing but the log's public key. Until a checkpoint
    // reaches the entry, some seconds after it was made, there is none.
    const here = page.url();
    const entryId = here.split("/").pop();
    while ((await page.request.get(`/audit/receipts/${entryId}`)).status() === 409) {
      await new Promise((done) => setTimeout(done, 500));
    }
    const proof = await download(page, "main a[href^='/audit/receipts/']");
    assert.match(verified(proof), /event "note_written"/);
    assert.throws(() => verified(proof.replace("index ", "index 1")));
    assert.match(await (await page.request.get("/audit/checkpoint")).text(), /^localhost:\d+\/api\/v1\/audit\n\d+\n/);
    assert.equal(await page.locator(`main a[href='${note}']`).count(), 0, "no way into the room");
    assert.equal((await page.goto(note)).status(), 404);
    await page.goBack();

    await follow(page, "All entries of this room");
    const visits = page.locator("main tbody tr", { hasText: "visit begun" });
    assert.ok((await visits.locator("td:nth-of-type(4)").allInnerTexts()).includes(PURPOSE));
    await page.fill("#field-from", "2099-01-01");
    await page.click("form.filters button");
    assert.match(await page.locator("main").innerText(), /No entry that you may read fits/);
    assert.ok(new URL(page.url()).searchParams.get("room"), "a new filter keeps the others");
    await follow(page, /room/i);
    assert.equal(new URL(page.url()).searchParams.get("room"), null);

    // By person, from an entry of theirs.
    await page.goto("/audit/entries?event=note_written");
    await page.locator("main tbody a").first().click();
    await follow(page, "All that this person did");
    const actors = await page.locator("main tbody tr td:nth-of-type(2)").allInnerTexts();
    assert.ok(actors.length > 2 && actors.every((one) => one.startsWith("Agnieszka Wrona")), String(actors));
    await page.context().close();
  });
}

/** What of a page is seen. */
const seen = (page, selector) => page.locator(selector).evaluateAll((all) => all.filter((one) => one.checkVisibility()).length);

for (const scripts of [false, true]) {
  test(`the report of a State is made, printed and saved, ${scripts ? "with scripts" : "without scripts"}`, async () => {
    const page = await likewise(auditor, { scripts });
    await page.goto("/audit/entries");
    await follow(page, "Purpose and disclosure report");
    await page.selectOption("#field-party", await page.locator("#field-party option", { hasText: "(PL)" }).getAttribute("value"));
    await page.click("form.filters button");
    const head = await page.locator(".report-head").innerText();
    assert.match(head, /Poland \(PL\)/);
    assert.match(head, /checkpoint over \d+ entries/);
    const written = page.locator("#operation-collection + .scroll tbody tr", { hasText: note.split("/").pop() });
    const line = await written.innerText();
    assert.match(line, /Agnieszka Wrona · PL/);
    assert.match(line, /note written/);
    assert.ok(line.includes(PURPOSE), line);

    await page.emulateMedia({ media: "print" });
    assert.equal(await seen(page, "nav, footer, form, button, .screen-only"), 0);
    assert.equal(await seen(page, ".report-head"), 1, "what it is of, on paper too");
    await page.emulateMedia({ media: "screen" });
    const table = await download(page, "main a[href^='/audit/report.csv']");
    assert.ok(table.includes(PURPOSE) && !table.includes(SECRET));

    await page.selectOption("#field-operation", "erasure");
    await page.click("form.filters button");
    assert.match(await page.locator("main").innerText(), /Nothing of that kind was done/);
    assert.match(await page.locator(".report-head").innerText(), /Poland/, "the State stays chosen");
    await page.context().close();
  });

  test(`a contact point reports on the own State, and sees how the log grew, ${scripts ? "with scripts" : "without scripts"}`, async () => {
    const page = await likewise(point, { scripts });
    await page.goto("/audit/entries");
    await follow(page, "Purpose and disclosure report");
    assert.equal(await page.locator("#field-party").count(), 0);
    assert.match(await page.locator(".report-head").innerText(), /Poland \(PL\)/);
    const written = page.locator("#operation-collection + .scroll tbody tr", { hasText: note.split("/").pop() });
    assert.ok((await written.innerText()).includes(PURPOSE));
    const receipt = await written.locator("a[download]").getAttribute("href");
    while ((await page.request.get(receipt)).status() === 409) await new Promise((done) => setTimeout(done, 500));
    assert.match(verified(await download(page, `main a[href='${receipt}']`)), /event "note_written"/);
    assert.equal((await page.goto("/audit/report?party=3e8b7a52-93a5-4f4e-8c1a-2f6a5f1f0b11")).status(), 404);

    await page.goto("/audit/state");
    const state = await page.locator("main").innerText();
    assert.match(state, /localhost:\d+\/api\/v1\/audit\+[0-9a-f]{8}\+/);
    assert.match(state, /Nobody else has signed this checkpoint/);
    assert.match(await page.locator("svg[role=img]").getAttribute("aria-label"), /Entries of the log over time: .* to \d+ on/);
    assert.ok((await page.locator("main table tbody tr").count()) > 1, "the drawing stands in a table, too");
    await page.context().close();
  });
}

test("the log is saved as a table without any content, page by page nothing is lost, and each look is an entry", async () => {
  const page = await likewise(auditor);
  const looks = async () => (await page.goto("/audit/entries?event=log_read&limit=200"), (await events(page)).length);
  const before_ = await looks();
  assert.ok((await looks()) > before_, "reading the log is logged");

  await page.goto("/audit/entries?event=note_written");
  await page.locator("main tbody a").first().click();
  await follow(page, "All that this person did");
  await page.goto(`${page.url()}&limit=2`);
  const seen = [];
  for (;;) {
    const entries = page.locator("main tbody td:first-child a");
    seen.push(...(await entries.evaluateAll((all) => all.map((one) => one.getAttribute("href")))));
    const next = page.locator("main a[rel=next]");
    if (!(await next.count())) break;
    await next.click();
  }
  assert.equal(new Set(seen).size, seen.length);
  assert.ok(seen.length > 4, `${seen.length} entries`);
  const table = await download(page, "main a[href^='/audit/entries.csv']");
  const lines = table.trim().split("\r\n");
  assert.equal(lines.length, seen.length + 1, "the table has what the filter shows, and no more");
  await page.goto("/audit/entries");
  const all = await download(page, "main a[href^='/audit/entries.csv']");
  assert.ok(all.includes(PURPOSE));
  assert.ok(!all.includes(SECRET), "the log holds no title");
  await page.context().close();

  const stranger = await visitor();
  await stranger.goto("/audit/entries");
  assert.equal(await stranger.locator("#field-email").count(), 1, "nobody reads the log without a log-in");
  await stranger.context().close();
});
