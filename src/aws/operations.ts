import type { Command, SdkModules } from './sdk/service.ts';

/**
 * The AWS services that the agent calls, by the prefix that IAM gives their actions; each is loaded at its first call. The
 * commands that these modules export are all that the agent can call, and the IAM policies are checked against them.
 */
export const awsServices = {
  autoscaling: () => import('./sdk/auto-scaling.ts'),
  ec2: () => import('./sdk/ec2.ts'),
  ecs: () => import('./sdk/ecs.ts'),
} satisfies SdkModules;

/** The agent's calls, by the name that IAM gives the action: `ecs:StopTask` for ECS's StopTaskCommand. */
export type Operations = OperationsOf<ModulesOf<typeof awsServices>>;

/** The modules of a program's services, once they are loaded. */
export type ModulesOf<T extends SdkModules> = { [P in keyof T]: Awaited<ReturnType<T[P]>> };

/** The calls of the commands that modules of the SDK export, which are given by the prefixes of their services. */
export type OperationsOf<M> = {
  [O in NameOf<M>]: O extends `${infer P extends keyof M & string}:${infer Name}`
    ? CallOf<M[P][`${Name}Command` & keyof M[P]]>
    : never;
};

type NameOf<M> = { [P in keyof M & string]: `${P}:${CommandName<keyof M[P]>}` }[keyof M & string];
type CommandName<K> = K extends `${infer Name}Command` ? Name : never;
type CallOf<C> = C extends Command<infer I, infer O> ? Call<I, O> : never;
type Call<I, O> = { input: I; output: O };

/** The calls that a program can make, by the names that IAM gives them: the agent's own unless told. */
export type OperationTable = Readonly<Record<string, Call<object, object>>>;
export type OperationIn<T extends OperationTable> = keyof T & string;

export type Operation = OperationIn<Operations>;
export type Input<O extends keyof T, T extends OperationTable = Operations> = T[O]['input'];
/** What AWS answers, without the SDK's own metadata, so that a simulated AWS can answer too. */
export type Output<O extends keyof T, T extends OperationTable = Operations> = Omit<
  T[O]['output'],
  '$metadata'
>;

/**
 * Makes one attempt at one call. Rejects with what the SDK throws: an `Error` whose `name` is the service's
 * error code, with `$metadata.httpStatusCode` where an answer came.
 */
export type Transport<T extends OperationTable = Operations> = <O extends OperationIn<T>>(
  operation: O,
  input: Input<O, T>,
  options: { signal: AbortSignal },
) => Promise<Output<O, T>>;
