import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run } from '../../scripts/package/shell.ts';
import { type Artifacts, artifacts, version } from './artifacts.ts';

let work: string;
let built: Artifacts;
before(async () => {
  work = await mkdtemp(join(tmpdir(), 'ecs-oneshot-'));
  built = await artifacts('ecs-oneshot');
  for (const folder of ['tar', 'deb', 'rpm']) await run('mkdir', ['-p', join(work, folder)]);
  const { tarball, deb, rpm } = built;
  await run('tar', ['-xzf', tarball, '-C', join(work, 'tar'), '--strip-components=1']);
  await run('dpkg-deb', ['--extract', deb, join(work, 'deb')]);
  const unpack = 'rpm2cpio "$1" | cpio --extract --quiet --make-directories --no-absolute-filenames';
  await run('sh', ['-c', unpack, 'sh', rpm], { cwd: join(work, 'rpm') });
});
after(async () => {
  await built?.remove();
  await rm(work, { recursive: true, force: true });
});

describe('the packages of ecs-oneshot', () => {
  test('run it, with nothing but what they bring', async () => {
    for (const folder of ['tar/bin', 'deb/opt/ecs-oneshot/bin', 'rpm/opt/ecs-oneshot/bin']) {
      const program = join(work, folder, 'ecs-oneshot');
      const options = { cwd: '/', env: { PATH: '/usr/bin:/bin' } };
      assert.equal(await run(program, ['--version'], options), `${version}\n`);
      await assert.rejects(run(program, ['run'], options), /ended with 64:.*--cluster: it must be given/s);
    }
    assert.equal(
      await readlink(join(work, 'deb/usr/bin/ecs-oneshot')),
      '../../opt/ecs-oneshot/bin/ecs-oneshot',
    );
  });

  test('start no service on the host, and bring no agent', async () => {
    for (const folder of ['deb', 'rpm']) {
      assert.deepEqual((await readdir(join(work, folder))).sort(), ['opt', 'usr']);
      const own = await readdir(join(work, folder, 'opt/ecs-oneshot/bin'));
      assert.deepEqual(own.sort(), ['ecs-oneshot', 'node']);
    }
    await run('dpkg-deb', ['--control', built.deb, join(work, 'control')]);
    assert.deepEqual((await readdir(join(work, 'control'))).sort(), ['control', 'md5sums']);
    assert.match(
      await readFile(join(work, 'control/control'), 'utf8'),
      /^Depends: libc6 \(>= 2\.28\), libstdc\+\+6$/m,
    );
    assert.equal((await run('rpm', ['-qp', '--scripts', built.rpm])).trim(), '');
  });

  test('bring its documentation, its policies, and an SBOM that names what is in it', async () => {
    const share = join(work, 'tar/share');
    assert.match(await readFile(join(share, 'docs/oneshot.md'), 'utf8'), /^# ecs-oneshot/);
    assert.ok((await readdir(join(share, 'deploy/iam'))).includes('oneshot.json'));
    const bom = JSON.parse(await readFile(join(share, 'sbom.cdx.json'), 'utf8'));
    assert.equal(bom.metadata.component.name, 'ecs-oneshot');
    const names = bom.components.map(({ name, group }: { name: string; group?: string }) =>
      group ? `${group}/${name}` : name,
    );
    for (const name of ['node', 'openssl', 'yaml', '@aws-sdk/client-cloudwatch-logs'])
      assert.ok(names.includes(name), name);
    for (const name of ['stdlib', '@aws-sdk/client-ec2']) assert.ok(!names.includes(name), name);
  });
});
