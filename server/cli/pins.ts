import type { Command } from "commander";
import { Failure } from "../failure.ts";
import { isoTime, secondTime } from "../iso-time.ts";
import { givePin, takePinAway } from "../pins/choose-pin.ts";
import { checkPin, freshPin, initialPin, pinRulesOf, plainRules } from "../pins/new-pin.ts";
import { pinOf, pinState } from "../pins/pins.ts";
import { theUser } from "../users/users.ts";
import { type CommandParts, say, withServer } from "./command-parts.ts";
import { UsageError } from "./terminal.ts";

interface SetOptions {
  readonly generate?: true;
  readonly mustChange?: true;
}

export function addPinCommands(user: Command, parts: CommandParts): void {
  const pin = user.command("pin").description("what users type beside their codes, where policy asks for it");

  pin
    .command("set <name>")
    .description("set a PIN, read from the terminal or as a line of standard input")
    .option("--generate", "make one and show it, once; the user has to change it before it lets in anywhere")
    .option("--must-change", "the user has to change it before it lets in anywhere but to the portal")
    .action(async (name: string, given: SetOptions, command: Command) =>
      withServer(command, parts, async ({ store, vault }, options) => {
        const { random, clock } = parts;
        const { id } = await theUser(store.db, name);
        const rules = (await pinRulesOf(store.db, id)) ?? plainRules;
        const chosen = given.generate ? initialPin(rules, random) : await read(parts, name);
        checkPin(chosen, rules);
        const made = await freshPin(chosen, random);
        const mustChange = given.generate === true || given.mustChange === true;
        await store.write(async (tx) => {
          await givePin(tx, { vault, random }, await theUser(tx, name), made, mustChange, clock.wallMs());
        });
        const shown = given.generate ? { pin: chosen } : {};
        const how = mustChange ? "; it has to be changed in the portal" : "";
        const text = given.generate ? `${chosen}\n` : `set a PIN for ${name}${how}\n`;
        say(parts, options, { user: name, done: "set", mustChange, ...shown }, text);
      }),
    );

  pin
    .command("reset <name>")
    .description("take the PIN away, also a locked one; the user sets another in the portal")
    .action(async (name: string, _: object, command: Command) =>
      withServer(command, parts, async ({ store, vault }, options) => {
        const { random, clock } = parts;
        await store.write(async (tx) =>
          takePinAway(tx, { vault, random }, (await theUser(tx, name)).id, clock.wallMs()),
        );
        say(parts, options, { user: name, done: "reset" }, `${name} has no PIN any more\n`);
      }),
    );

  pin
    .command("show-state <name>")
    .description("whether there is a PIN, and how it stands with it")
    .action(async (name: string, _: object, command: Command) =>
      withServer(command, parts, async ({ store, vault }, options) => {
        const found = await theUser(store.db, name);
        const present = await pinOf(store.db, vault, found.id);
        const rules = await pinRulesOf(store.db, found.id);
        const state = {
          user: found.name,
          state: pinState(present),
          setAt: present === undefined ? null : isoTime(present.setAtMs),
          wrongInARow: present?.failures ?? 0,
          asked: rules !== undefined,
        };
        const since = present === undefined ? "" : secondTime(present.setAtMs);
        say(parts, options, state, `${sentence(state, since)}\n`);
      }),
    );
}

function sentence({ user, state, wrongInARow, asked }: State, since: string): string {
  const policy = asked ? "policy asks for one" : "no policy asks for one";
  switch (state) {
    case "none":
      return `${user} has no PIN; ${policy}`;
    case "locked":
      return `${user}'s PIN is locked after ${wrongInARow} wrong in a row, each with a right code: user pin reset ${user}`;
    case "must-change":
      return `${user} has a PIN since ${since} that has to be changed in the portal; ${policy}`;
    case "set":
      return `${user} has a PIN since ${since}, wrong ${wrongInARow} times since it was last right; ${policy}`;
  }
}

interface State {
  readonly user: string;
  readonly state: ReturnType<typeof pinState>;
  readonly setAt: string | null;
  readonly wrongInARow: number;
  readonly asked: boolean;
}

/** Never from the command line, which every user of the machine can read. */
async function read({ terminal }: CommandParts, name: string): Promise<string> {
  if (terminal.askSecret === undefined)
    throw new UsageError("there is nobody here to ask for a PIN: --generate");
  const typed = await terminal.askSecret(`PIN for ${name}: `);
  if (typed === undefined || typed === "")
    throw new Failure("invalid", "no PIN was given, and nothing was changed");
  return typed;
}
