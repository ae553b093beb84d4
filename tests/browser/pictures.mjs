// Makes the pictures of the README again.
//   node tests/browser/pictures.mjs PATH-TO-INCAMERA

import path from "node:path";
import { fileURLToPath } from "node:url";
import { withDemo } from "./demo.mjs";

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../docs/pictures");

await withDemo(process.argv[2], async (variables) => {
  Object.assign(process.env, variables);
  const { account, as, closeBrowser, enter, follow, invited, likewise, send, takeUp, visitor } = await import("./house.mjs");
  const SIZE = { width: 1280, height: 900 };
  const take = async (page, name) => {
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: path.join(folder, `${name}.png`) });
  };
  const preview = "button[formaction$='/preview']";

  const point = await as(account("contact_point", "FR"), SIZE);
  await take(point, "start");
  await point.click("main .card a:has-text('session')");
  await take(point, "door");
  await send(point, { purpose: "Preparing a hearing" }, "form[action$='/visits'] button");
  const room = point.url();
  const meeting = await point.locator("main a[href^='/meetings/']").getAttribute("href");
  await point.goto(`${room}/new`);
  await send(point, { title: "Hearing in June", text: "The witness can be heard by video.\n\nThe interpreter is sworn." }, preview);
  await take(point, "note");
  await send(point, {});
  const note = point.url();
  await point.goto(meeting);
  const closed = await point.locator("li.members h3 a").getAttribute("href");
  await point.goto(`/explain?thing=session:${closed.split("/").pop()}`);
  await take(point, "why");
  const other = await likewise(point, SIZE);
  for (const one of [point, other]) await one.goto(`${note}/revision`);
  for (const [one, text] of [
    [other, "The witness can be heard by video on 12 June.\n\nThe interpreter is sworn."],
    [point, "The witness can be heard by video.\n\nTwo interpreters are sworn."],
  ]) {
    await send(one, { text }, preview);
    await send(one, {});
  }
  await point.locator("#theirs-title").scrollIntoViewIfNeeded();
  await point.locator("section.card", { has: point.locator("#theirs-title") }).screenshot({ path: path.join(folder, "conflict.png") });

  const asks = await as(account("contact_point", "SE"), SIZE);
  await asks.goto("/requests/new");
  for (const state of ["Finland", "Norway"]) await asks.locator(`main label:has-text("${state}") input[name="to"]`).check();
  await send(asks, { title: "Where is the driver?", text: "He left in 2022.", due: "2031-01-15" });
  const answers = await as(account("contact_point", "FI"), SIZE);
  await answers.goto(asks.url());
  await answers.click("form[action$='/receipt'] button");
  await take(answers, "request");

  const officer = await as(account("secretariat_officer"), SIZE);
  await officer.goto("/people");
  await officer.locator("main tbody a").first().click();
  await take(officer, "person");
  await officer.goto(meeting);
  await officer.locator("li.card h3 a").first().click();
  const open = officer.url();
  await follow(officer, "Change the agenda");
  for (const [nth, words] of ["Welcome by the Presidency", "What a file on unlawful attacks needs", "Cases that several States have", "Next steps"].entries()) {
    await officer.fill(`#line-${nth + 1}`, words);
    await officer.click(`button[aria-label='Put an empty line below line ${nth + 1}']`);
  }
  await take(officer, "agenda");
  await officer.press("#line-1", "Enter");
  await officer.waitForURL(open);
  await officer.goto("/meetings/new");
  await send(officer, {
    kind: "ordinary", number: "37", first_day: "2027-04-14", last_day: "2027-04-15", topics: "Universal jurisdiction\nThe first hours of an investigation", source: "Steering Board",
  });
  const convened = officer.url();
  await officer.goto(`${convened}/conclusions/revision`);
  await send(officer, {
    words: "The network met for the 37th time.\n\n1. It takes note of what the States reported on universal jurisdiction.\n\n2. It asks its members to name a contact point for the first hours of an investigation.\n\n3. It will meet again in autumn.",
  });
  await send(officer, { source: "Plenary" });
  await send(officer, { source: "Plenary" });
  const { token } = await invited(officer, { name: "Livia Serra", party: "IT", role: "contact_point", email: "livia.serra@it.example" });

  const newcomer = await visitor(SIZE);
  await takeUp(newcomer, token);
  await take(newcomer, "invitation");
  const observer = await as(account("representative", "eurojust"), SIZE);
  await observer.goto(open);
  await take(observer, "open-session");
  const auditor = await as(account("auditor"), SIZE);
  await auditor.goto("/audit/entries");
  await take(auditor, "log");
  await auditor.goto("/audit/report");
  await auditor.selectOption("#field-party", await auditor.locator("#field-party option", { hasText: "(FR)" }).getAttribute("value"));
  await auditor.click("form.filters button");
  await take(auditor, "report");
  await auditor.goto("/audit/state");
  await auditor.locator(".growth figcaption").scrollIntoViewIfNeeded();
  await auditor.screenshot({ path: path.join(folder, "state.png") });
  const nobody = await visitor(SIZE);
  await nobody.goto("/meetings");
  await take(nobody, "meetings");
  await nobody.goto(`${convened}/conclusions`);
  await take(nobody, "conclusions");
  await closeBrowser();
  return 0;
});
