// New keys for a state that stays: afterwards there is one state, the old or the new, and never a choice of two.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { comesUp, type Operation, spentOnce } from "./operation.ts";
import { fresh } from "./template.ts";

const keyIn = (folder: string): string => readFileSync(join(folder, "machine.key")).toString("hex");

/** The new keys are the machine's, or will be as soon as it starts. */
const hasNewKeys = (state: string, before: string): boolean =>
  existsSync(join(state, "switching.json")) || keyIn(state) !== keyIn(before);

export const rotation: Operation = {
  name: "rotating the keys",
  online: true,
  // The server hears the new keys only from a machine that has them.
  serverRemembers: hasNewKeys,
  async perform({ machine }, arm) {
    arm();
    return (await machine.rotateKeys()) ? "done" : "";
  },
  async check(site, heard, findings) {
    const { machine, template } = site;
    const { alice, joined } = { ...template };
    await comesUp(site, findings);
    const left = readdirSync(machine.state).filter((name) => !/^state\.db(-wal|-shm)?$/.test(name));
    const wanted = ["machine.key", "recovery.json"];
    const others = left.filter((name) => !wanted.includes(name) && !name.startsWith("settings.json"));
    if (others.length > 0 || !wanted.every((name) => left.includes(name)))
      findings.add("undone", `in the folder: ${left.join(", ")}`);
    if (heard === "done" && keyIn(machine.state) === keyIn(joined))
      findings.add("undone", "the rotation was reported, and the keys are the old ones");
    await spentOnce(site, alice, fresh(alice), fresh(alice, 1), "", findings);
    await machine.kill();
    await machine.start({ online: true });
    if (!(await machine.sync())) findings.add("locked out", "the sync afterwards fails");
    const online = await machine.signIn("alice", { answer: fresh(alice, 2) });
    findings.granted(online, "locked out", "a fresh code, online");
    if (!(await machine.rotateKeys())) findings.add("locked out", "another rotation fails");
    await machine.kill();
    await comesUp(site, findings);
    const offline = await machine.signIn("alice", { answer: fresh(alice, 3) });
    findings.granted(offline, "locked out", "a fresh code, offline, under the newest keys");
  },
};
