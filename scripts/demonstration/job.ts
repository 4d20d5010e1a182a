// The main job, step by step: enrolled by signing in once online, then without the server, then revoked.

import { FreshCodes, type TotpAuthenticator } from "../parts/codes.ts";
import { type Seen, signIn } from "../parts/relay.ts";
import { keptIn, type Place } from "./place.ts";
import type { Outcome, Story } from "./story.ts";

const user = "alice";

interface AuditEntry {
  readonly source: string;
  readonly kind: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Returns the authenticator, for whoever wants to go on with it. */
export async function theMainJob(story: Story, place: Place): Promise<TotpAuthenticator & { uri: string }> {
  const { server } = place;
  let authenticator: (TotpAuthenticator & { uri: string }) | undefined;
  let codes: FreshCodes | undefined;
  const fresh = async () => (await codes?.next()) ?? "";
  const wrong = async () => (await codes?.wrong()) ?? "";

  await story.step("server started over HTTPS", "listening with a CA of its own", async () => {
    story.typed(server.command("serve", "--init", "--listen", "127.0.0.1:0", "--dev-ca"));
    await server.start();
    story.tell(server.said.split("\n").slice(0, 3).join("\n"));
    return { ok: server.url.startsWith("https://"), seen: "listening with a CA of its own" };
  });

  await story.step("user and TOTP authenticator created", "a secret for the app", async () => {
    story.typed(server.command("user", "add", user));
    story.tell(await server.cli("user", "add", user));
    story.typed(server.command("authenticator", "add", "totp", user));
    const made = await server.addTotp(user);
    story.tell(made.uri);
    authenticator = made;
    codes = new FreshCodes(made);
    return { ok: made.secret.length >= 26, seen: "a secret for the app" };
  });

  const { agent, confdir } = place.machine("machine");
  const atTheScreen = async (code: string): Promise<Seen> => {
    story.tell(`login: ${user}`);
    const seen = await signIn({ user, answers: [code], confdir });
    for (const line of seen.screen) {
      const text = line.replace(/^(info|error|ask hidden|ask shown): /, "");
      story.tell(line.startsWith("ask") ? `${text}${code}` : text);
    }
    return seen;
  };
  const signingIn = async (code: string, expected: string, screen = /(?:)/): Promise<Outcome> => {
    const seen = await atTheScreen(code);
    const saw = screen.exec(seen.screen.join("\n"))?.[0] ?? "";
    const shown = saw === "" ? "" : `, "${saw}"`;
    return {
      ok: seen.result === expected && (saw !== "" || screen.source === "(?:)"),
      seen: `${seen.result}${shown}`,
    };
  };

  await story.step("machine joined by token", "state healthy, nobody enrolled", async () => {
    story.typed(`nightlatchd --config ${agent.config}`);
    await agent.start();
    story.typed(server.command("join-token", "create"));
    const token = await server.joinToken();
    story.tell(`${token.slice(0, 9)}…`);
    story.typed(`nightlatch join ${server.url} --token-file FILE`);
    await agent.join(token);
    const { state, enrolments } = await agent.status();
    const who = enrolments.length === 0 ? "nobody" : `${enrolments.length}`;
    return { ok: state === "healthy" && enrolments.length === 0, seen: `state ${state}, ${who} enrolled` };
  });

  await story.step("online sign-in", "PAM_SUCCESS", async () => signingIn(await fresh(), "PAM_SUCCESS"));

  await story.step("machine enrolled itself", "alice: 7 days and 50 sign-ins left", async () => {
    story.typed("nightlatch status");
    story.tell((await agent.cli("status")).out);
    const mine = (await agent.status()).enrolments.find((each) => each.user === user);
    const seen = `${mine?.user}: ${mine?.daysLeft} days and ${mine?.signInsLeft} sign-ins left`;
    return { ok: mine?.daysLeft === 7 && mine.signInsLeft === 50, seen };
  });

  const stopServer = async (): Promise<Outcome> => {
    await server.stop();
    const gone = await fetch(server.url).then(
      () => false,
      () => true,
    );
    return { ok: gone, seen: gone ? "nobody listens" : "somebody still listens" };
  };
  await story.step("server stopped", "nobody listens", stopServer);

  let used = "";
  const left = (signIns: number) => new RegExp(`7 days and ${signIns} sign-ins left`);
  await story.step("offline sign-in", 'PAM_SUCCESS, "7 days and 50 sign-ins left"', async () => {
    used = await fresh();
    return signingIn(used, "PAM_SUCCESS", left(50));
  });
  await story.step("the same code again", 'PAM_AUTH_ERR, "7 days and 49 sign-ins left"', () =>
    signingIn(used, "PAM_AUTH_ERR", left(49)),
  );
  await story.step("a wrong code", "PAM_AUTH_ERR", async () => signingIn(await wrong(), "PAM_AUTH_ERR"));

  let unused = "";
  await story.step(
    "too many failures",
    'PAM_MAXTRIES even for a good code, "Too many wrong codes"',
    async () => {
      for (let failures = 2; failures < 5; failures++) await atTheScreen(await wrong());
      unused = await fresh();
      const { ok, seen } = await signingIn(unused, "PAM_MAXTRIES", /Too many wrong codes/);
      return { ok, seen: seen.replace("PAM_MAXTRIES", "PAM_MAXTRIES even for a good code") };
    },
  );

  await story.step("server back, events uploaded", "7 offline sign-ins sent", async () => {
    await server.start();
    const { eventsWaiting } = await agent.status();
    story.tell(`${eventsWaiting} events waiting`);
    story.typed("nightlatch sync");
    story.tell((await agent.cli("sync")).out);
    const offline = (await server.json<readonly AuditEntry[]>("audit")).filter(
      ({ source, kind }) => source === "machine" && kind.startsWith("sign-in-"),
    );
    const waiting = (await agent.status()).eventsWaiting;
    const seen = `${offline.length} offline sign-ins sent${waiting > 0 ? `, ${waiting} events still wait` : ""}`;
    return { ok: offline.length === 7 && waiting === 0, seen };
  });

  await story.step(
    "they are in the server's audit",
    "granted, used-code, wrong-code, locked-out",
    async () => {
      story.typed(server.command("audit"));
      story.tell(await server.cli("audit"));
      const audit = await server.json<readonly AuditEntry[]>("audit");
      const said = audit.filter(({ source }) => source === "machine").map((entry) => JSON.stringify(entry));
      const has = (...words: string[]) => said.some((entry) => words.every((word) => entry.includes(word)));
      const kinds = [
        has("sign-in-granted", '"offline":true') ? "granted" : "",
        has("sign-in-denied", "used-code") ? "used-code" : "",
        has("sign-in-denied", "wrong-code") ? "wrong-code" : "",
        has("sign-in-locked", "locked-out") ? "locked-out" : "",
      ];
      return { ok: kinds.every((kind) => kind !== ""), seen: kinds.filter((kind) => kind !== "").join(", ") };
    },
  );

  await story.step("machine revoked at the server", "revoked in the server's list", async () => {
    const [machine] = await server.json<readonly { id: string }[]>("machine", "list");
    story.typed(server.command("machine", "revoke", machine?.id ?? ""));
    story.tell(await server.cli("machine", "revoke", machine?.id ?? ""));
    const [now] = await server.json<readonly { revokedAt: string | null }[]>("machine", "list");
    const revoked = typeof now?.revokedAt === "string";
    return { ok: revoked, seen: revoked ? "revoked in the server's list" : "not revoked" };
  });

  await story.step("next sync", "state revoked", async () => {
    const before = keptIn(agent.state);
    story.tell(`before: ${before.users} user's records in the cache, files ${before.files.join(" ")}`);
    story.typed("nightlatch sync");
    const ran = await agent.cli("sync");
    story.tell(ran.out + ran.err);
    const { state } = await agent.status();
    return { ok: state === "revoked" && before.users === 1, seen: `state ${state}` };
  });

  await story.step("cache erased", "0 users' records, no machine key", async () => {
    const { users, machineKey, files } = keptIn(agent.state);
    story.tell(`left in the state folder: ${files.join(" ") || "nothing"}`);
    const seen = `${users} users' records, ${machineKey ? "a" : "no"} machine key`;
    return { ok: users === 0 && !machineKey, seen };
  });

  await story.step("offline sign-in after that", "PAM_AUTHINFO_UNAVAIL for a good, unused code", async () => {
    await stopServer();
    const { ok, seen } = await signingIn(unused, "PAM_AUTHINFO_UNAVAIL");
    return { ok, seen: `${seen} for a good, unused code` };
  });

  if (authenticator === undefined) throw new Error("the story has no authenticator");
  return authenticator;
}
