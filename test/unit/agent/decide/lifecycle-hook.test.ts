import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseHook } from '../../../../src/agent/decide/lifecycle-hook.ts';
import type { Hook } from '../../../../src/aws/auto-scaling.ts';
import { known, unknown } from '../../../../src/base/reading.ts';
import type { Signal } from '../../../../src/signals/signal.ts';

const drain: Hook = { name: 'drain', heartbeatTimeout: 60_000, globalTimeout: 6_000_000 };
const backup: Hook = { name: 'backup', heartbeatTimeout: 30_000, globalTimeout: 3_000_000 };
const managed: Hook = { ...drain, name: 'ecs-managed-draining-termination-hook' };
const tag = (hook?: string): Signal => ({ source: 'tag', value: '', hook });
const silent = unknown('throttled');
const nameOnly = { name: 'drain', heartbeatTimeout: undefined, globalTimeout: undefined };

describe('which hook is ours', () => {
  for (const [what, args, expected] of [
    ['the only one', [known([drain]), undefined, []], { kind: 'ours', hook: drain }],
    [
      'the only one beside that of ECS managed draining',
      [known([managed, drain]), undefined, []],
      { kind: 'ours', hook: drain },
    ],
    ['none where there is only that one', [known([managed]), undefined, [tag()]], { kind: 'none' }],
    ['none where there is none', [known([]), undefined, []], { kind: 'none' }],
    [
      'of several, none without a choice: completing another’s would end its work',
      [known([backup, drain]), undefined, []],
      { kind: 'ambiguous', names: ['backup', 'drain'] },
    ],
    ['the option’s', [known([backup, drain]), 'drain', [tag('backup')]], { kind: 'ours', hook: drain }],
    [
      'none where the option’s is not there',
      [known([backup]), 'drain', [], drain],
      { kind: 'missing', wanted: 'drain', names: ['backup'] },
    ],
    ['the tag’s', [known([backup, drain]), undefined, [tag('drain')]], { kind: 'ours', hook: drain }],
    [
      'the tag’s, though another signal came first',
      [known([backup, drain]), undefined, [{ source: 'lifecycle' }, tag('drain')]],
      { kind: 'ours', hook: drain },
    ],
    [
      'the tag’s, though another was ours before',
      [known([backup, drain]), undefined, [tag('drain')], backup],
      { kind: 'ours', hook: drain },
    ],
    [
      'the only one, whatever the tag says: who may only tag must not stop its heartbeats',
      [known([drain]), undefined, [tag('nosuch')]],
      { kind: 'ours', hook: drain, ignored: 'nosuch' },
    ],
    [
      'of several, the one before, whatever the tag says',
      [known([backup, drain]), undefined, [tag('nosuch')], drain],
      { kind: 'ours', hook: drain, ignored: 'nosuch' },
    ],
    [
      'of several, the one before',
      [known([backup, drain]), undefined, [tag()], drain],
      { kind: 'ours', hook: drain },
    ],
    [
      'of several, none where the one before is gone',
      [known([backup, drain]), undefined, [], { ...drain, name: 'old' }],
      { kind: 'ambiguous', names: ['backup', 'drain'] },
    ],
    ['not known while the group does not say', [silent, undefined, [tag('drain')], drain], silent],
    ['the option’s, while the group does not say', [silent, 'drain', []], { kind: 'ours', hook: nameOnly }],
    [
      'the option’s, with its numbers from before',
      [silent, 'drain', [], drain],
      { kind: 'ours', hook: drain },
    ],
    [
      'the option’s, without the numbers of another',
      [silent, 'drain', [], backup],
      { kind: 'ours', hook: nameOnly },
    ],
  ] as const)
    it(what, () => {
      const [hooks, option, signals, before] = args as unknown as Parameters<typeof chooseHook>;
      assert.deepEqual(chooseHook(hooks, option, signals, before), expected);
    });
});
