import { describe, expect, test } from "vitest";
import { qrLines, screenOf } from "../../agent/dialogue/screen.ts";
import { limits } from "../../protocol/dialogue/limits.ts";
import type { Begin } from "../../protocol/dialogue/messages.ts";
import { formatFromAgent } from "../../protocol/dialogue/messages.ts";
import { parseUserName } from "../../words/user-name.ts";

const user = parseUserName("alice");
if (!user.ok) throw new Error(user.error);

function at(service: string, tty?: string, lang?: string) {
  const begin: Begin = {
    word: "BEGIN",
    kind: "logon",
    user: user.ok ? user.value : (undefined as never),
    service,
    ...(tty === undefined ? {} : { tty }),
    ...(lang === undefined ? {} : { lang }),
  };
  return screenOf(begin);
}

const withBlocks = { is: "terminal", blocks: true };
const withKey = { is: "terminal", blocks: false };

describe("a relay's screen", () => {
  test("of ssh, sudo and su on a terminal can be drawn on", () => {
    expect(at("sshd", "ssh")).toEqual(withBlocks);
    expect(at("sudo", "/dev/pts/3", "de_DE.UTF-8")).toEqual(withBlocks);
    expect(at("su", "pts/3", "C.utf8")).toEqual(withBlocks);
  });

  test("without UTF-8, and on the kernel's console, gets the key as text", () => {
    expect(at("sudo", "/dev/pts/3", "de_DE")).toEqual(withKey);
    expect(at("sudo", "/dev/pts/3")).toEqual(withKey);
    expect(at("login", "/dev/tty1", "C.UTF-8")).toEqual(withKey);
    expect(at("login", "/dev/ttyS0", "C.UTF-8")).toEqual(withBlocks);
  });

  test.each([
    ["gdm-password", "/dev/tty2"],
    ["gdm-password", ":0"],
    ["lightdm", ":0"],
    ["polkit-1", undefined],
    ["xscreensaver", ":0"],
    ["kde", undefined],
    ["sudo", undefined],
    ["sudo", ":0"],
    ["sshd", undefined],
    ["cockpit", "ssh"],
    ["su", "pts/3\n"],
  ])("of %s at %s is none", (service, tty) => {
    expect(at(service, tty, "C.UTF-8")).toEqual({ is: "other" });
  });
});

describe("a QR code", () => {
  const uri = (label: string) =>
    `otpauth://totp/Nightlatch:${label}?secret=${"A".repeat(32)}&issuer=Nightlatch`;

  test("fits 80 columns and 24 lines, and each line a line of the dialogue and a message of PAM", () => {
    const lines = qrLines(uri("alice%20on%20laptop-of-alice"));
    expect(lines?.length).toBeLessThanOrEqual(24);
    for (const line of lines ?? []) {
      expect(line.length).toBeLessThanOrEqual(80);
      expect(Buffer.byteLength(line)).toBeLessThan(512);
      const said = formatFromAgent({ word: "SHOW", tone: "info", text: line });
      expect(said.length).toBeLessThanOrEqual(limits.lineBytes);
    }
  });

  test("that would not fit is not drawn", () => {
    expect(qrLines(uri("a".repeat(300)))).toBeUndefined();
  });
});
