import { Console } from "node:console";
import { Writable } from "node:stream";
import { format, inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { Secret } from "../../words/secret.ts";

const password = "correct horse battery staple";
const text = new Secret(password);
const bytes = new Secret(Buffer.from(password));
const holder = { name: "alice", secret: text, list: [bytes], map: new Map([["key", bytes]]) };

/** Everything that a console writes for these values. */
function printed(print: (out: Console) => void): string {
  let written = "";
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written += String(chunk);
      done();
    },
  });
  print(new Console({ stdout: stream, stderr: stream }));
  return written;
}

/** The secret in any way that bytes or text are commonly shown. */
const tells = /correct|staple|63 ?6f ?72 ?72|99, ?111, ?114|Y29ycmVj/i;

describe("a secret gives its content only through use", () => {
  test("and there it is whole", () => {
    expect(text.use((content) => content)).toBe(password);
    expect(bytes.use((content) => content.toString())).toBe(password);
    expect(text.use((content) => content.length)).toBe(password.length);
  });

  test("the ways of printing looked for below would show the content if it were not a secret", () => {
    for (const bare of [password, Buffer.from(password), new Uint8Array(Buffer.from(password))])
      expect(inspect({ bare })).toMatch(tells);
    expect(JSON.stringify(Buffer.from(password))).toMatch(tells);
    expect(Buffer.from(password).toString("base64")).toMatch(tells);
  });

  const ways: Readonly<Record<string, (secret: Secret | Secret<Uint8Array>) => string>> = {
    "a template": (secret) => `${secret}`,
    "joining it to text": (secret) => `the password is ${secret}`,
    String: (secret) => String(secret),
    "its own toString": (secret) => secret.toString(),
    "its own toLocaleString": (secret) => secret.toLocaleString(),
    "JSON of it": (secret) => JSON.stringify(secret),
    "JSON of what holds it": (secret) => JSON.stringify({ deep: [{ secret }] }),
    inspect: (secret) => inspect(secret, { depth: 9, showHidden: true, getters: true }),
    "inspect of what holds it": (secret) => inspect({ deep: [{ secret }] }, { depth: 9, showHidden: true }),
    "format %s": (secret) => format("%s", secret),
    "format %o": (secret) => format("%o", secret),
    "format %O": (secret) => format("%O", secret),
    "format %j": (secret) => format("%j", secret),
    "console.log": (secret) => printed((out) => out.log(secret, { secret })),
    "console.error": (secret) => printed((out) => out.error("failed:", secret)),
    "console.table": (secret) => printed((out) => out.table([{ secret }])),
    "an error's message": (secret) => String(new Error(`refused ${secret}`)),
    "an error's stack": (secret) => new Error(`refused ${secret}`).stack ?? "",
    "an error's cause": (secret) => inspect(new Error("refused", { cause: secret })),
    "an array as text": (secret) => [secret].join(),
  };

  test.each(Object.entries(ways))("%s gives [secret]", (_, print) => {
    for (const secret of [text, bytes]) {
      expect(print(secret)).toContain("[secret]");
      expect(print(secret)).not.toMatch(tells);
    }
  });

  test("it has no property that could be listed, copied or cloned", () => {
    expect(Reflect.ownKeys(text)).toEqual([]);
    expect({ ...text }).toEqual({});
    expect(inspect(structuredClone(text))).not.toMatch(tells);
    expect(inspect(holder, { depth: 9, showHidden: true })).not.toMatch(tells);
    expect(JSON.stringify(holder)).not.toMatch(tells);
    // These pass over a class's own way of showing itself.
    expect(inspect(holder, { depth: 9, showHidden: true, customInspect: false })).not.toMatch(tells);
    expect(printed((out) => out.dir(holder, { depth: 9, showHidden: true }))).not.toMatch(tells);
  });
});
