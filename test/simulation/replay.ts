import { drawPlan } from './draw-plan.ts';
import type { Plan } from './plan.ts';
import { shrink } from './shrink.ts';
import { type Agent, refusedBy, simulate } from './simulate.ts';
import { createTimeline } from './timeline.ts';

/** The story of one seed for people: what it came to, the smallest plan that breaks the same promise, its timeline. */
export async function tellSeed(agent: Agent, seed: number, rare = true): Promise<string> {
  const plan = drawPlan(seed, rare);
  const refused = refusedBy(agent, plan);
  if (refused.length > 0)
    return `Not simulated: the agent does not take this plan's options. ${refused.join(' ')}`;
  const { violation } = await simulate(agent, plan);
  if (!violation) return await tellPlan(agent, plan);
  const smallest = await shrink(plan, async (smaller) => {
    const again = await simulate(agent, smaller);
    return again.violation?.property === violation.property;
  });
  return `Made smaller, it still breaks ${violation.property}:\n${await tellPlan(agent, smallest)}`;
}

async function tellPlan(agent: Agent, plan: Plan): Promise<string> {
  const timeline = createTimeline(true);
  const run = await simulate(agent, plan, timeline);
  const { tasks, ...rest } = plan;
  return [
    JSON.stringify(
      { ...rest, tasks: tasks.length > 12 ? `${tasks.length} of them` : tasks },
      undefined,
      1,
    ).replace(/\n {3,}/g, ' '),
    ...timeline.lines,
    run.violation
      ? `VIOLATION of ${run.violation.property}: ${run.violation.what}`
      : `No violation. ${run.end}.`,
    `Replay: npm run simulate -- --seed ${plan.seed}`,
  ].join('\n');
}
