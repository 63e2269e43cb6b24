import { join } from 'node:path';
import type { Architecture } from './runtime.ts';
import { root, run } from './shell.ts';

/** Builds what connects the agent to systemd. With one release of Go, the same source gives the same bytes. */
export async function buildConnectNotify(architecture: Architecture, file: string): Promise<void> {
  await run('go', ['build', '-trimpath', '-buildvcs=false', '-ldflags=-s -w -buildid=', '-o', file, '.'], {
    cwd: join(root, 'packaging/connect-notify'),
    env: {
      CGO_ENABLED: '0',
      GOOS: 'linux',
      GOARCH: architecture === 'x64' ? 'amd64' : 'arm64',
      GOAMD64: 'v1',
      GOARM64: 'v8.0',
      GOFLAGS: '',
      GOEXPERIMENT: '',
    },
  });
}

/** The release of Go that builds it, e.g. `1.26.8`: its standard library is in the program. */
export async function goVersion(): Promise<string> {
  return (await run('go', ['env', 'GOVERSION'])).trim().replace(/^go/, '').split(' ')[0] ?? '';
}

/** The licence of Go's standard library. */
export async function goLicence(): Promise<string> {
  return join((await run('go', ['env', 'GOROOT'])).trim(), 'LICENSE');
}
