// Passkeys, with Chromium's virtual authenticator: the one way that needs scripts.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { account, as, base, closeBrowser } from "./house.mjs";

after(closeBrowser);

test("a passkey is added and used", async () => {
  const who = account("contact_point", "PL");
  const page = await as(who, { scripts: true });
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true,
      isUserVerified: true, automaticPresenceSimulation: true,
    },
  });
  await page.goto("/me");
  await page.click("form[action='/me/passkeys/new'] button");
  await page.fill("#field-name", "Key ring");
  await page.click("form[data-passkey] button");
  await page.waitForURL(`${base}/me`);
  assert.match(await page.locator("main").innerText(), /Key ring/);
  await page.click("header form button");
  await page.goto("/log-in");
  await page.fill("#field-email", who.email);
  await page.fill("#field-password", who.password);
  await page.click("button[formaction='/log-in/passkey']");
  await page.click("form[data-passkey] button");
  await page.waitForURL(`${base}/`);
  // It counts as a second factor.
  await page.goto("/cases");
  assert.match(await page.title(), /^CLOSED/);
  await page.goto("/me");
  await page.click("form[action*='/me/passkeys/'] button[aria-label*='Key ring']");
  assert.doesNotMatch(await page.locator("main").innerText(), /Key ring/);
  await page.context().close();
});
