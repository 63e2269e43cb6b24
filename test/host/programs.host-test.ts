import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run } from '../../scripts/package/shell.ts';
import { type Artifacts, artifacts, version } from './artifacts.ts';

/** The programs beside the agent, with an option that each must be given, and what its bundle contains. */
const programs = [
  ['ecs-oneshot', 'run', 'oneshot.md', 'oneshot.json', ['yaml', '@aws-sdk/client-cloudwatch-logs']],
  ['ecs-scaler', 'plan', 'scaling.md', 'scaler.json', ['@aws-sdk/client-sqs', '@aws-sdk/client-ec2']],
] as const;

for (const [program, command, page, policy, contained] of programs) {
  describe(`the packages of ${program}`, () => {
    let work: string;
    let built: Artifacts;
    before(async () => {
      work = await mkdtemp(join(tmpdir(), `${program}-`));
      built = await artifacts(program);
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

    test('run it, with nothing but what they bring', async () => {
      for (const folder of ['tar/bin', `deb/opt/${program}/bin`, `rpm/opt/${program}/bin`]) {
        const options = { cwd: '/', env: { PATH: '/usr/bin:/bin' } };
        assert.equal(await run(join(work, folder, program), ['--version'], options), `${version}\n`);
        await assert.rejects(
          run(join(work, folder, program), [command], options),
          /ended with 64:.*--cluster: it must be given/s,
        );
      }
      assert.equal(
        await readlink(join(work, `deb/usr/bin/${program}`)),
        `../../opt/${program}/bin/${program}`,
      );
    });

    test('start no service on the host, and bring no agent', async () => {
      for (const folder of ['deb', 'rpm']) {
        assert.deepEqual((await readdir(join(work, folder))).sort(), ['opt', 'usr']);
        const own = await readdir(join(work, folder, `opt/${program}/bin`));
        assert.deepEqual(own.sort(), [program, 'node']);
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
      assert.match(await readFile(join(share, 'docs', page), 'utf8'), /^# /);
      assert.ok((await readdir(join(share, 'deploy/iam'))).includes(policy));
      const bom = JSON.parse(await readFile(join(share, 'sbom.cdx.json'), 'utf8'));
      assert.equal(bom.metadata.component.name, program);
      const names = bom.components.map(({ name, group }: { name: string; group?: string }) =>
        group ? `${group}/${name}` : name,
      );
      for (const name of ['node', 'openssl', ...contained]) assert.ok(names.includes(name), name);
      assert.ok(!names.includes('stdlib'), 'no Go');
    });
  });
}
