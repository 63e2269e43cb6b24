import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { bashCompletion, zshCompletion } from '../../../src/command-line/completion.ts';
import { commandHelp, programHelp } from '../../../src/command-line/help.ts';
import { manPage } from '../../../src/command-line/man.ts';
import type { Program } from '../../../src/command-line/program.ts';
import { program as agent } from '../../../src/commands/program.ts';
import { program as oneshot } from '../../../src/oneshot/program.ts';
import { program as scaler } from '../../../src/scaler/program.ts';

const programs: readonly Program[] = [agent, oneshot, scaler];

for (const program of programs) {
  const { name, commands } = program;
  describe(name, () => {
    it('its help fits every terminal: no line is wider, unless a single word is', () => {
      for (const width of [40, 80, 100]) {
        const texts = [
          programHelp(program, width),
          ...Object.entries(commands).map(([command, one]) => commandHelp(program, command, one, width)),
        ];
        for (const line of texts.join('\n').split('\n'))
          assert.ok(
            line.length <= width || line.trim().split(' ').length <= 2 || line.startsWith('Usage: '),
            `${width} columns: ${line}`,
          );
      }
    });

    it('its manual page is one that groff reads without a warning', { skip: !has('groff') }, () => {
      const page = manPage(program, '1.2.3');
      const { stdout, stderr, status } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-Kutf8', '-P-cbou'], {
        input: page,
        encoding: 'utf8',
      });
      assert.equal(stderr, '');
      assert.equal(status, 0);
      const shown = stdout.replaceAll(/[\u2010\u2212]/g, '-');
      for (const { flag } of program.options)
        assert.ok(shown.includes(`--${flag}`), `--${flag} is not in it`);
      for (const command of Object.keys(commands)) assert.ok(shown.includes(command));
    });

    it('its completion is one that bash reads', () => {
      execFileSync('bash', ['-n'], { input: bashCompletion(program) });
    });

    it('its completion is one that zsh reads', { skip: has('zsh') ? false : 'zsh is not installed' }, () => {
      execFileSync('zsh', ['-n'], { input: zshCompletion(program) });
    });
  });
}

describe('completion in bash', () => {
  for (const [words, expected] of [
    [['st'], ['status']],
    [
      ['status', '--h'],
      ['--health', '--hooks-dir', '--hook-timeout', '--hook-failure', '--help'],
    ],
    [
      ['drain', '--c'],
      ['--cancel', '--cluster', '--config'],
    ],
    [
      ['run', '--mode', ''],
      ['drain', 'deregister'],
    ],
    [['run', '--on-timeout', '=', 'st'], ['stop-tasks']],
    [
      ['run', '--on-timeout', '='],
      ['wait', 'stop-tasks', 'continue', 'abandon'],
    ],
    [['run', '--drain-timeout', ''], []],
    [
      ['completion', ''],
      ['bash', 'zsh'],
    ],
    [['help', 'do'], ['doctor']],
  ] as const)
    it(`${words.join(' ')}⇥`, () => assert.deepEqual(complete(['ecs-drain-agent', ...words]), expected));
});

function complete(words: readonly string[]): readonly string[] {
  const script = `${bashCompletion(agent)}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ecs_drain_agent; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '');
}

function has(command: string): boolean {
  return spawnSync(command, ['--version']).error === undefined;
}
