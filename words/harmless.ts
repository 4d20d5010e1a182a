// Text from outside on its way to a screen or a log.

/** Controls, format characters (zero width, reading direction), surrogates on their own, private use, line ends. */
const harmful = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** One line that can't move a cursor, switch a terminal's mode, turn the reading direction or forge a second line. */
export function harmless(text: string): string {
  return text.replaceAll(harmful, (letter) => `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`);
}
