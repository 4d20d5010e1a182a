// One response to a challenge on a page, sent sixty-four times at once to two processes of the server over HTTP: one is let in.

import { join } from "node:path";
import { expect, it } from "vitest";
import { systemClock } from "../../platform/clock.ts";
import { commonSuite, responseTo } from "../../otp/response.ts";
import { fromBase32 } from "../../words/base32.ts";
import { goodPassword as password } from "./browser.ts";
import { commandLineAt } from "./command-line.ts";
import { temporaryFolder } from "./fixture.ts";
import { serve } from "./process.ts";

async function post(origin: string, path: string, fields: Record<string, string>): Promise<Response> {
  const headers = { origin, "sec-fetch-site": "same-origin" };
  return fetch(origin + path, {
    method: "POST",
    headers,
    body: new URLSearchParams(fields),
    redirect: "manual",
  });
}

const challengeIn = (page: string) => /(\d{4}) (\d{4})/.exec(page)?.slice(1).join("") ?? "";

it("of two processes one lets one in, and the response is good at neither afterwards", async () => {
  const data = join(temporaryFolder(), "data");
  const { call, json } = commandLineAt(systemClock, data);
  await call("user", "add", "alice");
  const secret = fromBase32((await json("authenticator", "add", "ocra", "alice")).secret) ?? new Uint8Array();
  const respond = (digits: string) =>
    responseTo({ secret, suite: commonSuite }, digits, systemClock.wallMs());
  const { path } = await json("admin", "create", "alice");
  const plainHttp = ["--data", data, "--insecure-http-loopback", "--requests-per-minute", "0"];
  const [one, other] = [await serve(plainHttp), await serve(plainHttp)];

  const link = new URL(path, one.url).searchParams.get("code") ?? "";
  const page = await (await fetch(one.url + path)).text();
  const setUp = { link, password, repeated: password, code: respond(challengeIn(page)) };
  expect((await post(other.url, "/set-up", setUp)).status).toBe(303);

  for (const base of ["/portal", "/admin"]) {
    const shown = await (await post(one.url, `${base}/sign-in/challenge`, { name: "alice" })).text();
    const challenge = /name="challenge" value="([^"]+)"/.exec(shown)?.[1] ?? "";
    const code = respond(/Response to (\d{4} \d{4})/.exec(shown)?.[1]?.replace(" ", "") ?? "");
    const fields = { name: "alice", password, challenge, code };
    const seen = await Promise.all(
      Array.from({ length: 64 }, (_, at) =>
        post((at % 2 === 0 ? one : other).url, `${base}/sign-in`, fields),
      ),
    );
    const statuses = seen.map(({ status }) => status);
    expect(statuses.filter((status) => status === 303)).toHaveLength(1);
    // Wrong by then, told to wait, or sent away by who has too many at it.
    expect(statuses.every((status) => [303, 401, 429, 503].includes(status))).toBe(true);
    await call("admin", "unlock", "alice");
    expect((await post(other.url, `${base}/sign-in`, fields)).status).toBe(401);
    await call("admin", "unlock", "alice");
  }
  const granted = (await json("audit", "--limit", "1000")).filter(
    ({ kind }: { kind: string }) => kind === "web-sign-in-granted",
  );
  expect(granted).toMatchObject([
    { detail: { area: "portal", method: "ocra" } },
    { detail: { area: "console" } },
  ]);
}, 180_000);
