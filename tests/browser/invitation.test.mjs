// From an invitation to the first log-in, with the means to log in shown once; and the log-ins one has.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { account, as, closeBrowser, code, invited, logIn, PASSWORD, send, takeUp, visitor } from "./house.mjs";
import { textOf } from "./qr.mjs";

let officer;

before(async () => {
  officer = await as(account("secretariat_officer"));
});
after(closeBrowser);

for (const scripts of [false, true]) {
  const with_ = scripts ? "with scripts" : "without scripts";
  const email = `livia.${scripts ? "due" : "uno"}@it.example`;

  test(`an invitation leads to the first log-in, ${with_}`, async () => {
    const { token } = await invited(officer, { name: `Livia ${with_}`, party: "IT", role: "contact_point", email });
    const page = await visitor({ scripts });

    // What is wrong is said beside the field and on top; a password is never sent back.
    await page.goto("/invitation");
    await send(page, { token, password: PASSWORD, _again: "another sentence than before" });
    assert.match(await page.locator("#problems").innerText(), /not the same again/);
    assert.equal(await page.locator("#problem-_again").count(), 1);
    assert.equal(await page.inputValue("#field-token"), token);
    assert.equal(await page.inputValue("#field-password"), "");
    await send(page, { password: "passwordpassword", _again: "passwordpassword" });
    assert.match(await page.locator("#problem-password").innerText(), /too easy to guess/);

    const means = await takeUp(page, token);
    const drawing = page.locator("main svg.qr");
    assert.equal(await drawing.getAttribute("role"), "img");
    assert.match(await drawing.getAttribute("aria-label"), /QR code/);
    const otpauth = new URL(textOf(await drawing.getAttribute("viewBox"), await drawing.locator("path").getAttribute("d")));
    assert.equal(otpauth.protocol, "otpauth:");
    assert.equal(otpauth.searchParams.get("secret"), means.totp_secret, "the drawing holds the secret beside it");
    assert.ok(decodeURIComponent(otpauth.pathname).endsWith(email), otpauth.pathname);
    assert.ok(means.recovery.length >= 8);
    assert.equal(new Set(means.recovery).size, means.recovery.length);

    // An invitation is good once.
    const second = await visitor({ scripts });
    await second.goto("/invitation");
    await send(second, { token, password: PASSWORD, _again: PASSWORD });
    assert.match(await second.locator("#problem-token").innerText(), /no invitation that is open/);

    await page.click("main a.button");
    await logIn(page, { email, ...means });
    assert.match(await page.title(), /^What waits for you/);

    // A recovery code stands in for the authenticator, once.
    const recover = async (browser) => {
      await browser.goto("/log-in");
      await send(browser, { email, password: PASSWORD, code: means.recovery[0] });
    };
    await recover(second);
    assert.match(await second.title(), /^What waits for you/);
    await second.goto("/me");
    assert.match(await second.locator("main dl").innerText(), /Second factor\s+used/);
    const third = await visitor({ scripts });
    await recover(third);
    assert.match(await third.locator("main [role=alert]").innerText(), /did not work/);
    await logIn(third, { email, ...means });

    // Of three log-ins one is ended, then all.
    await page.goto("/me");
    const others = page.locator("form[action^='/me/sign-ins/']:not([action='/me/sign-ins/ending'])");
    assert.equal(await others.count(), 3);
    await page.locator("tbody tr", { hasNotText: "this one" }).first().locator("button").click();
    assert.equal(await others.count(), 2);
    const inside = async (browser) => {
      await browser.goto("/me");
      return (await browser.locator("body").getAttribute("data-page")) === "me";
    };
    assert.deepEqual([await inside(page), await inside(second) !== await inside(third)], [true, true], "one of the two is out");
    await page.goto("/me");
    await page.click("form[action='/me/sign-ins/ending'] button");
    assert.deepEqual([await inside(page), await inside(second), await inside(third)], [false, false, false]);
    for (const one of [page, second, third]) await one.context().close();
  });
}

test("a password is changed, and one's means stay shut without a second factor", async () => {
  const { token } = await invited(officer, { name: "Nora Ek", party: "SE", role: "contact_point", email: "nora.ek@se.example" });
  const page = await visitor();
  const means = await takeUp(page, token);
  await page.goto("/log-in");
  await send(page, { email: "nora.ek@se.example", password: PASSWORD, code: await code(means.totp_secret) });
  await page.goto("/me");
  await send(page, { password: PASSWORD, new_password: "another sentence, longer", _again: "another sentence, longer" }, "form[action='/me/password'] button");
  await page.context().clearCookies();
  await page.goto("/log-in");
  await send(page, { email: "nora.ek@se.example", password: PASSWORD });
  assert.match(await page.locator("main [role=alert]").innerText(), /did not work/, "the former password is over");
  await send(page, { password: "another sentence, longer" });
  assert.match(await page.title(), /^What waits for you/);
  await page.goto("/me");
  assert.match(await page.locator("main dl").innerText(), /not used/);
  await page.click("form[action='/me/sign-ins/ending'] button");
  assert.match(await page.locator("main").innerText(), /Log in with your second factor/);
  await page.context().close();
});
