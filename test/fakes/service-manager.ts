import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { expect, onTestFinished } from "vitest";

/** A service manager's end of NOTIFY_SOCKET: prints each datagram as JSON. */
export async function manager(address: string): Promise<{ said(count: number): Promise<string[]> }> {
  const program = `
import json, socket, sys
address = sys.argv[1]
box = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
box.bind("\\0" + address[1:] if address.startswith("@") else address)
print("ready", flush=True)
while True:
    print(json.dumps(box.recv(4096).decode()), flush=True)
`;
  const child = spawn("python3", ["-c", program, address], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe("ready");
  return {
    said: async (count) => {
      const said: string[] = [];
      while (said.length < count) said.push(JSON.parse((await lines.next()).value ?? "null") as string);
      return said;
    },
  };
}
