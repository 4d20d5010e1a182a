// An operation that crashes, and what must hold afterwards; shared by kills, failing disks and power cuts.

import type { Finding, Found } from "./findings.ts";
import type { Machine, Seen } from "./machine.ts";
import type { Site } from "./site.ts";
import { fresh, type Person } from "./template.ts";

/** What left the agent before the crash: a verdict, or for an admin's request whether the answer was good. */
export type Heard = Seen | "done";

export interface Operation {
  readonly name: string;
  /** The server is there while it happens. A folder of a server to begin with, when it is not the template's. */
  readonly online?: true;
  readonly server?: "revoked-user" | "revoked-machine";
  /**
   * The server's memory of the operation counts for the check, also when the machine has lost its own; unless it can't have
   * one yet when the disk looked like this.
   */
  readonly serverRemembers?: true | ((picture: string, before: string) => boolean);
  /** The machine has no state yet. */
  readonly bare?: true;
  /** What happens before, and is heard. */
  prepare?(site: Site): Promise<void>;
  /** `arm` is called when everything else is quiet. */
  perform(site: Site, arm: () => void): Promise<Heard>;
  /** What has been heard, out of all verdicts and answers that have left; the first verdict unless told. */
  hears?(said: readonly Heard[]): Heard;
  /** On the state that the crash has left, with the agent down, or up after a fault. Leaves it running. */
  check(site: Site, heard: Heard, findings: Findings): Promise<void>;
}

export class Findings {
  readonly all: Finding[] = [];

  add(found: Found, detail: string): void {
    this.all.push({ found, detail });
  }

  /** `granted`, and anything else is said to be `found`. */
  granted(seen: Seen, found: Found, what: string): void {
    if (seen !== "granted") this.add(found, `${what}: ${seen || "no answer"}`);
  }
}

/** The agent is up on this state, and takes it for what it is. */
export async function comesUp(site: Site, findings: Findings): Promise<void> {
  if (!site.machine.running) await site.machine.start();
  const state = (await site.machine.status())?.state ?? "no status";
  if (state !== "healthy") findings.add("unreadable", state);
}

/** Used once before the crash; then tried twice. Afterwards the next one must do, for this user and for another. */
export async function spentOnce(
  site: Site,
  person: Person,
  used: string,
  next: string,
  heard: Heard,
  findings: Findings,
): Promise<void> {
  const { machine, template } = site;
  let granted = heard === "granted" ? 1 : 0;
  const tries: Seen[] = [];
  for (let again = 0; again < 2; again++) {
    const seen = await machine.signIn(person.name, { answer: used });
    tries.push(seen);
    if (seen === "granted") granted += 1;
    else if (seen !== "denied") findings.add("locked out", `the same code again: ${seen || "no answer"}`);
  }
  if (granted > 1) findings.add("accepted twice", `${heard || "unheard"}, then ${tries.join(", ")}`);
  findings.granted(await machine.signIn(person.name, { answer: next }), "locked out", "a fresh code");
  await otherUser(machine, fresh(template.bob), findings);
}

export async function otherUser(machine: Machine, answer: string, findings: Findings): Promise<void> {
  findings.granted(await machine.signIn("bob", { answer }), "locked out", "the other user");
}
