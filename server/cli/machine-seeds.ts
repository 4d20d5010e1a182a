import type { Command } from "commander";
import { renderUnicodeCompact } from "uqr";
import { renewMachineSeeds, showMachineSeed } from "../authenticators/machine-seed.ts";
import { labelOn, provisioningUri, secretText } from "../authenticators/provisioning-uri.ts";
import { Failure } from "../failure.ts";
import { theMachine } from "../machines/machines.ts";
import { policyOf } from "../policies/applicable.ts";
import { theUser } from "../users/users.ts";
import { type CommandParts, say, withServer } from "./command-parts.ts";

export function addMachineSeedCommands(authenticator: Command, parts: CommandParts): void {
  authenticator
    .command("machine-seed <user>")
    .description(
      "show the seed of a user on one machine, once: for offline sign-in there, under seeds=per-machine",
    )
    .requiredOption("--machine <id>", "the machine: its id, the beginning of it, or its host name")
    .option("--again", "also when it was shown before")
    .option("--qr", "print the QR code also when standard output is no terminal")
    .action(
      async (name: string, given: { machine: string; again?: boolean; qr?: boolean }, command: Command) =>
        withServer(command, parts, async ({ store, vault }, options) => {
          const { user, machine, seed } = await store.write(async (tx) => {
            const place = { user: await theUser(tx, name), machine: await theMachine(tx, given.machine) };
            const { name: policyName, policy } = await policyOf(tx, {
              userId: place.user.id,
              machineId: place.machine.id,
            });
            if (policy.seeds === "shared")
              throw new Failure(
                "conflict",
                `the policy "${policyName}" has no seeds per machine (seeds=per-machine)`,
              );
            if (place.machine.revokedAtMs !== null) throw new Failure("conflict", "this machine is revoked");
            const wish = { ...place, operator: parts.operator, again: given.again === true };
            return {
              ...place,
              seed: await showMachineSeed(tx, vault, wish, parts.random, parts.clock.wallMs()),
            };
          });
          if (seed === undefined)
            throw new Failure("conflict", "this seed was shown before; --again shows it once more");
          const uri = provisioningUri(seed, labelOn(user.name, machine.hostname));
          const picture =
            given.qr === true || parts.terminal.outIsTerminal ? `${renderUnicodeCompact(uri)}\n` : "";
          const json = { user: user.name, machine: machine.id, id: seed.id, secret: secretText(seed), uri };
          say(parts, options, json, `${uri}\n${picture}`);
        }),
    );

  authenticator
    .command("renew-machine-seeds <user>")
    .description(
      "after a loss: other seeds for all of a user's machines, from their next sync on; show them anew",
    )
    .action(async (name: string, _: object, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        await store.write(async (tx) =>
          renewMachineSeeds(tx, await theUser(tx, name), parts.operator, parts.clock.wallMs()),
        );
        say(
          parts,
          options,
          { user: name, done: "renew-machine-seeds" },
          `${name} has other seeds on every machine\n`,
        );
      }),
    );
}
