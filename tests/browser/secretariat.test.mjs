// What the Secretariat administers: standings, people and their rights, meetings, conclusions, lists.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  account, as, closeBrowser, download, follow, invited, likewise, logIn, partyPath, send, takeUp, visitor,
} from "./house.mjs";

let signedIn;
before(async () => {
  signedIn = await as(account("secretariat_officer"));
});
after(closeBrowser);

for (const scripts of [false, true]) {
  const with_ = scripts ? "with scripts" : "without scripts";

  test(`a party is recorded, given a standing, and loses it, ${with_}`, async () => {
    const page = await likewise(signedIn, { scripts });
    await page.goto("/parties");
    await follow(page, "Record a party");
    const code = scripts ? "XB" : "XA";
    await send(page, { kind: "state", code, name: `Ruritania ${code}`, source: "Note verbale 1/2026" });
    const party = page.url();
    assert.match(await page.locator("main dl").innerText(), /Standing\s+none/);
    await follow(page, "Give it a standing");
    await send(page, { standing: "observer", until: "2001-01-01", source: "Conclusion 4" });
    assert.match(await page.locator("#problem-until").innerText(), /not after the beginning/);
    assert.equal(await page.inputValue("#field-source"), "Conclusion 4", "what was typed is still there");
    await send(page, { until: "" });
    assert.equal(page.url(), party);
    const stranger = await visitor({ scripts });
    await stranger.goto(party);
    assert.match(await stranger.locator("main dl").innerText(), /Standing\s+observer/, "standings are public");
    // One at a time: the conflict says what to do.
    await follow(page, "Give it a standing");
    await send(page, { standing: "member", source: "Conclusion 5" });
    assert.match(await page.locator("#problems").innerText(), /end that first/);
    await page.goto(party);
    await page.locator("section, div[role=region]", { hasText: "observer" }).getByRole("link", { name: "the act" }).first().click();
    await follow(page, "End this act");
    await send(page, { source: "Withdrawal" });
    await stranger.goto(party);
    assert.match(await stranger.locator("main dl").innerText(), /Standing\s+none/);
    await stranger.context().close();
    await page.context().close();
  });

  test(`somebody is designated, logs in, and is out with the next click when off-boarded, ${with_}`, async () => {
    const page = await likewise(signedIn, { scripts });
    const email = `paolo.${scripts ? "due" : "uno"}@at.example`;
    const { person, token } = await invited(page, { name: "Paolo Quiroga", party: "AT", role: "contact_point", email });
    const theirs = await visitor({ scripts });
    const means = await takeUp(theirs, token);
    await theirs.click("main a.button");
    await logIn(theirs, { email, ...means });
    await theirs.goto("/people");
    assert.match(await theirs.locator("main").innerText(), /Paolo Quiroga/);

    await page.goto(person);
    assert.match(await page.locator("main dl").innerText(), /can log in/);
    await follow(page, "Off-board");
    assert.match(await page.locator("main").innerText(), /contact point[^\n]*in force/, "what ends is said before");
    await send(page, { source: "Letter of 3 March" });
    assert.equal(page.url(), person);
    assert.match(await page.locator("main").innerText(), /cannot log in/);

    await theirs.click("header a[href='/cases']");
    assert.notEqual(await theirs.locator("body").getAttribute("data-page"), "cases");
    assert.equal(await theirs.locator("#field-email").count(), 1, "the next click asks to log in");
    await logIn(theirs, { email, ...means });
    assert.match(await theirs.locator("main [role=alert]").innerText(), /did not work/);
    await theirs.context().close();
    await page.context().close();
  });

  test(`a meeting is convened, with sessions, an agenda in order, and conclusions published, ${with_}`, async () => {
    const page = await likewise(signedIn, { scripts });
    const number = scripts ? "38" : "37";
    await page.goto("/");
    await follow(page, "Convene a meeting");
    const fields = { kind: "ordinary", number: "36", first_day: "2027-04-14", last_day: "2027-04-13", topics: "Universal jurisdiction", source: "Steering Board" };
    await send(page, fields);
    assert.match(await page.locator("#problem-last_day").innerText(), /before the first day/);
    await send(page, { last_day: "2027-04-15" });
    assert.match(await page.locator("#problems").innerText(), /There is a meeting with this number/);
    await send(page, { number });
    const meeting = page.url();
    assert.equal(await page.locator("h1").innerText(), `Meeting ${number}`);

    await follow(page, "Add a session");
    await send(page, { kind: "closed", title: `Behind doors ${number}` });
    await page.goto(meeting);
    assert.doesNotMatch(await page.locator("main").innerText(), /Behind doors/, "sealed: whoever is not admitted does not read it again");
    assert.match(await page.locator("li.members").innerText(), /CLOSED/);
    await follow(page, "Add a session");
    await send(page, { kind: "open", title: `Open doors ${number}` });
    await page.goto(meeting);
    await follow(page, `Open doors ${number}`);

    await follow(page, "Change the agenda");
    const lines = () => page.locator("input[name=items]").evaluateAll((all) => all.map((one) => one.value).filter(Boolean));
    await page.fill("#line-1", "Welcome");
    await page.click("button[aria-label='Put an empty line below line 1']");
    await page.fill("#line-2", "Close");
    await page.click("button[aria-label='Put an empty line below line 2']");
    await page.fill("#line-3", "Cooperation");
    await page.click("button[aria-label='Move line 3 up']");
    assert.deepEqual(await lines(), ["Welcome", "Cooperation", "Close"]);
    await page.click("button[aria-label='Move line 1 down']");
    await page.click("button[aria-label='Remove line 2']");
    assert.deepEqual(await lines(), ["Cooperation", "Close"]);
    // Enter in a line saves; it does not move anything.
    await page.focus("#line-1");
    const gone = page.waitForNavigation();
    await page.keyboard.press("Enter");
    await gone;
    assert.equal(await page.locator("body").getAttribute("data-page"), "session");
    assert.deepEqual(await page.locator("main ol > li").allInnerTexts(), ["Cooperation", "Close"]);

    const stranger = await visitor({ scripts });
    await stranger.goto(meeting);
    assert.doesNotMatch(await stranger.locator("main").innerText(), /doors|losed/, "sessions are not public");
    const conclusions = `${meeting}/conclusions`;
    await page.goto(conclusions);
    await follow(page, "Draft the conclusions");
    await send(page, { words: "The network agrees.\n\nTo meet again." });
    const absent = async () => (await stranger.goto(conclusions)).status();
    assert.equal(await absent(), 404);
    await follow(page, "Write a new version");
    await send(page, { words: "The network concludes.\n\nTo meet again." });
    await send(page, { source: "Plenary" });
    assert.match(await page.locator("main").innerText(), /adopted/);
    assert.equal(await absent(), 404);
    await send(page, { source: "Plenary" });
    await stranger.goto(meeting);
    await stranger.click("main a[href$='/conclusions']");
    assert.equal(await stranger.locator(".text").innerText(), "The network concludes.\n\nTo meet again.");
    await stranger.context().close();
    await page.context().close();
  });
}

test("lists keep their filters in the address, go on page by page, and are saved as harmless tables", async () => {
  const page = await likewise(signedIn);
  const malta = await partyPath(page, "MT");
  const FORMULAS = ["=HYPERLINK(\"http://a.example\")", "+1+1", "-1", "@SUM(1)"];
  for (const name of FORMULAS) {
    await page.goto(`${malta}/people`);
    await send(page, { name });
  }
  await page.goto("/people");
  await page.selectOption("#field-party", malta.split("/").pop());
  await Promise.all([page.waitForEvent("load"), page.click("form.filters button")]);
  assert.equal(new URL(page.url()).searchParams.get("party"), malta.split("/").pop());
  assert.equal(await page.locator("main tbody tr").count(), FORMULAS.length);
  const table = await download(page, "main a[href^='/people.csv']");
  for (const name of FORMULAS) assert.ok(table.includes(`'${name.replaceAll('"', '""')}`), `${name} in\n${table}`);
  assert.doesNotMatch(table, /(^|,|\n)"?[=+@-]/, "no cell begins as a formula does");
  assert.equal(table.trim().split("\r\n").length, FORMULAS.length + 1, "the table has what the filter shows, and no more");

  await page.goto("/parties?kind=state&limit=10");
  const seen = [];
  for (;;) {
    seen.push(...(await page.locator("main tbody tr td:first-child").allInnerTexts()));
    assert.equal(await page.inputValue("#field-kind"), "state", "the filter stays chosen");
    const next = page.locator("main a[rel=next]");
    if (!(await next.count())) break;
    await Promise.all([page.waitForEvent("load"), next.click()]);
  }
  await page.goto("/parties?kind=state&limit=200");
  assert.deepEqual(seen, await page.locator("main tbody tr td:first-child").allInnerTexts(), "page by page nothing is lost or twice");
  assert.ok(seen.length > 20);
  await page.context().close();
});
