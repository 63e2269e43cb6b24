import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import type { Machine } from '../../src/sandbox/world/state.ts';
import type { Candidate, Running, Stage } from './stage.ts';

const waitForTasks = fileURLToPath(new URL('wait-for-tasks.ts', import.meta.url));

const STOP_TIMEOUT_MS = 10_000;

/** lifecycled, with a handler that waits for the instance's tasks, as its operator would write it. */
export function lifecycled(
  stage: Stage,
  binary: string,
): Candidate<Running & { readonly child: ChildProcess }> {
  const { messaging, kills } = stage;
  const queueOf = (machine: Machine) => `lifecycled-${machine.id}`;
  return {
    start: (machine, { handlerFails }) => {
      const handler = writeHandler(stage, machine, handlerFails);
      const args = ['--instance-id', machine.id, '--sns-topic', messaging.topicArn];
      const child = spawn(binary, [...args, '--handler', handler, '--no-spot'], {
        env: environment(stage, machine),
        stdio: ['ignore', 'ignore', 'pipe'],
        // A process group of its own. systemd leaves nothing of a unit behind that has crashed; here the group goes.
        detached: true,
      });
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      let over = false;
      const exited = new Promise<void>((resolve) => {
        child.once('error', (error) => {
          said += String(error);
          resolve();
        });
        child.once('exit', () => resolve());
      }).then(() => {
        over = true;
      });
      const killGroup = () => {
        if (child.pid === undefined) return;
        try {
          process.kill(-child.pid, 'SIGKILL');
        } catch {
          // It has ended already, and its handler too.
        }
      };
      kills.add(killGroup);
      const subscribed = messaging.happened.first(
        ({ what, queue }) => what === 'subscribed' && queue === queueOf(machine),
        'lifecycled to subscribe',
      );
      const ready = Promise.race([
        subscribed,
        exited.then(() => {
          throw new Error(`${binary} ended before it had subscribed: ${said.trim().slice(-500)}`);
        }),
      ]);
      for (const unheard of [subscribed, ready]) unheard.catch(() => {});
      return {
        child,
        ready,
        stop: async () => {
          child.kill('SIGTERM');
          await Promise.race([exited, systemClock.sleep(STOP_TIMEOUT_MS)]);
          killGroup();
          if (!over) await exited;
        },
        kill: async () => {
          killGroup();
          if (!over) await exited;
        },
      };
    },
    // The message is gone from here on. lifecycled deletes it before it does anything else about it.
    noticed: (machine) =>
      messaging.happened.first(
        (one) =>
          one.what === 'message-deleted' && one.queue === queueOf(machine) && one.instanceId === machine.id,
        'lifecycled to delete the message of its termination',
      ),
  };
}

function writeHandler({ sandbox, directory }: Stage, machine: Machine, fails: boolean): string {
  mkdirSync(join(directory, machine.id), { recursive: true });
  const path = join(directory, machine.id, 'handler');
  const command = fails
    ? 'exit 1'
    : `exec '${process.execPath}' '${waitForTasks}' '${sandbox.introspectionUrl(machine.id)}'`;
  writeFileSync(path, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  return path;
}

/** One built with aws-sdk-go-v2 goes by the endpoints, one built with aws-sdk-go by the proxy. */
function environment({ sandbox, messagingUrl, proxy }: Stage, machine: Machine): Record<string, string> {
  const { AWS_REGION = '', AWS_EC2_METADATA_SERVICE_ENDPOINT = '' } = sandbox.environment(machine.id);
  return {
    PATH: process.env.PATH ?? '',
    AWS_REGION,
    AWS_EC2_METADATA_SERVICE_ENDPOINT,
    // Nothing of this host's own AWS set-up.
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_ENDPOINT_URL_SQS: messagingUrl,
    AWS_ENDPOINT_URL_SNS: messagingUrl,
    AWS_ENDPOINT_URL_AUTO_SCALING: sandbox.apiUrl,
    // Go asks no proxy for a loopback address; everything else ends at this one.
    HTTP_PROXY: proxy.url,
    HTTPS_PROXY: proxy.url,
    AWS_CA_BUNDLE: proxy.certificate,
  };
}
