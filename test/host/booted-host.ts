import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { cacheDirectory, run } from '../../scripts/package/shell.ts';

/** A Debian with systemd as PID 1, in a container that shares this machine's network. */
export type BootedHost = {
  /** The root of its file system, as seen from here. */
  readonly root: string;
  /** Runs a command inside; rejects when it does not end with 0. */
  sh(script: string): Promise<string>;
  /** The same, for a command whose failure is the point. */
  attempt(script: string): Promise<{ status: number; output: string }>;
  /** The agent's journal of all boots, oldest first, and what comes: see {@link Journal}. */
  readonly journal: Journal;
  /** Shuts down and boots again, by the host's own `systemctl reboot`. */
  reboot(): Promise<void>;
  close(): Promise<void>;
};

/** One entry, as `journalctl -o json` gives it. */
export type Entry = {
  readonly MESSAGE: string;
  readonly PRIORITY: string;
  readonly SYSLOG_IDENTIFIER?: string;
  readonly _PID?: string;
  readonly [field: string]: unknown;
};

export type Journal = {
  /** Where the journal ends now: for {@link Journal.next}. */
  now(): number;
  /** The first entry from `since` on that fits, waiting for it at most {@link patience}. */
  next(what: string, fits: (entry: Entry) => boolean, since?: number): Promise<Entry>;
  readonly entries: readonly Entry[];
};

/** Nothing here waits for a fixed time; this is when something that should have happened counts as not happening. */
const patience = 90_000;

/** Boots a fresh copy of the base image. */
export async function bootHost(name: string): Promise<BootedHost> {
  const root = join(cacheDirectory('hosts'), `${name}-${process.pid}`);
  await rm(root, { recursive: true, force: true });
  await mkdir(cacheDirectory('hosts'), { recursive: true });
  await run('cp', ['--archive', '--reflink=auto', await baseImage(), root]);

  let container = await boot(root);
  const journal = new JournalReader();
  let follower = journal.follow(root);

  const attempt = async (script: string) => {
    const namespaces = ['-t', String(await leader(container)), '-a'];
    const child = spawn('nsenter', [...namespaces, '/bin/sh', '-c', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', TERM: 'dumb' },
    });
    const output: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk));
    const status = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 255)));
    return { status, output: Buffer.concat(output).toString() };
  };

  return {
    root,
    journal,
    attempt,
    async sh(script) {
      const { status, output } = await attempt(script);
      if (status !== 0) throw new Error(`${script}\nended with ${status}:\n${output}`);
      return output;
    },
    async reboot() {
      const down = exited(container);
      await attempt('systemctl reboot');
      const status = await within(down, 'the container to go down');
      if (status !== nspawnAsksForReboot)
        throw new Error(`systemctl reboot ended the container with ${status}`);
      container = await boot(root);
      // The files of the boot before are put aside, which a follower does not see through.
      follower.kill();
      follower = journal.follow(root);
    },
    async close() {
      follower.kill();
      const gone = exited(container);
      // What nspawn takes as the order to power off.
      container.kill('SIGTERM');
      await within(gone, 'the container to shut down').catch(() => container.kill('SIGKILL'));
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Why no host can be booted here, or undefined. */
export async function whyNoHost(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'booting a container needs root';
  for (const tool of ['debootstrap', 'systemd-nspawn', 'nsenter']) {
    const there = await run('sh', ['-c', `command -v ${tool}`]).catch(() => '');
    if (there === '') return `${tool} is not installed`;
  }
  return undefined;
}

/** A minimal Debian 12 (systemd 252, as Amazon Linux 2023 has), made once and kept in the cache. */
export async function baseImage(): Promise<string> {
  const image = cacheDirectory('debian-12');
  const complete = await stat(join(image, 'etc/complete')).catch(() => undefined);
  if (complete !== undefined) return image;
  await rm(image, { recursive: true, force: true });
  await mkdir(image, { recursive: true });
  const packages = 'systemd,systemd-sysv,dbus,libstdc++6';
  await run('debootstrap', ['--variant=minbase', `--include=${packages}`, 'bookworm', image]);
  await writeFile(join(image, 'etc/hosts'), '127.0.0.1 localhost\n');
  await writeFile(join(image, 'etc/hostname'), 'container-instance\n');
  // Kept across a reboot.
  await mkdir(join(image, 'var/log/journal'), { recursive: true });
  // The first step of a boot that is not about the agent, and slow.
  await rm(join(image, 'etc/systemd/system/timers.target.wants'), { recursive: true, force: true });
  await writeFile(join(image, 'etc/complete'), '');
  return image;
}

/** What systemd-nspawn ends with when the system inside wants to boot again: with --keep-unit it does not do so itself. */
const nspawnAsksForReboot = 133;

/** Starts the container and resolves when its console tells that the system is up. */
async function boot(root: string): Promise<ChildProcess> {
  const options = '--boot --register=no --keep-unit --console=read-only --link-journal=no --resolv-conf=off';
  const container = spawn('systemd-nspawn', ['--quiet', `--directory=${root}`, ...options.split(' ')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Interrupted tests leave no container behind.
  const kill = () => container.kill('SIGKILL');
  process.once('exit', kill);
  container.once('exit', () => process.removeListener('exit', kill));
  const lines: string[] = [];
  const up = new Promise<void>((resolve, reject) => {
    const read = (line: string) => {
      lines.push(line);
      if (/Reached target .*multi-user\.target/.test(line)) resolve();
    };
    createInterface({ input: container.stdout }).on('line', read);
    createInterface({ input: container.stderr }).on('line', read);
    container.on('exit', (status) => {
      reject(
        new Error(`the container ended with ${status} while it booted:\n${lines.slice(-30).join('\n')}`),
      );
    });
  });
  await within(up, 'the container to boot').catch((error: Error) => {
    kill();
    throw error;
  });
  return container;
}

function exited(container: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => container.once('exit', (status) => resolve(status)));
}

/** The process id, here, of the container's PID 1. Another one after each reboot. */
async function leader(container: ChildProcess): Promise<number> {
  const children = await readFile(`/proc/${container.pid}/task/${container.pid}/children`, 'utf8');
  const pid = Number(children.trim().split(' ')[0]);
  if (!Number.isInteger(pid) || pid <= 0) throw new Error('the container has no init process');
  return pid;
}

class JournalReader implements Journal {
  readonly entries: Entry[] = [];
  readonly #waiting = new Set<() => void>();
  #lastCursor: string | undefined;

  /** Reads the journal's files from here: no process of ours is inside to hold up a reboot. */
  follow(root: string): ChildProcess {
    const options = '--follow --no-tail --boot=all --output=json --unit=ecs-drain-agent'.split(' ');
    if (this.#lastCursor !== undefined) options.push(`--after-cursor=${this.#lastCursor}`);
    const child = spawn('journalctl', [`--directory=${root}/var/log/journal`, ...options], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry = JSON.parse(line) as Entry;
      this.#lastCursor = String(entry.__CURSOR);
      this.entries.push(entry);
      for (const wake of this.#waiting) wake();
    });
    return child;
  }

  now(): number {
    return this.entries.length;
  }

  async next(what: string, fits: (entry: Entry) => boolean, since = 0): Promise<Entry> {
    let wake = () => {};
    const found = new Promise<Entry>((resolve) => {
      let position = since;
      wake = () => {
        for (; position < this.entries.length; position++) {
          const entry = this.entries[position];
          if (entry !== undefined && fits(entry)) return resolve(entry);
        }
      };
      this.#waiting.add(wake);
      wake();
    });
    try {
      return await within(found, `in the journal: ${what}`);
    } catch (error) {
      const tail = this.entries.slice(-25).map((entry) => `<${entry.PRIORITY}> ${entry.MESSAGE}`);
      throw new Error(`${(error as Error).message}\nThe journal ends:\n${tail.join('\n')}`);
    } finally {
      this.#waiting.delete(wake);
    }
  }
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`waited ${patience / 1000} s for ${what}`)), patience);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
