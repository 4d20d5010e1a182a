import type { Command } from "commander";
import { inGroups, parseChallenge } from "../../otp/help-desk.ts";
import { Failure } from "../failure.ts";
import { answerChallenge } from "../help-desk/answer.ts";
import { theMachine } from "../machines/machines.ts";
import { theUser } from "../users/users.ts";
import { type CommandParts, say, withServer } from "./command-parts.ts";
import { UsageError } from "./terminal.ts";

export function addUnlockCommand(program: Command, parts: CommandParts): void {
  program
    .command("unlock <user> <challenge...>")
    .description("help-desk unlock: the answer to the challenge on a machine's screen, good for this hour")
    .requiredOption(
      "--machine <id>",
      "the machine that shows it: its id, the beginning of it, or its host name",
    )
    .action(async (name: string, read: string[], given: { machine: string }, command: Command) => {
      const challenge = parseChallenge(read.join(""));
      if (challenge === undefined)
        throw new UsageError("a challenge has 8 digits, or 10 from a machine that doesn't know the time");
      return withServer(command, parts, async ({ store, vault }, options) => {
        const { user, machine, answered } = await store.write(async (tx) => {
          const question = { user: await theUser(tx, name), machine: await theMachine(tx, given.machine) };
          const { operator, clock } = parts;
          const asked = { ...question, challenge, operator };
          return { ...question, answered: await answerChallenge(tx, vault, asked, clock.wallMs()) };
        });
        if (answered.kind === "refused") throw new Failure("conflict", answered.say);
        const { answer } = answered;
        say(
          parts,
          options,
          { user: user.name, machine: machine.id, hostname: machine.hostname, answer },
          `${inGroups(answer)}\n`,
        );
      });
    });
}
