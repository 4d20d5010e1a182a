// Promise 10: the PAM module cannot be misconfigured into success, with the real agent behind it.

import { join } from "node:path";
import { run } from "../../scripts/parts/program.ts";
import { pamModule } from "../../scripts/parts/relay.ts";
import { check, group, knownLimit, type Seen, tally } from "./attack.ts";
import { short } from "./machine.ts";
import type { Person } from "./person.ts";
import { Site, spendingOnly } from "./site.ts";

interface Stage {
  readonly site: Site;
  readonly user: Person;
}

const drive = join(pamModule, "../drive");

/** Controls under which the module's refusal must decide, also beside modules that permit everything. */
const waiting = [
  "required",
  "requisite",
  "[success=ok default=bad]",
  "[success=ok default=die]",
  "[success=ok ignore=ignore default=bad]",
  "[success=ok new_authtok_reqd=ok ignore=ignore default=die]",
  "[success=done default=die]",
  "[success=done ignore=ignore default=bad]",
];
/** Controls that let a refusal pass; alone in a stack even they let nobody in. */
const lenient = [
  "sufficient",
  "optional",
  "[success=done default=ignore]",
  "[default=ignore]",
  "[default=ok]",
  "[default=done]",
  "[success=bad default=ok]",
  "[default=1]",
  "[default=reset]",
];

async function call(
  { site, user }: Stage,
  stack: readonly string[],
  args: readonly string[],
): Promise<string[]> {
  const module = `${pamModule} socket=${site.machine.agent.dialogueSocket}`;
  site.machine.service("stack", `${stack.map((line) => line.replace("NIGHTLATCH", module)).join("\n")}\n`);
  const { out } = await run([
    drive,
    "--confdir",
    site.machine.confdir,
    "--service",
    "stack",
    ...args,
    user.name,
  ]);
  return [...out.matchAll(/^result[^:]*: (PAM_\w+)/gm)].map((match) => short(match[1] ?? ""));
}

async function neverGranted(
  stage: Stage,
  stacks: readonly string[][],
  args: readonly string[],
): Promise<Seen> {
  const seen: string[] = [];
  for (const stack of stacks) seen.push(...(await call(stage, stack, args)));
  return check(
    seen.length >= stacks.length && !seen.includes("granted"),
    `${stacks.length} stacks: ${tally(seen)}`,
  );
}

const permit = "auth required pam_permit.so";
const beside = waiting.flatMap((control) => [
  [`auth ${control} NIGHTLATCH`, permit],
  [permit, `auth ${control} NIGHTLATCH`],
  ["auth optional pam_permit.so", `auth ${control} NIGHTLATCH`, "auth optional pam_permit.so"],
]);
const alone = [...waiting, ...lenient].map((control) => [`auth ${control} NIGHTLATCH`]);

export const stacks = group<Stage>({
  promise: 10,
  title: "the PAM module cannot be misconfigured into success",
  async open() {
    const site = await Site.build({ policy: spendingOnly });
    return { site, user: await site.enrolledThenOffline() };
  },
  close: ({ site }) => site.leave(),
  attacks: [
    {
      name: `a wrong code, the module alone under ${alone.length} controls`,
      expected: "never granted",
      quick: true,
      run: (stage) => neverGranted(stage, alone, ["--answer", stage.user.wrong()]),
    },
    {
      name: `a wrong code, beside pam_permit under ${waiting.length} controls in every order`,
      expected: "never granted",
      quick: true,
      run: (stage) => neverGranted(stage, beside, ["--answer", stage.user.wrong()]),
    },
    {
      name: "an empty answer, under all of them",
      expected: "never granted",
      run: (stage) => neverGranted(stage, [...alone, ...beside], ["--answer", ""]),
    },
    {
      name: "no answer: the person gives up",
      expected: "never granted",
      run: (stage) => neverGranted(stage, [...alone, ...beside], []),
    },
    {
      name: "an application without a conversation, or one that answers NULL",
      expected: "never granted",
      async run(stage) {
        const one = await neverGranted(stage, beside, ["--no-conversation"]);
        const two = await neverGranted(stage, beside, ["--null-answers"]);
        return check(one.verdict === "holds" && two.verdict === "holds", `${one.seen}; ${two.seen}`);
      },
    },
    {
      name: "arguments the module doesn't know: nullok, debug=, socket without a path",
      expected: "never granted, also with a right code",
      quick: true,
      async run(stage) {
        const odd = [
          "nullok",
          "debug=1",
          "socket=",
          "socket=relative",
          "agent_user=",
          "try_first_pass",
          "kind=root",
          "socket=/a socket=/b",
        ];
        const seen = await neverGranted(
          stage,
          odd.map((argument) => [`auth required NIGHTLATCH ${argument}`, permit]),
          ["--answer", await stage.user.next()],
        );
        return seen;
      },
    },
    {
      name: "account, session and password lines with the module",
      expected: "never granted, alone and beside pam_permit",
      async run(stage) {
        const seen: string[] = [];
        for (const [type, name] of [
          ["account", "acct"],
          ["session", "open"],
          ["password", "chauthtok"],
        ]) {
          for (const stack of [
            [`${type} required NIGHTLATCH`],
            [`${type} required NIGHTLATCH`, `${type} required pam_permit.so`],
          ])
            seen.push(...(await call(stage, stack, ["--calls", name ?? ""])));
        }
        return check(seen.length === 6 && !seen.includes("granted"), tally(seen));
      },
    },
    {
      name: "setcred after a refusal; the module's grant used for a second call",
      expected: "not granted; each call needs a code of its own",
      async run(stage) {
        const code = await stage.user.next();
        const refused = await call(
          stage,
          ["auth required NIGHTLATCH"],
          ["--answer", stage.user.wrong(), "--calls", "auth,setcred"],
        );
        const twice = await call(
          stage,
          ["auth required NIGHTLATCH"],
          ["--answer", code, "--answer", code, "--calls", "auth,auth"],
        );
        const holds = !refused.includes("granted") && twice[0] === "granted" && twice[1] !== "granted";
        return check(holds, `${refused.join(", ")}; ${twice.join(", ")}`);
      },
    },
    {
      name: "the module twice in one stack, one code",
      expected: "not granted: the second asks for another code",
      async run(stage) {
        const code = await stage.user.next();
        const seen = await call(
          stage,
          ["auth required NIGHTLATCH", "auth required NIGHTLATCH"],
          ["--answer", code, "--answer", code],
        );
        return check(!seen.includes("granted"), seen.join(", "));
      },
    },
    {
      name: "optional, or authinfo_unavail=ignore beside pam_permit, the agent stopped",
      expected: "documented: such a stack says that the second factor doesn't count",
      async run(stage) {
        await stage.site.machine.agent.stop();
        const seen = [
          ...(await call(stage, ["auth optional NIGHTLATCH", permit], [])),
          ...(await call(
            stage,
            ["auth [success=ok authinfo_unavail=ignore default=die] NIGHTLATCH", permit],
            [],
          )),
        ];
        await stage.site.machine.agent.start();
        return knownLimit(true, seen.join(", "));
      },
    },
  ],
});
