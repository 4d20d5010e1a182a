import { Failure } from "../failure.ts";

/** @throws Failure unless the text can be a machine's tag. */
export function checkMachineTag(tag: string): void {
  if (!/^[\p{L}\p{N}][\p{L}\p{N}._@-]{0,49}$/u.test(tag))
    throw new Failure(
      "invalid",
      `a tag begins with a letter or digit and has at most 50 letters, digits and . _ @ -: not ${JSON.stringify(tag.slice(0, 60))}`,
    );
}
