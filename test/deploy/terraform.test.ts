import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { providerMirror, tofu } from './tools.ts';

const run = promisify(execFile);
const deploy = fileURLToPath(new URL('../../deploy', import.meta.url));
const inCi = process.env.CI !== undefined;
const [program, mirror] = [await tofu(inCi), await providerMirror(inCi)];
const name = program.kind === 'found' ? program.name : 'OpenTofu';

describe('the Terraform module', () => {
  const folders: string[] = [];
  after(async () => {
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });

  /** Copies deploy/, with the text of one of its files changed, and runs a command in one of its folders. */
  async function inCopy(t: TestContext, folder: string, args: string[], change?: Change) {
    if (program.kind === 'missing') return skip(t, program.why);
    if (mirror.kind === 'missing') return skip(t, mirror.why);
    const copy = await mkdtemp(join(tmpdir(), 'terraform-'));
    folders.push(copy);
    await cp(deploy, join(copy, 'deploy'), {
      recursive: true,
      filter: (file) => !file.includes('.terraform'),
    });
    if (change !== undefined) {
      const file = join(copy, 'deploy/terraform', change.file);
      const text = await readFile(file, 'utf8');
      assert.ok(text.includes(change.from), `${change.file} has no ${change.from}`);
      await writeFile(file, text.replace(change.from, change.to));
    }
    const config = join(copy, 'cli.tfrc');
    await writeFile(
      config,
      `provider_installation {\n  filesystem_mirror {\n    path = "${mirror.path}"\n  }\n}\n`,
    );
    const options = {
      cwd: join(copy, 'deploy/terraform', folder),
      env: { PATH: process.env.PATH, HOME: copy, TF_CLI_CONFIG_FILE: config, CHECKPOINT_DISABLE: '1' },
    };
    await run(program.path, ['init', '-backend=false', '-input=false', '-no-color'], options);
    return run(program.path, args, options).then(
      ({ stdout }) => stdout,
      ({ stdout }: { stdout: string }) => stdout,
    );
  }

  async function validate(t: TestContext, folder: string, change?: Change): Promise<Validation | undefined> {
    const output = await inCopy(t, folder, ['validate', '-json'], change);
    return output === undefined ? undefined : (JSON.parse(output) as Validation);
  }

  it(`is formatted as ${name} does it`, async (t) => {
    if (program.kind === 'missing') return skip(t, program.why);
    const env = { ...process.env, TF_CLI_CONFIG_FILE: '/dev/null', CHECKPOINT_DISABLE: '1' };
    await run(program.path, ['fmt', '-check', '-diff', '-recursive', join(deploy, 'terraform')], { env });
  });

  for (const folder of ['.', 'examples/complete', 'scaler']) {
    it(`${folder} is valid for ${name}, with the schema of the AWS provider`, async (t) => {
      const validation = await validate(t, folder);
      if (validation !== undefined) {
        assert.deepEqual(validation.diagnostics, []);
        assert.equal(validation.valid, true);
      }
    });
  }

  it(`plans what it should for ${name}, by its own tests`, async (t) => {
    const output = await inCopy(t, '.', ['test', '-no-color']);
    if (output !== undefined) assert.match(output, /^Success! 10 passed, 0 failed\.$/m, output);
  });

  it('would not plan a hook that ends instances unnoticed', async (t) => {
    const change = { file: 'main.tf', from: '"ABANDON"', to: '"CONTINUE"' };
    const output = await inCopy(t, '.', ['test', '-no-color'], change);
    if (output !== undefined) assert.match(output, /^Failure! 9 passed, 1 failed\.$/m, output);
  });

  for (const [what, change, message] of [
    [
      'an argument that AWS’s resource does not have',
      { file: 'main.tf', from: 'default_result = ', to: 'default_outcome = ' },
      'Unsupported argument',
    ],
    [
      'an attribute that no resource has',
      { file: 'outputs.tf', from: 'aws_iam_policy.agent.arn', to: 'aws_iam_policy.agent.urn' },
      'Unsupported attribute',
    ],
    [
      'a missing argument',
      {
        file: 'main.tf',
        from: '  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"\n',
        to: '',
      },
      'Missing required argument',
    ],
  ] as const) {
    it(`would not pass with ${what}`, async (t) => {
      const validation = await validate(t, '.', change);
      if (validation === undefined) return;
      assert.equal(validation.valid, false);
      assert.deepEqual(
        validation.diagnostics.map(({ summary }) => summary),
        [message],
      );
    });
  }
});

type Change = { file: string; from: string; to: string };

type Validation = { valid: boolean; diagnostics: { summary: string; detail: string }[] };

function skip(t: TestContext, why: string): undefined {
  assert.equal(inCi, false, why);
  t.skip(why);
}
