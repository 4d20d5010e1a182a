// Another account of this machine, for tests that run as root.

import { execFile } from "node:child_process";

const program = `
import os, socket, sys
path, uid, said = sys.argv[1], int(sys.argv[2]), sys.argv[3]
groups = [int(group) for group in sys.argv[4].split(",") if group]
os.setgroups(groups)
os.setgid(uid)
os.setuid(uid)
relay = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
try:
    relay.connect(path)
except PermissionError:
    print("not permitted", end="")
    sys.exit(0)
heard = b""
more = b"?"
# Who is refused at the door may find it shut before everything is said or the end is read.
try:
    relay.sendall(said.encode())
except BrokenPipeError:
    pass
try:
    while more and b"ASK" not in heard:
        more = relay.recv(4096)
        heard += more
except ConnectionResetError:
    pass
sys.stdout.buffer.write(heard)
`;

/** Connects as \`uid\`, says something, and gives back what it hears until the other end closes or asks. */
export function sayAs(
  uid: number,
  path: string,
  said: string,
  groups: readonly number[] = [],
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      "python3",
      ["-c", program, path, String(uid), said, groups.join(",")],
      { timeout: 20_000 },
      (error, out) => (error === null ? resolve(out) : reject(error)),
    );
  });
}
