import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type ProgramName, programs } from './package/programs.ts';
import { root, run } from './package/shell.ts';
import { buildPackages } from './package.ts';
import { writeFunction } from './package-lambda.ts';
import { provenance } from './release/provenance.ts';
import { signWith } from './release/sign.ts';

const USAGE = `npm run release -- [OPTIONS]   builds everything of a release into one new folder

  --outdir DIR         where it goes (out/release-VERSION); must not be there, or be empty
  --key FILE           a private key as PEM (Ed25519, EC or RSA) to sign SHA256SUMS with; a passphrase is read from
                       RELEASE_KEY_PASSPHRASE
  --repository URL     where the source is public, for the provenance statement; always needed
  --allow-dirty        build although the checkout has changes that are not committed: for a trial`;

const { values } = parseArgs({
  options: {
    outdir: { type: 'string' },
    key: { type: 'string' },
    repository: { type: 'string' },
    'allow-dirty': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
} else {
  await release();
}

async function release(): Promise<void> {
  const { repository } = values;
  if (repository === undefined)
    fail('--repository is missing: the provenance statement names where the source is public');
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const outdir = resolve(values.outdir ?? join(root, `out/release-${version}`));
  const there = await readdir(outdir).catch(() => []);
  if (there.length > 0)
    fail(`${outdir} is not empty: a release must not hold another one's files. Remove it first`);
  const changes = (await run('git', ['status', '--porcelain'])).trim();
  if (changes !== '' && !values['allow-dirty']) {
    fail(`the checkout has changes that are not committed (--allow-dirty for a trial):\n${changes}`);
  }
  // Read before anything is built: a wrong key is told at once.
  const key = values.key === undefined ? undefined : await readFile(values.key, 'utf8');
  if (key !== undefined) signWith(key, process.env.RELEASE_KEY_PASSPHRASE, Buffer.alloc(0));

  await mkdir(outdir, { recursive: true });
  for (const program of Object.keys(programs) as ProgramName[])
    await buildPackages({
      program,
      architectures: ['x64', 'arm64'],
      formats: ['tar.gz', 'deb', 'rpm'],
      outdir,
    });
  for (const which of ['tagger', 'scaler'] as const) await writeFunction(which, join(outdir, `${which}.zip`));

  const files = (await readdir(outdir)).sort();
  const subjects = await Promise.all(
    files
      .filter((name) => !name.endsWith('.sha256'))
      .map(async (name) => ({ name, sha256: await sha256(join(outdir, name)) })),
  );
  const commit = (await run('git', ['rev-parse', 'HEAD'])).trim();
  const statement = provenance(subjects, {
    repository,
    commit,
    lockFile: await sha256(join(root, 'package-lock.json')),
    version,
    commitTime: Number(await run('git', ['log', '-1', '--format=%ct'])),
  });
  await writeFile(join(outdir, 'provenance.intoto.json'), statement);
  const sums = [...subjects, { name: 'provenance.intoto.json', sha256: hash(statement) }]
    .map(({ name, sha256 }) => `${sha256}  ${name}\n`)
    .join('');
  await writeFile(join(outdir, 'SHA256SUMS'), sums);

  console.log(
    `${relative(process.cwd(), outdir)}: ${subjects.length} files of version ${version}, commit ${commit}`,
  );
  console.log('verify: sha256sum --check SHA256SUMS');
  if (key === undefined) {
    console.log('not signed: no --key was given');
    return;
  }
  const signature = signWith(key, process.env.RELEASE_KEY_PASSPHRASE, Buffer.from(sums));
  await writeFile(join(outdir, 'SHA256SUMS.sig'), signature.bytes);
  await writeFile(join(outdir, 'release-key.pem'), signature.publicKey);
  console.log(`verify: ${signature.command('SHA256SUMS')}`);
}

const hash = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');

async function sha256(file: string): Promise<string> {
  return hash(await readFile(file));
}

function fail(why: string): never {
  console.error(`release: ${why}`);
  process.exit(1);
}
