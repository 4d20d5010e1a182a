// The modules that people use today, beside ours on one machine: set up as an honest admin would, with the same seeds, through
// the same libpam and driver. They stand alone there, so ours is offline for all of this.

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Running } from "../../scripts/parts/program.ts";
import { driveCommand, writeService } from "../../scripts/parts/relay.ts";
import { fromBase32 } from "../../words/base32.ts";
import type { Seen } from "./attack.ts";
import { type Machine, short } from "./machine.ts";
import type { Person } from "./person.ts";
import type { Site } from "./site.ts";

const contestants = ["nightlatch", "google", "oath"] as const;
export type Contestant = (typeof contestants)[number];

export interface Stage {
  readonly site: Site;
  readonly rivals: string;
}

/** The strictest that each offers and that an honest admin would choose: no reuse, a limit, the smallest window. */
function addRival(rivals: string, person: Person): void {
  // What a kill left of pam_oath refuses everybody from then on; each attack begins without it.
  for (const left of ["oath.lock", "oath.new"]) rmSync(join(rivals, left), { force: true });
  const google = `${person.secret}\n" RATE_LIMIT 3 30\n" WINDOW_SIZE 3\n" DISALLOW_REUSE\n" TOTP_AUTH\n`;
  writeFileSync(join(rivals, "google", person.name), google, { mode: 0o400 });
  const seed = Buffer.from(fromBase32(person.secret) ?? []).toString("hex");
  writeFileSync(join(rivals, "oath"), `HOTP/T30/6 ${person.name} - ${seed}\n`, { mode: 0o600, flag: "a" });
}

export function serve(confdir: string, rivals: string): void {
  const google = `auth required pam_google_authenticator.so user=root secret=${rivals}/google/\${USER}\n`;
  writeService(confdir, "google", google);
  writeService(confdir, "oath", `auth required pam_oath.so usersfile=${rivals}/oath window=2 digits=6\n`);
}

export async function newPerson({ site, rivals }: Stage, machine: Machine = site.machine): Promise<Person> {
  site.line.weather = {};
  await machine.sync();
  const person = await site.person();
  await site.enrol(person, machine);
  site.offline();
  addRival(rivals, person);
  return person;
}

export const serviceOf = (who: Contestant) => (who === "nightlatch" ? "login" : who);
export const one = (machine: Machine, who: Contestant, user: string, code: string) =>
  machine.result(user, code, serviceOf(who));

export async function atOnce(
  machine: Machine,
  who: Contestant,
  signIns: readonly { user: string; code: string }[],
): Promise<string[]> {
  const relays = signIns.map(({ user }) => {
    const [drive = "", ...rest] = driveCommand({
      user,
      answers: [],
      confdir: machine.confdir,
      service: serviceOf(who),
    });
    return new Running([drive, "--rounds", "1", ...rest]);
  });
  for (const [at, relay] of relays.entries()) relay.write(`${signIns[at]?.code}\n`);
  for (const relay of relays) relay.closeInput();
  await Promise.all(relays.map((relay) => relay.end()));
  return relays.map((relay) => short(/PAM_\w+/.exec(relay.said)?.[0] ?? "none"));
}

export const grants = (seen: readonly string[]) => seen.filter((word) => word === "granted").length;

export async function three(
  act: (who: Contestant) => Promise<string>,
  holds: (nightlatch: string) => boolean,
): Promise<Seen> {
  const seen: Record<Contestant, string> = { nightlatch: "", google: "", oath: "" };
  for (const who of contestants) seen[who] = await act(who);
  const { nightlatch, google, oath } = seen;
  return { verdict: holds(nightlatch) ? "holds" : "BROKEN", seen: nightlatch, beside: { google, oath } };
}

/** The state of a contestant as a file or folder that can be copied and put back. */
export const stateOf = ({ rivals }: Stage, who: Exclude<Contestant, "nightlatch">) => join(rivals, who);
