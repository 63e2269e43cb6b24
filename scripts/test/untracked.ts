import hooks, { type HookCallbacks } from 'node:async_hooks';

// Loaded into a process before its test files. Node's test runner follows every promise, only to tell which test made an
// error that nobody has caught. That takes half the time of what simulates drains. Here such an error ends the process,
// so that its file fails: the test that made it might wait for ever. A test belongs to no suite here that has awaited
// something before.
const { createHook } = hooks;
Object.assign(hooks, {
  createHook: (callbacks: HookCallbacks) => createHook({ ...callbacks, trackPromises: false }),
});
// The runner takes it while it is loaded.
await import('node:test');
Object.assign(hooks, { createHook });

for (const event of ['uncaughtException', 'unhandledRejection'] as const)
  process.on(event, (error: unknown) => {
    console.error(
      `Nobody has caught this error. \`node --test FILE\` tells in which test it was made.\n`,
      error,
    );
    process.exit(1);
  });
