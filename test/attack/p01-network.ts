// Promise 1 against the network: whatever answers instead of the server, a wrong code is never right, a right code is
// judged by the machine itself in time, and nobody's enrolment is lost by it.

import { check, group } from "./attack.ts";
import { fine } from "./hostile-server.ts";
import { Site, spendingOnly } from "./site.ts";
import { weathers } from "./weathers.ts";

/** The budget is 2 s between two lines; the rest is for two busy cores and the program that signs in. */
const mostMs = 2_800;

async function under(site: Site, name: string) {
  const weather = weathers[name] ?? fine;
  const user = await site.enrolled();
  const attempt = async (code: string) => {
    // Known to be in reach, so that the sign-in meets the weather instead of remembering it.
    await site.online();
    site.weather = weather;
    return await site.machine.signIn(user.name, code);
  };
  const wrong = await attempt(user.wrong());
  const right = await attempt(await user.next());
  const again = await site.machine.result(user.name, user.wrong(1));
  const { reach, lastFailure } = (await site.machine.status()).server;
  await site.online();
  const { state, enrolments } = await site.machine.status();
  const kept = state === "healthy" && enrolments.some((enrolment) => enrolment.user === user.name);
  const longestMs = Math.max(wrong.tookMs, right.tookMs);
  const said = `wrong ${wrong.result}, right ${right.result}, ${kept ? "enrolment kept" : `LOST (${state})`}, ${lastFailure}, ${(longestMs / 1000).toFixed(2)} s`;
  const holds =
    wrong.result === "PAM_AUTH_ERR" &&
    right.result === "PAM_SUCCESS" &&
    again === "denied" &&
    kept &&
    reach === "unreachable";
  return check(holds && longestMs <= mostMs, said.replaceAll("PAM_", ""), longestMs);
}

const inTheShortRun = new Set([
  "RST after the first bytes",
  "black hole: accepts and never answers",
  "certificate of an unknown CA",
  "captive portal: 200 with HTML",
  "unsigned JSON that grants",
  "the server's answer with the verdict changed",
  "a revocation signed by another server",
  "a slow drip of the body",
]);

export const network = group({
  promise: 1,
  title: "no error is a success: the network",
  open: () => Site.build({ policy: spendingOnly }),
  close: (site) => site.leave(),
  attacks: Object.keys(weathers).map((name) => ({
    name,
    expected: "wrong denied, right granted offline, within 2 s and a margin, nothing revoked",
    ...(inTheShortRun.has(name) ? { quick: true as const } : {}),
    run: (site: Site) => under(site, name),
  })),
});
