import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { groupInMetadata, groupName } from '../../../../src/agent/observe/group-in-metadata.ts';
import { known, type Reading, unknown } from '../../../../src/base/reading.ts';

const STATE = 'meta-data/autoscaling/target-lifecycle-state';
const GROUP = 'meta-data/tags/instance/aws:autoscaling:groupName';

const found = (answers: Record<string, Reading<string | undefined>>) =>
  groupInMetadata({ get: async (path) => answers[path] ?? known(undefined) });

describe('the group, as metadata names it', () => {
  it('where the group terminates the instance, and metadata serves tags', async () =>
    assert.deepEqual(await found({ [STATE]: known('Terminated\n'), [GROUP]: known('web-asg') }), {
      kind: 'in-group',
      group: 'web-asg',
      state: 'Terminating',
      from: 'metadata',
    }));
  for (const [what, answers] of [
    ['the group keeps it', { [STATE]: known('InService'), [GROUP]: known('web-asg') }],
    ['a warm pool does', { [STATE]: known('Warmed:Terminated'), [GROUP]: known('web-asg') }],
    ['no tag is there', { [STATE]: known('Terminated') }],
    ['metadata is silent', { [STATE]: known('Terminated'), [GROUP]: unknown('silent') }],
    ['the tag is no name', { [STATE]: known('Terminated'), [GROUP]: known('<html>\n</html>') }],
    ['the tag is empty', { [STATE]: known('Terminated'), [GROUP]: known(' ') }],
  ] as const)
    it(`is not named where ${what}: the group is asked`, async () =>
      assert.equal(await found(answers), undefined));
});

it('the name of the group is not known while metadata is silent: “in no group” would be a claim', async () => {
  const nameBy = (tag: Reading<string | undefined>) => groupName({ get: async () => tag });
  assert.deepEqual(await nameBy(unknown('silent')), unknown('silent'));
  assert.deepEqual(await nameBy(known(undefined)), known(undefined));
  assert.deepEqual(await nameBy(known(' web-asg\n')), known('web-asg'));
});
