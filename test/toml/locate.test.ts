import fc from "fast-check";
import { parse, stringify } from "smol-toml";
import { describe, expect, test } from "vitest";
import { closest } from "../../toml/closest.ts";
import { locator } from "../../toml/locate.ts";

const find = (text: string, ...path: string[]): string | undefined => {
  parse(text);
  const at = locator(text)(path);
  return at === undefined ? undefined : `${at.line}:${at.column}`;
};

describe("a key is found", () => {
  test.each<[string, string, string[], string | undefined]>([
    ["on the first line", "a = 1", ["a"], "1:1"],
    ["after blank lines and comments", "\n# x = 1\n\n  a = 1", ["a"], "4:3"],
    ["in a table", "[t]\na = 1\n[u]\na = 2", ["u", "a"], "4:1"],
    ["as a table", "\n[t]", ["t"], "2:2"],
    ["as a table with spaces", "[ t . u ]", ["t", "u"], "1:7"],
    ["as a table above a table", "[t.u]\n[t]", ["t"], "1:2"],
    ["dotted", "t.u.a = 1", ["t", "u", "a"], "1:5"],
    ["dotted with spaces", "t . a = 1", ["t", "a"], "1:5"],
    ["dotted within a table", "[t]\nu.a = 1", ["t", "u", "a"], "2:3"],
    ["in an inline table", "t = { a = 1, b = 2 }", ["t", "b"], "1:14"],
    ["in an inline table within another", "t = { u = { a = 1 }, b = 2 }", ["t", "u", "a"], "1:13"],
    ["after an inline table within another", "t = { u = { a = 1 }, b = 2 }", ["t", "b"], "1:22"],
    ["dotted in an inline table", "t = { u.a = 1 }", ["t", "u", "a"], "1:9"],
    ["in a list of inline tables", "t = [\n  { a = 1 },\n  { b = 2 },\n]", ["t", "1", "b"], "3:5"],
    ["as a list of tables", "[[t]]\na = 1\n[[t]]\na = 2", ["t"], "1:3"],
    ["quoted", '"a.b" = 1\na.b = 2', ["a.b"], "1:1"],
    ["quoted with an escape", '"\\u0061" = 1', ["a"], "1:1"],
    ["quoted with a quotation mark", '"a\\"b" = 1\nc = 2', ["c"], "2:1"],
    ["in literal quotes", "'a\\b' = 1\nc = 2", ["a\\b"], "1:1"],
    ["quoted in a table's name", '["t u"]\na = 1', ["t u", "a"], "2:1"],
    ["empty", '"" = 1', [""], "1:1"],
    ["after text that looks like a key", 't = "a = 1"\na = 2', ["a"], "2:1"],
    ["after text that looks like a comment", 't = "# x"\na = 2', ["a"], "2:1"],
    ["after text with an escaped quotation mark", 't = "\\" # x"\na = 2', ["a"], "2:1"],
    ["after literal text with a backslash", "t = '\\'\na = 2", ["a"], "2:1"],
    ["after lines of text", 't = """\na = 1\n"""\na = 2', ["a"], "4:1"],
    ["after lines of text that end in quotes", 't = """x"""""\na = 2', ["a"], "2:1"],
    ["after lines of text with escapes", 't = """\\"""\na = 1"""\na = 2', ["a"], "3:1"],
    ["after lines of literal text", "t = '''\na = 1\n'''\na = 2", ["a"], "4:1"],
    ["after lines of literal text that end in quotes", "t = '''x'''''\na = 2", ["a"], "2:1"],
    ["after empty texts", 't = ""\nu = \'\'\nv = """"""\na = 2', ["a"], "4:1"],
    ["after a list over lines with comments", "t = [ 1, # ]\n  2 ]\na = 2", ["a"], "3:1"],
    ["after a list of lists", "t = [[1], [2, [3]]]\na = 2", ["a"], "2:1"],
    ["after a date with a space", "t = 1979-05-27 07:32:00\na = 2", ["a"], "2:1"],
    ["after a comment behind a value", "t = 1 # a = 3\na = 2", ["a"], "2:1"],
    ["with carriage returns", "[t]\r\na = 1\r\nb = 2\r\n", ["t", "b"], "3:1"],
    ["after a tab", "\ta = 1", ["a"], "1:2"],
    ["but not where there is none", "a = 1", ["b"], undefined],
    ["but not another of the same name", "[t]\na = 1", ["a"], undefined],
  ])("%s", (_where, text, path, expected) => expect(find(text, ...path)).toBe(expected));

  test("whatever the document: every key of it", () => {
    const key = fc.oneof(
      fc.string({ maxLength: 6, unit: "binary" }),
      fc.constantFrom("a", "b", "c-d", "a.b", '"', "'", "#", "="),
    );
    const leaf = fc.oneof(
      fc.integer(),
      fc.boolean(),
      fc.string({ maxLength: 12, unit: "binary" }),
      fc.constantFrom('"""', "'''", "# x", "a = 1\nb = 2"),
    );
    const { table } = fc.letrec((tie) => ({
      table: fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
      value: fc.oneof({ maxDepth: 3 }, leaf, tie("table"), fc.array(leaf, { maxLength: 3 })),
    }));
    fc.assert(
      fc.property(table as fc.Arbitrary<Record<string, unknown>>, (document) => {
        const text = stringify(document);
        const back = parse(text);
        const locate = locator(text);
        const seen = new Set<string>();
        const walk = (value: unknown, path: string[]): void => {
          if (typeof value !== "object" || value === null || Array.isArray(value)) return;
          for (const [name, below] of Object.entries(value)) {
            const at = locate([...path, name]);
            expect(at, JSON.stringify({ text, path: [...path, name] })).toBeDefined();
            seen.add(JSON.stringify(at));
            walk(below, [...path, name]);
          }
        };
        walk(back, []);
        expect(locate(["no such key here"])).toBeUndefined();
      }),
      { numRuns: 150 },
    );
  });

  const signs = ["[", "]", "{", "}", "=", ".", ",", '"', "'", "#", "\n", " ", "\\", "a", "b"];

  test("in reasonable time, even in a text that is no TOML", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...signs) }), (text) => {
        locator(text)(["a"]);
      }),
      { numRuns: 2_000 },
    );
    locator(`${"[".repeat(20_000)}`)(["a"]);
    locator(`a = "${"\\".repeat(60_001)}`)(["a"]);
  });
});

describe("the closest word", () => {
  const known = ["socket", "server", "machine", "log", "state_dir"];

  test.each([
    ["sokcet", "socket"],
    ["sockets", "socket"],
    ["Server", "server"],
    ["sever", "server"],
    ["statedir", "state_dir"],
    ["lg", "log"],
    ["dialogue", undefined],
    ["x", undefined],
    ["", undefined],
  ])("to %j is %j", (word, expected) => expect(closest(word, known)).toBe(expected));
});
