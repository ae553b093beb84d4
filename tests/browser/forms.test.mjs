// Pages that no link leads to: what forms answer with. No barrier there either, in both colour schemes.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  account, as, barriers, closeBrowser, enter, follow, invited, likewise, logIn, PASSWORD, send, takeUp, visitor,
} from "./house.mjs";

after(closeBrowser);

/** Looks at the page: it is the one that is meant, and axe finds nothing. */
async function look(page, name, found) {
  const shown = await page.locator("body").getAttribute("data-page");
  assert.equal(shown, name, page.url());
  found.push(...(await barriers(page)).map((problem) => `${name}: ${problem}`));
}

test("an invitation, a log-in and their refusals", async () => {
  const found = [];
  const officer = await as(account("secretariat_officer"), { scripts: true });
  const { person, token } = await invited(officer, { name: "Ines Rua", party: "PT", role: "contact_point", email: "ines.rua@pt.example" });
  await look(officer, "invited", found);
  await officer.goto(`${person}/off-boarding`);
  await send(officer, { source: "x".repeat(5_000) });
  assert.ok(await officer.locator("#problems").count());
  await look(officer, "off-boarding", found);
  await officer.goto("/parties/new");
  await send(officer, { code: "??", name: "Nowhere", source: "Letter" });
  assert.ok(await officer.locator("#problems a").count());
  found.push(...(await barriers(officer)));
  await officer.context().close();

  const page = await visitor({ scripts: true });
  await page.goto("/invitation");
  await send(page, { token: "ici_none", password: PASSWORD, _again: PASSWORD });
  assert.ok(await page.locator("#problems").count());
  await look(page, "invitation", found);
  await takeUp(page, token);
  await look(page, "enrolled", found);
  await page.goto("/log-in");
  await send(page, { email: "ines.rua@pt.example", password: "a sentence that is wrong" });
  assert.ok(await page.locator("main [role=alert]").count());
  found.push(...(await barriers(page)));
  await page.goto("/nowhere");
  await look(page, "not-found", found);
  await page.context().close();
  assert.deepEqual(found, []);
});

test("a note before it is saved, a conflict, a log-in that ended, and a refusal", async () => {
  const found = [];
  const who = account("contact_point", "HU");
  const page = await as(who, { scripts: true });
  await enter(page, "looking for barriers");
  const room = page.url();
  const preview = "button[formaction$='/preview']";
  await page.goto(`${room}/new`);
  await send(page, { title: "A note", text: "Words" }, preview);
  assert.equal(await page.locator("#preview-title").count(), 1);
  await look(page, "note-form", found);
  await send(page, {});
  const note = page.url();
  const other = await likewise(page, { scripts: true });
  await page.goto(`${note}/revision`);
  await other.goto(`${note}/revision`);
  for (const [one, text] of [[other, "What the other wrote"], [page, "What the one wrote"]]) {
    await send(one, { text }, preview);
    await send(one, {});
  }
  assert.equal(await page.locator("#theirs-title").count(), 1);
  await look(page, "note-form", found);
  await other.context().close();

  await page.goto(`${room}/new`);
  await page.fill("#field-title", "Kept");
  await page.fill("#field-text", "Words");
  await page.context().clearCookies();
  await page.click(preview);
  assert.equal(await page.locator("#field-email").count(), 1);
  found.push(...(await barriers(page)));
  await logIn(page, who);
  assert.equal(await page.locator("#kept-title").count(), 1);
  found.push(...(await barriers(page)));
  await page.click("main form button");
  await look(page, "visit-needed", found);

  assert.equal((await page.goto("/parties/new")).status(), 403);
  found.push(...(await barriers(page)));
  await page.context().close();
  assert.deepEqual(found, []);
});

test("a list of lines that is being put in order", async () => {
  const found = [];
  const page = await as(account("secretariat_officer"), { scripts: true });
  await page.goto("/meetings/new");
  await send(page, { kind: "ordinary", number: "77", first_day: "2027-09-01", last_day: "2027-09-01", topics: "A topic", source: "Letter" });
  await follow(page, "Add a session");
  await send(page, { kind: "open", title: "In order" });
  await follow(page, "Change the agenda");
  await page.fill("#line-1", "Welcome");
  await page.click("button[aria-label='Put an empty line below line 1']");
  await look(page, "agenda-form", found);
  await page.fill("#line-2", "x".repeat(5_000));
  await page.keyboard.press("Enter");
  await page.waitForSelector("#problems");
  await look(page, "agenda-form", found);
  await page.context().close();
  assert.deepEqual(found, []);
});
