import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFleet } from '../../../src/sandbox/fleet.ts';
import { inMemory } from '../../../src/sandbox/in-memory.ts';
import { addMessageQueue } from '../../../src/sandbox/world/message-queues.ts';
import type { WorldOptions } from '../../../src/sandbox/world/options.ts';
import { createVirtualClock, START } from '../../support/virtual-clock.ts';
import { outcome } from './calls.ts';

function scene(options: WorldOptions = {}) {
  const { world, pass } = createFleet({ now: START, ...options });
  const { url } = addMessageQueue(world, 'demand');
  const QueueUrl = url;
  return {
    world,
    pass,
    url,
    send: (body: string) => world.call('sqs:SendMessage', { QueueUrl, MessageBody: body }),
    receive: (input: object = {}) =>
      world.call('sqs:ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10, ...input }).Messages ?? [],
    remove: (ReceiptHandle: string | undefined) =>
      world.call('sqs:DeleteMessage', { QueueUrl, ReceiptHandle }),
  };
}
const bodies = (messages: readonly { Body?: string | undefined }[]) => messages.map(({ Body }) => Body);

describe('a queue', () => {
  test('hides a message that was received for its visibility time-out, and then gives it again', () => {
    const { send, receive, pass } = scene();
    send('a');
    assert.deepEqual(bodies(receive()), ['a']);
    assert.deepEqual(receive(), []);
    pass(29_999);
    assert.deepEqual(receive(), []);
    pass(1);
    const [again] = receive({ MessageSystemAttributeNames: ['ApproximateReceiveCount'] });
    assert.equal(again?.Body, 'a');
    assert.deepEqual(again?.Attributes, { ApproximateReceiveCount: '2' });
  });

  test('forgets a message that was deleted, by the handle of any of its receipts', () => {
    const { send, receive, remove, pass } = scene();
    send('a');
    const [first] = receive();
    pass(30_000);
    receive();
    remove(first?.ReceiptHandle);
    pass(30_000);
    assert.deepEqual(receive(), []);
    assert.equal(
      outcome(() => String(remove(first?.ReceiptHandle))),
      '[object Object]',
      'a second delete succeeds',
    );
  });

  test('gives ten at most, and each one once while it is invisible', () => {
    const { send, receive } = scene();
    for (let index = 0; index < 12; index++) send(String(index));
    assert.equal(receive().length, 10);
    assert.deepEqual(bodies(receive()), ['10', '11']);
  });

  test('delivers at least once: a message can come again at once', () => {
    const { send, receive } = scene({ deliveredAgain: 1 });
    send('a');
    assert.deepEqual([...bodies(receive()), ...bodies(receive())], ['a', 'a']);
  });

  test('shows a message at once whose visibility time-out is set to 0', () => {
    const { world, url, send, receive } = scene();
    send('a');
    const [{ ReceiptHandle } = {}] = receive();
    world.call('sqs:ChangeMessageVisibility', { QueueUrl: url, ReceiptHandle, VisibilityTimeout: 0 });
    assert.deepEqual(bodies(receive()), ['a']);
  });

  test('forgets a message after four days', () => {
    const { send, receive, pass } = scene();
    send('a');
    pass(345_600_000);
    assert.deepEqual(receive(), []);
  });
});

describe('a long poll', () => {
  function polling(seconds: number) {
    const clock = createVirtualClock();
    const { world, addInstance } = createFleet({ clock });
    const { id } = addInstance();
    const { url } = addMessageQueue(world, 'demand');
    const { transport } = inMemory(world, { clock, instanceId: id });
    const call = transport as (operation: string, input: object, options: object) => Promise<object>;
    let answer: object | undefined;
    const input = { QueueUrl: url, WaitTimeSeconds: seconds };
    const answered = call('sqs:ReceiveMessage', input, { signal: new AbortController().signal });
    void answered.then((one) => {
      answer = one;
    });
    const settled = () => new Promise((resolve) => setImmediate(resolve));
    const send = (input: object = {}) =>
      world.call('sqs:SendMessage', { QueueUrl: url, MessageBody: 'a', ...input });
    return { clock, world, send, settled, answer: () => answer };
  }

  test('is answered as soon as a message comes', async () => {
    const { clock, send, settled, answer, world } = polling(20);
    await settled();
    clock.pass(5_000);
    await settled();
    assert.equal(answer(), undefined);
    world.advance(clock.now());
    send();
    await settled();
    assert.deepEqual(Object.keys(answer() ?? {}), ['Messages']);
  });

  test('is answered when a delayed message becomes visible', async () => {
    const { clock, send, settled, answer } = polling(20);
    await settled();
    send({ DelaySeconds: 3 });
    await settled();
    clock.pass(2_999);
    await settled();
    assert.equal(answer(), undefined);
    clock.pass(1);
    await settled();
    assert.deepEqual(Object.keys(answer() ?? {}), ['Messages']);
  });

  test('ends without a message when its time is over', async () => {
    const { clock, settled, answer } = polling(20);
    await settled();
    clock.pass(20_000);
    await settled();
    assert.deepEqual(answer(), {});
  });
});
