// No stack that waits for the module's word can be satisfied without it, and no entry point says more than it knows.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FakeAgent, type Play, startFakeAgent } from "./fake-agent.ts";
import { buildModule, makeStage, type Stage } from "./stage.ts";

let stage: Stage;
let agent: FakeAgent | undefined;
/** How each connection ends, in turn; the last one stays. */
let endings: string[] = [];

const ending: Play = async (socket, next) => {
  await next();
  const end = endings.length > 1 ? endings.shift() : endings[0];
  socket.end(end === "nothing" ? "" : `END ${end}\n`);
};

beforeAll(async () => {
  buildModule();
  stage = makeStage();
  agent = await startFakeAgent(stage.socket, ending);
});
afterAll(async () => {
  await agent?.close();
  stage.remove();
});

async function run(stack: readonly string[], ends: readonly string[], calls = "auth") {
  endings = [...ends];
  stage.service("nightlatch", stack);
  return await stage.drive({ args: ["--calls", calls] });
}

const refusals = ["denied", "locked", "unavailable", "refused busy", "nothing", "welcome"];

/** Controls under which the module's refusal must decide. */
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

/** Controls that let a refusal pass, by their author's wish. */
const lenient = [
  "sufficient",
  "optional",
  "[success=done default=ignore]",
  "[success=ok default=ignore]",
  "[success=1 default=ignore]",
  "[default=ignore]",
  "[default=ok]",
  "[default=done]",
  "[default=1]",
  "[default=reset]",
  "[success=bad default=ok]",
  "[success=die default=done]",
  "[success=ok auth_err=ok authinfo_unavail=ok maxtries=ok default=bad]",
  "[success=ok auth_err=done authinfo_unavail=done maxtries=done default=die]",
];

describe("alone in a stack, a refusal is never a success", () => {
  test.each([...waiting, ...lenient])("%s", async (control) => {
    for (const refusal of refusals) {
      const { auth, exit } = await run([`auth ${control} nightlatch`], [refusal]);
      expect(auth, refusal).not.toBe("PAM_SUCCESS");
      expect(exit).toBe(1);
    }
  });
});

describe("beside modules that permit everything, a refusal decides", () => {
  test.each(waiting)("%s", async (control) => {
    for (const refusal of refusals) {
      const before = await run([`auth ${control} nightlatch`, "auth required pam_permit.so"], [refusal]);
      expect(before.auth, refusal).not.toBe("PAM_SUCCESS");
      const after = await run(["auth required pam_permit.so", `auth ${control} nightlatch`], [refusal]);
      expect(after.auth, refusal).not.toBe("PAM_SUCCESS");
      const between = [
        "auth optional pam_permit.so",
        `auth ${control} nightlatch`,
        "auth optional pam_permit.so",
      ];
      expect((await run(between, [refusal])).auth, refusal).not.toBe("PAM_SUCCESS");
    }
  });

  test("also where the arguments are wrong", async () => {
    for (const control of waiting) {
      const stack = [`auth ${control} nightlatch nullok`, "auth required pam_permit.so"];
      expect((await run(stack, ["granted"])).auth, control).not.toBe("PAM_SUCCESS");
    }
  });

  test("also where the conversation fails", async () => {
    for (const control of waiting) {
      stage.service("nightlatch", [`auth ${control} nightlatch`, "auth required pam_permit.so"]);
      const { auth } = await stage.drive({ user: "", args: ["--user-hex", ""] });
      expect(auth, control).not.toBe("PAM_SUCCESS");
    }
  });
});

describe("a grant counts where the stack wants one", () => {
  test.each([
    "required",
    "requisite",
    "sufficient",
    "optional",
    "[success=ok default=bad]",
    "[success=done default=die]",
  ])("%s", async (control) => {
    expect((await run([`auth ${control} nightlatch`], ["granted"])).auth).toBe("PAM_SUCCESS");
  });

  test("and jumps as far as it says", async () => {
    const stack = [
      "auth [success=1 default=ignore] nightlatch",
      "auth requisite pam_deny.so",
      "auth required pam_permit.so",
    ];
    const granted = await run(stack, ["granted"], "auth,setcred");
    expect(granted.results).toEqual({ auth: "PAM_SUCCESS", setcred: "PAM_SUCCESS" });
    expect((await run(stack, ["denied"])).auth).toBe("PAM_AUTH_ERR");
  });

  test("but does not outweigh another module's refusal", async () => {
    const stack = ["auth required pam_deny.so", "auth sufficient nightlatch"];
    expect((await run(stack, ["granted"])).auth).toBe("PAM_AUTH_ERR");
  });
});

describe("the break-glass of the manual", () => {
  const stack = [
    "auth requisite pam_permit.so",
    "auth [success=1 default=ignore] pam_succeed_if.so quiet user = root",
    "auth required nightlatch",
  ];

  test("lets its account in without the agent", async () => {
    stage.service("nightlatch", stack);
    const { results } = await stage.drive({ user: "root", args: ["--calls", "auth,setcred"] });
    expect(results).toEqual({ auth: "PAM_SUCCESS", setcred: "PAM_SUCCESS" });
  });

  test("and nobody else", async () => {
    for (const refusal of refusals) {
      endings = [refusal];
      expect((await stage.drive({ user: "nobody" })).auth, refusal).not.toBe("PAM_SUCCESS");
    }
    endings = ["granted"];
    const { results } = await stage.drive({ user: "nobody", args: ["--calls", "auth,setcred"] });
    expect(results).toEqual({ auth: "PAM_SUCCESS", setcred: "PAM_SUCCESS" });
  });
});

describe("each verdict has its code", () => {
  test.each([
    ["granted", "PAM_SUCCESS"],
    ["denied", "PAM_AUTH_ERR"],
    ["locked", "PAM_MAXTRIES"],
    ["unavailable", "PAM_AUTHINFO_UNAVAIL"],
    ["refused busy", "PAM_AUTHINFO_UNAVAIL"],
    ["nothing", "PAM_AUTHINFO_UNAVAIL"],
  ])("%s: %s", async (end, code) => {
    expect((await run(["auth required nightlatch"], [end])).auth).toBe(code);
  });
});

describe("twice", () => {
  const both = ["auth required nightlatch", "auth required nightlatch"];

  test.each([
    [["granted", "granted"], "PAM_SUCCESS"],
    [["granted", "denied"], "PAM_AUTH_ERR"],
    [["denied", "granted"], "PAM_AUTH_ERR"],
    [["granted", "nothing"], "PAM_AUTHINFO_UNAVAIL"],
  ])("in one stack, %j: %s, in two dialogues", async (ends, code) => {
    const before = agent?.heard.length ?? 0;
    expect((await run(both, ends)).auth).toBe(code);
    expect((agent?.heard.length ?? 0) - before).toBe(2);
  });

  test("on one handle, a grant does not outlive its call", async () => {
    const { results, exit } = await run(["auth required nightlatch"], ["granted", "denied"], "auth,auth");
    expect(results["auth"]).toBe("PAM_AUTH_ERR");
    expect(exit).toBe(1);
  });
});

describe("pam_setcred", () => {
  test("succeeds after a grant under every control that grants", async () => {
    for (const control of ["required", "requisite", "sufficient", "[success=done default=die]"]) {
      const { results } = await run([`auth ${control} nightlatch`], ["granted"], "auth,setcred");
      expect(results, control).toEqual({ auth: "PAM_SUCCESS", setcred: "PAM_SUCCESS" });
    }
  });

  test("does not succeed after a refusal", async () => {
    for (const control of [...waiting, "sufficient", "optional", "[default=ignore]"]) {
      for (const refusal of refusals) {
        const { results } = await run([`auth ${control} nightlatch`], [refusal], "auth,setcred");
        expect(results["setcred"], `${control} ${refusal}`).not.toBe("PAM_SUCCESS");
      }
    }
  });

  test("succeeds where the stack has a way round an agent that is out of order", async () => {
    const control = "[success=ok authinfo_unavail=1 default=die]";
    const stack = [
      `auth ${control} nightlatch`,
      "auth required pam_permit.so",
      "auth required pam_permit.so",
    ];
    const { results } = await run(stack, ["unavailable"], "auth,setcred");
    expect(results).toEqual({ auth: "PAM_SUCCESS", setcred: "PAM_SUCCESS" });
  });

  test("succeeds where the application authenticated by itself, as sshd does with a key", async () => {
    expect((await run(["auth required nightlatch"], ["denied"], "setcred")).results).toEqual({
      setcred: "PAM_SUCCESS",
    });
  });
});

describe("the other entry points are no way in", () => {
  const entries = [
    ["account", "acct"],
    ["session", "open"],
    ["session", "close"],
    ["password", "chauthtok"],
  ] as const;

  test.each(entries)("%s (%s) refuses, alone and beside others", async (type, call) => {
    const stacks = [
      [`${type} required nightlatch`],
      [`${type} sufficient nightlatch`],
      [`${type} required nightlatch`, `${type} required pam_permit.so`],
      [`${type} required pam_permit.so`, `${type} requisite nightlatch`],
      [`${type} [success=ok ignore=ignore default=bad] nightlatch`, `${type} required pam_permit.so`],
    ];
    for (const stack of stacks) {
      const { results, log } = await run(stack, ["granted"], call);
      expect(results[call], stack.join(" | ")).not.toBe("PAM_SUCCESS");
      expect(log[0]).toContain(`only for auth: remove the line "${type} `);
    }
  });

  test.each(entries)("%s (%s) does not skip what stands behind it", async (type, call) => {
    for (const control of ["sufficient", "[success=done default=ignore]", "[success=1 default=ignore]"]) {
      const stack = [
        `${type} ${control} nightlatch`,
        `${type} required pam_deny.so`,
        `${type} required pam_permit.so`,
      ];
      expect((await run(stack, ["granted"], call)).results[call], control).not.toBe("PAM_SUCCESS");
    }
  });

  test("and none of them makes authentication succeed", async () => {
    const stack = entries.map(([type]) => `${type} required nightlatch`);
    expect((await run(stack, ["granted"])).auth).not.toBe("PAM_SUCCESS");
  });
});
