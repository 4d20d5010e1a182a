// libsodium, loaded once. Every function of it used here is synchronous after `loadSodium` has resolved.

import sodium from "libsodium-wrappers";

let loaded = false;

/** Call once in the composition root, before anything that seals, opens, signs or checks. */
export async function loadSodium(): Promise<void> {
  await sodium.ready;
  loaded = true;
}

/** @throws Error when `loadSodium` has not resolved yet: a mistake in the program, not a fault of an input. */
export function theSodium(): typeof sodium {
  if (!loaded) throw new Error("libsodium is used before loadSodium() has resolved");
  return sodium;
}
