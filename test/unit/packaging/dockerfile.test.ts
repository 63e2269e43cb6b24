import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const dockerfile = read('container/Dockerfile');
const unit = read('systemd/ecs-drain-agent.service');

/** The list of words of an instruction in its exec form. */
function words(instruction: RegExp): string[] {
  const [, list] = instruction.exec(dockerfile) ?? [];
  assert.ok(list, `no ${instruction.source} in its exec form: there is no shell to run it`);
  return JSON.parse(list) as string[];
}

describe('the Dockerfile', () => {
  const entrypoint = words(/^ENTRYPOINT (\[.*\])$/m);
  const command = words(/^CMD (\[.*\])$/m);

  test('starts the agent as the unit does, with the same flags of V8', () => {
    // Without what connects it to systemd first.
    const [, started] = /^ExecStart=\S+\/connect-notify (.*)$/m.exec(unit) ?? [];
    assert.deepEqual([...entrypoint, ...command], started?.split(' '));
  });

  test('asks status for its health, by the same program', () => {
    const health = words(/^HEALTHCHECK .*CMD (\[.*\])$/m);
    assert.deepEqual(health, [...entrypoint, 'status', '--health']);
  });

  test('runs as a user without a name and without root’s rights, who owns the state directory', () => {
    const [, user = ''] = /^USER (.*)$/m.exec(dockerfile) ?? [];
    assert.match(user, /^[1-9]\d+:[1-9]\d+$/);
    assert.match(dockerfile, new RegExp(`^COPY --chown=${user} state/ /var/lib/ecs-drain-agent/$`, 'm'));
    assert.match(dockerfile, /^ENV HOME=\/var\/lib\/ecs-drain-agent$/m);
    assert.doesNotMatch(dockerfile, /^USER (root|0)/m);
  });
});
