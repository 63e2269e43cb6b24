import { COMMON_COMMANDS, type Command, choicesOf, type FlagText, type Program } from './program.ts';

/** A completion script for bash. */
export function bashCompletion(program: Program): string {
  const name = `_${program.name.replaceAll('-', '_')}`;
  const all = allFlags(program);
  const cases = Object.entries(program.commands).map(
    ([command, one]) => `    ${command}) words='${flagsOf(program, one).map(long).join(' ')}' ;;`,
  );
  const values = all.flatMap((flag) => {
    const choices = choicesOf(flag);
    return choices ? [`    ${long(flag)}) words='${choices.join(' ')}' ;;`] : [];
  });
  const files = all.filter(isFile).map(long);
  const others = all
    .filter((flag) => flag.placeholder !== undefined && !choicesOf(flag) && !isFile(flag))
    .map(long);
  return `# bash completion for ${program.name}. Made from its own table of options.
${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} words=''
  COMPREPLY=()
  # --flag=value is three words to bash.
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $before == '=' ]]; then
    before=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${names(program).join(' ')} --help --version' -- "$current"))
    return
  fi
  case $before in
${values.join('\n')}
${
  files.length === 0
    ? ''
    : `    ${files.join(' | ')})
      compopt -o filenames 2>/dev/null
      COMPREPLY=($(compgen -f -- "$current"))
      return
      ;;
`
}${
  others.length === 0
    ? ''
    : `    ${others.join(' | ')}) return ;;
`
}    *) ${'words=$('}${name}_words "\${COMP_WORDS[1]}") ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}

${name}_words() {
  local words=''
  case $1 in
${cases.join('\n')}
    help) words='${Object.keys(program.commands).join(' ')}' ;;
    completion) words='bash zsh' ;;
  esac
  printf '%s' "$words"
}

complete -F ${name} ${program.name}
`;
}

/** A completion script for zsh, for a file named `_PROGRAM` in its `fpath`. */
export function zshCompletion(program: Program): string {
  const commands = [
    ...Object.entries(program.commands).map(([name, { summary }]) => [name, summary] as const),
    ...Object.entries(COMMON_COMMANDS),
  ].map(([name, summary]) => `    '${name}:${plain(summary)}'`);
  const cases = Object.entries(program.commands).map(
    ([name, command]) =>
      `    ${name})\n      _arguments -S \\\n${flagsOf(program, command)
        .map((flag) => `        ${zshFlag(flag)}`)
        .join(' \\\n')}\n      ;;`,
  );
  return `#compdef ${program.name}
# zsh completion for ${program.name}. Made from its own table of options.
local -a commands
if ((CURRENT == 2)); then
  commands=(
${commands.join('\n')}
  )
  _describe command commands
  return
fi
local command=$words[2]
shift words
((CURRENT--))
case $command in
${cases.join('\n')}
    help) _values command ${Object.keys(program.commands).join(' ')} ;;
    completion) _values shell bash zsh ;;
esac
`;
}

function zshFlag(flag: FlagText): string {
  const { help, placeholder } = flag;
  const text = plain(help).replaceAll(/[[\]]/g, '');
  if (placeholder === undefined) return `'--${flag.flag}[${text}]'`;
  const choices = choicesOf(flag);
  const action = choices ? `(${choices.join(' ')})` : isFile(flag) ? '_files' : ' ';
  return `'--${flag.flag}=[${text}]:${plain(placeholder)}:${action}'`;
}

/** In single quotes, and between colons. The first sentence is enough. */
const plain = (text: string) =>
  (/^.*?[.](?= |$)/.exec(text)?.[0] ?? text)
    .replace(/[.]$/, '')
    .replaceAll("'", '’')
    .replaceAll('`', '')
    .replaceAll(':', '\\:');

const HELP: FlagText = { flag: 'help', help: 'Print the help of this command.' };

const flagsOf = ({ options }: Program, { flags, options: own }: Command): readonly FlagText[] => [
  ...flags,
  ...(own.length === 0 ? [] : options),
  HELP,
];

function allFlags(program: Program): readonly FlagText[] {
  const flags = [...Object.values(program.commands).flatMap((command) => command.flags), ...program.options];
  return [...new Map(flags.map((flag) => [flag.flag, flag])).values()];
}

const names = (program: Program) => [...Object.keys(program.commands), ...Object.keys(COMMON_COMMANDS)];
const long = ({ flag }: FlagText) => `--${flag}`;
const isFile = ({ placeholder = '' }: FlagText) => /PATH|FILE|DIR/.test(placeholder);
