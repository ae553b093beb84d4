// Who follows open sessions: reaches what is theirs, and finds no trace of the rest.

import { readFile } from "node:fs/promises";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { account, as, closeBrowser, download, enter, follow, likewise, send, walk } from "./house.mjs";

const MADE_UP = "00000000-0000-4000-8000-00000000000a";
/** What belongs to the closed session and the case files of the demo: addresses and words. */
const hidden = { paths: [], words: [] };
let meeting;
let released;
/** Where the sessions are that are not closed. */
const sessions = {};

/** The paths of a page's links that fit. */
const links = (page, pattern) =>
  page.locator("main a").evaluateAll((all) => all.map((one) => one.getAttribute("href"))).then((all) => all.filter((one) => pattern.test(one)));

/** Has the officer add a session to the meeting: its path. */
async function added(officer, kind, title) {
  await officer.goto(meeting);
  await follow(officer, "Add a session");
  await send(officer, { kind, title });
  await officer.goto(meeting);
  return officer.locator("main h3 a", { hasText: title }).getAttribute("href");
}

before(async () => {
  // A contact point sees what the others must not, and releases one note of two to Ukraine.
  const page = await as(account("contact_point", "FR"));
  await enter(page, "preparing a release");
  const room = page.url();
  hidden.words.push(await page.locator("h1").innerText());
  const notes = [];
  for (const title of ["Released to Ukraine", "Kept among members"]) {
    await page.goto(`${room}/new`);
    await send(page, { title, text: `${title}: words` }, "button[formaction$='/preview']");
    await send(page, {});
    notes.push(new URL(page.url()).pathname);
  }
  await page.goto(notes[0]);
  await page.setInputFiles("#field-file", { name: "a plan.txt", mimeType: "text/plain", buffer: Buffer.from("what the plan says") });
  await page.click("main form[action$='/files'] button");
  const ukraine = await page.locator("#field-party option", { hasText: "Ukraine" }).getAttribute("value");
  await send(page, { party: ukraine }, "main form[action$='/releases'] button");
  released = { room: new URL(room).pathname, notes, title: hidden.words[0] };
  await page.goto(notes[0].replace(/\/notes.*/, ""));
  [meeting] = await links(page, /^\/meetings\//);
  await page.goto(meeting);
  const closed = await page.locator("li.members h3 a").getAttribute("href");
  hidden.words.push(await page.locator("li.members h3 a").innerText());
  await page.goto("/cases");
  const cases = await links(page, /^\/cases\/[0-9a-f-]{36}$/);
  assert.ok(cases.length, "the demo has case files");
  hidden.words.push(...(await page.locator("main .card h2").allInnerTexts()));
  const people = room.replace(/.*(\/rooms\/[^/]+).*/, "$1");
  hidden.paths.push(closed, people, released.room, ...notes, ...notes.map((one) => `${one}/versions`), ...cases);
  await page.context().close();

  // Of the sessions that are not closed: one is open, to which civil society is invited; another is open; two are held
  // by invitation, one of them with Yazda.
  const officer = await as(account("secretariat_officer"));
  const yazda = () => officer.locator("#field-party option", { hasText: "Yazda" }).getAttribute("value");
  await officer.goto(meeting);
  sessions.invited = await officer.locator("main h3 a[href^='/sessions/']", { hasText: "Unlawful attacks" }).getAttribute("href");
  sessions.open = await added(officer, "open", "Open to observers");
  sessions.breakout = await added(officer, "breakout", "Held by invitation");
  sessions.breakoutInvited = await added(officer, "breakout", "Held with civil society");
  for (const session of [sessions.invited, sessions.open]) {
    await officer.goto(session);
    await follow(officer, "Change the agenda");
    await officer.fill("#line-1", "Welcome");
    await officer.click("main form button:has-text('Save')");
  }
  await officer.goto(sessions.breakoutInvited);
  await send(officer, { party: await yazda(), source: "Invitation of 2 May" });
  await officer.context().close();
});
after(closeBrowser);

/** What a page says but for what names the address and the moment. */
async function said(page, path) {
  const answer = await page.goto(path);
  const text = await page.content();
  return [answer.status(), text.replace(/value="[^"]*"/g, "").replaceAll(path, "PATH")];
}

const FOLLOWS = ["invited", "open"];
const WHO = [
  ["an observer organisation", account("representative", "eurojust"), FOLLOWS],
  ["an associate", account("representative", "iiim"), FOLLOWS],
  ["a guest of civil society", account("representative", "yazda"), ["invited", "breakoutInvited"]],
];

for (const [name, who, theirs] of WHO) {
  for (const scripts of [false, true]) {
    test(`${name} is shown the sessions that are theirs and no other, and reads an open one, ${scripts ? "with scripts" : "without scripts"}`, async () => {
      const page = scripts ? await likewise(pages.get(name), { scripts }) : await first(name, who);
      await page.goto(meeting);
      assert.equal(await page.locator(".members, .tag.closed").count(), 0);
      const shown = new Set(await links(page, /^\/sessions\/[0-9a-f-]{36}$/));
      assert.deepEqual([...shown].sort(), theirs.map((one) => sessions[one]).sort());
      for (const [which, session] of Object.entries(sessions)) {
        const status = (await page.goto(session)).status();
        assert.equal(status, theirs.includes(which) ? 200 : 404, which);
      }
      await page.goto(sessions.invited);
      assert.equal(await page.locator("main .tag.open").count(), 1);
      assert.deepEqual(await page.locator("main ol li").allInnerTexts(), ["Welcome"], "the agenda is read");
      const saved = await download(page, "main a[href$='/content']");
      assert.ok(saved.length > 20);
      await follow(page, /^Details of/);
      assert.match(await page.locator("main dl").innerText(), /SHA-256/);
      return page.context().close();
    });
  }

  test(`nothing hints ${name} at what is closed`, async () => {
    const page = await likewise(pages.get(name));
    let count = 0;
    for await (const path of walk(page, ["/", "/me"])) {
      count += 1;
      const text = await page.content();
      for (const words of hidden.words) assert.ok(!text.includes(words), `${path} says ${words}`);
      // "Why" has the rules in general, and those are no secret.
      if (!path.startsWith("/explain")) assert.ok(!/href="\/(rooms|cases)|CLOSED|closed session/.test(text), path);
    }
    assert.ok(count > 5);
    assert.equal((await page.goto("/cases")).status(), 200);
    assert.equal(await page.locator("main .card").count(), 0, "the register is empty for them");
    for (const path of hidden.paths) {
      const made = path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, MADE_UP);
      const [status, text] = await said(page, path);
      assert.equal(status, 404, path);
      assert.notEqual(made, path);
      assert.deepEqual([status, text], await said(page, made), `${path} is answered as what is not there`);
    }
    await page.context().close();
  });
}

const pages = new Map();
/** Logs in once for all the tests of one person. */
async function first(name, who) {
  pages.set(name, await as(who));
  return likewise(pages.get(name));
}

for (const scripts of [false, true]) {
  test(`a guest reaches what they are invited to until that ends, ${scripts ? "with scripts" : "without scripts"}`, async () => {
    const officer = await as(account("secretariat_officer"), { scripts });
    const guest = await likewise(pages.get("a guest of civil society"), { scripts });
    const session = await added(officer, "breakout", `By invitation ${scripts}`);
    await officer.goto(session);
    assert.equal((await guest.goto(session)).status(), 404);
    await send(officer, { party: await officer.locator("#field-party option", { hasText: "Yazda" }).getAttribute("value"), source: "Invitation of 2 May" });
    assert.equal((await guest.goto(session)).status(), 200);
    assert.equal(await guest.locator("h1").innerText(), `By invitation ${scripts}`);
    await follow(officer, /^End the participation of/);
    await send(officer, { source: "Withdrawn" });
    assert.equal((await guest.goto(session)).status(), 404, "the next click finds nothing");
    await guest.context().close();
    await officer.context().close();
  });

  test(`a counterpart of an observer State reads what was released to that State, and no more, ${scripts ? "with scripts" : "without scripts"}`, async () => {
    const page = await as(account("counterpart", "UA"), { scripts });
    assert.equal((await page.goto(released.room)).status(), 403, "the purpose is asked for");
    await send(page, { purpose: "following up" });
    const shown = await page.locator("main").innerText();
    assert.match(shown, /Released to Ukraine/);
    assert.doesNotMatch(shown, /Kept among members/);
    assert.equal((await page.goto(released.notes[0])).status(), 200);
    assert.equal(await page.locator("main a[href$='/revision']").count(), 0);
    const [saved] = await Promise.all([page.waitForEvent("download"), page.click("main a[href*='/files/']")]);
    assert.equal(saved.suggestedFilename(), "a plan.txt");
    assert.equal(await readFile(await saved.path(), "utf8"), "what the plan says");
    assert.equal((await page.goto(released.notes[1])).status(), 404);
    await page.context().close();

    const other = await as(account("counterpart", "CA"), { scripts });
    for (const path of released.notes) assert.equal((await other.goto(path)).status(), 404, path);
    await other.context().close();
  });
}
