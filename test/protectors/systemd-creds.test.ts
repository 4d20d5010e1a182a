// The secret goes through pipes only, under our name only, and a program that fails is an error and never a secret.

import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemdCredsProtector } from "../../agent/platform/systemd-creds-protector.ts";
import { aSecret, damage, hexOf, stateFolder, timed } from "./stage.ts";

/** A program in systemd-creds' place that writes down how it was started, and then runs it. */
function spy(folder: string): { program: string; seen(): string } {
  const program = join(folder, "spy");
  const notes = join(folder, "notes");
  writeFileSync(
    program,
    `#!/bin/bash\n(echo "args: $*"; tr '\\0' '\\n' </proc/self/environ; ls /proc/$$/fd) >>${notes}\nexec /usr/bin/systemd-creds "$@"\n`,
  );
  chmodSync(program, 0o755);
  return { program, seen: () => readFileSync(notes, "latin1") };
}

function instead(folder: string, script: string) {
  const program = join(folder, "program");
  writeFileSync(program, `#!/bin/bash\n${script}\n`);
  chmodSync(program, 0o755);
  return systemdCredsProtector({ path: join(folder, "machine.cred"), program });
}

test("neither arguments nor environment hold the secret", () => {
  const folder = stateFolder();
  const { program, seen } = spy(folder);
  const protector = systemdCredsProtector({ path: join(folder, "machine.cred"), program });
  const secret = aSecret();
  protector.create(secret);
  expect(hexOf(protector.load())).toBe(hexOf(secret));
  expect(seen()).toContain("args: encrypt --name=nightlatch-machine-key --with-key=auto --tpm2-pcrs= - -");
  expect(seen()).toContain("args: decrypt --name=nightlatch-machine-key - -");
  const text = secret.use((bytes) => Buffer.from(bytes));
  for (const form of [text.toString("latin1"), text.toString("hex"), text.toString("base64")])
    expect(seen()).not.toContain(form);
});

test("another credential of the same host does not stand in", () => {
  const folder = stateFolder();
  const path = join(folder, "machine.cred");
  const options = { input: Buffer.alloc(32), stdio: "pipe" } as const;
  const other = execFileSync("systemd-creds", ["encrypt", "--name=other", "-", "-"], options);
  writeFileSync(path, other, { mode: 0o600 });
  expect(damage(systemdCredsProtector({ path }))).toMatch(/does not open machine\.cred \(.*does not match/);
});

test("one that holds something else than 32 bytes", () => {
  const path = join(stateFolder(), "machine.cred");
  const options = { input: Buffer.alloc(33), stdio: "pipe" } as const;
  const longer = execFileSync(
    "systemd-creds",
    ["encrypt", "--name=nightlatch-machine-key", "-", "-"],
    options,
  );
  writeFileSync(path, longer, { mode: 0o600 });
  expect(damage(systemdCredsProtector({ path }))).toContain("holds something else");
});

test("a program that is not there", () => {
  const folder = stateFolder();
  const protector = systemdCredsProtector({ path: join(folder, "machine.cred"), program: "/nowhere/creds" });
  expect(protector.unavailable()).toBe("systemd-creds can't be used (it is not installed)");
  expect(() => protector.create(aSecret())).toThrow();
  expect(protector.load()).toBeUndefined();
});

test.each([
  ["fails", "cat >/dev/null; exit 1", /can't be used \(it failed\)/],
  [
    "fails with a reason",
    "cat >/dev/null; echo 'first' >&2; echo 'No such key' >&2; exit 1",
    /\(No such key\)/,
  ],
  ["gives something else back", "cat >/dev/null; echo hello", /does not decrypt what it encrypts/],
  ["does not listen", "exit 1", /can't be used/],
  ["gives back too much", "yes | head -c 100000", /can't be used/],
  ["dies", "kill -9 $$", /can't be used/],
])("a program that %s", (_what, script, sentence) => {
  const folder = stateFolder();
  const protector = instead(folder, script);
  expect(protector.unavailable()).toMatch(sentence);
  systemdCredsProtector({ path: join(folder, "machine.cred") }).create(aSecret());
  expect(damage(protector)).not.toContain("no damage");
});

test("a program that never ends is ended", () => {
  const folder = stateFolder();
  const protector = instead(folder, "exec sleep 60");
  const { ms, thrown } = timed(() => expect(protector.unavailable()).toContain("did not end in time"));
  expect(thrown).toBeUndefined();
  expect(ms).toBeLessThan(6_000);
});

test("a crash while it was written leaves none, and the next one is whole", () => {
  const folder = stateFolder();
  const path = join(folder, "machine.cred");
  writeFileSync(`${path}.new`, "half", { mode: 0o600 });
  const protector = systemdCredsProtector({ path });
  expect(protector.load()).toBeUndefined();
  protector.create(aSecret());
  expect(damage(protector)).toContain("no damage");
  rmSync(path);
});
