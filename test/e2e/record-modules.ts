import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

// Preloaded into an agent: writes down every module that it loads.
const file = process.env.RECORD_MODULES;

if (file) {
  registerHooks({
    load: (url, context, next) => {
      appendFileSync(file, `${url}\n`);
      return next(url, context);
    },
  });
}
