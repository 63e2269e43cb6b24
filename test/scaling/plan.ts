import type { FaultKind, FaultMatch } from '../../src/sandbox/index.ts';
import type { Config } from '../../src/scaler/plan/model.ts';

/**
 * One simulated cluster with its group, the scalers that size it and all who meddle, as plain data. Times are in ms since its
 * beginning.
 */
export type ScalingPlan = {
  readonly seed: number;
  readonly group: GroupPlan;
  /** So many items fit a page of a list. */
  readonly pageSize: number;
  readonly jobs: readonly JobPlan[];
  /** One, or two that know nothing of each other. */
  readonly scalers: readonly ScalerPlan[];
  /** What others do to the group and its instances. */
  readonly meddling: readonly Meddling[];
  readonly faults: readonly FaultPlanned[];
  /** A service that is no daemon service. */
  readonly service: { readonly count: number; readonly cpu: number } | undefined;
  /** What each hour of the day, in UTC, has needed for weeks; undefined: the scalers do not look ahead. */
  readonly ahead: { readonly hours: readonly number[]; readonly instances: number } | undefined;
};

export type GroupPlan = {
  readonly min: number;
  readonly max: number;
  readonly zones: number;
  /** CPU units of an instance. */
  readonly cpu: number;
  /** From its launch to the registration of its ECS agent. */
  readonly bootMs: number;
  /** Whether LaunchInstances takes it: one with a warm pool, or without a launch template, it does not. */
  readonly takesLaunches: boolean;
  /** CPU units of a task that a daemon service has on each instance; 0: there is none. */
  readonly daemonCpu: number;
  /** Half of its instances, as chance has it, have half of that: the group mixes two types. */
  readonly mixes: boolean;
  /** Instances that are there from the beginning. */
  readonly begins: number;
  /** So many of them somebody has set DRAINING, and nobody ends it. */
  readonly drained: number;
  /** Of the launches, counted from 0, those that never register. */
  readonly broken: readonly number[];
  /** Network interfaces that an instance can have, its own among them. */
  readonly networkInterfaces: number;
  /** When a zone has no instance to launch. */
  readonly emptyZones: readonly { readonly zone: number; readonly from: number; readonly lasts: number }[];
};

export type JobPlan = {
  readonly at: number;
  readonly runMs: number;
  readonly cpu: number;
  /** One where its task is of the network mode awsvpc. */
  readonly networkInterfaces: 0 | 1;
};

export type ScalerPlan = {
  /** What it calls itself. */
  readonly name: string;
  readonly spare: number;
  readonly cordonBusy: Config['cordonBusy'];
  readonly cordonForMs: number;
  readonly policy: Config['policy'];
  /** So far ahead is the clock of its host. */
  readonly skewMs: number;
  readonly from: number;
  /** Between two turns. */
  readonly everyMs: number;
  /**
   * It dies at these of its requests, or of those that change something, counted from 1: before one is sent, or before its
   * answer comes. It is started again later, unless that is after the end.
   */
  readonly deaths: readonly Death[];
};

export type Death = {
  readonly of: 'requests' | 'changes';
  readonly nth: number;
  readonly when: 'before' | 'after';
  readonly backAfter: number;
};

export type Meddling = {
  readonly at: number;
  /** Which of the instances it is about, counted round and round. */
  readonly nth: number;
  readonly what: /** An operator changes the sizes of the group. */
    | { readonly kind: 'sizes'; readonly min: number; readonly max: number; readonly desired: number }
    /** Somebody sets an instance DRAINING, and nobody ends it. */
    | { readonly kind: 'drain' }
    /** Somebody sets it ACTIVE again, whoever had set it DRAINING. */
    | { readonly kind: 'activate' }
    | { readonly kind: 'terminate'; readonly decrement: boolean }
    | { readonly kind: 'standby' };
};

export type FaultPlanned = {
  readonly match: FaultMatch;
  readonly kind: FaultKind;
  readonly skip: number;
  readonly count: number;
  readonly from: number;
  readonly lasts: number;
};
