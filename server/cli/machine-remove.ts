import type { Command } from "commander";
import { type Machine, theMachine } from "../machines/machines.ts";
import { removeMachines, removeRevokedBefore } from "../machines/remove.ts";
import { type CommandParts, say, withServer } from "./command-parts.ts";
import { agoOption } from "./moment.ts";
import { plain, UsageError } from "./terminal.ts";

export function addMachineRemove(machine: Command, parts: CommandParts): void {
  machine
    .command("remove [id...]")
    .description(
      "take revoked machines off every list; one that comes back is still refused and told to erase itself",
    )
    .option("--revoked-before <time>", "all that were revoked before: 90d, 2026-11-27 (UTC)", agoOption)
    .action(async (ids: string[], given: { revokedBefore?: (nowMs: number) => number }, command: Command) => {
      const before = given.revokedBefore;
      if ((ids.length === 0) === (before === undefined))
        throw new UsageError("say which: ids or host names, or --revoked-before 90d");
      return withServer(command, parts, async ({ store, identity }, options) => {
        const key = identity.signing.privateKey;
        const nowMs = parts.clock.wallMs();
        const removed =
          before === undefined
            ? await store.write(async (tx) => {
                const named = new Map<string, Machine>();
                for (const text of ids) {
                  const one = await theMachine(tx, text);
                  named.set(one.id, one);
                }
                await removeMachines(tx, key, [...named.values()], nowMs);
                return [...named.values()];
              })
            : await Array.fromAsync(removeRevokedBefore(store, key, before(nowMs), nowMs));
        const rows = removed.map(({ id, hostname }) => ({ id, hostname }));
        const text = rows.map(({ id, hostname }) => `${id} removed (${plain(hostname)})\n`).join("");
        say(parts, options, { removed: rows }, text === "" ? "no machine was revoked before that\n" : text);
      });
    });
}
