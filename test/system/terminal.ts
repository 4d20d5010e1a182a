// A person at a terminal: a program runs on a pty of its own and its questions are answered as they appear.

import { Running } from "../../scripts/parts/program.ts";

export interface Question {
  readonly asks: RegExp;
  /** Made when the question is on the screen, so that a code is fresh when it is typed; told what the screen has shown. */
  readonly type: string | ((screen: string) => Promise<string>);
}

export interface Session {
  readonly status: number;
  /** All that was on the screen, without carriage returns. */
  readonly screen: string;
  /** How many of the questions came. */
  readonly asked: number;
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** `around` turns the command into one that happens elsewhere: inside a namespace, as another user. */
export async function atTerminal(
  command: readonly string[],
  questions: readonly Question[],
  around: (command: readonly string[]) => readonly string[],
): Promise<Session> {
  // script(1) is essential on Debian; it gives the command a controlling terminal and passes on its exit status.
  const typed = command.map(quoted).join(" ");
  const program = new Running(around(["script", "--quiet", "--return", "--command", typed, "/dev/null"]));
  let seen = 0;
  let asked = 0;
  for (const { asks, type } of questions) {
    const came = await Promise.race([
      program.says(asks, 15_000, seen).then(() => true),
      program.end().then(() => asks.test(program.said.slice(seen))),
    ]).catch(() => false);
    if (!came) break;
    asked++;
    seen = program.said.length;
    program.write(`${typeof type === "string" ? type : await type(program.said.replaceAll("\r", ""))}\n`);
  }
  const hung = setTimeout(() => void program.stop("SIGKILL"), 20_000);
  const status = await program.end();
  clearTimeout(hung);
  return { status, screen: program.said.replaceAll("\r", ""), asked };
}
