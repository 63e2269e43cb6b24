import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { clusterIn, configuredCluster } from '../../../src/host/ecs-config.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe("the cluster in the ECS agent's configuration", () => {
  for (const [text, cluster] of [
    ['ECS_CLUSTER=web', 'web'],
    ['# by user data\nECS_BACKEND_HOST=\nECS_CLUSTER=web\nECS_LOGLEVEL=info\n', 'web'],
    ['ECS_CLUSTER="web"\r\n', 'web'],
    ["export ECS_CLUSTER='web-1_a'", 'web-1_a'],
    ['ECS_CLUSTER=first\nECS_CLUSTER=last', 'last'],
    ['', undefined],
    ['#ECS_CLUSTER=web', undefined],
    ['ECS_CLUSTER=', undefined],
    ['ECS_CLUSTER=$(hostname)', undefined],
    ['MY_ECS_CLUSTER=web', undefined],
  ] as const)
    test(JSON.stringify(text), () => assert.equal(clusterIn(text), cluster));

  test('is read from the file, and cannot be told without it', (t) => {
    const path = join(temporaryDirectory(t), 'ecs.config');
    assert.equal(configuredCluster(path), undefined);
    writeFileSync(path, 'ECS_CLUSTER=web\n');
    assert.equal(configuredCluster(path), 'web');
  });
});
