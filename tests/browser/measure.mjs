// What each kind of page costs: bytes and requests of a first view, and how long the server takes.
//   node tests/browser/measure.mjs PATH-TO-INCAMERA

import https from "node:https";
import { withDemo } from "./demo.mjs";

const FETCHES = 60;
const WARMING = 10;

await withDemo(process.argv[2], async (variables) => {
  Object.assign(process.env, variables);
  const { account, as, closeBrowser, enter, send, visitor } = await import("./house.mjs");
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });

  /** One fetch on a connection that stays open, in milliseconds. */
  const fetched = (path, cookie) =>
    new Promise((done, fail) => {
      const begun = process.hrtime.bigint();
      https
        .get(`${variables.INCAMERA_BASE}${path}`, { agent, headers: { cookie, accept: "text/html" } }, (answer) => {
          answer.resume();
          answer.on("end", () => done([answer.statusCode, Number(process.hrtime.bigint() - begun) / 1e6]));
        })
        .on("error", fail);
    });

  /** A line of the table. */
  async function measure(name, page, path) {
    const context = page.context();
    const cookies = await context.cookies();
    const fresh = await visitor({ state: await context.storageState() });
    const sizes = [];
    fresh.on("requestfinished", (request) => sizes.push(request.sizes()));
    await fresh.goto(path, { waitUntil: "networkidle", timeout: 60_000 });
    const bytes = (await Promise.all(sizes)).reduce((sum, one) => sum + one.responseBodySize + one.responseHeadersSize, 0);
    await fresh.context().close();
    const cookie = cookies.map((one) => `${one.name}=${one.value}`).join("; ");
    const times = [];
    for (let count = 0; count < WARMING + FETCHES; count += 1) {
      const [status, time] = await fetched(path, cookie);
      if (status !== 200) throw new Error(`${path} answered with ${status}`);
      if (count >= WARMING) times.push(time);
    }
    times.sort((a, b) => a - b);
    const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))].toFixed(1);
    console.log(`${name.padEnd(34)} ${String(bytes).padStart(7)} ${String(sizes.length).padStart(8)} ${at(0.5).padStart(8)} ${at(0.95).padStart(8)}`);
  }

  const first = (page, pattern) =>
    page.locator("main a").evaluateAll((all) => all.map((one) => one.getAttribute("href"))).then((all) => all.find((one) => pattern.test(one)));

  const point = await as(account("contact_point", "FR"));
  await enter(point, "measuring");
  const room = new URL(point.url()).pathname;
  const meeting = await first(point, /^\/meetings\//);
  await point.goto(`${room}/new`);
  await send(point, { title: "Measured", text: "Words ".repeat(400) }, "button[formaction$='/preview']");
  await send(point, {});
  const note = new URL(point.url()).pathname;
  await point.goto(meeting);
  const closed = await point.locator("li.members h3 a").getAttribute("href");
  const open = await point.locator("li.card h3 a").getAttribute("href");
  await point.goto("/cases");
  const file = await first(point, /^\/cases\/[0-9a-f-]{36}$/);
  const officer = await as(account("secretariat_officer"));
  await officer.goto("/people");
  const person = await first(officer, /^\/people\/[0-9a-f-]{36}$/);
  await officer.goto("/parties");
  const party = await first(officer, /^\/parties\/[0-9a-f-]{36}$/);
  await officer.goto("/meetings/new");
  await send(officer, { kind: "ordinary", number: "99", first_day: "2027-01-01", last_day: "2027-01-02", source: "Measured" });
  const drafted = new URL(officer.url()).pathname;
  await officer.goto(`${drafted}/conclusions/revision`);
  await send(officer, { words: "Words ".repeat(400) });
  for (const _step of ["adopted", "published"]) await send(officer, { source: "Measured" });
  const auditor = await as(account("auditor"));
  await auditor.goto("/audit/entries");
  const entry = await first(auditor, /^\/audit\/entries\/[0-9a-f-]{36}$/);
  const nobody = await visitor();

  console.log(`${"page".padEnd(34)} ${"bytes".padStart(7)} ${"requests".padStart(8)} ${"median ms".padStart(8)} ${"p95 ms".padStart(7)}`);
  for (const [name, page, path] of [
    ["start, nobody", nobody, "/"],
    ["log-in", nobody, "/log-in"],
    ["meetings, nobody", nobody, "/meetings"],
    ["parties, nobody", nobody, "/parties"],
    ["conclusions, nobody", nobody, `${drafted}/conclusions`],
    ["library, nobody", nobody, "/publications"],
    ["start, contact point", point, "/"],
    ["my account", point, "/me"],
    ["meeting", point, meeting],
    ["open session", point, open],
    ["closed session, from outside", point, closed],
    ["room, from its door", point, room.replace(/\/notes$/, "")],
    ["notes", point, room],
    ["note", point, note],
    ["note, being revised", point, `${note}/revision`],
    ["versions of a note", point, `${note}/versions`],
    ["who can see the session, and why", point, `/explain?thing=session:${closed.split("/").pop()}`],
    ["case register", point, "/cases"],
    ["case file", point, file],
    ["people", officer, "/people"],
    ["person", officer, person],
    ["party", officer, party],
    ["convening a meeting", officer, "/meetings/new"],
    ["agenda, being changed", officer, `${open}/agenda`],
    ["proposals", officer, "/proposals"],
    ["log, auditor", auditor, "/audit/entries"],
    ["entry of the log", auditor, entry],
  ]) {
    await measure(name, page, path);
  }
  agent.destroy();
  await closeBrowser();
  return 0;
});
