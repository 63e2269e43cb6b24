import { parentPort, workerData } from 'node:worker_threads';
import type { Scenario } from './model.ts';
import { runScenario } from './run-scenario.ts';

parentPort?.postMessage(runScenario(workerData as Scenario));
