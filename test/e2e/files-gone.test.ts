import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { type Scene, scenario, waitUntil } from './scenario.ts';

// The agent's own files, or some of them, cannot be read once it needs them: they are being upgraded, or the disk fails.

/** Lets files of the program whose names match fail to be read while they are gone. */
function startVanishing(scene: Scene, names: RegExp) {
  const mark = join(scene.directory(), 'gone');
  const hook = `
    const fs = process.getBuiltinModule('fs');
    const { readFileSync, existsSync } = fs;
    fs.readFileSync = (path, ...rest) => {
      if (${names}.test(String(path)) && existsSync(${JSON.stringify(mark)}))
        throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
      return readFileSync(path, ...rest);
    };`;
  return {
    nodeArgs: ['--import', `data:text/javascript,${encodeURIComponent(hook)}`],
    vanish: () => writeFileSync(mark, ''),
    comeBack: () => rmSync(mark),
  };
}

describe('files of the program that cannot be read', { concurrency: 4 }, () => {
  scenario('before anything is begun: the agent ends, and started again it drains', {}, async (scene) => {
    const machine = scene.fleet.addInstance();
    const stateDir = scene.directory();
    const args = ['--state-dir', stateDir];
    const files = startVanishing(scene, /chunks/);
    const running = await scene.agent(machine, { args, nodeArgs: files.nodeArgs });
    await running.says('agent.watching');
    files.vanish();
    scene.fleet.scaleIn(machine);
    assert.match(
      (await running.says('agent.incomplete')).msg,
      /chunks\/.*is part of this program, and cannot be read/,
    );
    assert.deepEqual(await running.exited, { code: 75, signal: null }, 'systemd does not start it again');
    files.comeBack();
    await scene.agent(machine, { args, nodeArgs: files.nodeArgs });
    await scene.happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
  });

  scenario(
    'while a hook is kept alive: it stays so, and the rest goes on once they are back',
    {},
    async (scene) => {
      const machine = scene.fleet.addInstance();
      const files = startVanishing(scene, /chunks\/ecs-/);
      const running = await scene.agent(machine, { nodeArgs: files.nodeArgs });
      await running.says('agent.watching');
      files.vanish();
      scene.fleet.scaleIn(machine);
      await running.says('agent.incomplete');
      await scene.happens('heartbeat');
      files.comeBack();
      await scene.happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
    },
  );

  scenario(
    'what runs hooks that were added later: they count as failed, and the drain goes on',
    {},
    async (scene) => {
      const machine = scene.fleet.addInstance();
      const hooks = scene.directory();
      const files = startVanishing(scene, /chunks\/run-stage-/);
      const running = await scene.agent(machine, { args: ['--hooks-dir', hooks], nodeArgs: files.nodeArgs });
      await running.says('agent.watching');
      addHook(hooks);
      files.vanish();
      scene.fleet.scaleIn(machine);
      assert.match((await running.says('hook.failed')).msg, /cannot be run: .*run-stage/);
      await scene.happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
    },
  );

  scenario('what runs hooks that were there at the start is loaded then', {}, async (scene) => {
    const machine = scene.fleet.addInstance();
    const hooks = scene.directory();
    const ran = addHook(hooks);
    const files = startVanishing(scene, /chunks\/run-stage-/);
    const running = await scene.agent(machine, { args: ['--hooks-dir', hooks], nodeArgs: files.nodeArgs });
    await running.says('agent.watching');
    files.vanish();
    scene.fleet.scaleIn(machine);
    await scene.happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
    // The release does not wait for it.
    await waitUntil(() => existsSync(ran), 'the hook to run');
  });
});

/** @returns the file that the hook writes */
function addHook(hooks: string): string {
  const ran = join(hooks, 'ran');
  const path = join(hooks, 'draining', '10-x');
  mkdirSync(join(hooks, 'draining'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\ntouch ${ran}\n`);
  chmodSync(path, 0o755);
  return ran;
}
