// What Lambda's Node.js runtime does around a function: loads the handler that _HANDLER names from
// LAMBDA_TASK_ROOT, then asks for one invocation after the other and posts what the handler returned or threw.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { AWS_LAMBDA_RUNTIME_API, LAMBDA_TASK_ROOT, _HANDLER } = process.env;
const runtime = `http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;

async function post(path, body, headers = {}) {
  const response = await fetch(`${runtime}/${path}`, { method: 'POST', body, headers });
  if (response.status !== 202) throw new Error(`${path}: the runtime API answered ${response.status}`);
}

function postError(path, error) {
  const body = JSON.stringify({
    errorType: error.name,
    errorMessage: error.message,
    stackTrace: error.stack?.split('\n') ?? [],
  });
  return post(path, body, { 'Lambda-Runtime-Function-Error-Type': `Unhandled.${error.name}` });
}

let handler;
try {
  const [file, name] = _HANDLER.split('.');
  handler = (await import(pathToFileURL(join(LAMBDA_TASK_ROOT, `${file}.mjs`)).href))[name];
} catch (error) {
  await postError('init/error', error);
  process.exit(1);
}

for (;;) {
  const next = await fetch(`${runtime}/invocation/next`);
  const id = next.headers.get('Lambda-Runtime-Aws-Request-Id');
  try {
    const result = await handler(await next.json(), { awsRequestId: id });
    await post(`invocation/${id}/response`, JSON.stringify(result ?? null));
  } catch (error) {
    await postError(`invocation/${id}/error`, error);
  }
}
