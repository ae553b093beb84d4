// What a contact point comes for: the closed room, a note, a conflict without loss, the circle of a case file.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { account, as, closeBrowser, code, enter, likewise, logIn, overflow, tabTo, visitor } from "./house.mjs";

after(closeBrowser);

for (const scripts of [false, true]) {
  const with_ = scripts ? "with scripts" : "without scripts";

  test(`a note is written with a look at who will read it, ${with_}`, async () => {
    const page = await as(account("contact_point", "FR"), { scripts });
    assert.match(await page.title(), /^What waits for you/);
    await enter(page, "preparing a hearing");
    assert.match(await page.title(), /^CLOSED/);
    assert.ok(await page.locator(".members li").count(), "who is admitted is in sight");

    await page.click("main a.button");
    const readers = await page.locator("aside.members").innerText();
    assert.match(readers, /As soon as it is saved/);
    assert.match(readers, /Only if you release it to their State/);
    await page.fill("#field-title", "Hearing <script>alert(1)</script>");
    await page.fill("#field-text", `First line\n\n${"words ".repeat(50)}`);
    await page.check("input[value=H1]");
    await page.uncheck("input[value=H0]");
    await page.click("button[formaction$='/preview']");
    assert.match(await page.locator("main").innerText(), /Not saved yet/);
    await page.click("main form button:not([formaction])");
    assert.equal(await page.locator("h1").innerText(), "Hearing <script>alert(1)</script>");
    assert.match(await page.locator(".text").innerText(), /^First line\n\nwords/);

    // Leaving shuts the door, for the back button too.
    const address = page.url();
    await page.goto("/");
    await page.click("main .card a:has-text('session')");
    await page.click("form[action*='/visits/'] button");
    await page.goto(address);
    assert.equal(await page.locator("#field-purpose").count(), 1);
    await page.context().close();
  });

  test(`two who revise at once lose nothing, ${with_}`, async () => {
    const one = await as(account("contact_point", "DE"), { scripts });
    await enter(one, "writing");
    await one.click("main a.button");
    await one.fill("#field-title", "Shared");
    await one.fill("#field-text", "as it was");
    await one.click("button[formaction$='/preview']");
    await one.click("main form button:not([formaction])");
    const address = one.url();
    const other = await likewise(one, { scripts });
    await one.goto(`${address}/revision`);
    await other.goto(`${address}/revision`);
    await other.fill("#field-text", "what the other wrote");
    await other.click("button[formaction$='/preview']");
    await other.click("main form button:not([formaction])");
    assert.equal(other.url(), address);

    await one.fill("#field-text", "what the one wrote");
    await one.click("button[formaction$='/preview']");
    await one.click("main form button:not([formaction])");
    const shown = await one.locator("main").innerText();
    assert.match(shown, /Somebody saved version 2 meanwhile/);
    assert.match(shown, /what the other wrote/);
    assert.equal(await one.inputValue("#field-text"), "what the one wrote");
    await one.fill("#field-text", "what both wrote");
    await one.click("button[formaction$='/preview']");
    await one.click("main form button:not([formaction])");
    assert.equal(one.url(), address);
    await one.goto(`${address}/versions`);
    assert.equal(await one.locator("ol > li").count(), 3);
    await one.click("ol > li:first-child p a");
    assert.equal(await one.locator(".text del").innerText(), "the other");
    await one.context().close();
    await other.context().close();
  });

  test(`a circle is widened by name, and explained, ${with_}`, async () => {
    const page = await as(account("contact_point", "SE"), { scripts });
    await page.goto("/cases/new");
    await page.fill("[id='field-fiche.title']", `Case ${with_}`);
    await page.fill("[id='field-fiche.authority']", "National unit");
    await page.fill("[id='field-fiche.situation']", "A situation");
    await page.click("main form button");
    assert.match(await page.locator("#problems").innerText(), /fiche\.crimes/);
    assert.equal(await page.inputValue("[id='field-fiche.title']"), `Case ${with_}`, "what was typed is still there");
    await page.check("[name='fiche.crimes'][value=genocide]");
    await page.click("main form button");
    assert.equal(await page.locator("h1").innerText(), `Case ${with_}`);
    await page.click("main a.button");
    assert.match(await page.locator(".members").innerText(), /: 1/);
    const option = page.locator("#field-person option", { hasText: "FR" }).first();
    await page.selectOption("#field-person", await option.getAttribute("value"));
    await page.click("form[action$='/admissions'] button");
    assert.match(await page.locator(".members").innerText(), /: 2/);
    await page.click("form[action*='/admissions/'] button[aria-label*='Aubertin'], form[action*='/admissions/'] button[aria-label*='Courcelle']");
    assert.match(await page.locator(".members").innerText(), /: 1/);
    await page.click("main a[href^='/explain']");
    assert.equal(await page.locator("h1").count(), 1);
    await page.context().close();
  });
}

test("text survives a log-in that ended", async () => {
  const who = account("contact_point", "NL");
  const page = await as(who);
  await enter(page, "writing");
  await page.click("main a.button");
  await page.fill("#field-title", "Kept");
  await page.fill("#field-text", "every\n word \"of\" it <b>");
  await page.context().clearCookies();
  await page.click("button[formaction$='/preview']");
  assert.match(await page.locator("main").innerText(), /What you wrote is kept/);
  await logIn(page, who);
  await page.click("main form button");
  // The new log-in has no visit yet: the purpose is asked for, and the text goes along.
  await page.fill("#field-purpose", "going on");
  await page.click("main form button");
  await page.click("main form button");
  assert.equal(await page.inputValue("#field-text"), "every\n word \"of\" it <b>");
  await page.click("main form button:not([formaction])");
  assert.equal(await page.locator("h1").innerText(), "Kept");
  await page.context().close();
});

test("from log-in to a saved note by keyboard alone", async () => {
  const who = account("contact_point", "BE");
  const page = await visitor();
  await page.goto("/log-in");
  const type = async (selector, text) => {
    await tabTo(page, selector);
    await page.keyboard.type(text);
  };
  const press = async (selector) => {
    await tabTo(page, selector);
    const gone = page.waitForNavigation();
    await page.keyboard.press("Enter");
    await gone;
  };
  await type("#field-email", who.email);
  await type("#field-password", who.password);
  await type("#field-code", await code(who.totp_secret));
  await press("main form button");
  await press("main .card a");
  await type("#field-purpose", "by keyboard");
  await press("form[action$='/visits'] button");
  await press("main a.button");
  await type("#field-title", "By keyboard");
  await type("#field-text", "No mouse was moved.");
  await press("button[formaction$='/preview']");
  await press("main form button:not([formaction])");
  assert.equal(await page.locator("h1").innerText(), "By keyboard");
  await page.context().close();
});

test("on a narrow screen nothing is cut off", async () => {
  const page = await as(account("contact_point", "ES"), { width: 320 });
  await enter(page, "reading");
  for (const path of ["/", "/me", "/cases", "/cases/new", page.url(), `${page.url()}/new`]) {
    await page.goto(path);
    assert.equal(await overflow(page), 0, path);
  }
  await page.context().close();
});
