import type { Input, OperationsOf, Output } from '../../aws/operations.ts';
import type { Sdks, ServicePrefix } from './sdks.ts';
import type { WorldState } from './state.ts';

/** Every operation of the services that the sandbox knows. It answers those that have a handler. */
export type SdkOperations = OperationsOf<Sdks>;

/** What some of a service's operations do; an output is without the SDK's own metadata. */
export type Handlers<S extends ServicePrefix> = {
  readonly [O in keyof SdkOperations as O extends `${S}:${string}` ? O : never]?: (
    world: WorldState,
    input: Input<O, SdkOperations>,
  ) => Output<O, SdkOperations>;
};
