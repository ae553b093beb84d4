// What anybody may read: meetings and their conclusions, parties and their standings, the library.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, download, follow, partyPath, visitor } from "./house.mjs";

after(closeBrowser);

for (const scripts of [false, true]) {
  test(`meetings, conclusions, parties and the library are read without a log-in, ${scripts ? "with scripts" : "without scripts"}`, async () => {
    const page = await visitor({ scripts });
    await page.goto("/");
    await page.locator("main").getByRole("link", { name: /meetings/i }).first().click();
    await page.fill("#filter-from", "2010-01-01");
    await page.fill("#filter-until", "2010-12-31");
    await page.click("form.filters button");
    assert.equal(new URL(page.url()).searchParams.get("from"), "2010-01-01");
    const days = await page.locator("main tbody tr td:nth-of-type(1)").allInnerTexts();
    assert.ok(days.length && days.every((day) => day.includes("2010")), String(days));
    const lines = (await download(page, "main a[href^='/meetings.csv']")).trim().split("\r\n");
    assert.equal(lines.length, days.length + 1);
    await page.locator("main tbody th a").first().click();
    assert.match(await page.locator("h1").innerText(), /^Meeting \d+/);
    assert.equal(await page.locator("main a[href^='/sessions/'], main a[href^='/rooms/']").count(), 0, "sessions are not public");
    await follow(page, "read");
    assert.equal(await page.locator("body").getAttribute("data-page"), "conclusions");
    assert.equal(await page.locator("main form, main .actions").count(), 0);

    await page.click("header a[href='/parties']");
    await page.selectOption("#field-kind", "state");
    await page.click("form.filters button");
    assert.equal(new URL(page.url()).searchParams.get("kind"), "state");
    await page.goto(await partyPath(page, "UA"));
    assert.equal(await page.locator("h1").innerText(), "Ukraine");
    assert.match(await page.locator("main").innerText(), /observer/);
    assert.doesNotMatch(await page.content(), /hrynko/i, "people are not public");

    await page.click("header a[href='/publications']");
    assert.ok(await page.locator("main .card, main p").count());
    for (const path of ["/people", "/cases", "/me", "/proposals", "/audit/entries", "/meetings/new", "/parties/new"]) {
      await page.goto(path);
      assert.equal(await page.locator("#field-email").count(), 1, `${path} asks for a log-in`);
    }
    await page.context().close();
  });
}
