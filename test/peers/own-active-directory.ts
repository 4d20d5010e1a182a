import { afterAll, beforeAll } from "vitest";
import { type ActiveDirectory, type Domain, startActiveDirectory } from "./active-directory-server.ts";

/** A domain of this file's own, for as long as its tests run. */
export function ownActiveDirectory(): Domain {
  let own: ActiveDirectory;
  beforeAll(async () => {
    own = await startActiveDirectory();
  });
  // Also after a start that failed, whose reason is then the one that is told.
  afterAll(() => own?.stop());
  return {
    get place() {
      return own.place;
    },
    get url() {
      return own.url;
    },
    change: (ldif) => own.change(ldif),
    tool: (...args) => own.tool(...args),
    force: (ldif) => own.force(ldif),
  };
}
