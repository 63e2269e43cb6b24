/** A file of a release, with its SHA-256 in hexadecimal. */
export type Subject = { readonly name: string; readonly sha256: string };

export type Source = {
  /** Where the source is public, such as `https://github.com/OWNER/ecs-drain-agent`. */
  readonly repository: string;
  readonly commit: string;
  /** SHA-256 of package-lock.json, which names every dependency and the Node.js that is shipped. */
  readonly lockFile: string;
  readonly version: string;
  /** In seconds since the Unix epoch. */
  readonly commitTime: number;
};

/**
 * Says what a release was built from: an in-toto statement (v1) with SLSA's provenance (v1). Everything in it follows from
 * the commit, so that whoever builds that commit again gets the same statement.
 *
 * @see https://slsa.dev/spec/v1.0/provenance
 */
export function provenance(subjects: readonly Subject[], source: Source): string {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: subjects.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: `${source.repository}/blob/main/scripts/release.ts`,
        externalParameters: { version: source.version },
        internalParameters: {},
        resolvedDependencies: [
          { uri: `git+${source.repository}@${source.commit}`, digest: { gitCommit: source.commit } },
          { uri: 'package-lock.json', digest: { sha256: source.lockFile } },
        ],
      },
      runDetails: {
        builder: { id: `${source.repository}/blob/${source.commit}/scripts/release.ts` },
        metadata: { finishedOn: new Date(source.commitTime * 1000).toISOString() },
      },
    },
  };
  return `${JSON.stringify(statement, undefined, 2)}\n`;
}
