import { createHash } from 'node:crypto';
import type { Metafile } from 'esbuild';
import { bundledPackages } from './licences.ts';
import { type Architecture, runtimeOf } from './runtime.ts';
import { run } from './shell.ts';

type Component = {
  'bom-ref': string;
  name: string;
  version: string;
  purl?: string;
  [field: string]: unknown;
};
type Bom = {
  serialNumber?: string;
  metadata: { timestamp?: string; tools?: unknown; component: Component; [field: string]: unknown };
  components: Component[];
  dependencies: { ref: string; dependsOn?: string[] }[];
  [field: string]: unknown;
};

/**
 * A CycloneDX document of what the artifact really contains: npm's own inventory, less the packages that the
 * bundler dropped, plus the runtime. Serial number and time follow from content and commit, for reproducibility.
 */
export async function sbom(
  metafile: Metafile,
  architecture: Architecture,
  commitTime: number,
): Promise<string> {
  const bom = JSON.parse(
    await run('npm', ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--omit', 'dev']),
  ) as Bom;
  const bundled = new Set((await bundledPackages(metafile)).map(({ name, version }) => `${name}@${version}`));
  const fullName = ({ name, group, version }: Component) => `${group ? `${group}/` : ''}${name}@${version}`;
  const kept = bom.components.filter((component) => bundled.delete(fullName(component)));
  if (bundled.size > 0)
    throw new Error(`npm sbom does not know ${[...bundled].join(', ')}, which the bundle contains`);

  const node = runtimeComponent(architecture);
  const components = [...kept.map(withoutLocalPaths), node].sort((a, b) =>
    a['bom-ref'] < b['bom-ref'] ? -1 : 1,
  );
  const refs = new Set(components.map((component) => component['bom-ref']));
  const self = bom.metadata.component['bom-ref'];
  const dependencies = bom.dependencies
    .filter(({ ref }) => refs.has(ref) || ref === self)
    .map(({ ref, dependsOn = [] }) => ({
      ref,
      dependsOn: [
        ...dependsOn.filter((other) => refs.has(other)),
        ...(ref === self ? [node['bom-ref']] : []),
      ].sort(),
    }));
  dependencies.push({ ref: node['bom-ref'], dependsOn: [] });
  dependencies.sort((a, b) => (a.ref < b.ref ? -1 : 1));

  const { serialNumber: _random, ...rest } = bom;
  const { tools: _npmVersion, ...metadata } = bom.metadata;
  const document = {
    ...rest,
    metadata: {
      ...metadata,
      timestamp: new Date(commitTime * 1000).toISOString(),
      // npm calls it after the folder of the checkout.
      component: { ...withoutLocalPaths(bom.metadata.component), name: 'ecs-drain-agent' },
    },
    components,
    dependencies,
  };
  const hash = createHash('sha256').update(JSON.stringify(document)).digest('hex');
  const uuid = `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
  return `${JSON.stringify({ ...document, serialNumber: `urn:uuid:${uuid}` }, undefined, 2)}\n`;
}

function runtimeComponent(architecture: Architecture): Component {
  const { name, version, integrity } = runtimeOf(architecture);
  const purl = `pkg:npm/${name}@${version}`;
  const content = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex');
  return {
    'bom-ref': `${name}@${version}`,
    type: 'application',
    name,
    version,
    scope: 'required',
    description: 'Node.js, the JavaScript runtime, unchanged.',
    purl,
    hashes: [{ alg: 'SHA-512', content }],
    licenses: [{ license: { id: 'MIT' } }],
  };
}

/** npm notes where it found a package on this machine and where it would download it from. */
function withoutLocalPaths(component: Component): Component {
  const { properties: _path, externalReferences, ...rest } = component;
  const references = Array.isArray(externalReferences)
    ? externalReferences.filter((reference: { type?: string }) => reference.type !== 'distribution')
    : [];
  return { ...rest, ...(references.length > 0 ? { externalReferences: references } : {}) };
}
