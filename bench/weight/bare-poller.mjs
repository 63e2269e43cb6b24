// What any program on Node costs that asks instance metadata for what the agent asks, at its pace, and does nothing else.
const [endpoint, seconds = '3'] = process.argv.slice(2);
const OFTEN = ['tags/instance', 'autoscaling/target-lifecycle-state'];
const SELDOM = 'spot/instance-action';
const SELDOM_MS = 5_000;

// An import of it would load all of fetch, 10 MB.
const { request } = process.getBuiltinModule('node:http');
const ask = (path, method, headers) =>
  new Promise((resolve) => {
    const outgoing = request(`${endpoint}/latest/${path}`, { method, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve(body));
    });
    outgoing.on('error', resolve).end();
  });
const token = await ask('api/token', 'PUT', { 'X-aws-ec2-metadata-token-ttl-seconds': '21600' });
let askedAt = -Infinity;
async function poll() {
  const isDue = performance.now() >= askedAt + SELDOM_MS;
  if (isDue) askedAt = performance.now();
  const paths = isDue ? [...OFTEN, SELDOM] : OFTEN;
  await Promise.all(
    paths.map((path) => ask(`meta-data/${path}`, 'GET', { 'X-aws-ec2-metadata-token': token })),
  );
}
setInterval(poll, Number(seconds) * 1_000);
await poll();
