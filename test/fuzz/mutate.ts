// Texts out of texts: the small steps by which coverage finds its way into a parser.

/** A generator that a seed decides wholly (mulberry32). */
export function dice(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const mostBytes = 8_192;

export function mutated(
  text: string,
  corpus: readonly string[],
  words: readonly string[],
  roll: (below: number) => number,
): string {
  let changed = text;
  for (let steps = 1 + roll(4); steps > 0; steps--) {
    const at = roll(changed.length + 1);
    const end = Math.min(changed.length, at + 1 + roll(8));
    const before = changed.slice(0, at);
    const other = corpus[roll(corpus.length)] ?? "";
    switch (roll(9)) {
      case 0:
        changed = before + String.fromCharCode(roll(256)) + changed.slice(at + 1);
        break;
      case 1:
        changed = before + changed.slice(end);
        break;
      case 2:
        changed = before + String.fromCharCode(roll(256)) + changed.slice(at);
        break;
      case 3:
      case 4:
        changed = before + (words[roll(words.length)] ?? "") + changed.slice(roll(2) === 0 ? at : end);
        break;
      case 5:
        changed = before + changed.slice(at, end).repeat(2 + roll(40)) + changed.slice(end);
        break;
      case 6:
        changed = before + other.slice(roll(other.length + 1));
        break;
      case 7: {
        const from = roll(other.length + 1);
        changed = before + other.slice(from, from + roll(32)) + changed.slice(at);
        break;
      }
      default:
        changed =
          before +
          String.fromCharCode((changed.charCodeAt(at) ^ (1 << roll(8))) & 255 || 32) +
          changed.slice(at + 1);
    }
  }
  return changed.slice(0, mostBytes);
}

/** The shortest text found by leaving pieces out for which `fails` still holds. */
export async function minimised(text: string, fails: (text: string) => Promise<boolean>): Promise<string> {
  let least = text;
  for (let piece = Math.ceil(text.length / 2); piece >= 1; piece = piece === 1 ? 0 : Math.ceil(piece / 2))
    for (let at = 0; at < least.length; ) {
      const without = least.slice(0, at) + least.slice(at + piece);
      if (await fails(without)) least = without;
      else at += piece;
    }
  return least;
}
