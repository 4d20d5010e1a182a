// A PIN from the page where it is set to the sign-ins that ask for it: a real browser, a real agent, with the server and without.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Agent } from "../../scripts/parts/agent.ts";
import { FreshCodes } from "../../scripts/parts/codes.ts";
import { converse } from "../system/plain-relay.ts";
import { openSite, picture, seriousIn, type Site, type Watched } from "./fixture.ts";

/** Short, so that the next code is soon there. */
const periodSeconds = 10;
const password = "a lamp beside the harbour";
const pin = "aZ90bQ7x";

let site: Site;
let nora: Watched;
let agent: Agent;
let folder: string;

beforeAll(async () => {
  site = await openSite();
  folder = mkdtempSync(join(tmpdir(), "nightlatch-pin-"));
  agent = new Agent({ folder, url: site.url, caFile: join(site.data, "tls/ca.pem") });
  await site.cli("policy", "set", "pin.place=before", "pin.leastLength=5", "lockout.failures=0");
  await agent.start();
  const { token } = (await site.cli("join-token", "create")) as { token: string };
  await agent.join(token);
  await site.cli("user", "add", "nora");
  nora = await site.window();
});
afterAll(async () => {
  await agent.stop();
  await site.close();
  rmSync(folder, { recursive: true, force: true });
});

test("a user sets a PIN and signs in with it, online and offline, and it is nowhere to be read", async () => {
  const { page } = nora;
  const made = (await site.cli("authenticator", "add", "totp", "nora", "--period", "10")) as {
    secret: string;
  };
  const codes = new FreshCodes({ secret: made.secret, periodSeconds });
  const at = (typed: string) => converse(agent.dialogueSocket, "nora", typed, () => undefined);
  expect(await at(await codes.next())).toBe("END denied");

  const link = (await site.cli("admin", "reset", "nora")) as { path: string };
  await page.goto(link.path);
  await page.getByLabel("New password").fill(password);
  await page.getByLabel("The same once more").fill(password);
  await page.getByRole("textbox", { name: "Code" }).fill(await codes.next());
  await page.getByRole("button", { name: "Set up" }).click();
  await page.getByText("Your password is set").waitFor();

  await page.goto("/");
  await page.getByLabel("User name").fill("nora");
  await page.getByLabel("Password").fill(password);
  await page.getByRole("textbox", { name: "Code" }).fill(await codes.next());
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("have none of your own yet").waitFor();
  await page.getByRole("link", { name: "Set your PIN" }).click();
  await page.getByText("5 to 8 characters").waitFor();
  const fill = async (fresh: string) => {
    await page.getByLabel("New PIN").fill(fresh);
    await page.getByLabel("The new one once more").fill(fresh);
    await page.getByRole("button", { name: "Save the PIN" }).click();
  };
  await fill("9946");
  await page.getByText("A PIN has at least 5 characters here.").waitFor();
  expect(await seriousIn(page)).toEqual([]);
  await picture(page, "portal-pin");
  await fill(pin);
  await page.getByText("You have a PIN.").waitFor();
  expect(await seriousIn(page)).toEqual([]);
  expect(nora.faults()).toEqual([]);

  expect(await at(await codes.next())).toBe("END denied");
  expect(await at(`${pin}${await codes.next()}`)).toBe("END granted offline=no method=totp");
  await site.stopServing();
  expect(await at(`aZ91bQ7x${await codes.next()}`)).toBe("END denied");
  expect(await at(`${pin}${await codes.next()}`)).toBe("END granted offline=yes method=totp");

  const environment = readFileSync(`/proc/${agent.pid}/environ`, "utf8");
  for (const text of [agent.said, environment]) expect(text).not.toContain(pin);
  for (const place of [agent.state, site.data])
    for (const file of readdirSync(place, { withFileTypes: true }))
      if (file.isFile())
        expect([file.name, readFileSync(join(place, file.name)).includes(pin)]).toEqual([file.name, false]);
});
