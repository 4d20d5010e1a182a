import type { End } from "../../protocol/dialogue/messages.ts";

/** The one line that lets somebody in. `offline`: undefined where nothing was judged. */
export function granted(method: string, offline?: boolean): End {
  return { word: "END", verdict: "granted", ...(offline === undefined ? {} : { offline }), method };
}
