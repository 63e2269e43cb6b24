import { printable } from '../../base/text.ts';
import { wrapBehind } from '../../base/wrap.ts';
import type { Check } from './check.ts';

const COLOURS: Record<Check['status'], string> = { ok: '32', warn: '33', FAIL: '31', skip: '2' };

/** One check as a line for people, on a terminal wrapped at words to its width in columns. On a terminal the fix has a line of its own; in a pipe it is the same one. */
export function checkLine(
  { status, name, detail, fix }: Check,
  isTerminal: boolean,
  width = Infinity,
): string {
  const label = status.padEnd(4);
  const text = printable(`${name}: ${detail}`);
  if (!isTerminal)
    return `${label}  ${text}${fix ? `${text.endsWith('.') ? '' : '.'} Fix: ${printable(fix)}` : ''}\n`;
  const wrapped = (line: string, indent: string) => wrapBehind(line, width, indent);
  const fixLine = fix ? `      fix: ${wrapped(printable(fix), ' '.repeat(11))}\n` : '';
  return `\u001b[${COLOURS[status]}m${label}\u001b[0m  ${wrapped(text, ' '.repeat(6))}\n${fixLine}`;
}

/** What all checks together come to. @param blocked a drain is on that cannot go on before */
export function verdict(checks: readonly Check[], blocked = false): string {
  const failed = checks.filter(({ status }) => status === 'FAIL').length;
  const warned = checks.filter(({ status }) => status === 'warn').length;
  const warnings = warned === 1 ? '1 warning' : `${warned} warnings`;
  if (failed === 0) return `The agent can work on this host${warned === 0 ? '' : `, with ${warnings}`}.\n`;
  const waits = blocked ? ' A drain is on here, and waits for it.' : '';
  return `The agent cannot work on this host: ${failed} to fix, ${warnings}.${waits}\n`;
}
