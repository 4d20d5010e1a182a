// "Did you mean …?"

/** The known word at most two slips of the finger away, or undefined. */
export function closest(word: string, known: readonly string[]): string | undefined {
  if (word.length > 64) return undefined;
  const near = known
    .map((each) => ({ each, slips: slips(word.toLowerCase(), each) }))
    .filter(({ each, slips: count }) => count <= Math.min(2, Math.floor(each.length / 2)))
    .sort((one, other) => one.slips - other.slips);
  return near[0]?.each;
}

/** Letters put in, left out, mistaken or swapped with their neighbour, to make one word of the other. */
function slips(one: string, other: string): number {
  let twoBack: number[] = [];
  let back = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let row = 1; row <= one.length; row++) {
    const now = [row];
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1];
      const swapped =
        row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      now[column] = Math.min(
        (now[column - 1] ?? 0) + 1,
        (back[column] ?? 0) + 1,
        (back[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (twoBack[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    twoBack = back;
    back = now;
  }
  return back[other.length] ?? 0;
}
