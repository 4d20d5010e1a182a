/** What a `Failure` says, as a sentence on a page. A key at its beginning, such as `pin.place`, stays as it is typed. */
export function sentence(text: string): string {
  const end = /[.!?]$/.test(text) ? "" : ".";
  const begin = /^\w+\.\w/.test(text) ? text.charAt(0) : text.charAt(0).toUpperCase();
  return `${begin}${text.slice(1)}${end}`;
}
