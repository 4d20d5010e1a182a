import type { Command } from "commander";
import { isoTime, secondTime } from "../iso-time.ts";
import {
  type Address,
  addressesOf,
  chooseForCodes,
  parsePlace,
  removeAddress,
  setAddress,
} from "../mail/addresses.ts";
import type { AddressPlace } from "../store/tables.ts";
import { theUser } from "../users/users.ts";
import { type CommandParts, say, withServer } from "./command-parts.ts";
import { table, UsageError } from "./terminal.ts";

const choices: Readonly<Record<string, readonly AddressPlace[]>> = {
  "1": ["mail-1"],
  "2": ["mail-2"],
  both: ["mail-1", "mail-2"],
};

/** `user address …` */
export function addAddressCommands(user: Command, parts: CommandParts): void {
  const address = user.command("address").description("where a user gets mail, and one-time codes by it");

  address
    .command("list <name>")
    .description("the user's addresses")
    .action(async (name: string, _: object, command: Command) =>
      withServer(command, parts, async ({ store }, options) => {
        const found = await addressesOf(store.db, (await theUser(store.db, name)).id);
        say(parts, options, found.map(toJson), asTable(name, found));
      }),
    );

  address
    .command("set <name> <place> <address>")
    .description("set e-mail address 1 or 2, or the telephone number (place: 1, 2 or phone)")
    .action(async (name: string, place: string, text: string, _: object, command: Command) =>
      change(command, name, `address ${place} of ${name} is set`, async (tx, found) => {
        await setAddress(tx, found, parsePlace(place), text, parts.clock.wallMs());
      }),
    );

  address
    .command("remove <name> <place>")
    .description("remove an address (place: 1, 2 or phone)")
    .action(async (name: string, place: string, _: object, command: Command) =>
      change(command, name, `address ${place} of ${name} is removed`, async (tx, found) => {
        await removeAddress(tx, found, parsePlace(place), parts.clock.wallMs());
      }),
    );

  address
    .command("codes <name> <which>")
    .description("which e-mail addresses get one-time codes: 1, 2 or both")
    .action(async (name: string, which: string, _: object, command: Command) => {
      const places = Object.hasOwn(choices, which) ? choices[which] : undefined;
      if (places === undefined) throw new UsageError(`"${which}" is no choice: 1, 2 or both`);
      return change(command, name, `codes of ${name} go to ${which}`, async (tx, found) => {
        await chooseForCodes(tx, found, places, parts.clock.wallMs());
      });
    });

  type Work = (tx: Parameters<typeof setAddress>[0], user: Parameters<typeof setAddress>[1]) => Promise<void>;
  const change = (command: Command, name: string, done: string, work: Work) =>
    withServer(command, parts, async ({ store }, options) => {
      const after = await store.write(async (tx) => {
        const found = await theUser(tx, name);
        await work(tx, found);
        return addressesOf(tx, found.id);
      });
      say(parts, options, after.map(toJson), `${done}\n`);
    });
}

function toJson({ provedAtMs, ...address }: Address): object {
  return { ...address, provedAt: provedAtMs === null ? null : isoTime(provedAtMs) };
}

function asTable(name: string, addresses: readonly Address[]): string {
  const rows = addresses.map(({ place, address, forCodes, provedAtMs }) => [
    place,
    address,
    forCodes ? "yes" : "no",
    provedAtMs === null ? "no" : secondTime(provedAtMs),
  ]);
  return table(
    ["PLACE", "ADDRESS", "CODES", "PROVED"],
    rows,
    `${name} has no address: user address set ${name} 1 ADDRESS`,
  );
}
