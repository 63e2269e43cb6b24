import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Metafile } from 'esbuild';
import { goVersion } from './connect-notify.ts';
import { bundledPackages } from './licences.ts';
import { type Architecture, runtimeOf } from './runtime.ts';
import { run } from './shell.ts';

export type Component = {
  'bom-ref': string;
  name: string;
  version: string;
  purl?: string;
  /** What the advisories of the NVD go by. */
  cpe?: string;
  [field: string]: unknown;
};
type Bom = {
  serialNumber?: string;
  metadata: { timestamp?: string; tools?: unknown; component: Component; [field: string]: unknown };
  components: Component[];
  dependencies: { ref: string; dependsOn?: string[] }[];
  [field: string]: unknown;
};

export type SbomInput = {
  /** What it describes, e.g. `ecs-drain-agent`. */
  readonly name: string;
  /** Of the bundle in it. */
  readonly metafile: Metafile;
  /** What is in it beside the bundle. */
  readonly others: readonly Component[];
  /** In seconds since the Unix epoch; undefined for a document that tells of its content alone. */
  readonly commitTime: number | undefined;
};

/**
 * A CycloneDX document of what an artifact really contains: npm's own inventory, less the packages that the bundler
 * dropped, plus the others. Serial number and time follow from content and commit, for reproducibility.
 */
export async function sbom({ name, metafile, others, commitTime }: SbomInput): Promise<string> {
  const inventory = ['--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only'];
  const bom = JSON.parse(
    await run('npm', ['sbom', ...inventory, '--omit', 'dev', '--omit', 'optional']),
  ) as Bom;
  const bundled = new Set((await bundledPackages(metafile)).map((one) => `${one.name}@${one.version}`));
  const fullName = ({ name: own, group, version }: Component) =>
    `${group ? `${group}/` : ''}${own}@${version}`;
  const kept = bom.components.filter((component) => bundled.delete(fullName(component)));
  if (bundled.size > 0)
    throw new Error(`npm sbom does not know ${[...bundled].join(', ')}, which the bundle contains`);

  const components = [...kept.map(withoutLocalPaths), ...others].sort(byRef);
  const refs = new Set(components.map((component) => component['bom-ref']));
  const self = bom.metadata.component['bom-ref'];
  const own = others.map((component) => component['bom-ref']);
  const dependencies = [
    ...bom.dependencies
      .filter(({ ref }) => refs.has(ref) || ref === self)
      .map(({ ref, dependsOn = [] }) => ({
        ref,
        dependsOn: [...dependsOn.filter((other) => refs.has(other)), ...(ref === self ? own : [])].sort(),
      })),
    ...own.map((ref) => ({ ref, dependsOn: [] })),
  ].sort((a, b) => (a.ref < b.ref ? -1 : 1));

  const { serialNumber: _random, ...rest } = bom;
  const { tools: _npmVersion, timestamp: _now, ...metadata } = bom.metadata;
  const document = {
    ...rest,
    metadata: {
      ...metadata,
      ...(commitTime !== undefined && { timestamp: new Date(commitTime * 1000).toISOString() }),
      lifecycles: [{ phase: 'build' }],
      // npm calls it after the folder of the checkout.
      component: { ...withoutLocalPaths(bom.metadata.component), name },
    },
    components,
    dependencies,
  };
  const hash = createHash('sha256').update(JSON.stringify(document)).digest('hex');
  const uuid = `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
  return `${JSON.stringify({ ...document, serialNumber: `urn:uuid:${uuid}` }, undefined, 2)}\n`;
}

/**
 * What a package for hosts carries beside the bundle: Node.js, the OpenSSL in it, and Go's standard library where
 * connect-notify is. Scanners find them by the CPE; by the name of an npm package no advisory would be found.
 *
 * @param node the program that is shipped
 */
export async function runtimeComponents(
  architecture: Architecture,
  node: string,
  hasConnectNotify: boolean,
): Promise<Component[]> {
  const { name, version, integrity } = runtimeOf(architecture);
  const openssl = /OpenSSL (\d+\.\d+\.\d+)[ +]/.exec(await readFile(node, 'latin1'))?.[1];
  if (openssl === undefined) throw new Error(`${node} does not tell its version of OpenSSL`);
  const runtime: Component[] = [
    {
      'bom-ref': `node@${version}`,
      type: 'application',
      name: 'node',
      version,
      scope: 'required',
      description: `Node.js, the JavaScript runtime, unchanged from the npm package ${name}.`,
      purl: `pkg:generic/node@${version}`,
      cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
      licenses: [{ license: { id: 'MIT' } }],
    },
    {
      'bom-ref': `${name}@${version}`,
      type: 'library',
      name,
      version,
      scope: 'required',
      description: 'Where Node.js came from.',
      purl: `pkg:npm/${name}@${version}`,
      hashes: [
        {
          alg: 'SHA-512',
          content: Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex'),
        },
      ],
      licenses: [{ license: { id: 'MIT' } }],
    },
    {
      'bom-ref': `openssl@${openssl}`,
      type: 'library',
      name: 'openssl',
      version: openssl,
      scope: 'required',
      description: 'OpenSSL, as Node.js contains it.',
      purl: `pkg:generic/openssl@${openssl}`,
      cpe: `cpe:2.3:a:openssl:openssl:${openssl}:*:*:*:*:*:*:*`,
      licenses: [{ license: { id: 'Apache-2.0' } }],
    },
  ];
  if (!hasConnectNotify) return runtime;
  const go = await goVersion();
  return [
    ...runtime,
    {
      'bom-ref': `stdlib@${go}`,
      type: 'library',
      name: 'stdlib',
      version: go,
      scope: 'required',
      description: 'The standard library of Go, as connect-notify contains it.',
      purl: `pkg:golang/stdlib@${go}`,
      cpe: `cpe:2.3:a:golang:go:${go}:*:*:*:*:*:*:*`,
      licenses: [{ license: { id: 'BSD-3-Clause' } }],
    },
  ];
}

const byRef = (a: Component, b: Component) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1);

/** npm notes where it found a package on this machine and where it would download it from. */
function withoutLocalPaths(component: Component): Component {
  const { properties: _path, externalReferences, ...rest } = component;
  const references = Array.isArray(externalReferences)
    ? externalReferences.filter((reference: { type?: string }) => reference.type !== 'distribution')
    : [];
  return { ...rest, ...(references.length > 0 ? { externalReferences: references } : {}) };
}
