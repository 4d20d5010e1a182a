// The whole way of one person: invited by a link, an app, a workstation with a real agent, the portal, and off the
// workstation again. And of another, who has nothing yet: from a greeter to the phone and back.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Agent } from "../../scripts/parts/agent.ts";
import { FreshCodes } from "../../scripts/parts/codes.ts";
import { converse } from "../system/plain-relay.ts";
import { looks, openSite, picture, type Site, type Watched } from "./fixture.ts";

/** Short, so that the next code is soon there. */
const periodSeconds = 10;
const password = "a lamp beside the harbour";

let site: Site;
let nora: Watched;
let agent: Agent;
let folder: string;

beforeAll(async () => {
  site = await openSite();
  folder = mkdtempSync(join(tmpdir(), "nightlatch-story-"));
  agent = new Agent({ folder, url: site.url, caFile: join(site.data, "tls/ca.pem") });
  await agent.start();
  const { token } = (await site.cli("join-token", "create")) as { token: string };
  await agent.join(token);
  await site.cli("provisioning", "set", `periodSeconds=${periodSeconds}`);
  await site.cli("user", "add", "nora");
  nora = await site.window();
});
afterAll(async () => {
  await agent.stop();
  await site.close();
  rmSync(folder, { recursive: true, force: true });
});

test("an invited user signs in at a workstation, sees it in the portal, and takes herself off it", async () => {
  const { page } = nora;
  const { path } = (await site.cli("authenticator", "invite", "nora", "--print")) as { path: string };
  await page.goto(path);
  await page.getByLabel("Its name").fill("Phone");
  await page.getByRole("button", { name: "Show the QR code" }).click();
  await page.getByText("I can't scan it").click();
  const secret = ((await page.locator("code.key").textContent()) ?? "").replaceAll(" ", "");
  const codes = new FreshCodes({ secret, periodSeconds });

  // Shown, it opens nothing yet.
  const early = await converse(agent.dialogueSocket, "nora", await codes.next(), () => undefined);
  expect(early).toBe("END denied");

  await page.getByRole("textbox", { name: "Code" }).fill(await codes.next());
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByText("You can use it at once").waitFor();
  await page.goto(path);
  await page.getByRole("heading", { name: "This link is no longer good" }).waitFor();

  const online = await converse(agent.dialogueSocket, "nora", await codes.next(), () => undefined);
  expect(online).toBe("END granted offline=no method=totp");
  expect((await agent.status()).enrolments.map(({ user }) => user)).toEqual(["nora"]);

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
  await page.getByRole("link", { name: "Machines", exact: true }).click();
  await page.getByText("50 sign-ins").waitFor();
  await picture(page, "portal-machines");

  await page.getByRole("button", { name: "End offline use" }).click();
  await page.getByText("Offline use has ended").waitFor();
  expect(await page.getByText("50 sign-ins").count()).toBe(0);
  expect((await agent.status()).enrolments).toHaveLength(1);
  await agent.sync();
  expect((await agent.status()).enrolments).toEqual([]);
  expect(nora.faults()).toEqual([]);
});

test("a user without an authenticator adds one on a phone while a greeter waits, and is signed in by its first code", async () => {
  await site.cli("provisioning", "set", "who=everybody", "mailCode=off");
  await site.cli("user", "add", "olga");
  const phone = await site.window(looks.phone);
  const { page } = phone;
  const prompts: string[] = [];
  const end = await converse(
    agent.dialogueSocket,
    "olga",
    async (prompt) => {
      prompts.push(prompt);
      const [, address, code] = /(https:\S+), (\d{4} \d{4})/.exec(prompt) ?? [];
      if (address === undefined || code === undefined) return "";
      await page.goto(address);
      await page.getByLabel("User name").fill("olga");
      await page.getByLabel("Code on the screen").fill(code);
      await page.getByRole("button", { name: "Go on" }).click();
      await page.getByLabel("Its name").fill("Phone");
      await page.getByRole("button", { name: "Show the QR code" }).click();
      await page.getByText("where you are signing in").waitFor();
      await picture(page, "portal-at-machine");
      expect(await page.getByRole("link", { name: "Open in the app" }).getAttribute("href")).toContain(
        "otpauth://totp/",
      );
      // The key counts at the machine alone: no mail has said who holds the phone.
      expect(await page.getByRole("button", { name: "Confirm" }).count()).toBe(0);
      await page.getByText("I can't scan it").click();
      const secret = ((await page.locator("code.key").textContent()) ?? "").replaceAll(" ", "");
      return new FreshCodes({ secret, periodSeconds }).next();
    },
    () => undefined,
  );
  expect(end).toBe("END granted offline=no method=totp");
  expect(prompts).toHaveLength(2);
  expect((await agent.status()).enrolments.map(({ user }) => user)).toContain("olga");
  expect(phone.faults()).toEqual([]);
});
