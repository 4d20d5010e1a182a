// The command line in this process: quicker than one of its own, where that is not what is tested.

import { join } from "node:path";
import { pino } from "pino";
import { runCommand } from "../../server/cli/program.ts";
import type { ServeParts } from "../../server/cli/serve.ts";
import type { Clock } from "../../words/clock.ts";
import { FakeClock, random, type TestServer, temporaryFolder } from "./fixture.ts";
import { databaseFor } from "./postgres/databases.ts";

/** Of a server that is made with the first call, or of none. */
export function commandLine(outIsTerminal = false, made = true) {
  const clock = new FakeClock();
  return { clock, ...commandLineAt(clock, join(temporaryFolder(), "data"), outIsTerminal, made) };
}

/** On a clock that may be the system's, for a server that others have to do with too. */
export function commandLineAt(clock: Clock, data: string, outIsTerminal = false, made = true) {
  const environment: Record<string, string> = { NIGHTLATCH_DATA: data };
  const questions: string[] = [];
  /** What is typed where a secret is asked for, a line a question. */
  const typed: string[] = [];
  const run = async (args: readonly string[]) => {
    let [out, err] = ["", ""];
    const code = await runCommand(args, {
      terminal: {
        out: (text) => {
          out += text;
        },
        err: (text) => {
          err += text;
        },
        outIsTerminal,
        askSecret: async (question) => {
          questions.push(question);
          return typed.shift();
        },
      },
      clock,
      random,
      operator: "tester",
      environment,
      makeLog: () => pino({ level: "silent" }),
      askedToEnd: () => Promise.resolve(),
    });
    return { code, out, err };
  };
  let ready = !made;
  const call = async (...args: string[]) => {
    if (!ready) {
      const url = await databaseFor(data);
      if (url !== undefined) environment["NIGHTLATCH_DATABASE"] = url;
      await run(["init"]);
    }
    ready = true;
    return run(args);
  };
  const json = async (...args: string[]) => JSON.parse((await call(...args, "--json")).out);
  return { data, environment, call, json, typed, questions };
}

/** For commands on a server that a test has open; what they say is dropped. */
export function commandParts({ clock, data, postgresUrl }: TestServer): ServeParts {
  return {
    terminal: { out: () => undefined, err: () => undefined, outIsTerminal: false },
    clock,
    random,
    operator: "tester",
    environment: { NIGHTLATCH_DATA: data, NIGHTLATCH_DATABASE: postgresUrl },
    makeLog: () => pino({ level: "silent" }),
    askedToEnd: () => Promise.resolve(),
  };
}
