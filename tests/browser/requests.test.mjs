// A request between States, all the way, without any script: sent, acknowledged, answered, refused.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { account, as, closeBrowser, follow, send } from "./house.mjs";

after(closeBrowser);

/** The value of the box in the form beside which these words stand. */
const box = (page, name, words) => page.locator(`main label:has-text("${words}") input[name="${name}"]`).getAttribute("value");

/** Comes into the room that the page asks the purpose for. */
async function comeIn(page) {
  await page.fill("#field-purpose", "answering a request");
  await page.click("form[action$='/visits'] button");
}

test("a request is sent, acknowledged and replied to", async () => {
  const swede = await as(account("contact_point", "SE"));
  await follow(swede, "Send a request");
  assert.match(await swede.locator("main").innerText(), /every answer/, "it says who will read the answers");
  const to = { finland: await box(swede, "to", "Finland"), norway: await box(swede, "to", "Norway") };
  await swede.check(`[name=to][value="${to.finland}"]`);
  await swede.check(`[name=to][value="${to.norway}"]`);
  await send(swede, { title: "Where is the driver?", text: "He left in 2022.", due: "2020-01-01" });
  assert.match(await swede.locator("#problems").innerText(), /past/);
  assert.equal(await swede.inputValue("#field-title"), "Where is the driver?", "what was typed is still there");
  await send(swede, { due: "2031-01-15" });
  assert.equal(await swede.locator("h1").innerText(), "Where is the driver?");
  const path = new URL(swede.url()).pathname;
  assert.equal(await swede.locator("main li", { hasText: "nothing yet" }).count(), 2);
  assert.equal(await swede.locator("main form[action$='/receipt']").count(), 0, "not by the State that asked");

  const finn = await as(account("contact_point", "FI"));
  await finn.locator("nav").getByRole("link", { name: "Requests" }).click();
  await follow(finn, "Where is the driver?");
  assert.equal(new URL(finn.url()).pathname, path);
  await finn.click("form[action$='/receipt'] button");
  assert.equal(await finn.locator("main li", { hasText: "received" }).count(), 1);
  await follow(finn, "Reply");
  await comeIn(finn);
  await send(finn, { kind: "refusal", title: "No", text: "Not now." });
  assert.match(await finn.locator("#problems").innerText(), /ground/);
  await send(finn, { ground: "pending_proceedings" });
  assert.equal(new URL(finn.url()).pathname, path);
  assert.match(await finn.locator("main").innerText(), /refused.*pending proceedings/);

  // A counterpart reads what was asked, and not what the other State replied.
  const norwegian = await as(account("counterpart", "NO"));
  await norwegian.goto(path);
  assert.doesNotMatch(await norwegian.locator("main").innerText(), /pending proceedings/);
  await follow(norwegian, "Read what it says");
  await comeIn(norwegian);
  assert.match(await norwegian.locator("main").innerText(), /He left in 2022\./);
  await norwegian.goto(path);
  await follow(norwegian, "Reply");
  await send(norwegian, { title: "Here", text: "He is in Bergen." });
  assert.equal(await norwegian.locator("main li", { hasText: "answered" }).count(), 1);

  await swede.goto(path);
  await follow(swede, "What Norway replied");
  await comeIn(swede);
  assert.match(await swede.locator("main").innerText(), /He is in Bergen\./);

  const outside = await as(account("contact_point", "PL"));
  assert.equal((await outside.goto(path)).status(), 404);
  await outside.goto("/requests");
  assert.match(await outside.locator("main").innerText(), /No request that you can see\./);
});
