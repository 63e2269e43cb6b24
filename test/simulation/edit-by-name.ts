import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A small change of a program, found by the name of the function, method or constant that it is in: wherever that is
 * moved to, and however it is wrapped into lines. All texts are TypeScript.
 */
export type Edit =
  /** In the declaration of `within`, one text in place of another. */
  | { readonly within: string; readonly replace: string; readonly by: string }
  /** A function, of a module or within another, is called through another: `by` is an expression that makes it of the original. */
  | { readonly around: string; readonly by: string };

/**
 * The changed sources below a folder, by file path. Throws where an edit's declaration, or its text in it, is not there
 * exactly once.
 */
export function editSources(folder: string, edits: readonly Edit[]): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  const changed = new Map<string, string>();
  for (const file of filesBelow(folder)) sources.set(file, readFileSync(file, 'utf8'));
  for (const edit of edits) {
    const found = [...sources].flatMap(([file, source]) => {
      const made = 'within' in edit ? replaceWithin(source, edit) : wrapFunction(source, edit);
      return made === undefined ? [] : [{ file, made }];
    });
    const [one, ...others] = found;
    if (!one) throw new Error(`not found: ${describeEdit(edit)}`);
    if (others.length > 0)
      throw new Error(`in ${found.map(({ file }) => file).join(' and ')}: ${describeEdit(edit)}`);
    sources.set(one.file, one.made);
    changed.set(one.file, one.made);
  }
  return changed;
}

/** The lines of a declaration; the code is formatted, so it ends where its indentation does. */
export function declarationsOf(
  source: string,
  name: string,
): { readonly from: number; readonly to: number }[] {
  const lines = source.split('\n');
  const begins = new RegExp(
    `^\\s*(export )?(async )?((function|const|let) ${escaped(name)}\\b|${escaped(name)}(: (async )?\\(|: (async )?\\w+ =>|\\())`,
  );
  return lines.flatMap((line, index) =>
    begins.test(line) ? [{ from: offsetOf(lines, index), to: offsetOf(lines, endOf(lines, index) + 1) }] : [],
  );
}

function endOf(lines: readonly string[], from: number): number {
  const indentation = indentationOf(lines[from] ?? '');
  let end = from;
  for (let index = from + 1; index < lines.length; index++) {
    const line = lines[index] ?? '';
    if (line.trim() === '') continue;
    const depth = indentationOf(line);
    if (depth < indentation) return end;
    if (depth === indentation) {
      if (!/^\s*[)\]}]/.test(line)) return end;
      end = index;
      // `): void {` and `): X =>` go on.
      if (!/([{([]|=>|=)$/.test(line)) return end;
    } else end = index;
  }
  return end;
}

function replaceWithin(
  source: string,
  { within, replace, by }: Extract<Edit, { within: string }>,
): string | undefined {
  const text = new RegExp(replace.trim().split(/\s+/).map(escaped).join('\\s+'), 'g');
  for (const { from, to } of declarationsOf(source, within)) {
    const declaration = source.slice(from, to);
    if (declaration.match(text)?.length === 1)
      return source.slice(0, from) + declaration.replace(text, () => by) + source.slice(to);
  }
  return undefined;
}

function wrapFunction(source: string, { around, by }: Extract<Edit, { around: string }>): string | undefined {
  const declared = new RegExp(`^( *)(export )?((?:async )?function )${around}\\b`, 'm');
  if (!declared.test(source)) return undefined;
  const wrapper = `function ${around}(...given: any[]): any {\n  return ((${by}) as any)(${around}AsItWas)(...given);\n}\n`;
  return source.replace(
    declared,
    (_, indentation: string, exported = '', begins: string) =>
      `${exported}${wrapper}${indentation}${begins}${around}AsItWas`,
  );
}

const describeEdit = (edit: Edit) =>
  'within' in edit ? `in ${edit.within}, once:\n${edit.replace}` : `the function ${edit.around}`;

const indentationOf = (line: string) => line.length - line.trimStart().length;
const offsetOf = (lines: readonly string[], index: number) =>
  lines.slice(0, index).reduce((sum, line) => sum + line.length + 1, 0);
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return NOT_THE_AGENT.has(entry.name) ? [] : filesBelow(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

const NOT_THE_AGENT = new Set(['sandbox', 'commands', 'lambda', 'metrics', 'oneshot']);
