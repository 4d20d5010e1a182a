// Lines to messages and back: the only file that knows the words of the dialogue protocol. See protocol/dialogue.md.

import { type Kind, parseKind } from "../../words/kind.ts";
import { type Parsed, parsed, unparsed } from "../../words/parsed.ts";
import { unreachable } from "../../words/unreachable.ts";
import { parseUserName, type UserName } from "../../words/user-name.ts";
import { limits } from "./limits.ts";
import { decodeText, encodeText } from "./text.ts";

export interface Begin {
  readonly word: "BEGIN";
  readonly kind: Kind;
  readonly user: UserName;
  readonly service: string;
  readonly tty?: string;
  readonly rhost?: string;
  readonly lang?: string;
}

export type FromRelay =
  | Begin
  | { readonly word: "ANSWER"; readonly text: string }
  | { readonly word: "CANCEL" };

export type End =
  | {
      readonly word: "END";
      readonly verdict: "granted";
      readonly offline?: boolean;
      readonly method?: string;
    }
  | { readonly word: "END"; readonly verdict: "denied" | "locked" | "unavailable" }
  | { readonly word: "END"; readonly verdict: "refused"; readonly why: string };

export type FromAgent =
  | { readonly word: "SHOW"; readonly tone: "info" | "error"; readonly text: string }
  | { readonly word: "ASK"; readonly echo: "hidden" | "shown"; readonly text: string }
  | End;

export function parseFromRelay(line: string): Parsed<FromRelay> {
  const words = line.split(" ");
  switch (words[0]) {
    case "BEGIN":
      return words[1] === "1" ? parseBegin(words.slice(2)) : unparsed("BEGIN: only version 1 is spoken here");
    case "ANSWER": {
      if (words.length !== 2) return unparsed("ANSWER takes one text");
      const text = decodeText(words[1] ?? "", limits.answerBytes);
      return text.ok ? parsed({ word: "ANSWER", text: text.value }) : unparsed(`ANSWER: ${text.error}`);
    }
    case "CANCEL":
      return words.length === 1 ? parsed({ word: "CANCEL" }) : unparsed("CANCEL takes nothing");
    default:
      return unparsed("unknown word");
  }
}

function parseBegin(words: readonly string[]): Parsed<Begin> {
  const fields = parseFields("BEGIN", words, {
    kind: limits.fieldBytes,
    user: limits.userBytes,
    service: limits.fieldBytes,
    tty: limits.fieldBytes,
    rhost: limits.fieldBytes,
    lang: limits.fieldBytes,
  });
  if (!fields.ok) return fields;
  const { kind: kindText, user: userText, service, tty, rhost, lang } = fields.value;
  const kind = parseKind(kindText);
  if (!kind.ok) return unparsed(`BEGIN: ${kind.error}`);
  const user = parseUserName(userText);
  if (!user.ok) return unparsed(`BEGIN: ${user.error}`);
  if (service === undefined || service === "") return unparsed("BEGIN: service is missing");
  return parsed({
    word: "BEGIN",
    kind: kind.value,
    user: user.value,
    service,
    ...(tty === undefined ? {} : { tty }),
    ...(rhost === undefined ? {} : { rhost }),
    ...(lang === undefined ? {} : { lang }),
  });
}

export function parseFromAgent(line: string): Parsed<FromAgent> {
  const words = line.split(" ");
  const [word, how, what] = words;
  switch (word) {
    case "SHOW":
    case "ASK": {
      if (words.length !== 3) return unparsed(`${word} takes two words`);
      const text = decodeText(what ?? "", limits.lineBytes);
      if (!text.ok) return unparsed(`${word}: ${text.error}`);
      if (word === "SHOW" && (how === "info" || how === "error"))
        return parsed({ word, tone: how, text: text.value });
      if (word === "ASK" && (how === "hidden" || how === "shown"))
        return parsed({ word, echo: how, text: text.value });
      return unparsed(`${word}: unknown manner`);
    }
    case "END":
      return parseEnd(words);
    default:
      return unparsed("unknown word");
  }
}

function parseEnd(words: readonly string[]): Parsed<End> {
  const verdict = words[1];
  switch (verdict) {
    case "granted": {
      const fields = parseFields("END", words.slice(2), { offline: 3, method: limits.fieldBytes });
      if (!fields.ok) return fields;
      const { offline, method } = fields.value;
      if (offline !== undefined && offline !== "yes" && offline !== "no")
        return unparsed("END: offline is yes or no");
      return parsed({
        word: "END",
        verdict,
        ...(offline === undefined ? {} : { offline: offline === "yes" }),
        ...(method === undefined ? {} : { method }),
      });
    }
    case "denied":
    case "locked":
    case "unavailable":
      return words.length === 2 ? parsed({ word: "END", verdict }) : unparsed(`END ${verdict} takes nothing`);
    case "refused": {
      if (words.length !== 3) return unparsed("END refused takes one text");
      const why = decodeText(words[2] ?? "", limits.lineBytes);
      return why.ok ? parsed({ word: "END", verdict, why: why.value }) : unparsed(`END: ${why.error}`);
    }
    default:
      return unparsed("END: unknown verdict");
  }
}

/** `name=text` words; a name given twice, unknown or without text behind it is refused. */
function parseFields<Name extends string>(
  word: string,
  words: readonly string[],
  maxBytes: Readonly<Record<Name, number>>,
): Parsed<Partial<Record<Name, string>>> {
  const fields: Partial<Record<Name, string>> = {};
  for (const field of words) {
    const cut = field.indexOf("=");
    const name = field.slice(0, Math.max(cut, 0));
    if (cut < 1 || !isKey(maxBytes, name)) return unparsed(`${word}: unknown field`);
    if (fields[name] !== undefined) return unparsed(`${word}: ${name} is given twice`);
    const text = decodeText(field.slice(cut + 1), maxBytes[name]);
    if (!text.ok) return unparsed(`${word}: ${name}: ${text.error}`);
    if (text.value === "") return unparsed(`${word}: ${name} is empty`);
    fields[name] = text.value;
  }
  return parsed(fields);
}

function isKey<Name extends string>(of: Readonly<Record<Name, number>>, name: string): name is Name {
  return Object.hasOwn(of, name);
}

export function formatFromRelay(message: FromRelay): string {
  switch (message.word) {
    case "BEGIN": {
      const { kind, user, service, tty, rhost, lang } = message;
      const given = Object.entries({ kind, user, service, tty, rhost, lang });
      const fields = given.flatMap(([name, text]) =>
        text === undefined ? [] : [`${name}=${encodeText(text)}`],
      );
      return `BEGIN 1 ${fields.join(" ")}\n`;
    }
    case "ANSWER":
      return `ANSWER ${encodeText(message.text)}\n`;
    case "CANCEL":
      return "CANCEL\n";
    default:
      return unreachable(message);
  }
}

export function formatFromAgent(message: FromAgent): string {
  switch (message.word) {
    case "SHOW":
      return `SHOW ${message.tone} ${encodeText(fitting(message.text))}\n`;
    case "ASK":
      return `ASK ${message.echo} ${encodeText(fitting(message.text))}\n`;
    case "END":
      return `${formatEnd(message)}\n`;
    default:
      return unreachable(message);
  }
}

function formatEnd(end: End): string {
  switch (end.verdict) {
    case "granted": {
      const offline = end.offline === undefined ? "" : ` offline=${end.offline ? "yes" : "no"}`;
      return `END granted${offline}${end.method === undefined ? "" : ` method=${encodeText(end.method)}`}`;
    }
    case "denied":
    case "locked":
    case "unavailable":
      return `END ${end.verdict}`;
    case "refused":
      return `END refused ${encodeText(fitting(end.why))}`;
    default:
      return unreachable(end);
  }
}

/** Cut at a character so that the encoded line can't pass the limit. */
function fitting(text: string): string {
  let fits = "";
  let bytes = 0;
  for (const letter of text) {
    bytes += Buffer.byteLength(letter, "utf8");
    if (bytes > limits.shownBytes) return fits;
    fits += letter;
  }
  return fits;
}
