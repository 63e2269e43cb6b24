/** What a script's command line asks for. */
export type Asked<Options> =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly problem: string }
  | Options;

/** Runs a script with its options; or prints its help, or what is wrong with its command line, and ends with 2 then. */
export async function start<Options extends { readonly kind: 'run' }>(
  asked: Asked<Options>,
  usage: string,
  run: (options: Options) => Promise<number>,
): Promise<void> {
  switch (asked.kind) {
    case 'help':
      console.log(usage);
      break;
    case 'wrong':
      console.error(asked.problem);
      process.exitCode = 2;
      break;
    case 'run':
      process.exitCode = await run(asked);
  }
}
