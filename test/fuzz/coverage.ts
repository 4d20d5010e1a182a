// Which code an input reaches, and how much of it runs, by V8's own counts. No dependency, no instrumentation.

import { Session } from "node:inspector";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export interface Reached {
  /** One number a block and magnitude of its count. */
  readonly marks: readonly string[];
  /** Blocks run, each as often as it was. */
  readonly work: number;
}

interface Counted {
  readonly result: readonly {
    readonly url: string;
    readonly scriptId: string;
    readonly functions: readonly {
      readonly ranges: readonly {
        readonly startOffset: number;
        readonly endOffset: number;
        readonly count: number;
      }[];
    }[];
  }[];
}

const root = pathToFileURL(join(import.meta.dirname, "../..")).href;
const ofOurs = /^\/(words|otp|protocol|agent|server)\//;
/** What our parsers stand on is counted with them. */
const ofParsers = /^\/node_modules\/smol-toml\//;

export class Coverage {
  readonly #session = new Session();

  constructor() {
    this.#session.connect();
    this.#post("Profiler.enable");
    this.#post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** Since it was last asked. */
  take(): Reached {
    const { result } = this.#post("Profiler.takePreciseCoverage") as Counted;
    const marks: string[] = [];
    let work = 0;
    for (const { url, scriptId, functions } of result) {
      const path = url.startsWith(root) ? url.slice(root.length) : "";
      if (!ofOurs.test(path) && !ofParsers.test(path)) continue;
      for (const { ranges } of functions)
        for (const { startOffset, endOffset, count } of ranges) {
          if (count === 0) continue;
          work += count;
          marks.push(`${scriptId}:${startOffset}:${endOffset}:${Math.floor(Math.log2(count))}`);
        }
    }
    return { marks, work };
  }

  close(): void {
    this.#session.disconnect();
  }

  #post(method: string, params: object = {}): unknown {
    let answer: unknown;
    // The session lives in this very thread and answers before it returns.
    this.#session.post(method, params, (error, result) => {
      if (error !== null) throw error;
      answer = result;
    });
    return answer;
  }
}
