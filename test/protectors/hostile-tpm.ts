// Something that listens where a TPM should, in a thread of its own: the agent stands still while it waits for a TPM.

import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { onTestFinished } from "vitest";
import { stateFolder } from "./stage.ts";

export type Behaviour =
  | { readonly does: "nothing" | "closes" | "drips" }
  /** Says the same to each command, and leaves the line open. */
  | { readonly does: "says"; readonly hex: string };

const program = `
const { createServer } = require("node:net");
const { parentPort, workerData } = require("node:worker_threads");
const { path, behaviour } = workerData;
createServer((line) => {
  line.on("error", () => undefined);
  if (behaviour.does === "closes") return line.on("data", () => line.destroy());
  if (behaviour.does === "says") return line.on("data", () => line.write(Buffer.from(behaviour.hex, "hex")));
  if (behaviour.does === "drips") {
    const answer = Buffer.from("80010000010000000000" + "00".repeat(246), "hex");
    let at = 0;
    line.once("data", () => {
      const drip = setInterval(() => line.write(answer.subarray(at, ++at)), 40);
      line.on("close", () => clearInterval(drip));
    });
  }
}).listen(path, () => parentPort.postMessage("listening"));
`;

/** Gives the device to hand to a protector. */
export async function hostileTpm(behaviour: Behaviour): Promise<string> {
  const path = join(stateFolder(), "tpm.sock");
  const worker = new Worker(program, { eval: true, execArgv: [], workerData: { path, behaviour } });
  onTestFinished(async () => {
    await worker.terminate();
  });
  await new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("error", reject);
  });
  return `swtpm:${path}`;
}
