// `nightlatch sign-in`: a dialogue in a terminal, to try things out and for scripts that want a second factor.

import type { Begin } from "../../protocol/dialogue/messages.ts";
import { harmless } from "../../words/harmless.ts";
import { parseKind } from "../../words/kind.ts";
import { parseUserName } from "../../words/user-name.ts";
import { type Exit, exitCodes } from "./exit-codes.ts";
import { type Io, Stop } from "./io.ts";
import { personAt } from "./person.ts";
import { type Outcome, relay } from "./relay.ts";
import { type Paint, painter } from "./show/paint.ts";
import { connectTrusted } from "./trusted-socket.ts";

export interface SignInOptions {
  readonly kind: string;
  readonly service: string;
  readonly json: boolean;
}

export async function signIn(io: Io, path: string, user: string, options: SignInOptions): Promise<Exit> {
  const begin = beginOf(user, options, io.env);
  const socket = await connectTrusted(io, path);
  const person = personAt(io, painter(io.stderr, io.env));
  const outcome = await relay(socket, begin, person, io.clock);
  io.stdout.write(
    options.json ? `${JSON.stringify(asJson(outcome))}\n` : inWords(outcome, painter(io.stdout, io.env)),
  );
  return exitOf(outcome);
}

function beginOf(userText: string, { kind: kindText, service }: SignInOptions, env: Io["env"]): Begin {
  const user = parseUserName(userText);
  const kind = parseKind(kindText);
  if (!user.ok) throw usage(user.error);
  if (!kind.ok) throw usage(kind.error);
  if (service === "" || Buffer.byteLength(service) > 128) throw usage("service must have 1 to 128 bytes");
  const lang = [env["LC_ALL"], env["LC_MESSAGES"], env["LANG"]].find(
    (set) => set !== undefined && set !== "",
  );
  return {
    word: "BEGIN",
    kind: kind.value,
    user: user.value,
    service,
    ...(lang !== undefined && /^[A-Za-z0-9._@-]{1,64}$/.test(lang) ? { lang } : {}),
  };
}

function usage(message: string): Stop {
  return new Stop(exitCodes.usage.code, "usage", message);
}

function exitOf(outcome: Outcome): Exit {
  if (outcome.word === "NONE") return exitCodes.unavailable.code;
  const exits = {
    granted: exitCodes.done.code,
    denied: exitCodes.failed.code,
    locked: exitCodes.locked.code,
    unavailable: exitCodes.unavailable.code,
    refused: exitCodes.unreachable.code,
  } as const;
  return exits[outcome.verdict];
}

function asJson(outcome: Outcome): object {
  if (outcome.word === "NONE") return { verdict: "unavailable", why: outcome.why };
  const { word: _, ...rest } = outcome;
  return rest;
}

function inWords(outcome: Outcome, paint: Paint): string {
  if (outcome.word === "NONE") return `${paint("red", "unavailable")}: ${harmless(outcome.why)}\n`;
  if (outcome.verdict === "refused") return `${paint("red", "refused")}: ${harmless(outcome.why)}\n`;
  if (outcome.verdict !== "granted") return `${paint("red", outcome.verdict)}\n`;
  const how = [
    ...(outcome.offline === undefined ? [] : [outcome.offline ? "offline" : "online"]),
    ...(outcome.method === undefined ? [] : [harmless(outcome.method)]),
  ];
  return `${paint("green", "granted")}${how.length === 0 ? "" : ` (${how.join(", ")})`}\n`;
}
