import { readFileSync } from "node:fs";

/** Names this boot of the kernel. @throws when the system doesn't say: then nothing can be judged offline. */
export function readBootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
