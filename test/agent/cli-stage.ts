// The command line with its surroundings faked, but for the sockets: those are real.

import { join } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { onTestFinished } from "vitest";
import { serveAdmin } from "../../agent/admin/http.ts";
import type { Io } from "../../agent/cli/io.ts";
import { runCommand } from "../../agent/cli/program.ts";
import { listenForDialogues } from "../../agent/dialogue/listen.ts";
import type { Converse } from "../../agent/dialogue/talk.ts";
import { FakeClock } from "../fakes/clock.ts";
import { FakeActions } from "./fake-actions.ts";
import { folder, realPeers, rememberingLog } from "./workspace.ts";

class Paper extends Writable {
  text = "";
  readonly isTTY: boolean;

  constructor(isTTY: boolean) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
  }

  override _write(chunk: unknown, _encoding: BufferEncoding, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}

export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

export interface CliStage {
  readonly actions: FakeActions;
  readonly clock: FakeClock;
  readonly admin: string;
  readonly dialogue: string;
  run(args: readonly string[], given?: Given): Promise<Ran>;
}

interface Given {
  /** Undefined: an input that stays open and says nothing. */
  readonly input?: string;
  readonly env?: Record<string, string>;
  readonly isTTY?: boolean;
  readonly io?: Partial<Io>;
}

const denies: Converse = async () => ({ word: "END", verdict: "denied" });

/** An agent that listens, and a command line that is told where. */
export async function cliStage(converse: Converse = denies): Promise<CliStage> {
  const at = folder();
  const actions = new FakeActions();
  const clock = new FakeClock();
  const log = rememberingLog();
  const admin = join(at, "admin.sock");
  const dialogue = join(at, "dialogue.sock");
  const servers = [
    await serveAdmin({ at: { path: admin }, actions, peers: realPeers, mayAdminister: () => true, log }),
    await listenForDialogues({ at: { path: dialogue }, clock, converse, peers: realPeers, log }),
  ];
  onTestFinished(async () => {
    for (const server of servers) await server.close();
  });
  return {
    actions,
    clock,
    admin,
    dialogue,
    async run(args, { input, env = {}, isTTY = false, io = {} } = {}) {
      const stdout = new Paper(isTTY);
      const stderr = new Paper(false);
      const exit = await runCommand(args, {
        stdin:
          input === undefined
            ? new PassThrough()
            : Readable.from([Buffer.from(input)], { objectMode: false }),
        stdout,
        stderr,
        env: { NIGHTLATCH_ADMIN_SOCKET: admin, NIGHTLATCH_DIALOGUE_SOCKET: dialogue, ...env },
        uid: process.geteuid?.() ?? -1,
        clock,
        accounts: { userId: async () => undefined },
        peers: realPeers,
        ...io,
      });
      return { exit, out: stdout.text, err: stderr.text };
    },
  };
}
