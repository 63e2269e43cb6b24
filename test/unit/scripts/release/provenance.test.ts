import assert from 'node:assert/strict';
import { it } from 'node:test';
import { provenance } from '../../../../scripts/release/provenance.ts';

it('says of each file of a release, by its hash, from which commit and lock file it was built', () => {
  const text = provenance([{ name: 'agent.tar.gz', sha256: 'aa' }], {
    repository: 'https://example.com/agent',
    commit: 'c0ffee',
    lockFile: 'bb',
    version: '1.2.3',
    commitTime: 1_800_000_000,
  });
  const statement = JSON.parse(text);
  assert.equal(statement._type, 'https://in-toto.io/Statement/v1');
  assert.equal(statement.predicateType, 'https://slsa.dev/provenance/v1');
  assert.deepEqual(statement.subject, [{ name: 'agent.tar.gz', digest: { sha256: 'aa' } }]);
  assert.deepEqual(statement.predicate.buildDefinition.resolvedDependencies, [
    { uri: 'git+https://example.com/agent@c0ffee', digest: { gitCommit: 'c0ffee' } },
    { uri: 'package-lock.json', digest: { sha256: 'bb' } },
  ]);
  assert.deepEqual(statement.predicate.buildDefinition.externalParameters, { version: '1.2.3' });
  assert.equal(statement.predicate.runDetails.metadata.finishedOn, '2027-01-15T08:00:00.000Z');
});
