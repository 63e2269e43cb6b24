import { parseArgs } from 'node:util';
import { type ProgramName, programs } from './programs.ts';
import type { Architecture } from './runtime.ts';

export const FORMATS = ['tar.gz', 'deb', 'rpm'] as const;
export type Format = (typeof FORMATS)[number];

export type Selection = {
  readonly programs: readonly ProgramName[];
  readonly architectures: readonly Architecture[];
  readonly formats: readonly Format[];
  /** Whether the zips of the Lambda functions are built too. */
  readonly functions: boolean;
  readonly outdir: string;
};

const NAMES = Object.keys(programs) as ProgramName[];
const ARCHITECTURES: readonly Architecture[] = ['x64', 'arm64'];

export const USAGE = `npm run package -- [OPTIONS]   builds everything, or what the options name

  --program NAME   ${NAMES.join(', ')}: this program, without the zips of the Lambda functions
  --format FORMAT  ${FORMATS.join(', ')}, or zip for the Lambda functions
  --arch ARCH      ${ARCHITECTURES.join(', ')}
  --outdir DIR     where it goes (out)

All but --outdir may be repeated. npm run package:tagger builds only the zips.`;

/**
 * What the command line asks for; everything if it names nothing.
 *
 * @throws Error that says what is wrong, and what is allowed
 */
export function selection(args: readonly string[], outdir: string): Selection {
  const { values } = parseArgs({
    args: [...args],
    options: {
      arch: { type: 'string', multiple: true },
      format: { type: 'string', multiple: true },
      program: { type: 'string', multiple: true },
      outdir: { type: 'string', default: outdir },
    },
  });
  const formats = oneOf('--format', values.format, [...FORMATS, 'zip'] as const);
  const functions = formats.includes('zip') && values.program === undefined;
  if (values.program && values.format?.includes('zip'))
    throw new Error(
      '--format zip is for the Lambda functions, and --program names none: leave one of them out',
    );
  return {
    programs: oneOf('--program', values.program, NAMES),
    architectures: oneOf('--arch', values.arch, ARCHITECTURES),
    formats: formats.filter((format) => format !== 'zip'),
    functions,
    outdir: values.outdir,
  };
}

function oneOf<Allowed extends string>(
  option: string,
  given: readonly string[] | undefined,
  allowed: readonly Allowed[],
): readonly Allowed[] {
  return (given ?? allowed).map((value) => {
    const found = allowed.find((one) => one === value);
    if (found === undefined)
      throw new Error(`${option} is ${JSON.stringify(value)}; allowed are ${allowed.join(', ')}`);
    return found;
  });
}
