// Which folder may know which, and why. An import of ours that no rule of its folder allows breaks the test.

import type { Source } from "./sources.ts";

export interface Rule {
  /** The files that it speaks of, by how their path begins. The longest rule that fits a file is its rule. */
  readonly of: string;
  /** What of ours they may import, by how the path begins; their own folder is always among it. */
  readonly may: readonly string[];
  /** `pure`: no built-in module and no package, so that nothing in it can touch the world or hide state. */
  readonly outside: "pure" | "free";
  readonly because: string;
}

export const rules: readonly Rule[] = [
  {
    of: "words/",
    may: [],
    outside: "free",
    because: "the words are what everything else is said in: whoever they knew would be known by all",
  },
  {
    of: "otp/",
    may: ["words/"],
    outside: "free",
    because: "agent and server must judge a code by the same functions, so these can belong to neither",
  },
  {
    of: "protocol/",
    may: ["words/", "otp/"],
    outside: "free",
    because: "what both sides of a wire share must not lean on one of them",
  },
  {
    of: "platform/",
    may: ["words/"],
    outside: "free",
    because: "clock and chance are ports of the words; behind them is only the system",
  },
  {
    of: "toml/",
    may: ["words/"],
    outside: "free",
    because:
      "how a file's faults are found and told is the same for agent and server; what stands in it is not",
  },
  {
    of: "agent/policy/",
    may: ["words/", "otp/", "protocol/", "agent/factors/"],
    outside: "pure",
    because: "a decision is a function of its arguments: no clock, no file, no socket can change it unseen",
  },
  {
    of: "agent/factors/",
    may: ["words/", "otp/", "protocol/"],
    outside: "pure",
    because: "whether an answer is right depends on the answer, the authenticator and the moment alone",
  },
  {
    of: "agent/dialogue/",
    may: ["words/", "otp/", "protocol/", "agent/policy/", "agent/factors/", "agent/socket/", "agent/log/"],
    outside: "free",
    because: "the conversation knows state and server through its ports, so that tests can stand in for both",
  },
  {
    of: "agent/state/",
    may: [
      "words/",
      "otp/",
      "protocol/",
      "agent/policy/",
      "agent/factors/",
      "agent/log/",
      // The port that the ledger stands behind: a shape, no behaviour.
      "agent/dialogue/ports.ts",
    ],
    outside: "free",
    because: "what is kept must not depend on who asked for it or on how the server is reached",
  },
  {
    of: "agent/socket/",
    may: ["words/", "protocol/", "agent/platform/", "agent/log/"],
    outside: "free",
    because: "bytes and callers come from here: a socket knows nothing of conversations, codes or state",
  },
  {
    of: "agent/cli/",
    may: [
      "words/",
      "protocol/",
      "platform/",
      "agent/admin/",
      "agent/dialogue/talk.ts",
      "agent/platform/",
      "agent/config",
    ],
    outside: "free",
    because:
      "the command line is one more relay and admin client: what it could reach past the sockets, a caller could",
  },
  {
    of: "agent/",
    may: ["words/", "otp/", "protocol/", "platform/", "toml/", "agent/"],
    outside: "free",
    because: "agent and server meet only in protocol/",
  },
  {
    of: "server/pages/",
    may: ["words/", "server/iso-time.ts"],
    outside: "free",
    because: "what pages are made of knows nothing of what they show, so that it can be judged by itself",
  },
  {
    of: "server/",
    may: ["words/", "otp/", "protocol/", "platform/", "toml/", "server/"],
    outside: "free",
    because: "agent and server meet only in protocol/",
  },
];

/** Nobody may import these, whoever is asking: each is where a program begins. */
const entrances = ["agent/main.ts", "server/main.ts", "agent/cli/", "server/cli/"];
const mayEnter = (path: string, entrance: string): boolean =>
  path.startsWith(entrance) || (entrance === "server/cli/" && path === "server/main.ts");

const isOurs = (imported: string): boolean =>
  rules.some((rule) => imported.startsWith(`${rule.of.split("/")[0]}/`));

function ruleOf(path: string): Rule | undefined {
  const fitting = rules.filter((rule) => path.startsWith(rule.of));
  return fitting.sort((a, b) => b.of.length - a.of.length)[0];
}

/** What is wrong with a file's imports, each with the reason for the rule. */
export function faultsOf(source: Source): readonly string[] {
  const rule = ruleOf(source.path);
  if (rule === undefined) return [`${source.path}: no rule speaks of this folder`];
  const faults: string[] = [];
  for (const imported of source.imports) {
    const entrance = entrances.find((place) => imported.startsWith(place));
    if (entrance !== undefined && !mayEnter(source.path, entrance)) {
      faults.push(`${source.path} imports ${imported}: nobody imports where a program begins`);
    } else if (imported === "(computed)") {
      faults.push(`${source.path} imports a computed name: what can't be read can't be checked`);
    } else if (isOurs(imported)) {
      const allowed = [rule.of, ...rule.may].some((start) => imported.startsWith(start));
      if (!allowed) faults.push(`${source.path} imports ${imported}: ${rule.because}`);
    } else if (imported.startsWith("..") || /^(test|scripts|bench)\//.test(imported)) {
      faults.push(`${source.path} imports ${imported}: the programs don't contain tests or tools`);
    } else if (rule.outside === "pure") {
      faults.push(`${source.path} imports ${imported}: ${rule.because}`);
    }
  }
  return faults;
}
