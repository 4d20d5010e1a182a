import type { Hit, Preview } from "../policies/preview.ts";
import { plain } from "./terminal.ts";

/** A preview as people read it. */
export function previewText({
  users,
  machines,
  moves,
}: Pick<Preview, "users" | "machines" | "moves">): string {
  const lines = [`users:    ${hitText(users)}`, `machines: ${hitText(machines)}`];
  for (const { from, to, users: people, machines: places, differences } of moves) {
    const who = `${count(people, "user")} on ${count(places, "machine")}`;
    lines.push("", from === to ? `policy ${to}: ${who}` : `from policy ${from} to ${to}: ${who}`);
    if (differences.length === 0) lines.push("  says the same");
    for (const { field, before, after } of differences)
      lines.push(`  ${field}: ${JSON.stringify(before)} -> ${JSON.stringify(after)}`);
  }
  if (moves.length === 0) lines.push("", "nothing would be different for anybody");
  return `${lines.join("\n")}\n`;
}

function hitText({ count: all, first }: Hit): string {
  const more = all > first.length ? `, … (${all - first.length} more)` : "";
  return all === 0 ? "none" : `${all}: ${plain(first.join(", "))}${more}`;
}

function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
}
