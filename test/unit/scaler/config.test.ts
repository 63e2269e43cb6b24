import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadOptions } from '../../../src/scaler/config/load.ts';

const least = ['--cluster', 'batch', '--group', 'workers'];
const problemsOf = (argv: readonly string[], environment: Record<string, string> = {}) => {
  const loaded = loadOptions([...least, ...argv], environment);
  return loaded.kind === 'wrong' ? loaded : { problems: [], isUsage: false };
};

describe('the options of ecs-scaler', () => {
  for (const argv of [
    ['--cordon-for', '2m'],
    ['--settle-for', '10m', '--cordon-for', '11m'],
    ['--interval', '5m', '--cordon-for', '6m'],
  ])
    test(`${argv.join(' ')}: a cordon that ends before its instance can go is refused`, () => {
      const { problems, isUsage } = problemsOf(argv);
      assert.match(problems.join(), /^--cordon-for: .* is too short: every cordon would end before/);
      assert.ok(isUsage);
    });

  test('a cordon that ends after the turn that terminates its instance is taken', () => {
    assert.deepEqual(problemsOf(['--cordon-for', '3m', '--interval', '1m']).problems, []);
  });

  test('a variable that makes it too short is a wrong environment, not a wrong command line', () => {
    assert.equal(problemsOf([], { ECS_SCALER_CORDON_FOR: '2m' }).isUsage, false);
  });

  test('what is wrong is said all at once, with what is allowed', () => {
    const { problems } = problemsOf(['--spare', '-1', '--demand-queue', 'https://sqs/1/a.fifo'], {
      ECS_SCALER_SPAER: '1',
    });
    assert.deepEqual(problems, [
      '--demand-queue: "https://sqs/1/a.fifo" is not the URL of a standard queue. Allowed: the URL of a standard SQS queue.',
      '--spare: "-1" is not a whole number from 0 to 1000. Allowed: a whole number from 0 to 1000.',
      'ECS_SCALER_SPAER: no such option. Did you mean ECS_SCALER_SPARE?',
    ]);
  });
});
