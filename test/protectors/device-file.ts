// A device file in front of a simulated TPM, by a pseudo-terminal: one write is a command, one read its answer, and a read
// waits for as long as it takes. What a pseudo-terminal can't show is a driver that sleeps where no signal reaches it.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { onTestFinished } from "vitest";
import type { SwTpm } from "./swtpm.ts";

const program = `
import os, pty, socket, struct, sys, tty
agent, device = pty.openpty()
tty.setraw(device)
print(os.ttyname(device), flush=True)
def exactly(read, count):
    got = b""
    while len(got) < count:
        more = read(count - len(got))
        if not more: sys.exit(0)
        got += more
    return got
while True:
    command = exactly(lambda n: os.read(agent, n), 10)
    command += exactly(lambda n: os.read(agent, n), struct.unpack(">I", command[2:6])[0] - 10)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as tpm:
        tpm.connect(sys.argv[1])
        tpm.sendall(command)
        answer = exactly(tpm.recv, 10)
        answer += exactly(tpm.recv, struct.unpack(">I", answer[2:6])[0] - 10)
    os.write(agent, answer)
`;

export interface DeviceFile {
  readonly path: string;
  readonly process: ChildProcess;
}

/** Gone when the test ends. */
export async function deviceFile(tpm: SwTpm): Promise<DeviceFile> {
  const bridge = spawn("python3", ["-c", program, tpm.socket], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(async () => {
    const ended = bridge.exitCode !== null || bridge.signalCode !== null;
    if (!ended && bridge.kill("SIGKILL")) await once(bridge, "exit");
  });
  const [path] = await once(bridge.stdout, "data");
  return { path: String(path).trim(), process: bridge };
}
