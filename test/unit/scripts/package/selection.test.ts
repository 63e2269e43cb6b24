import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { selection } from '../../../../scripts/package/selection.ts';

const everything = {
  programs: ['ecs-drain-agent', 'ecs-oneshot', 'ecs-scaler'],
  architectures: ['x64', 'arm64'],
  formats: ['tar.gz', 'deb', 'rpm'],
  functions: true,
  outdir: 'out',
};

describe('npm run package', () => {
  it('passes its arguments to one program: npm appends them to the last of several', () => {
    const { scripts } = JSON.parse(
      readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8'),
    ) as { scripts: Record<string, string> };
    assert.equal(
      scripts.package,
      'node scripts/package.ts',
      'all formats would be built, whatever is asked for',
    );
  });

  it('builds everything, unless told', () => {
    assert.deepEqual(selection([], 'out'), everything);
  });

  for (const [args, built] of [
    ['--format tar.gz', { formats: ['tar.gz'], functions: false }],
    ['--format zip', { formats: [], functions: true }],
    [
      '--program ecs-drain-agent --format tar.gz',
      { programs: ['ecs-drain-agent'], formats: ['tar.gz'], functions: false },
    ],
    ['--program ecs-oneshot', { programs: ['ecs-oneshot'], functions: false }],
    ['--arch arm64 --outdir elsewhere', { architectures: ['arm64'], outdir: 'elsewhere' }],
  ] as const)
    it(`builds what is asked for and nothing else: ${args}`, () => {
      assert.deepEqual(selection(args.split(' '), 'out'), { ...everything, ...built });
    });

  for (const [args, message] of [
    ['--format tgz', '--format is "tgz"; allowed are tar.gz, deb, rpm, zip'],
    ['--program agent', '--program is "agent"; allowed are ecs-drain-agent, ecs-oneshot, ecs-scaler'],
    ['--arch amd64', '--arch is "amd64"; allowed are x64, arm64'],
  ] as const)
    it(`refuses what it does not know, and says what is allowed: ${args}`, () => {
      assert.throws(() => selection(args.split(' '), 'out'), { message });
    });

  for (const args of ['--formats deb', 'deb', '--program ecs-scaler --format zip'])
    it(`refuses what would build something else than was meant: ${args}`, () => {
      assert.throws(() => selection(args.split(' '), 'out'));
    });
});
