import type { Command } from "commander";
import { dayMs } from "../../words/clock.ts";
import {
  type ListedEnrolment,
  endAllOfUser,
  endEnrolment,
  listEnrolments,
} from "../enrolments/enrolments.ts";
import { Failure } from "../failure.ts";
import { isoTime, secondTime } from "../iso-time.ts";
import { theMachine } from "../machines/machines.ts";
import { theUser } from "../users/users.ts";
import { type CommandParts, say, withServer } from "./command-parts.ts";
import { table, UsageError } from "./terminal.ts";

export function addEnrolmentCommands(program: Command, parts: CommandParts): void {
  const enrolment = program.command("enrolment").description("who can sign in offline where, and until when");

  enrolment
    .command("list")
    .description("all enrolments, or those of one user or machine")
    .option("--user <name>", "only this user's")
    .option("--machine <id>", "only on this machine")
    .action(async (given: { user?: string; machine?: string }, command: Command) =>
      withServer(command, parts, async ({ store: { db } }, options) => {
        const userId = given.user === undefined ? undefined : (await theUser(db, given.user)).id;
        const machineId = given.machine === undefined ? undefined : (await theMachine(db, given.machine)).id;
        const nowMs = parts.clock.wallMs();
        const found = await listEnrolments(db, { userId, machineId });
        const daysLeft = (one: ListedEnrolment) =>
          Math.max(0, Math.ceil((one.leaseExpiresAtMs - nowMs) / dayMs));
        const enrolments = found.map((one) => ({
          user: one.user,
          machine: one.machine,
          hostname: one.hostname,
          enrolledAt: isoTime(one.enrolledAtMs),
          lastSyncedAt: isoTime(one.lastSyncedAtMs),
          leaseExpiresAt: isoTime(one.leaseExpiresAtMs),
          daysLeft: daysLeft(one),
          signInsLeft: one.signInsLeft,
        }));
        const rows = found.map((one) => [
          one.user,
          one.hostname,
          one.machine,
          secondTime(one.lastSyncedAtMs),
          secondTime(one.leaseExpiresAtMs),
          daysLeft(one),
          one.signInsLeft ?? "no limit",
        ]);
        const heads = ["USER", "HOST", "MACHINE", "LAST SYNCED", "GOOD UNTIL", "DAYS", "SIGN-INS"];
        say(parts, options, enrolments, table(heads, rows, "no enrolments"));
      }),
    );

  enrolment
    .command("revoke <user>")
    .description("end offline use; the machine erases the user's data at its next contact")
    .option("--machine <id>", "on this machine")
    .option("--all", "on every machine")
    .action(async (name: string, given: { machine?: string; all?: boolean }, command: Command) => {
      if ((given.machine === undefined) === (given.all !== true))
        throw new UsageError("say where: --machine ID or --all");
      return withServer(command, parts, async ({ store, identity }, options) => {
        const key = identity.signing.privateKey;
        const revoked = await store.write(async (tx) => {
          const user = await theUser(tx, name);
          const nowMs = parts.clock.wallMs();
          if (given.machine === undefined) return endAllOfUser(tx, key, user, "admin", nowMs);
          const machine = await theMachine(tx, given.machine);
          if (!(await endEnrolment(tx, key, machine.id, user, "admin", nowMs)))
            throw new Failure("not-found", `${user.name} is not enrolled on ${machine.id}`);
          return 1;
        });
        say(
          parts,
          options,
          { user: name, revoked },
          `revoked ${revoked}; effective at each machine's next contact\n`,
        );
      });
    });
}
