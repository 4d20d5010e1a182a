// A policy as the command that would set it: read line by line, or given back to a shell as it stands.

import { assignmentKeys, assignmentText } from "../policies/assignments.ts";
import type { Condition } from "../policies/matching.ts";
import { defaultPolicyName, type NamedPolicy } from "../policies/policies.ts";

/** `position`: null for the default policy, which is the last one. */
export function policyText({ name, condition, policy }: NamedPolicy, position: number | null): string {
  const options = name === defaultPolicyName ? [] : optionsOf(name, condition, position);
  const settings = assignmentKeys.map((key) => shellWord(`${key.name}=${textAt(policy, key.name)}`));
  return `${["nightlatch-server policy set", ...options, ...settings].join(" \\\n  ")}\n`;
}

function optionsOf(name: string, { groups, tags }: Condition, position: number | null): string[] {
  return [
    shellWord(`--name=${name}`),
    ...(groups.length === 0 ? ["--all-users"] : groups.map((group) => shellWord(`--group=${group}`))),
    ...(tags.length === 0 ? ["--all-machines"] : tags.map((tag) => shellWord(`--tag=${tag}`))),
    ...(position === null ? [] : [`--position=${position}`]),
  ];
}

function textAt(policy: object, name: string): string {
  let value: unknown = policy;
  for (const key of name.split("."))
    value = new Map<string, unknown>(Object.entries(value as object)).get(key);
  return assignmentText(name, value);
}

/** One word of a shell. What a terminal would act on instead of showing it is spelled out, as bash, zsh and ksh read it. */
export function shellWord(text: string): string {
  if (/^[A-Za-z0-9_.,:=/@%+-]+$/.test(text)) return text;
  if (!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(text)) return `'${text.replaceAll("'", `'\\''`)}'`;
  const spelled = [...text].map((one) =>
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(one)
      ? `\\U${(one.codePointAt(0) ?? 0).toString(16).padStart(8, "0")}`
      : one.replace(/['\\]/, "\\$&"),
  );
  return `$'${spelled.join("")}'`;
}
