// A relay that speaks the dialogue protocol by itself, to act at the very moment a line arrives.

import { connect } from "node:net";

/** What is typed; or how it is found out by the prompt. */
type Typed = string | ((prompt: string) => string | Promise<string>);

/** Answers each question so; resolves with the END line. `atEnd` runs before anything else can happen. */
export function converse(socket: string, user: string, answer: Typed, atEnd: () => void): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const connection = connect(socket);
  let heard = "";
  connection.on("data", (bytes) => {
    heard += bytes.toString();
    for (let end = heard.indexOf("\n"); end >= 0; end = heard.indexOf("\n")) {
      const line = heard.slice(0, end);
      heard = heard.slice(end + 1);
      if (line.startsWith("END ")) {
        atEnd();
        resolve(line);
        connection.destroy();
        return;
      }
      const asked = /^ASK \w+ (.*)$/.exec(line)?.[1];
      if (asked === undefined) continue;
      const typed = typeof answer === "string" ? answer : answer(decodeURIComponent(asked));
      Promise.resolve(typed).then((text) => connection.write(`ANSWER ${text}\n`), reject);
    }
  });
  connection.on("error", reject);
  connection.on("close", () => reject(new Error("the agent closed without an END")));
  connection.write(`BEGIN 1 kind=logon user=${user} service=login\n`);
  return promise;
}
