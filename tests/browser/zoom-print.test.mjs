// Pages made large, on low windows, and on paper.

import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, test } from "node:test";
import { account, as, closeBrowser, enter, follow, invited, likewise, overflow, send, takeUp, visitor } from "./house.mjs";

/** The readers, logged in, and the pages that are looked at. */
const readers = {};
const paths = {};
let enrolled;

before(async () => {
  const point = await as(account("contact_point", "FI"));
  await enter(point, "reading on paper");
  const room = new URL(point.url()).pathname;
  await point.goto(`${room}/new`);
  await send(point, { title: "A note for paper", text: "A paragraph of a note. ".repeat(20).concat("\n\n").repeat(12) }, "button[formaction$='/preview']");
  await send(point, {});
  const note = new URL(point.url()).pathname;
  await point.goto("/cases");
  const file = await point.locator("main .card a[href^='/cases/']").first().getAttribute("href");
  await point.goto(room);
  const meeting = await point.locator("main a[href^='/meetings/']").getAttribute("href");
  await point.goto(meeting);
  const [open, closed] = await point.locator("main li h3 a").evaluateAll((all) => all.map((one) => one.getAttribute("href")));
  readers.point = point;
  paths.point = ["/", "/me", meeting, open, closed, room, note, `${note}/revision`, `${note}/versions`, "/cases", file, "/cases/new", `/explain?thing=session:${closed.split("/").pop()}`];

  const officer = await as(account("secretariat_officer"));
  readers.officer = officer;
  paths.officer = ["/meetings/new", "/people", open, `${open}/agenda`, "/parties/new"];
  await officer.goto("/people");
  paths.officer.push(await officer.locator("main tbody a").first().getAttribute("href"));
  await officer.goto("/meetings/new");
  await send(officer, { kind: "ordinary", number: "88", first_day: "2027-08-01", last_day: "2027-08-01", source: "For paper" });
  paths.conclusions = `${new URL(officer.url()).pathname}/conclusions`;
  await officer.goto(paths.conclusions);
  await follow(officer, "Draft the conclusions");
  await send(officer, { words: "The network concludes.\n\nTo meet again." });
  await send(officer, { source: "Plenary" });
  await send(officer, { source: "Plenary" });
  const { token } = await invited(officer, { name: "Otto Print", party: "AT", role: "contact_point", email: "otto.print@at.example" });
  enrolled = await visitor();
  await takeUp(enrolled, token);

  readers.auditor = await as(account("auditor"));
  paths.auditor = ["/audit/entries", "/audit/report", "/audit/state"];
  await readers.auditor.goto("/audit/entries");
  paths.auditor.push(await readers.auditor.locator("main tbody a").first().getAttribute("href"));
  readers.nobody = await visitor();
  paths.nobody = ["/", "/meetings", "/parties", "/publications", "/log-in", "/invitation", paths.conclusions];
  Object.assign(paths, { room, note, open, closed, meeting, file });
});
after(closeBrowser);

/** What is cut off: a part that hides what does not fit, or scrolls without a way to it by keyboard. */
function cut(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll("body *")].flatMap((one) => {
      const style = getComputedStyle(one);
      if (one.matches("input, textarea, select, option, svg, svg *") || style.display === "inline") return [];
      const wide = one.scrollWidth > one.clientWidth + 1 && style.overflowX !== "visible";
      const high = one.scrollHeight > one.clientHeight + 1 && style.overflowY !== "visible";
      return (wide || high) && one.tabIndex < 0 ? [`${one.tagName}.${one.className} is cut off`] : [];
    }),
  );
}

/** Goes through the page by keyboard, there and back: what has the focus is never under a part that sticks. */
async function covered(page, presses) {
  const found = [];
  const sticking = await page.evaluateHandle(() =>
    [...document.querySelectorAll("body *")].filter((one) => ["sticky", "fixed"].includes(getComputedStyle(one).position)),
  );
  for (const key of [...Array(presses).fill("Tab"), ...Array(presses).fill("Shift+Tab")]) {
    await page.keyboard.press(key);
    const wrong = await page.evaluate((all) => {
      const focus = document.activeElement;
      if (!focus || focus === document.body) return undefined;
      const place = focus.getBoundingClientRect();
      if (place.top < 0 && place.bottom > innerHeight) return undefined;
      for (const one of all) {
        if (one.contains(focus)) continue;
        const over = one.getBoundingClientRect();
        const shared = Math.min(place.bottom, over.bottom) - Math.max(place.top, over.top);
        if (shared > 1 && place.right > over.left && place.left < over.right) return `${one.className} lies on ${focus.outerHTML.slice(0, 80)}`;
      }
      return place.bottom <= 0 || place.top >= innerHeight ? `${focus.outerHTML.slice(0, 80)} is out of sight` : undefined;
    }, sticking);
    if (wrong) found.push(`${key}: ${wrong}`);
  }
  return [...new Set(found)];
}

for (const [zoom, width, height] of [[200, 640, 512], [400, 320, 256]]) {
  test(`at ${zoom} % nothing is cut off`, async () => {
    const found = [];
    for (const [name, reader] of Object.entries(readers)) {
      const page = await likewise(reader, { width, height, scale: zoom / 100 });
      for (const path of paths[name]) {
        await page.goto(path);
        const over = await overflow(page);
        if (over > 0) found.push(`${path}: ${over} px wider than the window`);
        found.push(...(await cut(page)).map((problem) => `${path}: ${problem}`));
      }
      await page.context().close();
    }
    assert.deepEqual(found, []);
  });
}

test("what has the focus is in sight, on low windows too", async () => {
  const found = [];
  for (const [width, height] of [[1280, 900], [1280, 256], [320, 256]]) {
    const page = await likewise(readers.point, { width, height });
    for (const path of [paths.note, `${paths.note}/revision`, paths.room, paths.file]) {
      await page.goto(path);
      found.push(...(await covered(page, 30)).map((problem) => `${path} at ${width}×${height}, ${problem}`));
    }
    await page.context().close();
  }
  assert.deepEqual(found, []);
});

/** What would be printed of what `selector` names. */
const printed = (page, selector) => page.locator(selector).evaluateAll((all) => all.filter((one) => one.checkVisibility()).length);

test("on paper a closed page is still closed, and nothing stands there that only a screen has a use for", async () => {
  const found = [];
  for (const [name, path, closed] of [
    ["point", paths.note, true],
    ["point", paths.room, true],
    ["point", paths.closed, true],
    ["point", paths.file, true],
    ["point", paths.open, false],
    ["nobody", paths.conclusions, false],
    ["nobody", "/meetings", false],
    ["auditor", "/audit/entries", false],
    ["auditor", "/audit/report", false],
    ["auditor", "/audit/state", false],
  ]) {
    const page = await likewise(readers[name], { width: 794, height: 1123 });
    await page.goto(path);
    await page.emulateMedia({ media: "print" });
    if (await printed(page, "nav, footer, form, button, input, .button, .skip, header.top")) found.push(`${path}: parts for the screen`);
    if (!(await printed(page, "h1"))) found.push(`${path}: no heading`);
    if (closed) {
      if (!(await page.locator(".band").innerText()).includes("CLOSED")) found.push(`${path}: the word is not there`);
      const frame = await page.evaluate(() => {
        const drawn = getComputedStyle(document.body, "::before");
        return drawn.position === "fixed" && parseFloat(drawn.borderLeftWidth) >= 3;
      });
      if (!frame) found.push(`${path}: no frame that is on each sheet`);
      if (path !== paths.file && !(await printed(page, ".members li"))) found.push(`${path}: who is admitted is not there`);
      // Sheets get apart: each has the band, as each has the head of a table that is parted.
      const band = await page.evaluate(() => {
        const { display, breakInside } = getComputedStyle(document.querySelector(".band"));
        return `${display} ${breakInside}`;
      });
      if (band !== "table-header-group avoid") found.push(`${path}: the band is on the first sheet only`);
    }
    if (process.env.SHOTS) {
      const shot = `${process.env.SHOTS}/${name}-${path.split("/").slice(-2).join("-").slice(0, 30)}`;
      fs.writeFileSync(`${shot}.pdf`, await page.pdf({ format: "A4", preferCSSPageSize: true }));
    }
    await page.context().close();
  }
  assert.deepEqual(found, []);
});

test("recovery codes are printed with what they are for", async () => {
  await enrolled.emulateMedia({ media: "print" });
  assert.equal(await printed(enrolled, "nav, footer, form, .button, .screen-only"), 0);
  assert.ok((await printed(enrolled, ".codes li")) >= 8);
  assert.match(await enrolled.locator("main").innerText(), /otto\.print@at\.example/);
  if (process.env.SHOTS) fs.writeFileSync(`${process.env.SHOTS}/codes.pdf`, await enrolled.pdf({ format: "A4" }));
  await enrolled.context().close();
});
