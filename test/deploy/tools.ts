import { execFile } from 'node:child_process';
import { access, cp, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { toolCache } from '../support/tool-cache.ts';

const run = promisify(execFile);

/** A program to check deploy/ with, or why there is none here. */
export type Tool =
  | { readonly kind: 'found'; readonly path: string; readonly name: string }
  | { readonly kind: 'missing'; readonly why: string };

const CFN_LINT = '1.58.0';
const OPENTOFU = '1.12.6';

/** cfn-lint in its pinned version; installed first if `install` is set. */
export async function cfnLint(install: boolean): Promise<Tool> {
  const folder = join(toolCache, `cfn-lint-${CFN_LINT}`);
  const path = join(folder, 'bin', 'cfn-lint');
  const name = `cfn-lint ${CFN_LINT}`;
  if (await exists(path)) return { kind: 'found', path, name };
  if (!install) return missing(name, folder);
  const python = await onPath('python3');
  if (python === undefined)
    return { kind: 'missing', why: `${name} needs python3, which is not on the PATH` };
  // Written where it stays: a virtual environment can't be moved, so it is made anew if it was left half made.
  await rm(folder, { recursive: true, force: true });
  await run(python, ['-m', 'venv', folder]);
  await run(join(folder, 'bin', 'pip'), ['install', '--quiet', `cfn-lint==${CFN_LINT}`]);
  return { kind: 'found', path, name };
}

/**
 * OpenTofu: the one on the PATH, else the one built here from its Go module (built first if `install` is set), else
 * Terraform, which reads the same module.
 */
export async function tofu(install: boolean): Promise<Tool> {
  const present = await onPath('tofu');
  if (present !== undefined) return { kind: 'found', path: present, name: await versionOf(present) };
  const folder = join(toolCache, `opentofu-${OPENTOFU}`);
  const path = join(folder, 'tofu');
  const go = await onPath('go');
  if (!(await exists(path)) && install && go !== undefined) await buildTofu(go, folder);
  if (await exists(path)) return { kind: 'found', path, name: await versionOf(path) };
  const terraform = await onPath('terraform');
  if (terraform !== undefined) return { kind: 'found', path: terraform, name: await versionOf(terraform) };
  if (install) return { kind: 'missing', why: 'neither tofu nor terraform nor go is on the PATH' };
  return missing('OpenTofu', folder);
}

/**
 * A folder that holds, as a mirror of provider packages, a provider with the AWS provider's schema; built first if
 * `install` is set. It knows the resources that the module uses and can do nothing but validate.
 */
export async function providerMirror(install: boolean): Promise<Tool> {
  const source = fileURLToPath(new URL('schema-provider', import.meta.url));
  const mirror = join(toolCache, 'schema-provider');
  const go = await onPath('go');
  const name = 'the AWS provider’s schema';
  if (go === undefined || !install) {
    return (await exists(join(mirror, 'complete')))
      ? { kind: 'found', path: mirror, name }
      : missing(name, mirror);
  }
  const { stdout } = await run(go, ['env', 'GOOS', 'GOARCH']);
  const platform = stdout.trim().split(/\s+/).join('_');
  const binary = join(toolCache, 'terraform-provider-aws_v6.56.0');
  await mkdir(toolCache, { recursive: true });
  // Go's own cache makes this a matter of a second where nothing changed.
  await run(go, ['build', '-trimpath', '-o', binary, '.'], { cwd: source, env: goEnvironment() });
  for (const registry of ['registry.opentofu.org', 'registry.terraform.io']) {
    const folder = join(mirror, registry, 'hashicorp', 'aws', '6.56.0', platform);
    await mkdir(folder, { recursive: true });
    await cp(binary, join(folder, 'terraform-provider-aws_v6.56.0'));
  }
  await writeFile(join(mirror, 'complete'), '');
  return { kind: 'found', path: mirror, name };
}

/** `go install` refuses OpenTofu for the replacements in its go.mod, which hold when it is the main module. */
async function buildTofu(go: string, folder: string): Promise<void> {
  const { stdout } = await run(
    go,
    ['mod', 'download', '-json', `github.com/opentofu/opentofu@v${OPENTOFU}`],
    {
      env: goEnvironment(),
    },
  );
  const { Dir: source } = JSON.parse(stdout) as { Dir: string };
  const built = join(folder, `tofu.${process.pid}`);
  await mkdir(folder, { recursive: true });
  const flags = '-s -w -X github.com/opentofu/opentofu/version.dev=no';
  await run(go, ['build', '-mod=readonly', '-trimpath', '-ldflags', flags, '-o', built, './cmd/tofu'], {
    cwd: source,
    env: goEnvironment(),
  });
  await rename(built, join(folder, 'tofu'));
}

function goEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOWORK: 'off' };
}

function missing(name: string, folder: string): Tool {
  return { kind: 'missing', why: `${name} is not in ${folder}: \`npm run deploy:tools\` puts it there` };
}

async function versionOf(program: string): Promise<string> {
  const env = { ...process.env, TF_CLI_CONFIG_FILE: '/dev/null', CHECKPOINT_DISABLE: '1' };
  const { stdout } = await run(program, ['version'], { env });
  return stdout.split('\n', 1)[0] ?? program;
}

async function onPath(program: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (folder !== '' && (await exists(join(folder, program)))) return join(folder, program);
  }
  return undefined;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
