import { basename } from 'node:path';
import { formatDuration } from '../base/duration.ts';
import { findHooks } from './find-hooks.ts';
import { hookEnvironment, hookInput } from './hook-input.ts';
import type { HookFacts, HookStage, HooksResult, OperatorHooksPorts } from './model.ts';
import { runHook } from './run-hook.ts';

/** All hooks of a stage together may take this long, in ms, or as long as one may where that is longer. */
export const STAGE_LIMIT_MS = 600_000;

export type StageRun = OperatorHooksPorts & {
  readonly directory: string;
  readonly stage: HookStage;
  readonly facts: HookFacts;
  readonly attempt: number;
  /** The paths of those that need not run again. */
  readonly succeeded: Set<string>;
};

/** Runs a stage's hooks in name order, each for itself: one that fails does not keep the next from running. */
export async function runStage(run: StageRun): Promise<HooksResult> {
  const { config, clock, log, stop, directory, stage } = run;
  const found = findHooks(directory);
  if (found.kind === 'unreadable') {
    log('hook.failed', `the hooks in ${directory} cannot be listed: ${found.why}`, { stage });
    return 'failed';
  }
  for (const { path, why } of found.skipped) {
    log('hook.skipped', `${path} is not run: ${why}`, { stage, hook: basename(path) });
  }
  for (const { path, why } of found.refused) {
    log('hook.refused', `${path} is not run: ${why}`, { stage, hook: basename(path) });
  }
  if (found.paths.length + found.refused.length === 0) return 'none';
  const endsAt = clock.monotonic() + Math.max(STAGE_LIMIT_MS, config.hookTimeout);
  // Not `none`: with --hook-failure hold somebody waits for what it does.
  let failures = found.refused.length;
  for (const path of found.paths) {
    if (stop.aborted) return 'failed';
    if (run.succeeded.has(path)) continue;
    if (config.dryRun) {
      log('dry-run.skipped', `would have run the hook ${path} now`, { stage, hook: basename(path) });
    } else if (await runOne(run, path, endsAt - clock.monotonic())) run.succeeded.add(path);
    else failures++;
  }
  return failures > 0 ? 'failed' : 'succeeded';
}

async function runOne(run: StageRun, path: string, leftMs: number): Promise<boolean> {
  const { config, clock, log, stop, stage, facts, attempt } = run;
  const hook = basename(path);
  if (leftMs <= 0) {
    log('hook.failed', `hook ${hook} was not started: the time for all hooks of stage ${stage} is used up`, {
      stage,
      hook,
      attempt,
    });
    return false;
  }
  const startedAt = clock.monotonic();
  const end = await runHook({
    path,
    environment: hookEnvironment(stage, facts, attempt, run.environment),
    input: hookInput(stage, facts, attempt),
    timeoutMs: Math.min(config.hookTimeout, leftMs),
    clock,
    stop,
    onLine: (stream, line) => log('hook.output', `${hook}: ${line}`, { stage, hook, stream }),
  });
  const tookMs = Math.round(clock.monotonic() - startedAt);
  const seconds = tookMs / 1_000;
  if (end.kind === 'succeeded') {
    log('hook.finished', `hook ${hook} of stage ${stage} succeeded in ${formatDuration(tookMs)}`, {
      stage,
      hook,
      attempt,
      seconds,
    });
    return true;
  }
  log('hook.failed', `hook ${hook} of stage ${stage} failed: ${end.why}`, { stage, hook, attempt, seconds });
  return false;
}
