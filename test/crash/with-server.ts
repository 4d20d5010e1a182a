// What comes from the server and must be whole or not at all: bundles, revocations, and joining itself.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { comesUp, type Heard, type Operation, otherUser, spentOnce } from "./operation.ts";
import type { Site } from "./site.ts";
import { fresh } from "./template.ts";

/** From here on the server is there again. */
async function backOnline({ machine }: Site): Promise<void> {
  await machine.kill();
  await machine.start({ online: true });
}

/** A sign-in at the server, which brings a new bundle, and the sync after it, which takes events up. */
const renewal: Operation = {
  name: "an online sign-in and sync",
  online: true,
  serverRemembers: true,
  async perform({ machine, template }, arm) {
    const heard = await machine.signIn("alice", { answer: fresh(template.alice), asked: arm });
    await machine.sync();
    return heard;
  },
  async check(site, heard, findings) {
    const { machine, template } = site;
    const { alice } = template;
    await comesUp(site, findings);
    await spentOnce(site, alice, fresh(alice), fresh(alice, 1), heard, findings);
    await backOnline(site);
    // The server has heard of the first one, and hears now of the second.
    for (const index of [0, 1]) {
      const seen = await machine.signIn("alice", { answer: fresh(alice, index) });
      if (seen === "granted") findings.add("accepted twice", `code ${index + 1} again, online`);
    }
    const seen = await machine.signIn("alice", { answer: fresh(alice, 2) });
    findings.granted(seen, "locked out", "a fresh code, online");
  },
};

/** The first online sign-in of a user on this machine. */
const enrolment: Operation = {
  name: "an enrolment",
  online: true,
  serverRemembers: true,
  async perform({ machine, template }, arm) {
    return await machine.signIn("dora", { answer: fresh(template.dora), asked: arm });
  },
  async check(site, heard, findings) {
    const { machine, template } = site;
    const { dora } = template;
    await comesUp(site, findings);
    let granted = heard === "granted" ? 1 : 0;
    for (let again = 0; again < 2; again++)
      if ((await machine.signIn("dora", { answer: fresh(dora) })) === "granted") granted += 1;
    if (granted > 1) findings.add("accepted twice", "the enrolling code, offline");
    const seen = await machine.signIn("dora", { answer: fresh(dora, 1) });
    if (heard === "granted") findings.granted(seen, "undone", "a fresh code of the enrolled user");
    await otherUser(machine, fresh(template.bob), findings);
    await backOnline(site);
    const online = await machine.signIn("dora", { answer: fresh(dora, 2) });
    findings.granted(online, "locked out", "a fresh code, online");
  },
};

/** The first contact since the revocation, whichever request of the agent's that is. */
async function contact({ machine }: Site, arm: () => void): Promise<Heard> {
  await machine.kill();
  arm();
  await machine.start({ online: true, armed: true });
  return (await machine.sync()) ? "done" : "";
}

const userRevoked: Operation = {
  name: "a user's revocation",
  online: true,
  server: "revoked-user",
  perform: contact,
  async check(site, heard, findings) {
    const { machine, template } = site;
    await comesUp(site, findings);
    const answer = fresh(template.alice);
    const seen = await machine.signIn("alice", { answer });
    if (heard === "done" && seen === "granted")
      findings.add("undone", "the user signs in offline after a revocation");
    await otherUser(machine, fresh(template.bob), findings);
    await backOnline(site);
    if (!(await machine.sync())) findings.add("unreadable", "the sync afterwards fails");
    await machine.kill();
    await machine.start();
    const later = await machine.signIn("alice", { answer: fresh(template.alice, 1) });
    if (later === "granted") findings.add("undone", "the user signs in offline after the next sync");
    await otherUser(machine, fresh(template.bob, 1), findings);
  },
};

const mark = ({ machine }: Site): boolean => existsSync(join(machine.state, "revoked.json"));
const secrets = ["machine.key", "state.db", "state.db-wal"];

const machineRevoked: Operation = {
  name: "the machine's revocation",
  online: true,
  server: "revoked-machine",
  perform: contact,
  async check(site, heard, findings) {
    const { machine, template } = site;
    const marked = mark(site);
    if (heard === "done" && !marked)
      findings.add("undone", "the revocation was reported, and there is no mark");
    if (!machine.running) await machine.start();
    const answer = fresh(template.alice);
    const seen = await machine.signIn("alice", { answer });
    const state = (await machine.status())?.state;
    if (!marked) {
      if (state !== "healthy") findings.add("unreadable", `before the mark: ${state}`);
      findings.granted(seen, "locked out", "before the mark");
      await backOnline(site);
      await machine.sync();
    } else if (seen === "granted") findings.add("undone", "a sign-in after the mark");
    const end = (await machine.status())?.state;
    if (end !== "revoked") findings.add("undone", `in the end the machine is ${end}`);
    const left = secrets.filter((name) => existsSync(join(machine.state, name)));
    if (left.length > 0) findings.add("undone", `left behind: ${left.join(", ")}`);
  },
};

/** From nothing to a machine that has joined. */
const joining: Operation = {
  name: "joining",
  online: true,
  serverRemembers: true,
  bare: true,
  async perform({ machine, template }, arm) {
    arm();
    return (await machine.join(template.url, template.joinTokens[0] ?? "")) ? "done" : "";
  },
  async check(site, heard, findings) {
    const { machine, template } = site;
    if (!machine.running) await machine.start();
    const state = (await machine.status())?.state;
    if (heard === "done" && state !== "healthy") findings.add("undone", `joined, and now ${state}`);
    const { alice } = template;
    const early = await machine.signIn("alice", { answer: fresh(alice) });
    if (early === "granted") findings.add("false success", "a sign-in of somebody who is not enrolled");
    await backOnline(site);
    // What a crash leaves of joining is a machine that has not joined, or lost its state: both are joined anew.
    if (state !== "healthy" && !(await machine.join(template.url, template.joinTokens[1] ?? "")))
      findings.add("locked out", `it was ${state}, and can't join again`);
    const seen = await machine.signIn("alice", { answer: fresh(alice) });
    findings.granted(seen, "locked out", "a fresh code, online, after joining");
    await machine.kill();
    await comesUp(site, findings);
    const offline = await machine.signIn("alice", { answer: fresh(alice, 1) });
    findings.granted(offline, "locked out", "a fresh code, offline, after joining");
  },
};

export const withServer: readonly Operation[] = [renewal, enrolment, userRevoked, machineRevoked, joining];
