// Reads the tree as the rules see it: each source file with what it imports and what it takes from the surroundings.

import { readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { parseSync } from "rolldown/utils";

const root = join(import.meta.dirname, "../..");

/** The folders that make up the programs. */
export const productFolders = ["words", "otp", "protocol", "platform", "toml", "agent", "server"] as const;

export interface Source {
  /** From the root of the checkout, with "/" between names. */
  readonly path: string;
  readonly lines: number;
  /** What it imports of ours as paths from the root; packages and built-ins as they are named. */
  readonly imports: readonly string[];
  /** What it takes that should have been an argument, as written: "Date.now", "setTimeout", … */
  readonly ambient: readonly string[];
}

type Node = { readonly type: string } & Record<string, unknown>;

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";

function* childrenOf(node: Node): Generator<Node> {
  for (const value of Object.values(node)) {
    if (isNode(value)) yield value;
    else if (Array.isArray(value)) yield* value.filter(isNode);
  }
}

function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const child of childrenOf(node)) yield* nodesOf(child);
}

const nameOf = (value: unknown): string | undefined =>
  isNode(value) && value.type === "Identifier" ? (value["name"] as string) : undefined;

/** A module's name, where it is written out; a computed one can't be judged, and is refused as such. */
function moduleName(value: unknown): string {
  if (isNode(value) && value.type === "Literal" && typeof value["value"] === "string") return value["value"];
  if (isNode(value) && value.type === "TemplateLiteral") {
    const quasis = value["quasis"] as { value: { cooked: string } }[];
    if (quasis.length === 1 && quasis[0] !== undefined) return quasis[0].value.cooked;
  }
  return "(computed)";
}

const loaders = new Set(["require", "getBuiltinModule"]);

function importIn(node: Node): string | undefined {
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportAllDeclaration":
    case "ImportExpression":
    case "TSImportType":
      return moduleName(node["source"]);
    case "ExportNamedDeclaration":
      return node["source"] === null ? undefined : moduleName(node["source"]);
    case "TSExternalModuleReference":
      return moduleName(node["expression"]);
    case "CallExpression": {
      const callee = node["callee"] as Node;
      const name = nameOf(callee) ?? nameOf(callee["property"]);
      return name !== undefined && loaders.has(name)
        ? moduleName((node["arguments"] as unknown[])[0])
        : undefined;
    }
    default:
      return undefined;
  }
}

const ambientNames = new Set(["setTimeout", "setInterval", "performance", "Date", "Math"]);
const ambientMembers = new Set([
  "Math.random",
  "AbortSignal.timeout",
  "process.hrtime",
  "process.uptime",
  ...["setTimeout", "setInterval", "performance", "Date"].map((name) => `globalThis.${name}`),
]);
const chance = new Set([
  "randomBytes",
  "randomUUID",
  "randomInt",
  "randomFillSync",
  "getRandomValues",
  "randombytes_buf",
]);
/** A second thread is a way to wait for a time. */
const timeModules = new Set([
  "node:timers",
  "node:timers/promises",
  "node:perf_hooks",
  "node:worker_threads",
]);
/** Of `Date`, only what calculates with the moment it is given. */
const harmlessDate = new Set(["Date.UTC", "Date.parse"]);

/** Walks values only: `Date` as a type takes nothing. */
function* ambientIn(node: Node): Generator<string> {
  if (node.type.startsWith("TS") && !/^TS(As|Satisfies|NonNull|Instantiation)/.test(node.type)) return;
  if (node.type === "ImportDeclaration" && timeModules.has(moduleName(node["source"])))
    yield moduleName(node["source"]);
  if (node.type === "ImportSpecifier") {
    const name = nameOf(node["imported"]);
    if (name !== undefined && chance.has(name)) yield name;
    return;
  }
  if (node.type === "NewExpression" && nameOf(node["callee"]) === "Date") {
    const given = node["arguments"] as Node[];
    if (given.length === 0) yield "new Date()";
    for (const child of given) yield* ambientIn(child);
    return;
  }
  if (node.type === "MemberExpression" && node["computed"] === false) {
    const member = nameOf(node["property"]) ?? "";
    const object = nameOf(node["object"]);
    const whole = `${object}.${member}`;
    if (ambientMembers.has(whole) || (whole.startsWith("Date.") && !harmlessDate.has(whole))) yield whole;
    else if (chance.has(member)) yield member;
    else if (object !== "Math" && !harmlessDate.has(whole)) yield* ambientIn(node["object"] as Node);
    return;
  }
  if (node.type === "BinaryExpression" && node["operator"] === "instanceof") {
    yield* ambientIn(node["left"] as Node);
    return;
  }
  if (node.type === "Property" && node["computed"] === false) {
    yield* ambientIn(node["value"] as Node);
    return;
  }
  const name = nameOf(node);
  if (name !== undefined && ambientNames.has(name)) yield name;
  for (const child of childrenOf(node)) yield* ambientIn(child);
}

const fromRoot = (path: string, imported: string): string =>
  imported.startsWith(".") ? normalize(join(dirname(path), imported)) : imported;

export function readSource(path: string, text: string): Source {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path} can't be parsed: ${errors[0]?.message}`);
  const top = program as unknown as Node;
  const imports = [...nodesOf(top)].map(importIn).filter((name) => name !== undefined);
  return {
    path,
    lines: text.split("\n").length - 1,
    imports: imports.map((name) => fromRoot(path, name)),
    ambient: [...ambientIn(top)],
  };
}

export async function sourcesIn(folders: readonly string[]): Promise<readonly Source[]> {
  const found: Source[] = [];
  for (const folder of folders) {
    for await (const path of glob(`${folder}/**/*.ts`, { cwd: root })) {
      found.push(readSource(path, readFileSync(join(root, path), "utf8")));
    }
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}
