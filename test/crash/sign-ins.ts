// What a person does while the server is out of reach: each costs something that a crash must not give back.

import { comesUp, type Findings, type Heard, type Operation, otherUser, spentOnce } from "./operation.ts";
import type { Site } from "./site.ts";
import { failuresToLock, fresh, type Person, type Template, wrong } from "./template.ts";

/** A grant for one code of one person; `next` is another that must do afterwards. */
function grant(
  name: string,
  choose: (template: Template) => { person: Person; used: string; next: string },
): Operation {
  return {
    name,
    async perform({ machine, template }, arm) {
      const { person, used } = choose(template);
      return await machine.signIn(person.name, { answer: used, asked: arm });
    },
    async check(site, heard, findings) {
      const { person, used, next } = choose(site.template);
      await comesUp(site, findings);
      await spentOnce(site, person, used, next, heard, findings);
    },
  };
}

const guess = async ({ machine, template }: Site, arm: () => void = () => undefined): Promise<Heard> =>
  await machine.signIn("alice", { answer: wrong(template.alice), asked: arm });

/** After `counted` failures that somebody has heard of, and one more for certain or perhaps. */
async function locksInTime(site: Site, before: number, heard: Heard, findings: Findings): Promise<void> {
  const { machine, template } = site;
  await comesUp(site, findings);
  const counted = before + (heard === "denied" ? 1 : 0);
  for (let more = counted; more < failuresToLock; more++) await guess(site);
  const seen = await machine.signIn("alice", { answer: fresh(template.alice) });
  // A failure that nobody has heard of may count or not: then one guess more than needed was made, or none.
  if (seen !== "locked")
    findings.add("uncounted", `${counted} failures heard of, then as many as lock: ${seen}`);
  await otherUser(machine, fresh(template.bob), findings);
}

const denial: Operation = {
  name: "a wrong code",
  perform: guess,
  async check(site, heard, findings) {
    const { machine, template } = site;
    const crashed = machine.keep();
    await locksInTime(site, 0, heard, findings);
    // Once more from the crash: it counts for one failure at most, so another one doesn't lock.
    await machine.kill();
    machine.restore(crashed);
    await comesUp(site, findings);
    await guess(site);
    const seen = await machine.signIn("alice", { answer: fresh(template.alice) });
    findings.granted(seen, "locked out", "after two failures");
  },
};

const lockout: Operation = {
  name: "the wrong code that locks",
  async prepare(site) {
    for (let failure = 1; failure < failuresToLock; failure++) await guess(site);
  },
  perform: guess,
  async check(site, heard, findings) {
    await locksInTime(site, failuresToLock - 1, heard, findings);
  },
};

const unlock: Operation = {
  name: "an unlock within grace",
  async perform({ machine }, arm) {
    arm();
    return await machine.signIn("alice", { kind: "unlock" });
  },
  async check(site, heard, findings) {
    const { machine, template } = site;
    await comesUp(site, findings);
    let granted = heard === "granted" ? 1 : 0;
    for (let again = 0; again < 2; again++)
      if ((await machine.signIn("alice", { kind: "unlock" })) === "granted") granted += 1;
    if (granted > 1) findings.add("accepted twice", `${granted} unlocks of one`);
    const seen = await machine.signIn("alice", { answer: fresh(template.alice) });
    findings.granted(seen, "locked out", "a fresh code");
    await otherUser(machine, fresh(template.bob), findings);
  },
};

/** A commit that concerns nobody who is enrolled. */
const stranger: Operation = {
  name: "a stranger's sign-in",
  async perform({ machine }, arm) {
    arm();
    return await machine.signIn("nobody");
  },
  async check(site, _heard, findings) {
    await comesUp(site, findings);
    await spentOnce(
      site,
      site.template.alice,
      fresh(site.template.alice, -1),
      fresh(site.template.alice),
      "granted",
      findings,
    );
  },
};

/** The agent ends: SQLite checkpoints and removes its log. */
const stop: Operation = {
  name: "the agent's stop",
  async prepare({ machine, template }) {
    await machine.signIn("alice", { answer: fresh(template.alice) });
  },
  async perform({ machine }, arm) {
    arm();
    await machine.kill("SIGTERM");
    return "granted";
  },
  hears: () => "granted",
  async check(site, heard, findings) {
    const { alice } = site.template;
    await comesUp(site, findings);
    await spentOnce(site, alice, fresh(alice), fresh(alice, 1), heard, findings);
  },
};

/** The agent begins on what a kill has left, and is killed again before it has recovered. */
const start: Operation = {
  name: "the agent's start",
  async prepare({ machine, template }) {
    await machine.signIn("alice", { answer: fresh(template.alice) });
  },
  async perform({ machine }, arm) {
    await machine.kill();
    arm();
    await machine.start({ armed: true });
    await machine.signIn("bob");
    return "granted";
  },
  hears: () => "granted",
  check: stop.check,
};

export const signIns: readonly Operation[] = [
  grant("a TOTP code", ({ alice }) => ({ person: alice, used: fresh(alice), next: fresh(alice, 1) })),
  grant("a HOTP code", ({ carol }) => ({ person: carol, used: fresh(carol), next: fresh(carol, 1) })),
  grant("a backup code", ({ alice, backupCodes: [used = "", next = ""] }) => ({ person: alice, used, next })),
  denial,
  lockout,
  unlock,
  stranger,
  stop,
  start,
];

/**
 * A commit's sync has failed once, and with it what Linux had in memory may be lost without another word. The next code
 * is committed all the same: not on top of what may be missing.
 */
export const afterFailedSync: Operation = {
  name: "a TOTP code after a failed sync",
  async perform({ machine, template }, arm) {
    await machine.signIn("alice", { answer: fresh(template.alice), asked: arm });
    return await machine.signIn("alice", { answer: fresh(template.alice, 1) });
  },
  hears: (said) => said[1] ?? "",
  async check(site, heard, findings) {
    const { alice } = site.template;
    await comesUp(site, findings);
    await spentOnce(site, alice, fresh(alice, 1), fresh(alice, 2), heard, findings);
  },
};
